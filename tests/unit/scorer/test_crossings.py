"""Looking ahead: when a score leaves its class with time alone."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import EventCounter, LeadRecord
from scoring.registry.served_model import ServedModel
from scoring.scores.crossings import STEP_POINTS, FindCrossings
from scoring.scores.lead_scorer import probability_of
from scoring.scores.score import score_value
from tests.fakes.scoring import BASE_LOG_ODDS, FakePredictor, make_model, make_record

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FADING = FeatureSet(
    [
        Feature("visits", "visits", FeatureKind.NUMBER),
        Feature("views", "page_view", FeatureKind.EVENT_DECAYED, half_life_in_days=7.0),
    ]
)


def fading_model() -> ServedModel:
    return replace(make_model(), feature_set=FADING)


def record_with(decayed: float, visits: float = 0.0) -> LeadRecord:
    counter = EventCounter(3, NOW, 1, (decayed, decayed, decayed))
    return LeadRecord(None, NOW, {"visits": {"number": visits}}, {"page_view": counter})


def class_at(model: ServedModel, record: LeadRecord, time: datetime) -> tuple[object, int]:
    """Gives what the crossing should change, computed by hand."""
    views = record.counters["page_view"].decayed
    assert views is not None
    faded = views[1] * 2.0 ** (-(time - NOW) / timedelta(days=7))
    probability = probability_of(BASE_LOG_ODDS + record.fields["visits"]["number"] + faded)  # type: ignore[operator]
    return model.grades.grade(probability), score_value(probability) // STEP_POINTS


@pytest.mark.parametrize(("decayed", "visits"), [(3.0, 0.0), (2.0, 1.0), (1.0, -1.0), (2.9, 0.5)])
async def test_a_crossing_is_told_to_the_minute_or_a_thousandth(decayed: float, visits: float) -> None:
    model, record = fading_model(), record_with(decayed, visits)

    [crossing] = await FindCrossings(FakePredictor())(model, None, [record], NOW)

    assert crossing is not None
    tolerance = max(timedelta(minutes=2), (crossing - NOW) / 500)
    assert class_at(model, record, crossing - tolerance) == class_at(model, record, NOW)
    assert class_at(model, record, crossing + tolerance) != class_at(model, record, NOW)


async def test_what_has_faded_crosses_nothing_more() -> None:
    model = fading_model()
    faded = record_with(1e-6, visits=-math.log(3) - BASE_LOG_ODDS)

    crossings = await FindCrossings(FakePredictor())(model, None, [faded, record_with(3.0)], NOW)

    assert crossings[0] is None
    assert crossings[1] is not None


async def test_a_model_that_counts_no_days_is_not_even_asked() -> None:
    predictor = FakePredictor()

    assert await FindCrossings(predictor)(make_model(), None, [make_record(1.0)], NOW) == [None]
    assert predictor.batch_sizes == []


async def test_many_leads_are_looked_at_in_batches() -> None:
    predictor = FakePredictor()
    records = [record_with(3.0 - number / 100) for number in range(40)]

    together = await FindCrossings(predictor)(fading_model(), None, records, NOW)

    assert together == [(await FindCrossings(predictor)(fading_model(), None, [record], NOW))[0] for record in records]
    assert max(predictor.batch_sizes) <= 256
