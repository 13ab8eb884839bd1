"""A lead that waits for a CRM integration."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class ItemState(IntEnum):
    """Where an item stands. The numbers are those of the contract."""

    WAITING = 1
    TAKEN = 2
    ACKNOWLEDGED = 3


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be added.

    Attributes:
        item_id: Its id, a UUIDv7.
        queue: The queue.
        workflow_id: The workflow that adds it.
        lead_id: The lead.
        reason: Why the workflow ran.
        create_time: When, UTC.
    """

    item_id: UUID
    queue: str
    workflow_id: UUID
    lead_id: UUID
    reason: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a queue.

    Attributes:
        item_id: Its id.
        queue: The queue.
        workflow_id: The workflow that added it.
        lead_id: The lead.
        lead_external_id: The sender's own id of the lead, or empty.
        reason: Why the workflow ran.
        state: Where it stands.
        take_count: How often it was taken.
        create_time: When it was added, UTC.
        lease_expire_time: Until when it is taken, UTC; None unless taken.
        acknowledge_time: When it was acknowledged, UTC; None before.
    """

    item_id: UUID
    queue: str
    workflow_id: UUID
    lead_id: UUID
    lead_external_id: str
    reason: str
    state: ItemState
    take_count: int
    create_time: datetime
    lease_expire_time: datetime | None
    acknowledge_time: datetime | None
