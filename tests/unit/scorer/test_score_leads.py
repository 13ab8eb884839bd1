"""Scoring for callers who wait."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pytest

from scoring.cold_start.conversion_rate import OutcomeCounts
from scoring.registry.model_cache import ModelCache
from scoring.scores import cold_start
from scoring.scores.cold_start import ColdScore
from scoring.scores.lead_scorer import LeadScorer, probabilities_of, probability_of
from scoring.scores.score import ScoreMakers, StoredLead, score_value
from scoring.scores.score_leads import ScoreLeads
from server.runtime.errors import DependencyUnavailable, LeadNotFound
from server.runtime.identifiers import new_id
from tests.eventually import eventually
from tests.fakes.scoring import BASE_LOG_ODDS, FakeLeads, FakeModelSource, FakePredictor, make_model, make_record
from tfserving.errors import ModelServerUnavailable, PredictionRefused, ServableNotFound
from tfserving.prediction import Predicted


class Scorer:
    """The use cases over fakes, with a champion in place."""

    def __init__(self, tenant_id: UUID) -> None:
        self.model = make_model()
        self.leads = FakeLeads()
        self.leads.champion[tenant_id] = self.model.model_id
        self.predictor = FakePredictor()
        self.score_leads = ScoreLeads(
            self.leads, ModelCache(FakeModelSource(tenant_id, self.model)), LeadScorer(self.predictor)
        )


@pytest.fixture
def scorer(tenant_id: UUID) -> Scorer:
    return Scorer(tenant_id)


async def test_a_stored_lead_gets_a_score_that_adds_up(scorer: Scorer, tenant_id: UUID) -> None:
    lead_id = scorer.leads.add(tenant_id, make_record(2.0, "Referral"))

    score = await scorer.score_leads.stored(tenant_id, lead_id, explained=True)

    assert score.record.lead_id == lead_id
    assert score.attributions == [2.0, 1.0]
    assert score.log_odds == BASE_LOG_ODDS + 3.0
    assert score.base_log_odds == BASE_LOG_ODDS
    assert score.probability == pytest.approx(0.880797, abs=1e-6)
    assert score.value == 88


async def test_reasons_can_be_left_out(scorer: Scorer, tenant_id: UUID) -> None:
    lead_id = scorer.leads.add(tenant_id, make_record(2.0))

    score = await scorer.score_leads.stored(tenant_id, lead_id, explained=False)

    assert score.attributions is None
    assert score.log_odds == BASE_LOG_ODDS + 2.0


async def test_a_lead_of_another_tenant_does_not_exist(scorer: Scorer, tenant_id: UUID) -> None:
    lead_id = scorer.leads.add(new_id(), make_record(2.0))

    with pytest.raises(LeadNotFound) as failure:
        await scorer.score_leads.stored(tenant_id, lead_id, explained=True)
    assert failure.value.metadata == {"name": f"leads/{lead_id}"}


async def test_without_a_model_a_score_rests_on_the_tenants_outcomes(scorer: Scorer, tenant_id: UUID) -> None:
    newcomer, beginner = new_id(), new_id()
    scorer.leads.outcomes = {beginner: OutcomeCounts(4, 11), tenant_id: OutcomeCounts(500, 500)}

    for tenant, counts, value in [(newcomer, OutcomeCounts(0, 0), 20), (beginner, OutcomeCounts(4, 11), 25)]:
        lead_id = scorer.leads.add(tenant, make_record(2.0))
        stored = await scorer.score_leads.stored(tenant, lead_id, explained=True)
        inline = await scorer.score_leads.inline(tenant, make_record(2.0), explained=True)
        in_batch, missing = await scorer.score_leads.batch(tenant, [lead_id, new_id()], explained=True)

        assert missing is None
        for score in (stored, inline, in_batch):
            assert isinstance(score, ColdScore)
            assert score.estimate.counts == counts
            assert score.value == value
            assert score.attributions is not None
            assert score.base_log_odds + sum(score.attributions) == pytest.approx(score.log_odds)
        assert stored.record.lead_id == lead_id
    assert scorer.predictor.batch_sizes == []


async def test_the_outcomes_of_a_tenant_are_counted_once_a_second(scorer: Scorer) -> None:
    tenant_id = new_id()
    scorer.leads.outcomes[tenant_id] = OutcomeCounts(1, 1)

    async def evidence() -> int:
        score = await scorer.score_leads.inline(tenant_id, make_record(2.0), explained=True)
        assert isinstance(score, ColdScore)
        return score.estimate.counts.total

    assert [await evidence() for _ in range(20)] == [2] * 20
    assert scorer.leads.counted == 1
    scorer.leads.outcomes[tenant_id] = OutcomeCounts(2, 1)

    async def is_counted_again() -> bool:
        return await evidence() == 3

    await eventually(is_counted_again)
    assert scorer.leads.counted == 2


async def test_many_outcomes_are_counted_more_rarely(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_start, "HOLD_SECONDS", 0.01)
    tenant_id = new_id()
    scorer.leads.outcomes[tenant_id] = OutcomeCounts(10**7, 10**7)

    for _ in range(3):
        await scorer.score_leads.inline(tenant_id, make_record(2.0), explained=True)
        await asyncio.sleep(0.05)

    assert scorer.leads.counted == 1


async def test_calls_that_meet_share_round_trips(scorer: Scorer, tenant_id: UUID) -> None:
    lead_ids = [scorer.leads.add(tenant_id, make_record(visits)) for visits in range(20)]

    scores = await asyncio.gather(
        *(scorer.score_leads.stored(tenant_id, lead_id, explained=True) for lead_id in lead_ids)
    )

    assert [score.log_odds - BASE_LOG_ODDS for score in scores] == list(range(20))
    assert sum(scorer.leads.reads) == sum(scorer.predictor.batch_sizes) == 20
    assert len(scorer.leads.reads) < 20
    assert len(scorer.predictor.batch_sizes) < 20


async def test_an_inline_lead_is_scored(scorer: Scorer, tenant_id: UUID) -> None:
    score = await scorer.score_leads.inline(tenant_id, make_record(1.0), explained=True)

    assert score.record.lead_id is None
    assert score.log_odds == BASE_LOG_ODDS + 1.0


async def test_a_batch_has_a_result_for_each_name(scorer: Scorer, tenant_id: UUID) -> None:
    one, two = (scorer.leads.add(tenant_id, make_record(visits)) for visits in (1.0, 2.0))

    scores = await scorer.score_leads.batch(tenant_id, [two, new_id(), one, two], explained=False)

    assert [score and score.log_odds - BASE_LOG_ODDS for score in scores] == [2.0, None, 1.0, 2.0]
    assert scorer.predictor.batch_sizes == [2]


async def test_a_large_batch_goes_in_parts(scorer: Scorer, tenant_id: UUID) -> None:
    lead_ids = [scorer.leads.add(tenant_id, make_record(visits)) for visits in range(600)]

    scores = await scorer.score_leads.batch(tenant_id, lead_ids, explained=False)

    assert all(score is not None for score in scores)
    assert scorer.predictor.batch_sizes == [256, 256, 88]


@pytest.mark.parametrize("failure", [ModelServerUnavailable("gone"), ServableNotFound("not yet")])
async def test_without_the_model_server_a_retry_is_asked_for(
    scorer: Scorer, tenant_id: UUID, failure: ModelServerUnavailable | ServableNotFound
) -> None:
    lead_id = scorer.leads.add(tenant_id, make_record(1.0))
    scorer.predictor.failure = failure

    with pytest.raises(DependencyUnavailable) as raised:
        await scorer.score_leads.stored(tenant_id, lead_id, explained=True)
    assert raised.value.dependency == "model_server"
    assert raised.value.retry_after_seconds > 0

    scorer.predictor.failure = None
    assert (await scorer.score_leads.stored(tenant_id, lead_id, explained=True)).value == 50


async def test_a_refusal_by_the_model_server_is_a_defect(scorer: Scorer, tenant_id: UUID) -> None:
    scorer.predictor.failure = PredictionRefused("wrong shape")

    with pytest.raises(PredictionRefused):
        await scorer.score_leads.inline(tenant_id, make_record(1.0), explained=True)


class SilentLeads(FakeLeads):
    """A database that never answers."""

    async def leads(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> list[StoredLead]:
        await asyncio.Event().wait()
        return await super().leads(tenant_id, lead_ids)

    async def makers(self, tenant_id: UUID) -> ScoreMakers:
        await asyncio.Event().wait()
        return await super().makers(tenant_id)


class SilentPredictor(FakePredictor):
    """A model server that never answers."""

    async def predict(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Predicted:
        await asyncio.Event().wait()
        return await super().predict(model_name, version, X)


async def test_a_silent_database_is_told_within_the_callers_patience(tenant_id: UUID) -> None:
    leads = SilentLeads()
    score_leads = ScoreLeads(leads, ModelCache(FakeModelSource(tenant_id)), LeadScorer(FakePredictor()))

    for call in (
        score_leads.stored(tenant_id, new_id(), explained=True, patience_seconds=0.01),
        score_leads.inline(tenant_id, make_record(1.0), explained=True, patience_seconds=0.01),
        score_leads.batch(tenant_id, [new_id()], explained=True, patience_seconds=0.01),
    ):
        with pytest.raises(DependencyUnavailable) as failure:
            await call
        assert failure.value.dependency == "postgresql"


async def test_a_silent_model_server_is_told_within_the_callers_patience(tenant_id: UUID) -> None:
    model, leads = make_model(), FakeLeads()
    leads.champion[tenant_id] = model.model_id
    lead_id = leads.add(tenant_id, make_record(1.0))
    score_leads = ScoreLeads(leads, ModelCache(FakeModelSource(tenant_id, model)), LeadScorer(SilentPredictor()))

    for call in (
        score_leads.stored(tenant_id, lead_id, explained=True, patience_seconds=0.01),
        score_leads.batch(tenant_id, [lead_id], explained=True, patience_seconds=0.01),
    ):
        with pytest.raises(DependencyUnavailable) as failure:
            await call
        assert failure.value.dependency == "model_server"


def test_probabilities_stay_strictly_between_0_and_1() -> None:
    assert probability_of(0.0) == 0.5
    assert 0.0 < probability_of(-1000.0) < 1e-12
    assert 1.0 > probability_of(1000.0) > 1 - 1e-12


def test_many_probabilities_are_the_same_bits_as_one_at_a_time() -> None:
    log_odds = [0.0, -1000.0, 1000.0, np.nan, *np.random.default_rng(5).normal(scale=5.0, size=2_000).tolist()]
    assert probabilities_of(log_odds) == [probability_of(value) for value in log_odds]


@pytest.mark.parametrize(("probability", "value"), [(0.004, 0), (0.005, 1), (0.5, 50), (0.995, 100), (0.9949, 99)])
def test_values_are_rounded_to_the_nearest_integer(probability: float, value: int) -> None:
    assert score_value(probability) == value
