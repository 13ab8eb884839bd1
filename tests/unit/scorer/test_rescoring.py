"""Keeping stored scores fresh."""

from uuid import UUID

import pytest

from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from server.runtime.identifiers import new_id
from tests.fakes.scoring import (
    READ_TIME,
    FakeLeads,
    FakeModelSource,
    FakePredictor,
    FakeScoreStore,
    make_model,
    make_record,
)


class Scorer:
    """Rescoring over fakes, with a champion in place."""

    def __init__(self, tenant_id: UUID) -> None:
        self.leads = FakeLeads()
        self.store = FakeScoreStore()
        self.predictor = FakePredictor()
        model = make_model()
        self.leads.champion[tenant_id] = model.model_id
        self.rescoring = Rescoring(
            self.leads, ModelCache(FakeModelSource(tenant_id, model)), LeadScorer(self.predictor), self.store
        )


@pytest.fixture
def scorer(tenant_id: UUID) -> Scorer:
    return Scorer(tenant_id)


async def test_open_leads_get_a_score_as_of_their_reading(scorer: Scorer, tenant_id: UUID) -> None:
    lead_id = scorer.leads.add(tenant_id, make_record(1.0))
    closed_id = scorer.leads.add(tenant_id, make_record(1.0), is_open=False)

    assert await scorer.rescoring.rescore(tenant_id, [lead_id, closed_id, new_id()]) == 1
    assert set(scorer.store.scores) == {lead_id}
    assert scorer.store.scores[lead_id].compute_time == READ_TIME
    assert scorer.store.scores[lead_id].attributions is None


async def test_doing_it_twice_changes_nothing_more(scorer: Scorer, tenant_id: UUID) -> None:
    lead_id = scorer.leads.add(tenant_id, make_record(1.0))

    assert await scorer.rescoring.rescore(tenant_id, [lead_id]) == 1
    assert await scorer.rescoring.rescore(tenant_id, [lead_id]) == 0


async def test_before_any_model_nothing_is_read_or_stored(scorer: Scorer) -> None:
    tenant_id = new_id()
    lead_id = scorer.leads.add(tenant_id, make_record(1.0))

    assert await scorer.rescoring.rescore(tenant_id, [lead_id]) == 0
    assert scorer.leads.reads == []
    assert scorer.store.scores == {}


async def test_whether_there_is_a_model_is_asked_until_there_is_one(scorer: Scorer, tenant_id: UUID) -> None:
    champion_id = scorer.leads.champion.pop(tenant_id)
    lead_id = scorer.leads.add(tenant_id, make_record(1.0))
    assert not await scorer.rescoring.has_model(tenant_id)

    scorer.leads.champion[tenant_id] = champion_id
    assert await scorer.rescoring.has_model(tenant_id)
    assert await scorer.rescoring.rescore(tenant_id, [lead_id]) == 1


async def test_many_leads_go_in_batches(scorer: Scorer, tenant_id: UUID) -> None:
    lead_ids = [scorer.leads.add(tenant_id, make_record(visits)) for visits in range(300)]

    assert await scorer.rescoring.rescore(tenant_id, lead_ids) == 300
    assert scorer.predictor.batch_sizes == scorer.store.batch_sizes == [256, 44]
