"""A version of a tenant's scoring rules, as it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Self

_MICROSECOND = timedelta(microseconds=1)


class DecayCourse(Enum):
    """How points fade."""

    LINEAR = "linear"
    HALF_LIFE = "half_life"


@dataclass(frozen=True, slots=True)
class Decay:
    """How the points of a rule fade with the time since its anchor.

    Attributes:
        course: Evenly, or by half in equal times.
        time: After which nothing is left, or half; at least a microsecond.
        anchor_event_type: The type of event whose latest one is the anchor; empty for the lead's arrival.
    """

    course: DecayCourse
    time: timedelta
    anchor_event_type: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Points for leads on which an expression holds.

    Attributes:
        rule_id: Names the rule in its set.
        display_name: What people call it; empty for its id.
        expression: The condition, in the Common Expression Language.
        points: What it adds, -100 to 100.
        group: The id of the group with which the points are capped; empty for none.
        decay: How the points fade; None if they don't.
    """

    rule_id: str
    display_name: str
    expression: str
    points: int
    group: str = ""
    decay: Decay | None = None


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules whose points are added up and then held between two bounds.

    Attributes:
        group_id: Names the group in its set.
        max_points: The most that it adds, 0 or more; None for no bound.
        min_points: The most that it takes away, 0 or less; None for no bound.
    """

    group_id: str
    max_points: int | None = None
    min_points: int | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules and the groups that cap them.

    Attributes:
        rules: In the order in which they are told.
        groups: The groups.
    """

    rules: Sequence[Rule]
    groups: Sequence[RuleGroup] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the rules as plain JSON values, from which `from_json` makes them again."""
        return {
            "rules": [
                {
                    "id": rule.rule_id,
                    "display_name": rule.display_name,
                    "expression": rule.expression,
                    "points": rule.points,
                    "group": rule.group,
                    "decay": None if rule.decay is None else _decay_to_json(rule.decay),
                }
                for rule in self.rules
            ],
            "groups": [
                {"id": group.group_id, "max_points": group.max_points, "min_points": group.min_points}
                for group in self.groups
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Make rules from what `to_json` gave.

        Raises:
            KeyError: A part is missing.
        """
        return cls(
            [
                Rule(
                    rule_id=entry["id"],
                    display_name=entry["display_name"],
                    expression=entry["expression"],
                    points=entry["points"],
                    group=entry["group"],
                    decay=None if entry["decay"] is None else _decay_from_json(entry["decay"]),
                )
                for entry in document["rules"]
            ],
            [RuleGroup(entry["id"], entry["max_points"], entry["min_points"]) for entry in document["groups"]],
        )


def _decay_to_json(decay: Decay) -> dict[str, Any]:
    return {
        "course": decay.course.value,
        "microseconds": decay.time // _MICROSECOND,
        "anchor_event_type": decay.anchor_event_type,
    }


def _decay_from_json(document: Mapping[str, Any]) -> Decay:
    return Decay(
        DecayCourse(document["course"]),
        timedelta(microseconds=document["microseconds"]),
        document["anchor_event_type"],
    )
