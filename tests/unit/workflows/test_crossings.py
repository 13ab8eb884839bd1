"""Whatever the score does, a crossing counts once, and only after the score has gone back far enough."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.workflows.crossings import Observation, TriggerState, Verdict, step
from server.workflows.workflow import Direction, ScoreCrossing

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = st.lists(st.integers(0, 100), min_size=1, max_size=40)


def verdicts(trigger: ScoreCrossing, cool_down: timedelta, values: list[int], *, keep_plain: bool) -> list[Verdict]:
    """Takes the values as they come, a minute apart; the store may keep plain states or not."""
    state: TriggerState | None = None
    previous: int | None = None
    found = []
    for minute, value in enumerate(values):
        seen = Observation(BEGIN + timedelta(minutes=minute), value, previous_value=previous)
        taken = step(trigger, cool_down, state, seen)
        if state is not None or keep_plain or not taken.is_plain:
            state = taken.state
        previous = value
        found.append(taken.verdict)
    return found


@given(VALUES, st.integers(2, 100), st.data())
def test_between_two_crossings_up_lies_a_value_below_the_hysteresis(
    values: list[int], threshold: int, data: st.DataObject
) -> None:
    hysteresis = data.draw(st.integers(0, threshold - 1))
    trigger = ScoreCrossing(Direction.UP, threshold, hysteresis)
    found = verdicts(trigger, timedelta(0), values, keep_plain=False)
    armed, expected = True, []
    for value in values:
        crossed = armed and value >= threshold
        expected.append(Verdict.ACT if crossed else Verdict.NOTHING)
        armed = not crossed and (armed or value < threshold - hysteresis)
    assert found == expected


@given(VALUES, st.integers(1, 100), st.integers(0, 20), st.sampled_from(Direction))
def test_what_need_not_be_stored_changes_nothing(
    values: list[int], threshold: int, hysteresis: int, direction: Direction
) -> None:
    trigger = ScoreCrossing(direction, threshold, hysteresis)
    stored = verdicts(trigger, timedelta(0), values, keep_plain=True)
    assert verdicts(trigger, timedelta(0), values, keep_plain=False) == stored


@given(VALUES, st.integers(1, 100), st.integers(1, 20))
def test_within_a_cool_down_nothing_is_done_twice(values: list[int], threshold: int, minutes: int) -> None:
    trigger, cool_down = ScoreCrossing(Direction.UP, threshold), timedelta(minutes=minutes)
    found = verdicts(trigger, cool_down, values, keep_plain=False)
    acted = [minute for minute, verdict in enumerate(found) if verdict is Verdict.ACT]
    assert all(later - earlier >= minutes for earlier, later in itertools.pairwise(acted))
    without = verdicts(trigger, timedelta(0), values, keep_plain=False)
    assert [verdict is not Verdict.NOTHING for verdict in found] == [verdict is Verdict.ACT for verdict in without]
