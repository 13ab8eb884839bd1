"""Gives audit records: one, a page of them, or all."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from server.audit.chain import SealedRecord
from server.audit.filter import parse_filter
from server.audit.ports import AuditQuery, AuditStore
from server.runtime.errors import AuditRecordNotFound, InvalidFilter, InvalidPageToken
from server.runtime.identifiers import format_name
from server.runtime.signed_tokens import TokenSigner

COLLECTION: Final = "auditRecords"
DEFAULT_PAGE_SIZE: Final = 50
EXPORTED_AT_A_TIME: Final = 500

_NEWEST_FIRST: Final = {"": True, "sequence_number desc": True, "sequence_number": False}


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of records.

    Attributes:
        records: The records, in the order that was asked for.
        next_page_token: Asks for the page after; empty on the last one.
    """

    records: Sequence[SealedRecord]
    next_page_token: str


class ReadAuditLog:
    """Gives records that are sealed.

    Args:
        store: Where they are kept.
        tokens: Signs page tokens.
    """

    def __init__(self, store: AuditStore, tokens: TokenSigner) -> None:
        self._store = store
        self._tokens = tokens

    async def get(self, tenant_id: UUID, record_id: UUID) -> SealedRecord:
        """Gives one.

        Raises:
            AuditRecordNotFound: The tenant has no such record.
        """
        record = await self._store.get(tenant_id, record_id)
        if record is None:
            raise AuditRecordNotFound(format_name(COLLECTION, record_id))
        return record

    async def page(
        self, tenant_id: UUID, *, filter_text: str, order_text: str, page_size: int, page_token: str
    ) -> AuditPage:
        """Gives one page.

        Args:
            tenant_id: Whose records.
            filter_text: Which of them, as in the contract.
            order_text: In which order, as in the contract.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidFilter: The filter or the order can't be read.
            InvalidPageToken: The token is of another query, or not ours.
        """
        conditions, query = parse_filter(filter_text), f"{order_text}\n{filter_text}"
        newest_first = _NEWEST_FIRST.get(" ".join(order_text.split()))
        if newest_first is None:
            raise InvalidFilter("order_by is 'sequence_number' or 'sequence_number desc'", 0)
        size = page_size or DEFAULT_PAGE_SIZE
        try:
            after = int(self._tokens.read(page_token, tenant_id, query)) if page_token else None
        except ValueError as error:
            raise InvalidPageToken from error
        # One more than the page tells whether there is a next one.
        found = await self._store.page(tenant_id, AuditQuery(size + 1, after, conditions, newest_first))
        if len(found) <= size:
            return AuditPage(found, "")
        shown = found[:size]
        return AuditPage(shown, self._tokens.sign(tenant_id, query, shown[-1].sequence_number))

    async def export(
        self, tenant_id: UUID, *, filter_text: str, after: int
    ) -> AsyncGenerator[Sequence[SealedRecord], None]:
        """Gives all records that are sealed by now, the oldest first.

        Args:
            tenant_id: Whose records.
            filter_text: Which of them, as in the contract.
            after: The sequence number after which to begin, 0 or more.

        Yields:
            At least one record each time.

        Raises:
            InvalidFilter: The filter can't be read.
        """
        conditions = parse_filter(filter_text)
        # The export itself is recorded, so a chain that is read to its end would have none.
        end = (await self._store.head(tenant_id)).sequence_number
        while after < end:
            found = await self._store.page(tenant_id, AuditQuery(EXPORTED_AT_A_TIME, after, conditions))
            records = [record for record in found if record.sequence_number <= end]
            if records:
                yield records
            if len(records) < EXPORTED_AT_A_TIME:
                return
            after = records[-1].sequence_number
