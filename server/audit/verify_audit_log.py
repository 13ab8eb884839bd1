"""Walks a chain of audit records and finds the first that is not as it was written."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final
from uuid import UUID

from server.audit.chain import START, Anchor
from server.audit.ports import AuditQuery, AuditStore

LARGEST_WALK: Final = 100_000
_READ_AT_A_TIME: Final = 1_000


class Fault(IntEnum):
    """What is wrong with a record, numbered as in the contract."""

    MISSING = 1
    ALTERED = 2
    NOT_THE_ANCHOR = 3


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """The first record that is not as it was written.

    Attributes:
        sequence_number: Its place.
        fault: What is wrong.
        content: What it has now; None if it is gone.
    """

    sequence_number: int
    fault: Fault
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """How a chain was found.

    Attributes:
        head: The last record that was verified; `START` if there is none.
        verified_count: How many were verified.
        has_more: Whether more follow.
        unsealed_count: How many wait to be sealed.
        broken: The first that is not as it was written; None if all are.
    """

    head: Anchor
    verified_count: int = 0
    has_more: bool = False
    unsealed_count: int = 0
    broken: BrokenRecord | None = None


class VerifyAuditLog:
    """Verifies chains.

    Args:
        store: Where records are kept.
        largest_walk: How many records are verified at most in one call, 1 or more.
    """

    def __init__(self, store: AuditStore, *, largest_walk: int = LARGEST_WALK) -> None:
        self._store = store
        self._largest_walk = largest_walk

    async def __call__(self, tenant_id: UUID, after: Anchor | None) -> Verification:
        """Walks the chain of a tenant.

        Args:
            tenant_id: Whose chain.
            after: A record that must be as it was, after which to begin; None to begin with the first record.
        """
        found = Verification(after or START)
        if after is not None:
            broken = await self._check_anchor(tenant_id, after)
            if broken is not None:
                return replace(found, head=START, broken=broken)
        while found.broken is None and found.verified_count < self._largest_walk:
            walked = await self._walk(tenant_id, found)
            if walked is found:
                break
            found = walked
        else:
            found = replace(found, has_more=found.broken is None)
        return replace(found, unsealed_count=await self._store.unsealed_count(tenant_id))

    async def _check_anchor(self, tenant_id: UUID, anchor: Anchor) -> BrokenRecord | None:
        number = anchor.sequence_number
        records = await self._store.page(tenant_id, AuditQuery(1, number - 1))
        if not records or records[0].sequence_number != number:
            return BrokenRecord(number, Fault.MISSING)
        if records[0].digest != anchor.digest:
            return BrokenRecord(number, Fault.NOT_THE_ANCHOR, records[0].content)
        if not records[0].is_as_written(tenant_id):
            return BrokenRecord(number, Fault.ALTERED, records[0].content)
        return None

    async def _walk(self, tenant_id: UUID, found: Verification) -> Verification:
        """Goes some records further; gives the same again at the end of the chain."""
        head, count = found.head, found.verified_count
        limit = min(_READ_AT_A_TIME, self._largest_walk - count)
        for record in await self._store.page(tenant_id, AuditQuery(limit, head.sequence_number)):
            number = head.sequence_number + 1
            broken = None
            if record.sequence_number != number:
                broken = BrokenRecord(number, Fault.MISSING)
            elif record.previous_digest != head.digest or not record.is_as_written(tenant_id):
                broken = BrokenRecord(number, Fault.ALTERED, record.content)
            if broken is not None:
                return replace(found, head=head, verified_count=count, broken=broken)
            head, count = record.anchor, count + 1
        return found if head is found.head else replace(found, head=head, verified_count=count)
