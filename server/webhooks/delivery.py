"""A message to a receiver, with its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID


class DeliveryState(IntEnum):
    """How far a delivery is. The numbers are those of the contract and of the database."""

    PENDING = 1
    DELIVERED = 2
    DEAD = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt.

    Attributes:
        status_code: The HTTP status; 0 if there was no answer.
        failure: Why it failed, in words; empty if it did not.
        retry_after: How long the receiver asks to wait; None if it does not.
    """

    status_code: int
    failure: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver.

    Attributes:
        time: When it began, UTC.
        status_code: The HTTP status of the answer; 0 if there was none.
        failure: Why it failed, in words; empty if it did not.
        duration: How long it took.
    """

    time: datetime
    status_code: int
    failure: str
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a receiver.

    Attributes:
        delivery_id: Its id, a UUIDv7.
        workflow_id: The workflow that sends it.
        run_id: The run that made it.
        lead_id: The lead that it tells of.
        webhook_id: By which the receiver knows it again, in each attempt and replay.
        url: Where it goes.
        payload: The body.
        state: How far it is.
        attempt_count: Attempts so far.
        next_attempt_time: When the next is due, UTC; None unless pending.
        create_time: When it was made, UTC.
        attempts: The latest, the newest first; empty where they were not asked for.
    """

    delivery_id: UUID
    workflow_id: UUID
    run_id: UUID
    lead_id: UUID
    webhook_id: UUID
    url: str
    payload: str
    state: DeliveryState
    attempt_count: int
    next_attempt_time: datetime | None
    create_time: datetime
    attempts: Sequence[Attempt] = ()
