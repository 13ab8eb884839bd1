"""CrmQueueService: hands leads to a CRM integration."""

from datetime import timedelta

from leadline.v1 import crm_queue_service_pb2, crm_queue_service_pb2_grpc

from server.crm_queue.item import Item, ItemState
from server.crm_queue.work_queue import WorkQueue
from server.interceptors.method_interceptor import Context
from server.runtime.identifiers import format_name, parse_name
from server.runtime.principal import current_principal
from server.services.conversions.times import time_to_proto

DEFAULT_LEASE = timedelta(minutes=1)


class CrmQueueService(crm_queue_service_pb2_grpc.CrmQueueServiceServicer):
    """Converts requests, calls the use cases, converts what they give.

    Args:
        work_queue: Lists, hands out and acknowledges items.
    """

    def __init__(self, *, work_queue: WorkQueue) -> None:
        self._queue = work_queue

    async def ListCrmQueueItems(
        self, request: crm_queue_service_pb2.ListCrmQueueItemsRequest, context: Context
    ) -> crm_queue_service_pb2.ListCrmQueueItemsResponse:
        """Gives a page of items."""
        page = await self._queue.page(
            current_principal().tenant_id,
            queue=request.queue,
            state=ItemState(request.state) if request.state else None,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return crm_queue_service_pb2.ListCrmQueueItemsResponse(
            crm_queue_items=map(_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def TakeCrmQueueItems(
        self, request: crm_queue_service_pb2.TakeCrmQueueItemsRequest, context: Context
    ) -> crm_queue_service_pb2.TakeCrmQueueItemsResponse:
        """Takes items for a time."""
        lease = request.lease.ToTimedelta() if request.HasField("lease") else DEFAULT_LEASE
        items = await self._queue.take(current_principal().tenant_id, request.queue, request.max_items, lease)
        return crm_queue_service_pb2.TakeCrmQueueItemsResponse(crm_queue_items=map(_to_proto, items))

    async def AcknowledgeCrmQueueItems(
        self, request: crm_queue_service_pb2.AcknowledgeCrmQueueItemsRequest, context: Context
    ) -> crm_queue_service_pb2.AcknowledgeCrmQueueItemsResponse:
        """Ends the work on items."""
        item_ids = [parse_name(name, "crmQueueItems") for name in request.names]
        acknowledged = await self._queue.acknowledge(current_principal().tenant_id, item_ids)
        return crm_queue_service_pb2.AcknowledgeCrmQueueItemsResponse(acknowledged_count=acknowledged)


def _to_proto(item: Item) -> crm_queue_service_pb2.CrmQueueItem:
    message = crm_queue_service_pb2.CrmQueueItem(
        name=format_name("crmQueueItems", item.item_id),
        queue=item.queue,
        lead=format_name("leads", item.lead_id),
        lead_external_id=item.lead_external_id,
        workflow=format_name("workflows", item.workflow_id),
        reason=item.reason,
        state=item.state,  # type: ignore[arg-type]  # numbered alike
        take_count=item.take_count,
        create_time=time_to_proto(item.create_time),
    )
    if item.lease_expire_time is not None:
        message.lease_expire_time.CopyFrom(time_to_proto(item.lease_expire_time))
    if item.acknowledge_time is not None:
        message.acknowledge_time.CopyFrom(time_to_proto(item.acknowledge_time))
    return message
