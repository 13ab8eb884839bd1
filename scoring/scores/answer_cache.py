"""Answers to requests for a score, held in this process until the lead or what scores it changes.

An answer is held as the bytes that are sent, so that giving it once more costs next to nothing. It is dropped as soon
as PostgreSQL tells of a commit that touches it. While it is not sure that every commit is told, nothing is given.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from server.runtime.identifiers import format_name

CAPACITY: Final = 20_000
"""Answers that are held: with their reasons they have 2 to 4 KiB each."""

FORGOTTEN_HELD: Final = 20_000
"""Leads whose last change is remembered."""

_TOPICS: Final = frozenset({"lead.changed", "scoring.changed"})


class AnswerKey(NamedTuple):
    """What an answer is to.

    Attributes:
        tenant_id: The caller's tenant.
        lead: The lead's resource name.
        explained: Whether the answer has the reasons.
    """

    tenant_id: UUID
    lead: str
    explained: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that may be given again.

    Attributes:
        content: The bytes that are sent.
        expire_time: Until when, in seconds since 1970: what counts days grows old without any change.
    """

    content: bytes
    expire_time: float


class AnswerCache:
    """The answers of this process.

    Args:
        is_live: Tells whether every commit until now has been told, or will be in a moment.
        capacity: How many answers are held, 1 or more; beyond it, the one unused for longest goes.
    """

    def __init__(self, is_live: Callable[[], bool], capacity: int = CAPACITY) -> None:
        self._is_live = is_live
        self._capacity = capacity
        self._answers: OrderedDict[AnswerKey, Answer] = OrderedDict()
        self._under_way: dict[AnswerKey, set[object]] = {}
        self._changed: OrderedDict[tuple[UUID, str], None] = OrderedDict()

    def get(self, key: AnswerKey) -> bytes | None:
        """Gives an answer that is held and still true."""
        answer = self._answers.get(key)
        if answer is None or not self._is_live():
            return None
        if answer.expire_time <= time.time():
            del self._answers[key]
            return None
        self._answers.move_to_end(key)
        return answer.content

    def begin(self, key: AnswerKey) -> object:
        """Notes that an answer is about to be computed, and gives the ticket with which it can be put."""
        ticket = object()
        self._under_way.setdefault(key, set()).add(ticket)
        return ticket

    def put(self, key: AnswerKey, ticket: object, answer: Answer | None) -> bool:
        """Holds an answer, unless something has changed since its ticket was given.

        Args:
            key: What it is to.
            ticket: What `begin` gave; it is used up.
            answer: The answer; None if there is none to hold.

        Returns:
            Whether the answer is held.
        """
        tickets = self._under_way.get(key, set())
        is_valid = ticket in tickets
        tickets.discard(ticket)
        if not tickets:
            self._under_way.pop(key, None)
        if answer is None or not is_valid or not self._is_live():
            return False
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > self._capacity:
            self._answers.popitem(last=False)
        return True

    def has_changed(self, key: AnswerKey) -> bool:
        """Tells whether the lead has changed lately, so that no other process can hold an answer that is still true."""
        return (key.tenant_id, key.lead) in self._changed

    def forget(self, topic: str, tenant_id: UUID, lead_ids: tuple[UUID, ...] | None) -> None:
        """Drops the answers that a commit makes untrue, and those being computed.

        Args:
            topic: What the commit tells.
            tenant_id: The tenant.
            lead_ids: The leads; None for all of the tenant.
        """
        if topic not in _TOPICS:
            return
        if lead_ids is None:
            for key in [key for key in self._answers if key.tenant_id == tenant_id]:
                del self._answers[key]
            for key in [key for key in self._under_way if key.tenant_id == tenant_id]:
                del self._under_way[key]
            return
        for lead_id in lead_ids:
            lead = format_name("leads", lead_id)
            for explained in (True, False):
                key = AnswerKey(tenant_id, lead, explained)
                self._answers.pop(key, None)
                self._under_way.pop(key, None)
            self._changed[tenant_id, lead] = None
            self._changed.move_to_end((tenant_id, lead))
        while len(self._changed) > FORGOTTEN_HELD:
            self._changed.popitem(last=False)

    def forget_all(self) -> None:
        """Drops everything: commits may have been missed."""
        self._answers.clear()
        self._under_way.clear()
