"""Points that fade, in closed form."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.rules.fading import Fading
from scoring.rules.rule_set import Decay, DecayCourse

ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)

decays = st.builds(
    Decay, st.sampled_from(DecayCourse), st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=3650))
)
some_points = st.integers(-100, 100)


@pytest.mark.parametrize(
    ("days", "left"), [(-1, 20), (0, 20), (0.2, 20), (0.3, 19), (5, 10), (9.7, 1), (9.8, 0), (10, 0), (1000, 0)]
)
def test_linear_points_are_gone_after_the_period(days: float, left: int) -> None:
    fading = Fading(20, Decay(DecayCourse.LINEAR, 10 * DAY))
    assert fading.left(ANCHOR, ANCHOR + days * DAY) == left


@pytest.mark.parametrize(("days", "left"), [(0, -40), (7, -20), (14, -10), (21, -5), (28, -2), (70, 0)])
def test_half_of_the_points_is_left_after_each_half_life(days: float, left: int) -> None:
    fading = Fading(-40, Decay(DecayCourse.HALF_LIFE, 7 * DAY))
    assert fading.left(ANCHOR, ANCHOR + days * DAY) == left


@given(some_points, decays, st.floats(0, 5))
def test_what_is_left_is_the_formula_rounded_to_whole_points(points: int, decay: Decay, times: float) -> None:
    elapsed = timedelta(seconds=decay.time.total_seconds() * times)
    ratio = elapsed / decay.time
    share = max(0.0, 1 - ratio) if decay.course is DecayCourse.LINEAR else 2.0**-ratio
    left = Fading(points, decay).left(ANCHOR, ANCHOR + elapsed)
    assert abs(left - points * share) <= 0.5 + 1e-3 * abs(points) * (decay.time < timedelta(minutes=1)) + 1e-6


@given(some_points, decays, st.floats(0, 3))
def test_points_change_at_the_told_moments_and_at_no_other(points: int, decay: Decay, times: float) -> None:
    fading = Fading(points, decay)
    as_of = ANCHOR + timedelta(seconds=decay.time.total_seconds() * times)
    left = fading.left(ANCHOR, as_of)
    changes = fading.changes(ANCHOR, as_of)
    assert changes == sorted(changes)
    for microseconds in changes:
        moment = as_of + timedelta(microseconds=microseconds)
        assert moment > as_of
        left -= 1 if points > 0 else -1
        assert abs(fading.left(ANCHOR, moment) - left) <= 1
        assert abs(fading.left(ANCHOR, moment - MICROSECOND) - left) >= 1
    assert left == 0
