"""Reads events that are plainly valid, checking them on the way; see `plain_leads`."""

import re
from typing import Final
from uuid import UUID

from leadline.v1 import event_pb2

from server.integrations.event import MAX_PROPERTIES, Event
from server.services.conversions.plain_values import LONGEST_NAME, is_plain_time, plain_values
from server.services.conversions.times import time_from_proto

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LEAD: Final = re.compile(r"leads/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def plain_event(message: event_pb2.Event) -> Event | None:
    """Gives an event as the domain has it, if it is plainly valid; else None, which says nothing about it.

    Args:
        message: An event that nobody has checked.
    """
    event_id, event_type, external_id = message.event_id, message.type, message.lead_external_id
    if not 0 < len(event_id) <= LONGEST_NAME or "\0" in event_id or not _TYPE.fullmatch(event_type):
        return None
    lead_id = None
    if external_id:
        if len(external_id) > LONGEST_NAME or "\0" in external_id:
            return None
    else:
        lead = _LEAD.fullmatch(message.lead)
        if lead is None:
            return None
        lead_id = UUID(lead[1])
    occurred_time = message.occurred_time
    if not message.HasField("occurred_time") or not is_plain_time(occurred_time):
        return None
    properties = plain_values(message.properties, MAX_PROPERTIES)
    if properties is None:
        return None
    return Event(event_id, lead_id, external_id, event_type, time_from_proto(occurred_time), properties)
