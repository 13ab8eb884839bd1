"""Which conversion is seen among the leads that rules put on top."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOP_SHARE = 0.1

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ObservedConversion:
    """Leads of a group, and how many converted.

    Attributes:
        count: The leads, 0 or more.
        converted: Those that converted; a part of a lead where equal scores straddle the edge of the group.
        overall_rate: The share of all leads that converted, 0 to 1.
    """

    count: int
    converted: float
    overall_rate: float

    @property
    def precision(self) -> float:
        """The share that converted, 0 to 1; 0 for no leads."""
        return self.converted / self.count if self.count else 0.0

    @property
    def lift(self) -> float:
        """The precision divided by that of all leads; 0 where none converted."""
        return self.precision / self.overall_rate if self.overall_rate else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group by the active rules, and by the new ones.

    Attributes:
        before: By the active rules.
        after: By the new rules.
    """

    before: ObservedConversion
    after: ObservedConversion


def compare_grades(before: Sequence[int], after: Sequence[int], outcomes: Booleans) -> list[tuple[int, Comparison]]:
    """Compare what was seen in each grade.

    Args:
        before: The number of each lead's grade by the active rules; 0 if grades are withheld.
        after: The same by the new rules.
        outcomes: Which of the leads converted.

    Returns:
        The grades that a lead has before or after, in the order of their numbers, each with its comparison.
    """
    grades_before, grades_after = np.array(before, dtype=np.int64), np.array(after, dtype=np.int64)
    present = sorted({*before, *after} - {0})
    return [
        (grade, Comparison(_of_members(grades_before == grade, outcomes), _of_members(grades_after == grade, outcomes)))
        for grade in present
    ]


def compare_top(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64], outcomes: Booleans) -> Comparison:
    """Compare what was seen in the tenth of the leads with the highest scores.

    Args:
        before: Each lead's score by the active rules; at least one lead.
        after: The same by the new rules.
        outcomes: Which of the leads converted.
    """
    return Comparison(_of_top(before, outcomes), _of_top(after, outcomes))


def _of_members(members: Booleans, outcomes: Booleans) -> ObservedConversion:
    return ObservedConversion(int(members.sum()), float(outcomes[members].sum()), float(outcomes.mean()))


def _of_top(values: npt.NDArray[np.int64], outcomes: Booleans) -> ObservedConversion:
    """Give the conversion on top; of the leads that tie for the last places, each counts by the places there are."""
    count = math.ceil(TOP_SHARE * len(values))
    edge = np.sort(values)[len(values) - count]
    above, at_edge = values > edge, values == edge
    share = (count - int(above.sum())) / int(at_edge.sum())
    converted = float(outcomes[above].sum() + share * outcomes[at_edge].sum())
    return ObservedConversion(count, converted, float(outcomes.mean()))
