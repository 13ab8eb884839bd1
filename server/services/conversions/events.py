"""Events between the contract and the domain, and the reasons why some are refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leadline.v1 import event_pb2, integration_service_pb2, lead_history_service_pb2

from server.integrations.dead_letter import RejectedEvent
from server.integrations.event import Event
from server.integrations.ports import RecordedEvents
from server.interceptors.errors import status_of
from server.interceptors.validation import violations_of
from server.leads.history import RecordedEvent
from server.runtime.errors import InvalidRequest, LeadlineError, LeadNotFound
from server.runtime.identifiers import format_name, parse_name
from server.services.conversions.field_values import values_from_proto, values_to_proto
from server.services.conversions.plain_events import plain_event
from server.services.conversions.times import time_from_proto, time_to_proto


@dataclass(slots=True)
class ReadEvents:
    """The events of one message, read.

    Attributes:
        sequence_number: The message's place in its stream; 0 for RecordEvents.
        events: Those that can be used.
        indexes: The place of each of them in the message.
        refused: Why the others can't be used, by their place in the message.
    """

    sequence_number: int
    events: list[Event] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    refused: dict[int, LeadlineError] = field(default_factory=dict)


def read_events(messages: Sequence[event_pb2.Event], sequence_number: int = 0) -> ReadEvents:
    """Reads events, and checks them one by one against the contract.

    Args:
        messages: The events of a message that is valid but for these.
        sequence_number: The message's place in its stream.
    """
    read = ReadEvents(sequence_number)
    for index, message in enumerate(messages):
        event = plain_event(message)
        if event is None:
            violations = violations_of(message)
            if violations:
                read.refused[index] = InvalidRequest(violations)
                continue
            event = event_from_proto(message)
        read.events.append(event)
        read.indexes.append(index)
    return read


def refused_events(
    messages: Sequence[event_pb2.Event], read: ReadEvents, recorded: RecordedEvents, offset: int = 0
) -> list[integration_service_pb2.RefusedEvent]:
    """Tells which events of a message were refused and why, in their order.

    Args:
        messages: The events of the message.
        read: The same, read.
        recorded: What became of those that could be used, and of others that were recorded with them.
        offset: The place among them of the first one of this message.
    """
    unknown = {
        read.indexes[place - offset]: _lead_not_found(read.events[place - offset])
        for place in recorded.unknown_lead
        if 0 <= place - offset < len(read.events)
    }
    return [
        integration_service_pb2.RefusedEvent(
            event_id=messages[index].event_id,
            index=index,
            sequence_number=read.sequence_number,
            status=status_of(error),
        )
        for index, error in sorted((read.refused | unknown).items())
    ]


def acknowledgements(
    messages: Sequence[event_pb2.Event],
    recorded: RecordedEvents,
    offset: int,
    read: ReadEvents,
    refused: Sequence[integration_service_pb2.RefusedEvent],
) -> list[integration_service_pb2.EventAcknowledgement]:
    """Tells what became of each event of a message, in their order.

    Args:
        messages: The events of the message.
        recorded: What became of the usable events of several messages that were recorded together.
        offset: The place among them of the first one of this message.
        read: The events of this message, read.
        refused: Those of them that were refused.
    """
    duplicate = set(recorded.duplicate_places)
    told = [
        integration_service_pb2.EventAcknowledgement(
            event_id=message.event_id, outcome=integration_service_pb2.EVENT_OUTCOME_RECORDED
        )
        for message in messages
    ]
    for place, index in enumerate(read.indexes, start=offset):
        if place in duplicate:
            told[index].outcome = integration_service_pb2.EVENT_OUTCOME_DUPLICATE
    for event in refused:
        told[event.index].outcome = integration_service_pb2.EVENT_OUTCOME_REFUSED
        told[event.index].status.CopyFrom(event.status)
        told[event.index].dead_letter = event.dead_letter
    return told


def rejected_events(
    messages: Sequence[event_pb2.Event], refused: Sequence[integration_service_pb2.RefusedEvent]
) -> list[RejectedEvent]:
    """Gives refused events as they are kept.

    Args:
        messages: The events of the message.
        refused: Those of them that were refused.
    """
    return [
        RejectedEvent(
            messages[event.index].SerializeToString(deterministic=True),
            event.status.SerializeToString(deterministic=True),
        )
        for event in refused
    ]


def event_from_proto(message: event_pb2.Event) -> Event:
    """Gives a valid event as the domain has it."""
    return Event(
        event_id=message.event_id,
        lead_id=parse_name(message.lead, "leads") if message.lead else None,
        lead_external_id=message.lead_external_id,
        type=message.type,
        occurred_time=time_from_proto(message.occurred_time),
        properties=values_from_proto(message.properties),
    )


def recorded_event_to_proto(lead: str, recorded: RecordedEvent) -> lead_history_service_pb2.RecordedEvent:
    """Gives an event that is kept as the contract has it.

    Args:
        lead: The resource name of the lead whose it is.
        recorded: The event.
    """
    event = event_pb2.Event(
        event_id=recorded.event_id,
        lead=lead,
        type=recorded.type,
        occurred_time=time_to_proto(recorded.occurred_time),
    )
    values_to_proto(recorded.properties, event.properties)
    return lead_history_service_pb2.RecordedEvent(event=event, record_time=time_to_proto(recorded.record_time))


def _lead_not_found(event: Event) -> LeadNotFound:
    return LeadNotFound(format_name("leads", event.lead_id) if event.lead_id else event.lead_external_id)
