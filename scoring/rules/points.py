"""Whole points from several rules, held within bounds so that the parts still add up."""

from collections.abc import Sequence


def trim(points: list[int], indexes: Sequence[int], lowest: int | None, highest: int | None) -> None:
    """Hold the sum of some points between two bounds, by taking what is too much from the last ones first.

    Afterwards no part has another sign than before or is larger than before, and their sum is the old sum held between
    the bounds.

    Args:
        points: The points of all rules, changed in place.
        indexes: Those that count, in their order.
        lowest: The lowest sum, 0 or less; None for no bound.
        highest: The highest sum, 0 or more; None for no bound.
    """
    total = sum(points[index] for index in indexes)
    excess = 0
    if highest is not None and total > highest:
        excess = total - highest
    elif lowest is not None and total < lowest:
        excess = total - lowest
    sign = 1 if excess > 0 else -1
    for index in reversed(indexes):
        if not excess:
            return
        if points[index] * sign > 0:
            taken = sign * min(points[index] * sign, excess * sign)
            points[index] -= taken
            excess -= taken


def held(total: int, lowest: int | None, highest: int | None) -> int:
    """Give a sum held between two bounds; None stands for no bound."""
    if highest is not None and total > highest:
        return highest
    if lowest is not None and total < lowest:
        return lowest
    return total
