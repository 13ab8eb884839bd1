"""Makes events of lines of JSON."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.json_format import ParseDict, ParseError

from clients.cli.csv_events import EVENT_IDS
from clients.cli.document_files import fields_of
from clients.cli.refusals import Refusal
from leadline_sdk import Event, to_timestamp


def events_of(lines: Iterable[bytes], refuse: Callable[[Refusal], None]) -> Iterator[Event]:
    """Give the events that lines tell, each as soon as its line is there.

    Args:
        lines: one JSON object each; empty ones are passed over.
        refuse: told of each line that can't be read; it is passed over.
    """
    for line_number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = event_of(line)
        except (ValueError, TypeError, ParseError) as error:
            refuse(Refusal(line_number, str(error)))
        else:
            yield event


def event_of(line: bytes) -> Event:
    """Give the event that a line of JSON tells, by the names of the contract.

    `lead` may be the sender's own id of the lead, and a property's value is a number, text, true or false. An event
    without a time happens now. Without an id it gets one: made of the line if that tells the time, so that the line
    sent twice counts once, and a new one otherwise.

    Raises:
        ValueError: it is no JSON object, or a property can't be held.
        TypeError: a property's type has no counterpart.
        ParseError: the object tells something that an event does not have.
    """
    document: Any = orjson.loads(line)
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - what is read has a wrong value
    properties = document.pop("properties", {})
    if not isinstance(properties, dict):
        raise ValueError("properties: is not a JSON object")  # noqa: TRY004 - as above
    lead = document.get("lead")
    if isinstance(lead, str) and not lead.startswith("leads/"):
        document["lead_external_id"] = document.pop("lead")
    event = ParseDict(document, Event())
    for name, value in fields_of(properties).items():
        event.properties[name].CopyFrom(value)
    if not event.event_id:
        told = event.HasField("occurred_time")
        event.event_id = str(uuid.uuid5(EVENT_IDS, line.strip().decode()) if told else uuid.uuid4())
    if not event.HasField("occurred_time"):
        event.occurred_time.CopyFrom(to_timestamp(datetime.now(UTC)))
    return event
