"""When a lead's score leaves its grade, or its step of five points, though nothing happens with the lead.

Scores fall and rise with time alone where a model counts days since an event or events that fade, and where points of
rules fade. The model is asked for the lead as it will be at a row of times; where the score is in another class than
before, the time of the change is narrowed down by halving.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from scoring.explanation.grades import Grade
from scoring.features.feature import TIMED_KINDS
from scoring.features.lead_record import LeadRecord
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet
from scoring.scores.lead_scorer import LARGEST_BATCH, probability_of
from scoring.scores.ports import Predictor
from scoring.scores.score import score_value
from server.runtime.errors import DependencyUnavailable
from tfserving.errors import ModelServerUnavailable, ServableNotFound

STEP_POINTS: Final = 5
"""Besides grades, each multiple of these points is a threshold."""

DAYS_AHEAD: Final = (
    0.02,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
    6.0,
    8.0,
    11.0,
    15.0,
    20.0,
    27.0,
    36.0,
    48.0,
    64.0,
    90.0,
)
"""The times at which the score is looked at. What goes and comes back between two of them is not seen."""

PRECISION_SECONDS: Final = 60.0
"""How exactly a crossing is told, in the first day; later ones to a part in a thousand of the way there."""

_HALVINGS: Final = 12


class _Class(NamedTuple):
    """What a crossing changes."""

    grade: Grade | None
    step: int


class _Moment(NamedTuple):
    """A lead, by its place, at a time."""

    place: int
    time: datetime


class FindCrossings:
    """Looks ahead.

    Args:
        predictor: The model server.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    async def __call__(
        self, model: ServedModel, rules: CompiledRuleSet | None, records: Sequence[LeadRecord], now: datetime
    ) -> list[datetime | None]:
        """Gives for each lead when its score is next in another class.

        Args:
            model: The model that scores the leads.
            rules: The rules that add to its scores; None if none are active.
            records: The leads, any number.
            now: From when on, UTC.

        Returns:
            The times, UTC; None where there is none in the next 90 days.

        Raises:
            DependencyUnavailable: The model server can't be reached.
        """
        found: list[datetime | None] = [None] * len(records)
        timed = [place for place, record in enumerate(records) if _depends_on_time(model, record, rules)]
        for start in range(0, len(timed), LARGEST_BATCH):
            places = timed[start : start + LARGEST_BATCH]
            crossings = await self._of_batch(model, rules, [records[place] for place in places], now)
            for place, crossing in zip(places, crossings, strict=True):
                found[place] = crossing
        return found

    async def _of_batch(
        self, model: ServedModel, rules: CompiledRuleSet | None, records: Sequence[LeadRecord], now: datetime
    ) -> list[datetime | None]:
        rows = model.feature_set.encode(records, now)
        times = [now, *(now + timedelta(days=days) for days in DAYS_AHEAD)]
        every = [_Moment(place, time) for place in range(len(records)) for time in times]
        classes = await self._classes(model, rules, records, rows, every)
        spans: list[tuple[int, datetime, datetime]] = []
        found: list[datetime | None] = [None] * len(records)
        for place in range(len(records)):
            row = classes[place * len(times) : (place + 1) * len(times)]
            changed = next((step for step, at_time in enumerate(row) if at_time != row[0]), None)
            if changed is not None:
                spans.append((place, times[changed - 1], times[changed]))
        first = {place: classes[place * len(times)] for place, _, _ in spans}
        for _ in range(_HALVINGS):
            middles = [_Moment(place, early + (late - early) / 2) for place, early, late in spans]
            there = await self._classes(model, rules, records, rows, middles)
            spans = [
                (place, middle, late) if at_middle == first[place] else (place, early, middle)
                for (place, early, late), (_, middle), at_middle in zip(spans, middles, there, strict=True)
            ]
        for place, _, late in spans:
            found[place] = late
        return found

    async def _classes(
        self,
        model: ServedModel,
        rules: CompiledRuleSet | None,
        records: Sequence[LeadRecord],
        rows: npt.NDArray[np.float32],
        moments: Sequence[_Moment],
    ) -> list[_Class]:
        """Gives in which class leads are at moments; `rows` are the leads' features as of any moment."""
        if not moments:
            return []
        asked, times = [records[place] for place, _ in moments], [time for _, time in moments]
        X = model.feature_set.encode_later(rows[[place for place, _ in moments]], asked, times)
        log_odds = await self._log_odds(model, X)
        classes = []
        for record, time, value in zip(asked, times, log_odds, strict=True):
            probability = probability_of(value)
            grade, points = model.grades.grade(probability), score_value(probability)
            if rules is not None:
                findings = rules.findings(record, probability, grade)
                result = rules.result(findings, probability, points, model.grades, time)
                grade, points = result.grade, points + result.points
            classes.append(_Class(grade, points // STEP_POINTS))
        return classes

    async def _log_odds(self, model: ServedModel, X: npt.NDArray[np.float32]) -> list[float]:
        # Rows repeat wherever time changes nothing between two moments.
        rows, inverse = np.unique(X, axis=0, return_inverse=True)
        log_odds: list[float] = []
        try:
            for start in range(0, len(rows), LARGEST_BATCH):
                batch = rows[start : start + LARGEST_BATCH]
                log_odds += (await self._predictor.predict(model.name, model.version, batch)).log_odds
        except (ModelServerUnavailable, ServableNotFound) as error:
            raise DependencyUnavailable("model_server") from error
        return [log_odds[place] for place in inverse.ravel()]


def _depends_on_time(model: ServedModel, record: LeadRecord, rules: CompiledRuleSet | None) -> bool:
    """Tells whether time alone can change the lead's score."""
    return rules is not None or any(
        feature.kind in TIMED_KINDS and feature.source in record.counters for feature in model.feature_set.features
    )
