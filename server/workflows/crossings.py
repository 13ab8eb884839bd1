"""When a trigger is set off: once for each crossing, whatever the score does at the threshold. Pure.

What a trigger remembers of a lead is small: whether it is armed. It is set off when it is armed and the lead comes to
where it acts, and armed anew only once the lead has gone back beyond the threshold by the hysteresis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from server.leads.lead import Grade
from server.workflows.workflow import (
    Direction,
    GradeCrossing,
    LeadCondition,
    ScoreCrossing,
    ScoreMovement,
    Trigger,
)


@dataclass(frozen=True, slots=True)
class Observation:
    """What happened to a lead.

    Attributes:
        time: When, UTC.
        value: The score's value, 0 to 100; None if the score did not change.
        grade: Its grade; None if it is withheld.
        previous_value: The value before; None if there was none.
        previous_grade: The grade before; None if it was withheld or there was none.
        holds: Whether the trigger's condition holds now; None if it has none.
        path: The values that the score had lately, the oldest first, each with the time at which it came; the new one
            is not among them. Only movements look at it.
    """

    time: datetime
    value: int | None = None
    grade: Grade | None = None
    previous_value: int | None = None
    previous_grade: Grade | None = None
    holds: bool | None = None
    path: Sequence[tuple[datetime, int]] = ()


@dataclass(frozen=True, slots=True)
class TriggerState:
    """What a workflow remembers of a lead.

    Attributes:
        armed: Whether the next crossing counts.
        crossed_time: When the last crossing was, UTC; None if there was none. Movements count from there.
        acted_time: When the workflow last acted, UTC; None if it never did.
    """

    armed: bool
    crossed_time: datetime | None = None
    acted_time: datetime | None = None


class Verdict(Enum):
    """What is to be done."""

    NOTHING = "nothing"
    ACT = "act"
    COOLING_DOWN = "cooling down"


@dataclass(frozen=True, slots=True)
class Step:
    """What an observation leads to.

    Attributes:
        verdict: Whether there is a crossing, and whether it is acted on.
        state: What is remembered from now on.
        is_plain: Whether the next observation's previous value tells as much as the state does, so that there is no
            need to store it.
        reason: The crossing as a sentence; empty without one.
    """

    verdict: Verdict
    state: TriggerState
    is_plain: bool
    reason: str = ""


def step(trigger: Trigger, cool_down: timedelta, state: TriggerState | None, seen: Observation) -> Step:
    """Takes one observation of a lead. Observations are given in the order in which they happened.

    Args:
        trigger: The workflow's trigger.
        cool_down: For how long the workflow does not act again.
        state: What it remembers of the lead; None if nothing.
        seen: What happened.

    Returns:
        What to do and what to remember.
    """
    match trigger:
        case ScoreCrossing():
            taken = _score_step(trigger, state, seen)
        case GradeCrossing():
            taken = _grade_step(trigger, state, seen)
        case ScoreMovement():
            taken = _movement_step(trigger, state, seen)
        case LeadCondition():
            taken = _condition_step(trigger, state, seen)
    if taken.verdict is Verdict.NOTHING:
        return taken
    crossed = replace(taken.state, crossed_time=seen.time)
    acted_time = taken.state.acted_time
    if acted_time is not None and seen.time < acted_time + cool_down:
        return replace(taken, verdict=Verdict.COOLING_DOWN, state=crossed)
    return replace(taken, state=replace(crossed, acted_time=seen.time))


def begin_of_path(trigger: ScoreMovement, state: TriggerState | None, time: datetime) -> datetime:
    """Tells from when on a movement looks at the score's values.

    Args:
        trigger: The movement.
        state: What the workflow remembers of the lead.
        time: When the score changed.
    """
    begin = time - trigger.within
    crossed_time = state.crossed_time if state else None
    return begin if crossed_time is None else max(begin, crossed_time)


def _score_step(trigger: ScoreCrossing, state: TriggerState | None, seen: Observation) -> Step:
    if seen.value is None:
        return _unmoved(state)
    verb = "rose" if trigger.direction is Direction.UP else "fell"
    before = "" if seen.previous_value is None else f" from {seen.previous_value}"
    reason = f"Score {verb}{before} to {seen.value}, threshold {trigger.threshold}"
    if seen.previous_value is None:
        reason = f"First score is {seen.value}, threshold {trigger.threshold}"
    level = _Level(seen.value, seen.previous_value, trigger.threshold, trigger.hysteresis)
    return level.step(trigger.direction, state, reason)


def _grade_step(trigger: GradeCrossing, state: TriggerState | None, seen: Observation) -> Step:
    if seen.value is None or seen.grade is None:
        return _unmoved(state)
    # Numbers grow towards the worse grades; levels towards the better ones.
    previous = None if seen.previous_grade is None else -seen.previous_grade
    threshold = -trigger.grade if trigger.direction is Direction.UP else -trigger.grade + 1
    before = f" from {seen.previous_grade.name}" if seen.previous_grade else ""
    reason = f"Grade went{before} to {seen.grade.name}, threshold {trigger.grade.name}"
    if seen.previous_grade is None:
        reason = f"First grade is {seen.grade.name}, threshold {trigger.grade.name}"
    return _Level(-seen.grade, previous, threshold, 0).step(trigger.direction, state, reason)


@dataclass(frozen=True, slots=True)
class _Level:
    """A number that crosses a threshold."""

    value: int
    previous: int | None
    threshold: int
    hysteresis: int

    def step(self, direction: Direction, state: TriggerState | None, reason: str) -> Step:
        """Takes the number's change from the previous one."""
        known = state or TriggerState(armed=self._armed_at(direction, self.previous))
        reached = self.value >= self.threshold
        if direction is Direction.DOWN:
            reached = not reached
        if reached and known.armed:
            return Step(Verdict.ACT, replace(known, armed=False), is_plain=False, reason=reason)
        armed = known.armed
        if not reached:
            # What was never seen before has nowhere to come back from: it is armed where it begins.
            begins = state is None and self.previous is None
            armed = armed or begins or self._is_beyond(direction)
        after = replace(known, armed=armed)
        return Step(Verdict.NOTHING, after, is_plain=after == TriggerState(self._armed_at(direction, self.value)))

    def _armed_at(self, direction: Direction, value: int | None) -> bool:
        """Whether a lead of which nothing is remembered is armed."""
        if direction is Direction.UP:
            return value is None or value < self.threshold
        return value is not None and value >= self.threshold

    def _is_beyond(self, direction: Direction) -> bool:
        if direction is Direction.UP:
            return self.value < self.threshold - self.hysteresis
        return self.value >= self.threshold + self.hysteresis


def _movement_step(trigger: ScoreMovement, state: TriggerState | None, seen: Observation) -> Step:
    if seen.value is None:
        return _unmoved(state)
    known = state or TriggerState(armed=True)
    begin = begin_of_path(trigger, state, seen.time)
    # The value that held when the time begins counts too.
    earlier = [value for time, value in seen.path if time <= begin][-1:]
    values = earlier + [value for time, value in seen.path if begin < time <= seen.time]
    if values:
        extreme = min(values) if trigger.direction is Direction.UP else max(values)
        moved = seen.value - extreme if trigger.direction is Direction.UP else extreme - seen.value
        if moved >= trigger.points:
            verb = "rose" if trigger.direction is Direction.UP else "fell"
            reason = f"Score {verb} by {moved} points to {seen.value} within {_words(trigger.within)}"
            return Step(Verdict.ACT, known, is_plain=False, reason=reason)
    return Step(Verdict.NOTHING, known, is_plain=known == TriggerState(armed=True))


def _condition_step(trigger: LeadCondition, state: TriggerState | None, seen: Observation) -> Step:
    if seen.holds is None:
        return _unmoved(state)
    known = state or TriggerState(armed=True)
    if seen.holds and known.armed:
        reason = f"Condition came to hold: {trigger.filter}"
        return Step(Verdict.ACT, replace(known, armed=False), is_plain=False, reason=reason)
    after = known if seen.holds else replace(known, armed=True)
    return Step(Verdict.NOTHING, after, is_plain=after == TriggerState(armed=True))


def _unmoved(state: TriggerState | None) -> Step:
    return Step(Verdict.NOTHING, state or TriggerState(armed=True), is_plain=True)


def _words(duration: timedelta) -> str:
    """A duration in the largest unit that gives a whole number."""
    seconds = round(duration.total_seconds())
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
