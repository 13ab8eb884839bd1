"""Tells what a workflow would have done over the recent history of scores, without doing anything."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from server.leads.filter import Condition, parse_filter
from server.leads.lead import Grade
from server.workflows.crossings import Observation, TriggerState, Verdict, step
from server.workflows.definition import check_trigger
from server.workflows.workflow import LeadCondition, ScoreMovement, Trigger

LARGEST_HISTORY: Final = 200_000
LISTED_CROSSINGS: Final = 100
DEFAULT_LOOKBACK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PastScore:
    """A score of the history.

    Attributes:
        lead_id: The lead.
        time: When it was computed, UTC.
        value: 0 to 100.
        grade: None if it was withheld, or is from before grades were kept.
    """

    lead_id: UUID
    time: datetime
    value: int
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class FoundCrossing:
    """A crossing that a dry run found.

    Attributes:
        lead_id: The lead.
        time: When, UTC.
        reason: Why, as a sentence.
        cooling_down: Whether the lead was in its cool-down.
    """

    lead_id: UUID
    time: datetime
    reason: str
    cooling_down: bool


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a workflow would have done.

    Attributes:
        lead_count: Leads that were looked at.
        score_count: Scores that were looked at.
        crossing_count: Crossings on which it would have acted.
        cooling_down_count: Crossings in a cool-down.
        crossings: The newest of both, the newest first.
        begin_time: When the history begins that was looked at, UTC.
    """

    lead_count: int
    score_count: int
    crossing_count: int
    cooling_down_count: int
    crossings: Sequence[FoundCrossing]
    begin_time: datetime


class ScoreHistory(Protocol):
    """Where past scores and leads are read."""

    async def scores_since(self, tenant_id: UUID, begin: datetime, limit: int) -> Sequence[PastScore]:
        """Gives the newest `limit` scores since a time, the oldest first."""

    async def scores_at(self, tenant_id: UUID, lead_ids: Sequence[UUID], time: datetime) -> Sequence[PastScore]:
        """Gives the score that each lead had at a time; leads without one are missing."""

    async def leads_where(
        self, tenant_id: UUID, conditions: tuple[Condition, ...], limit: int
    ) -> tuple[int, int, Sequence[UUID]]:
        """Gives the number of all leads, of those on which the conditions hold, and the newest of these."""


class DryRunWorkflow:
    """Runs a workflow over the past.

    Args:
        history: The past.
        clock: Gives the present time, UTC.
    """

    def __init__(self, history: ScoreHistory, clock: Callable[[], datetime]) -> None:
        self._history = history
        self._clock = clock

    async def __call__(self, tenant_id: UUID, trigger: Trigger, cool_down: timedelta, lookback: timedelta) -> DryRun:
        """Runs it.

        Args:
            tenant_id: Whose past.
            trigger: What would have set the workflow off.
            cool_down: How long it would not have acted again.
            lookback: How far back.

        Raises:
            InvalidRequest: The trigger could never be set off.
            InvalidFilter: Its condition can't be read.
        """
        check_trigger(trigger)
        now = self._clock()
        if isinstance(trigger, LeadCondition):
            return await self._holding_now(tenant_id, trigger, now)
        begin = now - lookback
        scores = await self._history.scores_since(tenant_id, begin, LARGEST_HISTORY)
        if len(scores) == LARGEST_HISTORY:
            begin = scores[0].time
        lead_ids = list(dict.fromkeys(score.lead_id for score in scores))
        earlier = {score.lead_id: score for score in await self._history.scores_at(tenant_id, lead_ids, begin)}
        crossings = _replay(trigger, cool_down, scores, earlier)
        cooling_down = sum(crossing.cooling_down for crossing in crossings)
        return DryRun(
            lead_count=len(lead_ids),
            score_count=len(scores),
            crossing_count=len(crossings) - cooling_down,
            cooling_down_count=cooling_down,
            crossings=crossings[: -LISTED_CROSSINGS - 1 : -1],
            begin_time=begin,
        )

    async def _holding_now(self, tenant_id: UUID, trigger: LeadCondition, now: datetime) -> DryRun:
        conditions = parse_filter(trigger.filter)
        lead_count, holding, newest = await self._history.leads_where(tenant_id, conditions, LISTED_CROSSINGS)
        reason = f"Condition holds now: {trigger.filter}"
        crossings = [FoundCrossing(lead_id, now, reason, cooling_down=False) for lead_id in newest]
        return DryRun(lead_count, 0, holding, 0, crossings, now)


def _replay(
    trigger: Trigger, cool_down: timedelta, scores: Sequence[PastScore], earlier: dict[UUID, PastScore]
) -> list[FoundCrossing]:
    """Takes each score as it came, and gives the crossings, the oldest first."""
    states: dict[UUID, TriggerState] = {}
    paths: dict[UUID, deque[tuple[datetime, int]]] = {}
    latest, crossings = dict(earlier), []
    for score in scores:
        before = latest.get(score.lead_id)
        path = paths.setdefault(score.lead_id, deque([(before.time, before.value)] if before else ()))
        state = states.get(score.lead_id)
        seen = Observation(
            score.time,
            score.value,
            score.grade,
            before.value if before else None,
            before.grade if before else None,
            path=tuple(path) if isinstance(trigger, ScoreMovement) else (),
        )
        taken = step(trigger, cool_down, state, seen)
        if not taken.is_plain or state is not None:
            states[score.lead_id] = taken.state
        if taken.verdict is not Verdict.NOTHING:
            cooling_down = taken.verdict is Verdict.COOLING_DOWN
            crossings.append(FoundCrossing(score.lead_id, score.time, taken.reason, cooling_down))
        latest[score.lead_id] = score
        if isinstance(trigger, ScoreMovement):
            path.append((score.time, score.value))
            # One value from before the time that counts is needed, and no more.
            while len(path) > 1 and path[1][0] <= score.time - trigger.within:
                path.popleft()
    return crossings
