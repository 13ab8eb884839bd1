"""Events: what leads did, or what was done with them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

MAX_PROPERTIES: Final = 50
"""How many properties an event can have: the limit that the contract sets on `Event.properties`."""


class Event(NamedTuple):
    """Something that happened to a lead.

    A named tuple, as `Lead` is, since no other record is made as fast.

    Attributes:
        event_id: The sender's id of the event, unique in the tenant.
        lead_id: Whose event it is; None if `lead_external_id` says it.
        lead_external_id: The sender's id of the lead; empty if `lead_id` says it.
        type: What happened, such as `email_opened`.
        occurred_time: When it happened, UTC.
        properties: Anything else, by name, each value as in the custom fields of a lead: `{"text": "..."}`.
    """

    event_id: str
    lead_id: UUID | None
    lead_external_id: str
    type: str
    occurred_time: datetime
    properties: Mapping[str, Mapping[str, object]]
