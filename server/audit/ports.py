"""What the audit log needs of its store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from server.audit.chain import Anchor, SealedRecord
from server.audit.filter import Condition


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Some records of a chain.

    Attributes:
        limit: The largest number to give, 1 or more.
        after: The sequence number after which to go on in the order; None to begin.
        conditions: All must hold.
        newest_first: Whether later ones come first.
    """

    limit: int
    after: int | None = None
    conditions: Sequence[Condition] = ()
    newest_first: bool = False


class AuditStore(Protocol):
    """The audit records of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    async def get(self, tenant_id: UUID, record_id: UUID) -> SealedRecord | None:
        """Gives a sealed record, None if the tenant has none with this id."""

    async def page(self, tenant_id: UUID, query: AuditQuery) -> Sequence[SealedRecord]:
        """Gives sealed records by their sequence numbers."""

    async def head(self, tenant_id: UUID) -> Anchor:
        """Gives the end of the chain; `START` if it is empty."""

    async def unsealed_count(self, tenant_id: UUID) -> int:
        """Tells how many records wait to be sealed."""
