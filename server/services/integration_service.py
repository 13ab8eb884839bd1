"""IntegrationService: takes in what leads do."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

import grpc
from leadline.v1 import event_pb2, integration_service_pb2, integration_service_pb2_grpc

from server.integrations.dead_letters import RejectEvents
from server.integrations.ports import RecordedEvents
from server.integrations.record_events import EventBatch, RecordEvents
from server.interceptors.idempotency import request_digest
from server.runtime.identifiers import format_name
from server.runtime.principal import current_principal
from server.services.conversions.batch_streams import BatchSequence
from server.services.conversions.events import (
    ReadEvents,
    acknowledgements,
    read_events,
    refused_events,
    rejected_events,
)
from server.services.gathering import gathered

Context = grpc.aio.ServicerContext[Any, Any]

MAX_REFUSED_EVENTS: Final = 1000
"""How many refused events the answer to a stream lists: the contract's limit."""

LARGEST_WAIT: Final = 100
"""How many messages of a stream wait to be recorded together, before its sender is slowed down."""


class IntegrationService(integration_service_pb2_grpc.IntegrationServiceServicer):
    """Converts each request, calls its use case, and converts the answer. The rpcs are told in the contract."""

    def __init__(self, *, record_events: RecordEvents, reject_events: RejectEvents) -> None:
        self._record_events = record_events
        self._reject_events = reject_events

    async def RecordEvents(
        self, request: integration_service_pb2.RecordEventsRequest, context: Context
    ) -> integration_service_pb2.RecordEventsResponse:
        """Records events in one transaction."""
        tenant_id, read = current_principal().tenant_id, read_events(request.events)
        recorded = await self._record_events(tenant_id, read.events)
        return integration_service_pb2.RecordEventsResponse(
            recorded_count=recorded.recorded,
            duplicate_count=recorded.duplicate,
            refused_events=await self._refused(tenant_id, request.events, read, recorded),
        )

    async def StreamEvents(
        self, request_iterator: AsyncIterator[integration_service_pb2.StreamEventsRequest], context: Context
    ) -> integration_service_pb2.StreamEventsResponse:
        """Records events from a stream of batches."""
        tenant_id, sequence = current_principal().tenant_id, BatchSequence()
        response = integration_service_pb2.StreamEventsResponse()
        async for request in request_iterator:
            sequence.check(request)
            read = read_events(request.events, request.sequence_number)
            key = f"{request.idempotency_key}/{request.sequence_number}"
            recorded = await self._record_events.batch(tenant_id, EventBatch(key, request_digest(request), read.events))
            refused = await self._refused(tenant_id, request.events, read, recorded)
            response.recorded_count += recorded.recorded
            response.duplicate_count += recorded.duplicate
            response.refused_count += len(refused)
            response.refused_events.extend(refused[: MAX_REFUSED_EVENTS - len(response.refused_events)])
        return response

    async def PublishEvents(
        self, request_iterator: AsyncIterator[integration_service_pb2.PublishEventsRequest], context: Context
    ) -> AsyncGenerator[integration_service_pb2.PublishEventsResponse, None]:
        """Records events as they come, and acknowledges each."""
        tenant_id = current_principal().tenant_id
        async with aclosing(gathered(request_iterator, largest_wait=LARGEST_WAIT)) as gathering:
            async for requests in gathering:
                reads = [read_events(request.events) for request in requests]
                recorded = await self._record_events(tenant_id, [event for read in reads for event in read.events])
                offset = 0
                for request, read in zip(requests, reads, strict=True):
                    refused = await self._refused(tenant_id, request.events, read, recorded, offset)
                    yield integration_service_pb2.PublishEventsResponse(
                        sequence_number=request.sequence_number,
                        acknowledgements=acknowledgements(request.events, recorded, offset, read, refused),
                    )
                    offset += len(read.events)

    async def _refused(
        self,
        tenant_id: UUID,
        messages: Sequence[event_pb2.Event],
        read: ReadEvents,
        recorded: RecordedEvents,
        offset: int = 0,
    ) -> list[integration_service_pb2.RefusedEvent]:
        """Tells which events of a message were refused, and keeps them as dead letters."""
        refused = refused_events(messages, read, recorded, offset)
        if refused:
            kept = await self._reject_events(tenant_id, rejected_events(messages, refused))
            for event, dead_letter_id in zip(refused, kept, strict=True):
                event.dead_letter = format_name("deadLetters", dead_letter_id) if dead_letter_id else ""
        return refused
