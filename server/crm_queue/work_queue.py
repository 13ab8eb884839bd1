"""Lists, hands out and acknowledges the items of the queues for the CRM."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.crm_queue.item import Item, ItemState
from server.crm_queue.ports import QueueStore
from server.runtime.errors import InvalidPageToken
from server.runtime.signed_tokens import TokenSigner

DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of items, the oldest first, and what asks for the next one; empty on the last."""

    items: Sequence[Item]
    next_page_token: str


class WorkQueue:
    """Hands leads to a CRM integration.

    Args:
        store: Where items are kept.
        tokens: Signs page tokens.
        clock: Gives the present time, UTC.
    """

    def __init__(self, store: QueueStore, tokens: TokenSigner, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def page(
        self, tenant_id: UUID, *, queue: str, state: ItemState | None, page_size: int, page_token: str
    ) -> ItemPage:
        """Gives items, the oldest first.

        Args:
            tenant_id: Whose items.
            queue: Only this queue; empty for all.
            state: Only those in this state; None for all.
            page_size: The largest number to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            InvalidPageToken: The token is of another tenant or query, or not ours.
        """
        size, query = page_size or DEFAULT_PAGE_SIZE, f"{state}/{queue}"
        try:
            after = UUID(self._tokens.read(page_token, tenant_id, query)) if page_token else None
        except ValueError as error:
            raise InvalidPageToken from error
        found = await self._store.page(tenant_id, size + 1, after, queue=queue, state=state, now=self._clock())
        items = found[:size]
        token = self._tokens.sign(tenant_id, query, str(items[-1].item_id)) if len(found) > size else ""
        return ItemPage(items, token)

    async def take(self, tenant_id: UUID, queue: str, limit: int, lease: timedelta) -> Sequence[Item]:
        """Takes the oldest waiting items for a time.

        Args:
            tenant_id: Whose items.
            queue: The queue.
            limit: The most to take; 0 means 50.
            lease: For how long they are handed to nobody else.
        """
        now = self._clock()
        async with self._store.transaction(tenant_id) as transaction:
            items = await transaction.take(queue, limit or DEFAULT_PAGE_SIZE, now, now + lease)
            await transaction.commit()
        return items

    async def acknowledge(self, tenant_id: UUID, item_ids: Collection[UUID]) -> int:
        """Ends the work on items, and gives how many were open before."""
        async with self._store.transaction(tenant_id) as transaction:
            acknowledged = await transaction.acknowledge(item_ids, self._clock())
            await transaction.commit()
        return acknowledged
