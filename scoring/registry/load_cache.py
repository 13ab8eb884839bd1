"""Things that never change, held once they are loaded."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

Item = TypeVar("Item")


class LoadCache(Generic[Item]):
    """The items used last, loaded once each.

    Args:
        load: Loads an item of a tenant by its id; what it raises, everybody gets who waits for the item.
        capacity: How many items are held, 1 or more; beyond it, the one unused for longest goes.
    """

    def __init__(self, load: Callable[[UUID, UUID], Awaitable[Item]], capacity: int) -> None:
        self._load_item = load
        self._capacity = capacity
        self._items: OrderedDict[UUID, Item] = OrderedDict()
        self._loading: dict[UUID, asyncio.Task[Item]] = {}

    async def get(self, tenant_id: UUID, item_id: UUID) -> Item:
        """Gives an item of the tenant, or raises what loading it raised."""
        item = self._items.get(item_id)
        if item is not None:
            self._items.move_to_end(item_id)
            return item
        loading = self._loading.get(item_id)
        if loading is None:
            loading = asyncio.create_task(self._load(tenant_id, item_id))
            self._loading[item_id] = loading
        # A caller that gives up must not end the load for the others.
        return await asyncio.shield(loading)

    async def _load(self, tenant_id: UUID, item_id: UUID) -> Item:
        try:
            item = await self._load_item(tenant_id, item_id)
        finally:
            del self._loading[item_id]
        self._items[item_id] = item
        while len(self._items) > self._capacity:
            self._items.popitem(last=False)
        return item
