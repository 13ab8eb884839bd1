"""Experiments on a real PostgreSQL and a real model server, while leads are being scored."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from scoring.experiments.assign_leads import AssignLeads
from scoring.experiments.experiment import Arm, Experiment, ExperimentKind, ExperimentPlan, ExperimentState
from scoring.experiments.result import Verdict
from scoring.experiments.run_experiments import RunExperiments
from scoring.registry.model import Model, ModelState
from scoring.registry.model_cache import ModelCache
from scoring.registry.serving import ModelLoader
from scoring.scores.cold_start import ColdScore
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.store.experiments import ExperimentChanges, Experiments
from scoring.store.leads import Leads
from scoring.store.scores import Scores
from server.runtime.database import Database
from server.runtime.errors import (
    ExperimentConflict,
    ExperimentInconclusive,
    ExperimentNotFound,
    ExperimentOver,
    InvalidRequest,
    ModelBroken,
    ModelInUse,
    ModelNotFound,
    NoModel,
)
from server.runtime.identifiers import new_id
from tests.integration.scorer.conftest import add_lead
from tests.integration.scorer.conftest import outbox as waiting
from tests.integration.scorer.test_life_cycle import Site
from tests.integration.scorer.test_life_cycle import model_server_port as model_server_port  # noqa: PLC0414
from tests.integration.scorer.test_life_cycle import repository as repository  # noqa: PLC0414
from tfserving.client import PredictionClient
from tfserving.server_control import ModelServerControl

pytestmark = pytest.mark.timeout(300)


class Laboratory(Site):
    """A tenant's models and experiments on a real model server."""

    def __init__(self, database: Database, client: PredictionClient, repository: Path, tenant_id: UUID) -> None:
        super().__init__(database, client, repository, tenant_id)
        self.experiments = Experiments(database)
        loader = ModelLoader(ModelServerControl(client, repository))
        self.run_experiments = RunExperiments(self.experiments, ExperimentChanges(database), loader)
        needs = Leads(database), ModelCache(self.models), LeadScorer(client)
        self.assign_leads = AssignLeads(*needs, self.experiments)
        self.rescoring = Rescoring(*needs, Scores(database))

    async def start(
        self,
        kind: ExperimentKind,
        challenger: Model,
        challenger_share: float = 0.0,
        hold_out_share: float = 0.0,
        minimum: int = 1,
    ) -> Experiment:
        """Starts an experiment and assigns the open leads, as a worker would."""
        plan = ExperimentPlan(kind, challenger.model_id, challenger_share, hold_out_share, minimum)
        experiment = await self.run_experiments.create(self.tenant_id, plan)
        await self.assign_leads.assign_open_leads(self.tenant_id, experiment.experiment_id, self.rescoring.rescore)
        return experiment

    async def add_leads(self, count: int) -> list[UUID]:
        """Stores open leads."""
        return [await add_lead(self.database, self.tenant_id, visits=float(index % 7)) for index in range(count)]

    async def end(self, lead_ids: list[UUID], converted: list[UUID]) -> None:
        """Gives leads their outcome."""
        async with self.database.transaction(self.tenant_id) as connection:
            await connection.execute(
                "UPDATE leads SET status = CASE WHEN id = ANY ($3) THEN 2 ELSE 3 END, outcome_time = now() "
                "WHERE tenant_id = $1 AND id = ANY ($2)",
                self.tenant_id,
                lead_ids,
                converted,
            )

    async def rows(self, query: str) -> list[asyncpg.Record]:
        """Gives what a query of the tenant's rows finds."""
        async with self.database.transaction(self.tenant_id) as connection:
            return await connection.fetch(query)

    async def models_of_scores(self, lead_ids: list[UUID]) -> dict[UUID, float | None]:
        """Gives for each lead the base of the model that scores it on request; None if no model does."""
        scores = [await self.score_leads.stored(self.tenant_id, lead_id, explained=True) for lead_id in lead_ids]
        return {
            lead_id: None if isinstance(score, ColdScore) else score.base_log_odds
            for lead_id, score in zip(lead_ids, scores, strict=True)
        }


@pytest.fixture
async def laboratory(
    database: Database, model_server_port: int, repository: Path, tenant_id: UUID
) -> AsyncIterator[Laboratory]:
    async with PredictionClient(f"127.0.0.1:{model_server_port}") as client:
        yield Laboratory(database, client, repository, tenant_id)


async def test_a_canary_scores_its_share_and_no_score_fails_during_start_and_end(laboratory: Laboratory) -> None:
    lead_ids = await laboratory.add_leads(60)
    await laboratory.publish(-1.0)
    challenger = await laboratory.publish(-2.0, passed=False)
    assert challenger.state is ModelState.CANDIDATE
    async with laboratory.scoring(lead_ids[0]):
        experiment = await laboratory.start(ExperimentKind.CANARY, challenger, 0.3)
        during = await laboratory.models_of_scores(lead_ids)
        assert await laboratory.state(challenger) is ModelState.CANARY
        await laboratory.run_experiments.stop(laboratory.tenant_id, experiment.experiment_id)
        after = await laboratory.models_of_scores(lead_ids)

    arms = {lead_id: experiment.split.arm(lead_id) for lead_id in lead_ids}
    assert during == {lead_id: -2.0 if arm is Arm.CHALLENGER else -1.0 for lead_id, arm in arms.items()}
    assert 5 <= sum(arm is Arm.CHALLENGER for arm in arms.values()) <= 32
    assert set(after.values()) == {-1.0}
    assert await laboratory.state(challenger) is ModelState.CANDIDATE


async def test_a_batch_and_stored_scores_are_of_each_lead_s_model(laboratory: Laboratory) -> None:
    lead_ids = await laboratory.add_leads(40)
    champion = await laboratory.publish(-1.0)
    challenger = await laboratory.publish(-2.0, passed=False)
    experiment = await laboratory.start(ExperimentKind.CANARY, challenger, 0.5)

    challengers = [lead_id for lead_id in lead_ids if experiment.split.arm(lead_id) is Arm.CHALLENGER]
    assert await laboratory.rescoring.rescore(laboratory.tenant_id, lead_ids) == 40 - len(challengers)
    batch = await laboratory.score_leads.batch(laboratory.tenant_id, [*lead_ids, new_id()], explained=True)

    expected = [
        challenger.model_id if experiment.split.arm(lead_id) is Arm.CHALLENGER else champion.model_id
        for lead_id in lead_ids
    ]
    assert [getattr(score, "model").model_id for score in batch[:-1] if score] == expected  # noqa: B009
    assert batch[-1] is None
    stored = await laboratory.rows("SELECT id, score_model_id FROM leads")
    assert {row["id"]: row["score_model_id"] for row in stored} == dict(zip(lead_ids, expected, strict=True))
    kept = await laboratory.rows("SELECT lead_id, arm FROM experiment_leads")
    assert {row["lead_id"]: row["arm"] for row in kept} == {
        lead_id: experiment.split.arm(lead_id) for lead_id in lead_ids
    }


async def test_a_hold_out_has_no_score_of_a_model_until_the_end(laboratory: Laboratory, relay: Database) -> None:
    lead_ids = await laboratory.add_leads(60)
    await laboratory.publish(-1.0)
    challenger = await laboratory.publish(-2.0, passed=False)
    await laboratory.rescoring.rescore(laboratory.tenant_id, lead_ids)
    experiment = await laboratory.start(ExperimentKind.SPLIT, challenger, 0.3, 0.3)

    held_out = {lead_id for lead_id in lead_ids if experiment.split.arm(lead_id) is Arm.HOLD_OUT}
    bases = await laboratory.models_of_scores(lead_ids)
    assert {lead_id for lead_id, base in bases.items() if base is None} == held_out
    assert held_out
    stored = await laboratory.rows("SELECT id FROM leads WHERE score_value IS NULL")
    assert {row["id"] for row in stored} == held_out
    before = len([topic for topic, _ in await waiting(relay, laboratory.tenant_id) if topic == "rescoring.requested"])

    await laboratory.run_experiments.stop(laboratory.tenant_id, experiment.experiment_id)

    topics = [topic for topic, _ in await waiting(relay, laboratory.tenant_id)]
    assert topics.count("rescoring.requested") == before + 1
    assert set((await laboratory.models_of_scores(lead_ids)).values()) == {-1.0}


async def test_a_shadow_is_unseen_and_a_better_one_becomes_champion(laboratory: Laboratory) -> None:
    lead_ids = await laboratory.add_leads(80)
    champion = await laboratory.publish(2.0)
    challenger = await laboratory.publish(-1.5, passed=False)
    experiment = await laboratory.start(ExperimentKind.SHADOW, challenger, minimum=70)
    run, tenant_id = laboratory.run_experiments, laboratory.tenant_id
    assert set((await laboratory.models_of_scores(lead_ids)).values()) == {2.0}
    assert await laboratory.state(challenger) is ModelState.SHADOW
    with pytest.raises(ExperimentInconclusive, match="needs 70 leads"):
        await run.conclude(tenant_id, experiment.experiment_id, override_verdict=False)

    # One in five converts: the champion, which says 9 in 10, is far off.
    await laboratory.end(lead_ids, lead_ids[::5])
    _, result = await run.result(tenant_id, experiment.experiment_id)
    assert result.verdict is Verdict.CHALLENGER_BETTER
    assert {
        arm: (leads.lead_count, leads.outcome_count, leads.converted_count) for arm, leads in result.arms.items()
    } == {
        Arm.CONTROL: (80, 80, 16),
        Arm.CHALLENGER: (80, 80, 16),
    }
    ended = await run.conclude(tenant_id, experiment.experiment_id, override_verdict=False)

    assert ended.state is ExperimentState.CONCLUDED
    assert ended.conclusion.startswith("the challenger became champion: the challenger is better in Brier score")
    assert await laboratory.state(challenger) is ModelState.CHAMPION
    assert await laboratory.state(champion) is ModelState.RETIRED
    with pytest.raises(ExperimentOver):
        await run.conclude(tenant_id, experiment.experiment_id, override_verdict=True)


async def test_a_challenger_that_is_not_better_stays_what_it_was(laboratory: Laboratory) -> None:
    lead_ids = await laboratory.add_leads(80)
    champion = await laboratory.publish(-1.5)
    challenger = await laboratory.publish(2.0, passed=False)
    experiment = await laboratory.start(ExperimentKind.SHADOW, challenger, minimum=70)
    await laboratory.end(lead_ids, lead_ids[::5])

    ended = await laboratory.run_experiments.conclude(
        laboratory.tenant_id, experiment.experiment_id, override_verdict=False
    )

    assert ended.conclusion.startswith("the champion stayed: the challenger is worse in Brier score")
    assert await laboratory.state(champion) is ModelState.CHAMPION
    assert await laboratory.state(challenger) is ModelState.CANDIDATE


async def test_what_a_model_says_after_the_outcome_counts_for_nothing(laboratory: Laboratory) -> None:
    lead_ids = await laboratory.add_leads(3)
    await laboratory.publish(-1.0)
    challenger = await laboratory.publish(-2.0, passed=False)
    await laboratory.end(lead_ids[:1], [])
    experiment = await laboratory.start(ExperimentKind.SHADOW, challenger)
    await laboratory.end(lead_ids[1:2], [])
    await laboratory.assign_leads.assign(laboratory.tenant_id, lead_ids)
    await laboratory.run_experiments.stop(laboratory.tenant_id, experiment.experiment_id)
    await laboratory.end(lead_ids[2:], [])

    _, result = await laboratory.run_experiments.result(laboratory.tenant_id, experiment.experiment_id)

    # The first had its outcome before, the last after the experiment.
    assert [(leads.lead_count, leads.outcome_count) for leads in result.arms.values()] == [(2, 1), (2, 1)]


async def test_a_new_champion_ends_what_runs(laboratory: Laboratory) -> None:
    await laboratory.publish(-1.0)
    challenger = await laboratory.publish(-2.0, passed=False)
    experiment = await laboratory.start(ExperimentKind.CANARY, challenger, 0.2)
    third = await laboratory.publish(-3.0)

    ended = await laboratory.run_experiments.get(laboratory.tenant_id, experiment.experiment_id)

    assert third.state is ModelState.CHAMPION
    assert (ended.state, ended.conclusion) == (ExperimentState.STOPPED, "stopped: the champion changed")
    assert await laboratory.state(challenger) is ModelState.CANDIDATE
    again = laboratory.assign_leads.assign_open_leads(
        laboratory.tenant_id, experiment.experiment_id, laboratory.rescoring.rescore
    )
    assert await again == 0


async def test_what_can_not_begin_is_refused_and_changes_nothing(laboratory: Laboratory) -> None:
    run, tenant_id = laboratory.run_experiments, laboratory.tenant_id

    def plan(kind: ExperimentKind, model_id: UUID, challenger: float = 0.1, hold_out: float = 0.0) -> ExperimentPlan:
        return ExperimentPlan(kind, model_id, challenger, hold_out, 10)

    with pytest.raises(NoModel):
        await run.create(tenant_id, plan(ExperimentKind.CANARY, new_id()))
    champion = await laboratory.publish(-1.0)
    second, third = [await laboratory.publish(base, passed=False) for base in (-2.0, -3.0)]
    with pytest.raises(ModelNotFound):
        await run.create(tenant_id, plan(ExperimentKind.CANARY, new_id()))
    with pytest.raises(ExperimentConflict, match="champion already"):
        await run.create(tenant_id, plan(ExperimentKind.CANARY, champion.model_id))
    for kind, challenger, hold_out in (
        (ExperimentKind.SHADOW, 0.1, 0.0),
        (ExperimentKind.CANARY, 0.0, 0.0),
        (ExperimentKind.CANARY, 0.1, 0.1),
        (ExperimentKind.SPLIT, 0.5, 0.5),
    ):
        with pytest.raises(InvalidRequest):
            await run.create(tenant_id, plan(kind, second.model_id, challenger, hold_out))
    canary = await run.create(tenant_id, plan(ExperimentKind.CANARY, second.model_id))
    with pytest.raises(ExperimentConflict, match="another experiment"):
        await run.create(tenant_id, plan(ExperimentKind.SHADOW, second.model_id, 0.0))
    with pytest.raises(ExperimentConflict, match="runs already"):
        await run.create(tenant_id, plan(ExperimentKind.SPLIT, third.model_id))
    with pytest.raises(ModelInUse):
        await laboratory.life_cycle.delete(tenant_id, second.model_id)
    shadow = await run.create(tenant_id, plan(ExperimentKind.SHADOW, third.model_id, 0.0))
    with pytest.raises(ExperimentNotFound):
        await run.get(tenant_id, new_id())
    with pytest.raises(ExperimentNotFound):
        await run.stop(tenant_id, new_id())
    newest = await laboratory.experiments.newest(tenant_id, 5)
    assert [one.experiment_id for one in newest] == [shadow.experiment_id, canary.experiment_id]
    assert await laboratory.experiments.newest(tenant_id, 5, canary.experiment_id) == []


async def test_a_broken_challenger_is_refused(laboratory: Laboratory) -> None:
    await laboratory.publish(-1.0)
    kept = await laboratory.keep(-2.0, passed=False)
    (laboratory.files.version(laboratory.tenant_id, kept.version) / "saved_model.pb").write_bytes(b"broken")
    plan = ExperimentPlan(ExperimentKind.CANARY, kept.model_id, 0.1, 0.0, 10)

    with pytest.raises(ModelBroken):
        await laboratory.run_experiments.create(laboratory.tenant_id, plan)

    assert await laboratory.state(kept) is ModelState.CANDIDATE
    assert await laboratory.experiments.running(laboratory.tenant_id) == []
