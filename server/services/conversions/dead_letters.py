"""Dead letters as messages, and events that are to be replayed."""

from google.rpc import status_pb2
from leadline.v1 import dead_letter_pb2, event_pb2

from server.integrations.dead_letter import DeadLetter, DeadLetterKind
from server.integrations.event import Event
from server.interceptors.validation import violations_of
from server.runtime.errors import InvalidRequest
from server.runtime.identifiers import format_name
from server.services.conversions.events import event_from_proto
from server.services.conversions.times import time_to_proto


def dead_letter_to_proto(dead_letter: DeadLetter) -> dead_letter_pb2.DeadLetter:
    """Gives a dead letter as the contract has it."""
    message = dead_letter_pb2.DeadLetter(
        name=format_name("deadLetters", dead_letter.dead_letter_id),
        kind=dead_letter.kind,  # type: ignore[arg-type]  # numbered alike
        leads=[format_name("leads", lead_id) for lead_id in dead_letter.lead_ids],
        status=status_pb2.Status.FromString(dead_letter.status),
        attempt_count=dead_letter.attempt_count,
        create_time=time_to_proto(dead_letter.create_time),
        update_time=time_to_proto(dead_letter.update_time),
    )
    if dead_letter.kind is DeadLetterKind.EVENT:
        message.event.ParseFromString(dead_letter.content)
    return message


def kept_event(dead_letter: DeadLetter) -> Event | None:
    """Gives the event that a dead letter holds, checked anew; None for kinds that hold none.

    Raises:
        InvalidRequest: It still breaks a rule of the contract.
    """
    if dead_letter.kind is not DeadLetterKind.EVENT:
        return None
    message = event_pb2.Event.FromString(dead_letter.content)
    violations = violations_of(message)
    if violations:
        raise InvalidRequest(violations)
    return event_from_proto(message)
