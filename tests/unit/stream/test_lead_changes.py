"""Rescoring what has changed."""

from collections.abc import Sequence
from uuid import UUID

import orjson
import pytest

from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.stream.consumer import StreamEntry
from scoring.stream.lead_changes import LeadChanges, UnscorableLeads
from server.runtime.identifiers import new_id
from tests.fakes.scoring import FakeLeads, FakeModelSource, FakePredictor, FakeScoreStore, make_model, make_record


def entry(tenant_id: UUID, *lead_ids: UUID) -> StreamEntry:
    """Makes an entry that tells of changed leads."""
    payload = orjson.dumps({"lead_ids": [str(lead_id) for lead_id in lead_ids]})
    return StreamEntry("1-0", {b"tenant_id": str(tenant_id).encode(), b"payload": payload}, 0)


class KeptLeads:
    """Keeps leads in memory, by entry."""

    def __init__(self) -> None:
        self.kept: dict[str, list[UUID]] = {}

    async def keep(self, tenant_id: UUID, entry_id: str, lead_ids: Sequence[UUID]) -> None:
        del tenant_id
        self.kept[entry_id] = list(lead_ids)


class Scorer:
    """The handler over fakes, with a champion in place."""

    def __init__(self, tenant_id: UUID) -> None:
        model = make_model()
        self.leads = FakeLeads()
        self.leads.champion[tenant_id] = model.model_id
        self.store = FakeScoreStore()
        self.predictor = FakePredictor()
        self.dead_letters = KeptLeads()
        self.planned: list[UUID] = []
        self.lead_changes = LeadChanges(
            Rescoring(
                self.leads, ModelCache(FakeModelSource(tenant_id, model)), LeadScorer(self.predictor), self.store
            ),
            self.dead_letters,
            (self.plan,),
        )

    async def plan(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> None:
        del tenant_id
        self.planned += lead_ids


@pytest.fixture
def scorer(tenant_id: UUID) -> Scorer:
    return Scorer(tenant_id)


async def test_a_lead_that_changed_several_times_is_scored_once(scorer: Scorer, tenant_id: UUID) -> None:
    one, two = (scorer.leads.add(tenant_id, make_record(visits)) for visits in (1.0, 2.0))

    await scorer.lead_changes.handle([entry(tenant_id, one), entry(tenant_id, two, one), entry(tenant_id, one)])

    assert scorer.predictor.batch_sizes == [2]
    assert set(scorer.store.scores) == {one, two}


async def test_a_tenant_without_a_model_holds_up_nobody(scorer: Scorer, tenant_id: UUID) -> None:
    other = new_id()
    unscored = scorer.leads.add(other, make_record(1.0))
    scored = scorer.leads.add(tenant_id, make_record(1.0))

    await scorer.lead_changes.handle([entry(other, unscored), entry(tenant_id, scored)])

    assert set(scorer.store.scores) == {scored}
    assert scorer.planned == [scored]


@pytest.mark.parametrize(
    "fields",
    [
        {b"payload": b'{"lead_ids": []}'},
        {b"tenant_id": b"none", b"payload": b'{"lead_ids": []}'},
        {b"tenant_id": str(new_id()).encode(), b"payload": b"{"},
        {b"tenant_id": str(new_id()).encode(), b"payload": b'{"lead_ids": ["x"]}'},
        {b"tenant_id": str(new_id()).encode(), b"payload": b"{}"},
    ],
)
async def test_an_entry_that_can_not_be_read_is_no_success(scorer: Scorer, fields: dict[bytes, bytes]) -> None:
    with pytest.raises((KeyError, ValueError)):
        await scorer.lead_changes.handle([StreamEntry("1-0", fields, 0)])


async def test_a_bad_lead_holds_up_no_other_lead_of_its_entry(scorer: Scorer, tenant_id: UUID) -> None:
    good, bad = (scorer.leads.add(tenant_id, make_record(visits)) for visits in (1.0, 4321.0))
    scorer.predictor.refused_visits = 4321.0

    with pytest.raises(UnscorableLeads):
        await scorer.lead_changes.handle([entry(tenant_id, good, bad)])
    assert set(scorer.store.scores) == {good}

    assert await scorer.lead_changes.give_up(entry(tenant_id, good, bad))
    assert scorer.dead_letters.kept == {"1-0": [bad]}


async def test_another_worker_gives_all_leads_of_an_entry_up(scorer: Scorer, tenant_id: UUID) -> None:
    leads = [new_id(), new_id()]

    assert await scorer.lead_changes.give_up(entry(tenant_id, *leads))
    assert not await scorer.lead_changes.give_up(StreamEntry("2-0", {b"payload": b"{"}, 5))
    assert scorer.dead_letters.kept == {"1-0": leads}
