"""Scoring all open leads: page by page, several at a time, from where it was cut off."""

import asyncio
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pytest

from scoring.bulk.open_lead_rescoring import PAGES_AT_A_TIME, OpenLeadRescoring
from scoring.bulk.open_leads import RescoringPosition
from scoring.bulk.page_rescoring import PageRescoring
from scoring.bulk.row_scoring import RowScoring
from scoring.registry.model_cache import ModelCache
from scoring.registry.rule_set_cache import RuleSetCache
from server.runtime.errors import DependencyUnavailable
from tests.fakes.open_leads import FakeOpenLeads, FakeTables, FakeTableSource
from tests.fakes.scoring import (
    READ_TIME,
    FakeLeads,
    FakeModelSource,
    FakePredictor,
    FakeRuleSetSource,
    FakeScoreStore,
    make_model,
    make_record,
)
from tfserving.errors import ModelServerUnavailable
from tfserving.prediction import Predicted

PAGE_SIZE = 256


class Scorer:
    """Bulk scoring over fakes, with a champion in place that has no tables."""

    def __init__(self, tenant_id: UUID) -> None:
        self.leads = FakeLeads()
        self.store = FakeScoreStore()
        self.predictor = FakePredictor()
        self.tables = FakeTableSource()
        self.open_leads = FakeOpenLeads(self.leads, self.store)
        model = make_model()
        self.leads.champion[tenant_id] = model.model_id
        self.rescoring = OpenLeadRescoring(
            PageRescoring(
                self.open_leads,
                ModelCache(FakeModelSource(tenant_id, model)),
                RuleSetCache(FakeRuleSetSource()),
                RowScoring(self.tables, self.predictor),  # type: ignore[arg-type] # fake tables
                self.store,
                page_size=PAGE_SIZE,
            )
        )


@pytest.fixture
def scorer(tenant_id: UUID) -> Scorer:
    return Scorer(tenant_id)


async def ignore(_position: RescoringPosition) -> None:
    """Takes no interest in the progress."""


@pytest.mark.parametrize("tables", [None, FakeTables()])
async def test_an_open_lead_gets_a_score_as_of_its_reading(
    scorer: Scorer, tenant_id: UUID, tables: FakeTables | None
) -> None:
    scorer.tables.found = tables
    lead_id = scorer.leads.add(tenant_id, make_record(1.5, "Referral"))

    done = await scorer.rescoring.rescore(tenant_id, None, ignore)

    assert done == RescoringPosition(lead_id, 1, 1)
    score = scorer.store.scores[lead_id]
    assert (score.log_odds, score.base_log_odds, score.compute_time) == (1.5, -1.0, READ_TIME)
    assert score.probability == 1 / (1 + np.exp(-1.5))
    assert score.features.tolist() == [1.5, 1.0]
    assert score.attributions is None


async def test_with_tables_nobody_is_asked(scorer: Scorer, tenant_id: UUID) -> None:
    scorer.tables.found = FakeTables()
    scorer.predictor.failure = ModelServerUnavailable("gone")
    for visits in range(300):
        scorer.leads.add(tenant_id, make_record(visits))

    assert (await scorer.rescoring.rescore(tenant_id, None, ignore)).scored_count == 300
    assert scorer.open_leads.pages == [256, 44, 0]


async def test_what_tells_nothing_new_is_not_stored(scorer: Scorer, tenant_id: UUID) -> None:
    for visits in range(5):
        scorer.leads.add(tenant_id, make_record(visits))
    await scorer.rescoring.rescore(tenant_id, None, ignore)
    scorer.leads.add(tenant_id, make_record(9.0))

    assert (await scorer.rescoring.rescore(tenant_id, None, ignore)).scored_count == 6
    assert scorer.store.batch_sizes == [5, 1]


async def test_before_any_model_nothing_is_read_or_stored(scorer: Scorer) -> None:
    tenant_id = UUID(int=7)
    scorer.leads.add(tenant_id, make_record(1.0))

    assert (await scorer.rescoring.rescore(tenant_id, None, ignore)).scored_count == 0
    assert scorer.open_leads.pages == []


async def test_all_open_leads_are_gone_through_page_by_page(scorer: Scorer, tenant_id: UUID) -> None:
    for visits in range(600):
        scorer.leads.add(tenant_id, make_record(visits))
    scorer.leads.add(tenant_id, make_record(1.0), is_open=False)
    reports: list[RescoringPosition] = []

    async def progress(position: RescoringPosition) -> None:
        reports.append(position)

    done = await scorer.rescoring.rescore(tenant_id, None, progress)

    assert len(scorer.store.scores) == 600
    assert [(position.scored_count, position.total_count) for position in reports] == [
        (256, 600),
        (512, 600),
        (600, 600),
    ]
    assert done == reports[-1] == RescoringPosition(max(scorer.store.scores), 600, 600)


async def test_what_was_cut_off_goes_on_where_it_was(scorer: Scorer, tenant_id: UUID) -> None:
    lead_ids = sorted(scorer.leads.add(tenant_id, make_record(visits)) for visits in range(300))
    start = RescoringPosition.from_json(RescoringPosition(lead_ids[199], 200, 290).to_json())
    done = await scorer.rescoring.rescore(tenant_id, start, ignore)

    assert set(scorer.store.scores) == set(lead_ids[200:])
    assert done == RescoringPosition(lead_ids[-1], 300, 300)


async def test_pages_are_under_way_together_and_the_first_failure_ends_them(scorer: Scorer, tenant_id: UUID) -> None:
    for visits in range(2000):
        scorer.leads.add(tenant_id, make_record(visits))
    asked = asyncio.Barrier(PAGES_AT_A_TIME + 1)
    cancelled: list[int] = []

    async def predict(_name: str, _version: int, X: npt.NDArray[np.float32]) -> Predicted:
        try:
            await asked.wait()
            if X[0, 0] == 0:
                raise ModelServerUnavailable("gone")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(len(X))
            raise
        raise AssertionError("nobody sets the event")

    scorer.predictor.predict = predict  # type: ignore[method-assign, assignment]

    async def progress(_position: RescoringPosition) -> None:
        raise AssertionError("nothing is done")

    work = asyncio.create_task(scorer.rescoring.rescore(tenant_id, None, progress))
    await asked.wait()
    with pytest.raises(DependencyUnavailable):
        await work
    assert cancelled == [256] * (PAGES_AT_A_TIME - 1)


async def test_what_the_progress_raises_ends_the_work(scorer: Scorer, tenant_id: UUID) -> None:
    for visits in range(3000):
        scorer.leads.add(tenant_id, make_record(visits))

    async def cancel(_position: RescoringPosition) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await scorer.rescoring.rescore(tenant_id, None, cancel)
    assert 256 <= len(scorer.store.scores) <= 256 * PAGES_AT_A_TIME
