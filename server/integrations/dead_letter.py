"""What came in and could not be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

LARGEST_CONTENT_BYTES = 1024 * 1024
"""Larger events are not kept: they would fill the table sooner than anybody could correct them."""


class DeadLetterKind(IntEnum):
    """What a dead letter holds, numbered as in the contract."""

    EVENT = 1
    LEAD_CHANGE = 2


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """An event that is refused.

    Attributes:
        content: The event as it was sent, in the bytes of the contract.
        status: Why, as the bytes of a `google.rpc.Status`.
    """

    content: bytes
    status: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that came in and could not be used, as it is kept.

    Attributes:
        dead_letter_id: Its id.
        kind: What it holds.
        content: The event as it was sent, in the bytes of the contract; empty for other kinds.
        lead_ids: The leads that could not be scored; empty for other kinds.
        status: Why, as the bytes of a `google.rpc.Status`.
        attempt_count: How often it came, 1 or more.
        create_time: When it came first, UTC.
        update_time: When it came last, UTC.
    """

    dead_letter_id: UUID
    kind: DeadLetterKind
    content: bytes
    lead_ids: Sequence[UUID]
    status: bytes
    attempt_count: int
    create_time: datetime
    update_time: datetime
