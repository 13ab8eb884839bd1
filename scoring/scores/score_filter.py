"""Which scores a watch is about: the conditions of its filter."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scoring.explanation.grades import Grade
from server.runtime.errors import InvalidFilter
from server.runtime.filter_grammar import Comparison, read_comparisons

HIGHEST_SCORE: Final = 100

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FIELDS: Final = ("grade", "owner", "score")

Condition = Callable[[int | None, int | None, str], bool]
"""Tells whether a score of this value (0 to 100) and grade, of a lead with this owner, is meant."""


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """The conditions of a filter, all of which must hold.

    Attributes:
        text: The filter as it was given.
        conditions: Its conditions.
    """

    text: str = ""
    conditions: tuple[Condition, ...] = ()

    def passes(self, value: int | None, grade: int | None, owner: str) -> bool:
        """Tells whether a score is meant.

        Args:
            value: 0 to 100; None if there is no score.
            grade: Its class; None if that is withheld.
            owner: The lead's owner.
        """
        return all(condition(value, grade, owner) for condition in self.conditions)

    def tells_of(self, change: Mapping[str, Any]) -> bool:
        """Tells whether an entry of a `score.changed` message is meant, by its new score or by the one before."""
        if not self.conditions:
            return True
        owner = change.get("owner", "")
        return self.passes(change["value"], change.get("grade"), owner) or (
            change.get("previous_value") is not None
            and self.passes(change["previous_value"], change.get("previous_grade"), owner)
        )


EVERY_SCORE: Final = ScoreFilter()


def parse_score_filter(text: str) -> ScoreFilter:
    """Reads a filter such as `grade = A AND owner = "kim"`.

    Args:
        text: The filter; empty means every score.

    Raises:
        InvalidFilter: The text can't be read, or compares what can't be compared so.
    """
    return ScoreFilter(text, tuple(map(_condition, read_comparisons(text))))


def _condition(comparison: Comparison) -> Condition:
    field, sign, word = comparison.field.text, comparison.comparator.text, comparison.value
    if field not in _FIELDS:
        raise InvalidFilter(f"can't filter by {field}; use {', '.join(_FIELDS)}", comparison.field.position)
    if sign not in (_COMPARE if field == "score" else ("=",)):
        usable = ", ".join(_COMPARE) if field == "score" else "="
        raise InvalidFilter(f"{field} can be compared by {usable}", comparison.comparator.position)
    if field == "grade":
        if word.text not in Grade.__members__:
            raise InvalidFilter(f"grade is one of {', '.join(Grade.__members__)}", word.position)
        wanted = Grade[word.text]
        return lambda _value, grade, _owner: grade == wanted
    if field == "owner":
        return lambda _value, _grade, owner: owner == word.text
    if not (word.text.isascii() and word.text.isdigit() and int(word.text) <= HIGHEST_SCORE):
        raise InvalidFilter(f"score is a whole number from 0 to {HIGHEST_SCORE}", word.position)
    bound, compare = int(word.text), _COMPARE[sign]
    return lambda value, _grade, _owner: value is not None and compare(value, bound)
