"""A page whose leads differ in model, rules and overrides: all at once gives what each lead by itself gives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.bulk.page_rescoring import PageRescoring
from scoring.bulk.row_scoring import RowScoring
from scoring.experiments.experiment import Split
from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import EventCounter
from scoring.registry.model_cache import ModelCache
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.registry.served_model import ServedModel
from scoring.rules.rule_set import Decay, DecayCourse, Rule, RuleGroup, RuleSet
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.scores.score import Score, ScoreOverride
from server.runtime.identifiers import new_id
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

TENANT_ID = UUID(int=1)
DAY = timedelta(days=1)

CONDITIONS = st.sampled_from(
    [
        "true",
        'fields.source == "Referral"',
        "fields.visits > 1.0",
        "fields.absent > 1.0",
        "fields.source > 1.0",
        "event_counts.demo >= 2",
        'event_times.demo > timestamp("2026-02-20T00:00:00Z")',
        "probability > 0.4",
        'grade == "B"',
    ]
)
DECAYS = st.none() | st.builds(
    Decay,
    st.sampled_from(DecayCourse),
    st.timedeltas(timedelta(hours=1), timedelta(days=90)),
    st.sampled_from(["", "demo"]),
)
RULES = st.lists(
    st.tuples(CONDITIONS, st.integers(-100, 100), st.sampled_from(["", "engagement"]), DECAYS), max_size=5
).map(lambda rules: [Rule(f"rule-{number}", "", *rule) for number, rule in enumerate(rules)])
RULE_SETS = st.none() | st.builds(
    RuleSet,
    RULES,
    st.just((RuleGroup("engagement", 30, -20),)) | st.just(()),
)
OVERRIDES = st.none() | st.integers(0, 100).map(lambda value: ScoreOverride(value, "a person", READ_TIME - DAY))
LEADS = st.lists(
    st.tuples(
        # Sums of eighths, and of whole days, are exact in 32 bits, in which tables give them.
        st.integers(-32, 32).map(lambda eighths: eighths / 8),
        st.sampled_from(["Google", "Referral", "elsewhere"]),
        st.none() | st.tuples(st.integers(1, 5), st.integers(0, 60).map(lambda days: days * DAY)),
        OVERRIDES,
    ),
    min_size=1,
    max_size=12,
)


class Company:
    """A champion, and a challenger that also looks at events."""

    def __init__(self, *, tables: bool, shares: tuple[float, float] | None, rule_set: RuleSet | None) -> None:
        self.leads = FakeLeads()
        self.store = FakeScoreStore()
        champion, challenger = make_model(), _looks_at_events(make_model(version=2))
        models = ModelCache(FakeModelSource(TENANT_ID, champion, challenger))
        self.leads.champion[TENANT_ID] = champion.model_id
        rules = FakeRuleSetSource()
        if rule_set is not None:
            self.leads.rule_set[TENANT_ID] = new_id()
            rules.rule_sets[self.leads.rule_set[TENANT_ID]] = rule_set
        if shares is not None:
            self.leads.split[TENANT_ID] = Split(UUID(int=5), challenger.model_id, *shares)
        predictor = FakePredictor()
        rule_sets = RuleSetCache(rules)
        self.open_leads = FakeOpenLeads(self.leads, self.store)
        self.pages = PageRescoring(
            self.open_leads,
            models,
            rule_sets,
            RowScoring(FakeTableSource(FakeTables() if tables else None), predictor),  # type: ignore[arg-type] # fakes
            self.store,
        )
        self.singly = FakeScoreStore()
        self._one_by_one = Rescoring(self.leads, models, LeadScorer(predictor, rule_sets), self.singly)

    async def rescore(self) -> None:
        """Scores all leads as one page."""
        model = await self.pages.model(TENANT_ID)
        assert model is not None
        page = await self.pages.read(TENANT_ID, model, UUID(int=0))
        await self.pages.score_and_store(TENANT_ID, model, page)

    async def rescore_one_by_one(self, lead_ids: Sequence[UUID]) -> None:
        """Scores each lead in a call of its own."""
        for lead_id in lead_ids:
            await self._one_by_one.rescore(TENANT_ID, [lead_id])


def _looks_at_events(model: ServedModel) -> ServedModel:
    counted = Feature("events.demo.count", "demo", FeatureKind.EVENT_COUNT)
    since = Feature("events.demo.days", "demo", FeatureKind.DAYS_SINCE_EVENT, absent=0.0)
    return replace(model, feature_set=FeatureSet([*model.feature_set.features, counted, since]))


def _content(score: Score) -> tuple[object, ...]:
    return (
        score.model.model_id,
        score.record,
        score.probability,
        score.log_odds,
        score.base_log_odds,
        score.compute_time,
        score.features.tobytes(),
        score.rules,
        score.override,
        score.value,
        score.grade,
    )


@settings(max_examples=40, deadline=None)
@given(
    leads=LEADS,
    rule_set=RULE_SETS,
    shares=st.none() | st.sampled_from([(0.5, 0.0), (0.4, 0.3), (0.0, 0.5)]),
    tables=st.booleans(),
)
async def test_a_page_gives_each_lead_the_score_that_it_has_alone(
    leads: list[tuple[float, str, tuple[int, timedelta] | None, ScoreOverride | None]],
    rule_set: RuleSet | None,
    shares: tuple[float, float] | None,
    *,
    tables: bool,
) -> None:
    if rule_set is None and shares is None:
        rule_set = RuleSet([])
    company = Company(tables=tables, shares=shares, rule_set=rule_set)
    lead_ids = []
    for visits, source, demo, override in leads:
        record = make_record(visits, source)
        if demo is not None:
            count, ago = demo
            record = replace(record, counters={"demo": EventCounter(count, READ_TIME - ago, 1)})
        lead_ids.append(company.leads.add(TENANT_ID, record, override=override))

    await company.rescore()
    await company.rescore_one_by_one(lead_ids)

    assert {lead_id: _content(score) for lead_id, score in company.store.scores.items()} == {
        lead_id: _content(score) for lead_id, score in company.singly.scores.items()
    }


@pytest.mark.parametrize("tables", [True, False])
async def test_a_page_is_read_once_and_stored_once_for_each_model(*, tables: bool) -> None:
    rule_set = RuleSet([Rule("busy", "", "fields.visits > 1.0", 5)])
    company = Company(tables=tables, shares=(0.5, 0.2), rule_set=rule_set)
    for number in range(400):
        company.leads.add(TENANT_ID, make_record(number / 8))
    company.leads.reads.clear()

    await company.rescore()

    assert company.open_leads.pages == [400]
    assert company.leads.reads == [400]
    assert len(company.store.batch_sizes) == 2
    assert 240 < sum(company.store.batch_sizes) < 400
