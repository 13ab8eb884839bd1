# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about the queues for a CRM, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import timedelta

from leadline.v1.crm_queue_service_pb2 import CrmQueueItem, CrmQueueItemState, ListCrmQueueItemsRequest
from leadline.v1.crm_queue_service_pb2_grpc import CrmQueueServiceStub

from leadline_sdk import workflow_requests as requests
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection

ANY_STATE = CrmQueueItemState.CRM_QUEUE_ITEM_STATE_UNSPECIFIED


class CrmQueueCalls(Caller):
    """What `Client` does with the queues for a CRM; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._crm_queue = CrmQueueServiceStub(self._channel)

    def list_crm_queue_items(
        self,
        *,
        queue: str = "",
        state: CrmQueueItemState.ValueType = ANY_STATE,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Iterator[CrmQueueItem]:
        """Go through items, the oldest first, without taking them.

        Args:
            queue: only this queue's; empty for all.
            state: only those that stand so.
            page_size: items fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.
        """
        request = ListCrmQueueItemsRequest(queue=queue, state=state, page_size=page_size)
        for page in self._pages(self._crm_queue.ListCrmQueueItems, request, timeout):
            yield from page.crm_queue_items

    def take_crm_queue_items(
        self,
        queue: str,
        *,
        max_items: int = 0,
        lease: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> list[CrmQueueItem]:
        """Take the oldest waiting items for a time; what is not acknowledged by then waits again.

        Args:
            queue: the queue, as the workflow names it.
            max_items: the most items to take, up to 1,000; 0 for 50.
            lease: for how long, 1 second to 1 hour; None for 1 minute.
            idempotency_key: see the class.
            timeout: see the class.
        """
        request = requests.take_crm_queue_items(queue, max_items, lease, idempotency_key)
        return list(self._call(self._crm_queue.TakeCrmQueueItems, request, timeout).crm_queue_items)

    def acknowledge_crm_queue_items(
        self, names: Collection[str], *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> int:
        """End the work on up to 1,000 items, and give how many were not acknowledged before."""
        request = requests.acknowledge_crm_queue_items(names, idempotency_key)
        return self._call(self._crm_queue.AcknowledgeCrmQueueItems, request, timeout).acknowledged_count


class AsyncCrmQueueCalls(AsyncCaller):
    """What `AsyncClient` does with the queues for a CRM: the methods of `CrmQueueCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._crm_queue = CrmQueueServiceStub(self._channel)

    async def list_crm_queue_items(
        self,
        *,
        queue: str = "",
        state: CrmQueueItemState.ValueType = ANY_STATE,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[CrmQueueItem]:
        """Go through items, the oldest first; see `Client.list_crm_queue_items`."""
        request = ListCrmQueueItemsRequest(queue=queue, state=state, page_size=page_size)
        async for page in self._pages(self._crm_queue.ListCrmQueueItems, request, timeout):
            for item in page.crm_queue_items:
                yield item

    async def take_crm_queue_items(
        self,
        queue: str,
        *,
        max_items: int = 0,
        lease: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> list[CrmQueueItem]:
        """Take the oldest waiting items for a time; see `Client.take_crm_queue_items`."""
        request = requests.take_crm_queue_items(queue, max_items, lease, idempotency_key)
        response = await self._call(self._crm_queue.TakeCrmQueueItems, request, timeout)
        return list(response.crm_queue_items)

    async def acknowledge_crm_queue_items(
        self, names: Collection[str], *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> int:
        """End the work on items; see `Client.acknowledge_crm_queue_items`."""
        request = requests.acknowledge_crm_queue_items(names, idempotency_key)
        return (await self._call(self._crm_queue.AcknowledgeCrmQueueItems, request, timeout)).acknowledged_count
