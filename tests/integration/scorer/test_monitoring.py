"""Models are watched on a real PostgreSQL and a real model server: by the clock, by several workers at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from scoring.features.distribution import Distributions
from scoring.monitoring.alarm import AlarmKind
from scoring.monitoring.policy import MonitoringPolicy
from scoring.monitoring.watch_models import WatchModels
from scoring.registry.model import Model, ModelState
from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.store.due_tenants import DueTenants
from scoring.store.leads import Leads
from scoring.store.monitored_leads import MonitoredLeads
from scoring.store.monitoring import Monitoring
from scoring.store.operations import Operations
from scoring.store.scores import Scores
from scoring.stream.monitoring_schedule import MonitoringSchedule
from server.runtime.database import Database
from server.runtime.errors import DriftReportNotFound, ModelNotFound, NoModel
from server.runtime.identifiers import new_id
from tests.eventually import eventually
from tests.fakes.scoring import FEATURE_SET, make_record
from tests.integration.scorer.conftest import add_lead, recorded
from tests.integration.scorer.conftest import outbox as waiting
from tests.integration.scorer.test_life_cycle import Site
from tests.integration.scorer.test_life_cycle import model_server_port as model_server_port  # noqa: PLC0414
from tests.integration.scorer.test_life_cycle import repository as repository  # noqa: PLC0414
from tfserving.client import PredictionClient

pytestmark = pytest.mark.timeout(300)

POLICY = MonitoringPolicy(minimum_lead_count=50, minimum_outcome_count=50)
# What the leads of the trainings looked like.
TRAINED_ON = [make_record(float(number % 5), "Google" if number % 3 else "Referral") for number in range(600)]


class Watched(Site):
    """A tenant whose models are watched."""

    def __init__(
        self, database: Database, relay: Database, client: PredictionClient, repository: Path, tenant_id: UUID
    ) -> None:
        super().__init__(database, client, repository, tenant_id)
        self.monitoring, self.relay = Monitoring(database), relay
        self.operations = Operations(database)
        self.watch_models = WatchModels(MonitoredLeads(database), self.monitoring, self.life_cycle, self.operations)
        self.rescoring = Rescoring(Leads(database), ModelCache(self.models), LeadScorer(client), Scores(database))

    async def publish_known(self, base_log_odds: float) -> Model:
        """Publishes a model of which it is known what leads it was trained on."""
        model = await self.publish(base_log_odds)
        distributions = Distributions.observe(FEATURE_SET, FEATURE_SET.encode(TRAINED_ON))
        description = replace(model.description, distributions=distributions.to_json())
        await self.models.add_candidate(self.tenant_id, model.model_id, description)
        return model

    async def lead_lives(self, count: int, visits: float, converted_share: float) -> None:
        """Receives leads, scores them, and gives them their outcome."""
        now = datetime.now(UTC)
        lead_ids = [
            await add_lead(
                self.database,
                self.tenant_id,
                visits=visits + number % 5,
                source="Google" if number % 3 else "Referral",
                received_time=now - timedelta(days=1),
            )
            for number in range(count)
        ]
        await self.rescoring.rescore(self.tenant_id, lead_ids)
        random = np.random.default_rng(1)
        converted = [lead_id for lead_id in lead_ids if random.random() < converted_share]
        async with self.database.transaction(self.tenant_id) as connection:
            await connection.execute(
                "UPDATE leads SET status = CASE WHEN id = ANY ($2) THEN 2 ELSE 3 END, outcome_time = now() "
                "WHERE tenant_id = $1 AND status = 1",
                self.tenant_id,
                converted,
            )

    async def topics(self) -> list[str]:
        """Gives the topics of the tenant's messages that wait."""
        return [topic for topic, _ in await waiting(self.relay, self.tenant_id)]

    async def check(self, policy: MonitoringPolicy = POLICY) -> None:
        """Has the models checked by a policy, by two workers at once."""
        await self.monitoring.set_policy(self.tenant_id, policy)
        await asyncio.gather(self.watch_models.watch(self.tenant_id), self.watch_models.watch(self.tenant_id))


@pytest.fixture
async def watched(
    database: Database, relay: Database, model_server_port: int, repository: Path, tenant_id: UUID
) -> AsyncIterator[Watched]:
    async with PredictionClient(f"127.0.0.1:{model_server_port}") as client:
        yield Watched(database, relay, client, repository, tenant_id)


async def test_right_scores_of_leads_as_before_raise_no_alarm(watched: Watched) -> None:
    model = await watched.publish_known(-1.0)
    # Its scores are 0.27 to 0.37.
    await watched.lead_lives(200, visits=0.0, converted_share=0.32)

    await watched.check(replace(POLICY, maximum_auc_drop=0.5))

    report = await watched.monitoring.report(watched.tenant_id, None)
    assert report.model_id == model.model_id
    assert {feature.feature: feature.lead_count for feature in report.features} == {"visits": 200, "source": 200}
    assert max(feature.stability_index or 0.0 for feature in report.features) < 0.1
    assert report.score_quality.outcome_count == 200
    assert report.score_quality.expected_rate == pytest.approx(0.31, abs=0.01)
    assert await watched.monitoring.alarms(watched.tenant_id, 10) == []
    assert "model.alarm" not in await watched.topics()


async def test_a_drifted_tenant_raises_alarms_and_goes_back_to_the_champion_before(watched: Watched) -> None:
    before = await watched.publish_known(-1.0)
    champion = await watched.publish_known(3.0)
    lead_id = await add_lead(watched.database, watched.tenant_id)
    # The leads have many more visits than those of the training, and few convert though 19 in 20 should.
    await watched.lead_lives(200, visits=9.0, converted_share=0.2)

    async with watched.scoring(lead_id) as scores:
        await watched.check(replace(POLICY, roll_back_on_breach=True, retrain_on_drift=True, maximum_auc_drop=0.5))
        await watched.next_scores_are_of(before, scores)

    assert await watched.state(before) is ModelState.CHAMPION
    assert await watched.state(champion) is ModelState.RETIRED
    alarms = {alarm.finding.kind: alarm for alarm in await watched.monitoring.alarms(watched.tenant_id, 10)}
    assert alarms.keys() == {AlarmKind.FEATURE_DRIFT, AlarmKind.CALIBRATION}
    drift, calibration = alarms[AlarmKind.FEATURE_DRIFT], alarms[AlarmKind.CALIBRATION]
    assert drift.finding.feature == "visits"
    assert drift.rolled_back_to is None
    assert calibration.rolled_back_to == before.model_id
    assert calibration.finding.message.startswith("scores are off by 82.4 percentage points")
    assert drift.training_id == calibration.training_id is not None
    topics = await watched.topics()
    assert topics.count("model.alarm") == 2
    assert topics.count("training.requested") == 1
    assert topics.count("rescoring.requested") == 1
    told = {
        message["kind"]: message
        for topic, message in await waiting(watched.relay, watched.tenant_id)
        if topic == "model.alarm"
    }
    assert told["CALIBRATION"]["rolled_back_to"] == str(before.model_id)
    assert told["CALIBRATION"]["alarm_id"] == str(calibration.alarm_id)
    assert await recorded(watched.relay, watched.tenant_id) == [
        *(
            (f"operations/{model.model_id}", "training/promote_model", [f"models/{model.model_id}"])
            for model in (before, champion)
        ),
        ("monitoring/policy", "monitoring/roll_back_model", [f"models/{before.model_id}"]),
    ]


async def test_an_alarm_is_raised_once_and_ends_when_it_is_gone(watched: Watched) -> None:
    await watched.publish_known(3.0)
    await watched.lead_lives(120, visits=0.0, converted_share=0.2)
    policy = replace(POLICY, maximum_auc_drop=0.5)

    await watched.check(policy)
    await watched.check(policy)
    (alarm,) = await watched.monitoring.alarms(watched.tenant_id, 10)
    assert (alarm.finding.kind, alarm.end_time) == (AlarmKind.CALIBRATION, None)
    assert (await watched.topics()).count("model.alarm") == 1

    await watched.check(replace(policy, maximum_calibration_error=0.95))
    assert await watched.monitoring.alarms(watched.tenant_id, 10, standing_only=True) == []
    (alarm,) = await watched.monitoring.alarms(watched.tenant_id, 10)
    assert alarm.end_time is not None
    await watched.check(policy)
    assert len(await watched.monitoring.alarms(watched.tenant_id, 10)) == 2


async def test_no_model_whose_scores_were_found_wrong_takes_over(watched: Watched) -> None:
    await watched.publish_known(3.0)
    await watched.lead_lives(120, visits=0.0, converted_share=0.2)
    policy = replace(POLICY, roll_back_on_breach=True, maximum_auc_drop=0.5)
    await watched.check(policy)
    second = await watched.publish_known(2.5)
    await watched.lead_lives(120, visits=0.0, converted_share=0.2)

    await watched.check(policy)

    assert await watched.state(second) is ModelState.CHAMPION
    newest, oldest = await watched.monitoring.alarms(watched.tenant_id, 10)
    assert (newest.model_id, newest.rolled_back_to, newest.end_time) == (second.model_id, None, None)
    # Of a model that is no longer champion.
    assert oldest.end_time is not None


async def test_without_leave_nothing_happens_but_the_alarm(watched: Watched) -> None:
    await watched.publish_known(-1.0)
    champion = await watched.publish_known(3.0)
    await watched.lead_lives(120, visits=0.0, converted_share=0.2)

    await watched.check(replace(POLICY, maximum_auc_drop=0.5))

    assert await watched.state(champion) is ModelState.CHAMPION
    assert {"training.requested", "rescoring.requested"}.isdisjoint(await watched.topics())
    assert "model.alarm" in await watched.topics()


async def test_scores_that_no_longer_tell_leads_apart_raise_an_alarm(watched: Watched) -> None:
    # Each visit adds a tenth to the log-odds, but means nothing; the evaluation promised an AUC of 0.75.
    await watched.publish_known(-1.0)
    await watched.lead_lives(300, visits=0.0, converted_share=0.32)

    await watched.check()

    (alarm,) = await watched.monitoring.alarms(watched.tenant_id, 10)
    assert alarm.finding.kind is AlarmKind.AUC
    assert alarm.finding.message.startswith("AUC has fallen from 0.750 to 0.")
    assert alarm.finding.threshold == pytest.approx(0.7)


async def test_a_schedule_starts_one_training_when_it_is_due_whatever_worker_sees_it(watched: Watched) -> None:
    await watched.monitoring.set_policy(watched.tenant_id, replace(POLICY, retrain_interval=timedelta(days=1)))
    policy = await watched.monitoring.policy(watched.tenant_id)
    assert policy.next_training_time is not None
    assert timedelta(hours=23) < policy.next_training_time - datetime.now(UTC) < timedelta(hours=25)
    await watched.watch_models.watch(watched.tenant_id)
    assert "training.requested" not in await watched.topics()
    async with watched.database.transaction(watched.tenant_id) as connection:
        await connection.execute("UPDATE monitoring_policies SET next_training_time = now() - interval '1 minute'")

    schedules = [MonitoringSchedule(DueTenants(watched.relay), watched.watch_models, 0.05) for _ in range(3)]
    work = [asyncio.create_task(schedule.run()) for schedule in schedules]

    async def is_started() -> bool:
        return "training.requested" in await watched.topics()

    await eventually(is_started)
    await asyncio.sleep(0.5)
    for task in work:
        task.cancel()
    assert (await watched.topics()).count("training.requested") == 1
    policy = await watched.monitoring.policy(watched.tenant_id)
    assert policy.next_training_time is not None
    assert policy.next_training_time > datetime.now(UTC) + timedelta(hours=23)


async def test_what_is_due_shows_nothing_else_of_a_tenant(watched: Watched) -> None:
    await watched.monitoring.set_policy(watched.tenant_id, POLICY)
    assert watched.tenant_id in await DueTenants(watched.relay).due(1_000)
    await watched.watch_models.watch(watched.tenant_id)
    assert watched.tenant_id not in await DueTenants(watched.relay).due(1_000)
    async with watched.relay.session() as connection:
        granted = await connection.fetch(
            "SELECT column_name FROM information_schema.column_privileges "
            "WHERE table_name = 'monitoring_policies' AND grantee = 'leadline_relay'"
        )
    assert {row["column_name"] for row in granted} == {"tenant_id", "due_time"}


async def test_reports_that_are_not_there(watched: Watched) -> None:
    with pytest.raises(NoModel):
        await watched.monitoring.report(watched.tenant_id, None)
    model = await watched.publish(-1.0)
    with pytest.raises(DriftReportNotFound):
        await watched.monitoring.report(watched.tenant_id, model.model_id)
    with pytest.raises(ModelNotFound):
        await watched.monitoring.report(watched.tenant_id, new_id())
    await watched.check()
    # From a training of before the leads were described, nothing is known of them.
    assert (await watched.monitoring.report(watched.tenant_id, model.model_id)).features == []
