"""What both Python drivers have in common: the lines they read and write, and how things look in them."""

import base64
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message

from leadline_sdk import (
    Event,
    EventOutcome,
    ImportResult,
    ImportRow,
    Lead,
    LeadlineError,
    NotificationUpdate,
    PublishedEvent,
    RecordEventsResult,
    ScoredLead,
    ScoreUpdate,
    to_timestamp,
)

FAILURES = (LeadlineError, ValueError, TypeError)
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def requests() -> Iterator[dict[str, Any]]:
    """Give the requests as they come."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(told: dict[str, Any]) -> None:
    """Write an answer."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def client_options(told: dict[str, Any]) -> dict[str, Any]:
    """Give what a client is built from."""
    milliseconds = told.pop("timeout_ms", None)
    return {**told, "tls": False} | ({} if milliseconds is None else {"timeout": milliseconds / 1000})


def failed(failure: Exception) -> dict[str, Any]:
    """Give the answer to a call that failed."""
    return {"error": _error(failure)}


def _error(failure: Exception) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": type(failure).__name__, "text": f"{failure} {failure!r}"}
    if isinstance(failure, LeadlineError):
        wait = failure.retry_after
        told |= {
            "code": failure.code.name,
            "reason": failure.reason,
            "metadata": failure.metadata,
            "violations": [[violation.field, violation.description] for violation in failure.field_violations],
            "retry_after_ms": None if wait is None else round(wait.total_seconds() * 1000),
        }
    return told


def rows(count: int, bad: list[int]) -> Iterator[ImportRow]:
    """Give so many rows, of which these line numbers are refused."""
    for number in range(1, count + 1):
        email = "nonsense" if number in bad else ""
        yield ImportRow(line_number=number, lead=Lead(external_id=str(number), email=email))


def imported(result: ImportResult) -> dict[str, Any]:
    """Tell what became of an import."""
    return {
        "created": result.created_count,
        "refused": [[row.line_number, _error(row.error)["reason"]] for row in result.refused_rows],
    }


def events(count: int, bad: list[int]) -> Iterator[Event]:
    """Give so many events, of which these places are refused."""
    moment = to_timestamp(MOMENT)
    for place in range(count):
        lead = "nobody" if place in bad else "somebody"
        yield Event(event_id=str(place), lead_external_id=lead, type="page_view", occurred_time=moment)


def recorded(result: RecordEventsResult) -> dict[str, Any]:
    """Tell what became of events."""
    return {
        "recorded": result.recorded_count,
        "refused": [[event.index, event.error.reason] for event in result.refused_events],
    }


def scored(result: ScoredLead) -> dict[str, Any]:
    """Tell what became of a lead of a batch."""
    if result.error is not None:
        return {"name": result.name, "reason": result.error.reason}
    assert result.score is not None
    return {"name": result.name, "value": result.score.value}


def update(found: ScoreUpdate) -> dict[str, Any]:
    """Tell of an update of a watch."""
    return {"lead": found.score.lead, "snapshot": found.is_snapshot, "resume_token": found.resume_token}


def published(found: PublishedEvent) -> list[str]:
    """Tell what became of an event that was published."""
    outcome = EventOutcome.Name(found.outcome).removeprefix("EVENT_OUTCOME_")
    return [found.event_id, outcome, found.error.reason if found.error else ""]


def notified(found: NotificationUpdate) -> dict[str, Any]:
    """Tell of a new notification."""
    return {"notification": found.notification.name, "resume_token": found.resume_token}


def plain(value: object) -> object:
    """Give a value of a vector as Python has it."""
    return datetime.fromisoformat(str(value["date"])) if isinstance(value, dict) else value


def encoded(message: Message) -> str:
    """Give a message as it is on the wire, in base64."""
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()
