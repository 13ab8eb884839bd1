"""What the use cases of the CRM queue need of a store."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.crm_queue.item import Item, ItemState


class QueueTransaction(Protocol):
    """The queues of one tenant in one transaction."""

    async def take(self, queue: str, limit: int, now: datetime, lease_end: datetime) -> Sequence[Item]:
        """Takes the oldest items that wait, or whose lease has run out."""
        ...

    async def acknowledge(self, item_ids: Collection[UUID], now: datetime) -> int:
        """Ends the work on items, and gives how many were open before."""
        ...

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        ...


class QueueStore(Protocol):
    """The queues of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[QueueTransaction]:
        """Opens a transaction that sees one tenant's queues."""
        ...

    async def page(
        self, tenant_id: UUID, size: int, after: UUID | None, *, queue: str, state: ItemState | None, now: datetime
    ) -> Sequence[Item]:
        """Gives items, the oldest first, from those after an id on; of one queue, in one state, where given."""
        ...
