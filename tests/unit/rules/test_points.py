"""Caps, by which the parts still add up."""

from hypothesis import given
from hypothesis import strategies as st

from scoring.rules.points import held, trim


def test_what_is_too_much_is_taken_from_the_last_rules_first() -> None:
    points = [8, 5, -3, 4]
    trim(points, range(4), None, 10)
    assert points == [8, 5, -3, 0]
    trim(points, range(4), None, 6)
    assert points == [8, 1, -3, 0]


def test_what_takes_away_too_much_is_held_as_well() -> None:
    points = [-30, 5, -20]
    trim(points, [0, 2], -35, None)
    assert points == [-30, 5, -5]


@given(st.lists(st.integers(-100, 100), max_size=20), st.integers(-100, 0), st.integers(0, 100))
def test_the_parts_add_up_to_the_held_sum_and_none_grows(points: list[int], lowest: int, highest: int) -> None:
    trimmed = points.copy()
    trim(trimmed, range(len(points)), lowest, highest)
    assert sum(trimmed) == held(sum(points), lowest, highest) == min(max(sum(points), lowest), highest)
    assert all(after * before >= 0 and abs(after) <= abs(before) for before, after in zip(points, trimmed, strict=True))
