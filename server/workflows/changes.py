"""Changes of leads and scores that workflows have yet to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from server.leads.lead import Grade

LONGEST_CHAIN = 3
"""How many workflows may set each other off, one after another, before they are taken for a circle."""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A lead's new score.

    Attributes:
        time: When it was computed, UTC.
        value: 0 to 100.
        grade: None if it is withheld.
        previous_value: The value before; None if there was none.
        previous_grade: The grade before; None if it was withheld or there was none.
    """

    time: datetime
    value: int
    grade: Grade | None
    previous_value: int | None
    previous_grade: Grade | None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Reads one of the scores of a `score.changed` message; raises KeyError or ValueError if it can't be read."""
        return cls(
            time=datetime.fromisoformat(document["compute_time"]),
            value=document["value"],
            grade=_grade(document["grade"]),
            previous_value=document.get("previous_value"),
            previous_grade=_grade(document.get("previous_grade")),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One lead's change.

    Attributes:
        change_id: Which change; one change tells of a lead once.
        lead_id: The lead.
        time: When it was written down, UTC.
        score: The new score; None if the lead changed and not its score.
        depth: How many workflows led to it, one after another; 0 if none did.
    """

    change_id: int
    lead_id: UUID
    time: datetime
    score: ScoreChange | None
    depth: int


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A message that waits to be looked at.

    Attributes:
        change_id: Its id; later changes of a lead have greater ones.
        topic: `score.changed` or `lead.changed`.
        payload: What it tells.
        time: When it was written down, UTC.
    """

    change_id: int
    topic: str
    payload: Mapping[str, Any]
    time: datetime


def changes_in(message: WaitingChange) -> list[Change]:
    """Gives the leads' changes in one message.

    Args:
        message: A message.

    Raises:
        KeyError: Something is missing in it.
        ValueError: Something in it can't be read.
    """
    number, time, payload = message.change_id, message.time, message.payload
    if message.topic == "score.changed":
        return [
            Change(number, UUID(score["lead_id"]), time, ScoreChange.from_json(score), 0) for score in payload["scores"]
        ]
    depth = payload.get("depth", 0)
    return [Change(number, UUID(lead_id), time, None, depth) for lead_id in dict.fromkeys(payload["lead_ids"])]


def _grade(number: int | None) -> Grade | None:
    return None if number is None else Grade(number)
