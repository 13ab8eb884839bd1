"""The rpcs of experiments and of monitoring, with their interceptors, as callers see them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1 import experiment_pb2, model_pb2, monitoring_pb2
from leadline.v1 import experiment_service_pb2 as experiments
from leadline.v1 import monitoring_service_pb2 as monitoring
from leadline.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from leadline.v1.monitoring_service_pb2_grpc import MonitoringServiceStub
from leadline.v1.scoring_service_pb2 import GetModelRequest
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

from deploy.local.development_token import DevelopmentKey
from scoring.monitoring.alarm import AlarmKind, Finding
from scoring.monitoring.drift_report import DriftReport, FeatureStability
from scoring.monitoring.policy import MonitoringPolicy
from scoring.monitoring.score_quality import ScoreQuality
from scoring.store.monitoring import Monitoring
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from tests.grpc_errors import error_of
from tests.integration.scorer.conftest import add_champion
from tests.integration.scorer.test_life_cycle_rpcs import Bearer, add_candidate, name_of


class Stubs:
    """The services of one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.experiments = ExperimentServiceStub(channel)
        self.monitoring = MonitoringServiceStub(channel)
        self.scoring = ScoringServiceStub(channel)


@pytest.fixture
async def stubs(address: str) -> AsyncIterator[Stubs]:
    async with grpc.aio.insecure_channel(address) as channel:
        yield Stubs(channel)


def canary(challenger: str, key: str, share: float = 0.25) -> experiments.CreateExperimentRequest:
    """Asks for a canary."""
    return experiments.CreateExperimentRequest(
        experiment=experiment_pb2.Experiment(
            kind=experiment_pb2.EXPERIMENT_KIND_CANARY, challenger=challenger, challenger_share=share
        ),
        idempotency_key=key,
    )


async def test_an_experiment_from_its_beginning_to_its_end(
    stubs: Stubs, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    champion = await add_champion(database, tenant_id)
    challenger = name_of(await add_candidate(database, tenant_id, passed=False))
    call = stubs.experiments

    started = await call.CreateExperiment(canary(challenger, "begin"), metadata=bearer)
    assert await call.CreateExperiment(canary(challenger, "begin"), metadata=bearer) == started
    assert (started.control, started.challenger) == (name_of(champion), challenger)
    assert (started.state, started.minimum_outcome_count) == (experiment_pb2.EXPERIMENT_STATE_RUNNING, 100)
    tried = await stubs.scoring.GetModel(GetModelRequest(name=challenger), metadata=bearer)
    assert tried.state == model_pb2.MODEL_STATE_CANARY

    result = await call.GetExperimentResult(experiments.GetExperimentResultRequest(name=started.name), metadata=bearer)
    assert result.verdict == experiment_pb2.EXPERIMENT_VERDICT_TOO_FEW_OUTCOMES
    assert [(arm.model, arm.lead_count, arm.HasField("brier_score")) for arm in result.arms] == [
        (name_of(champion), 0, False),
        (challenger, 0, False),
    ]
    early = experiments.ConcludeExperimentRequest(name=started.name, idempotency_key="early")
    error = await error_of(call.ConcludeExperiment(early, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EXPERIMENT_INCONCLUSIVE")
    assert error.metadata == {"name": started.name}
    assert error.message == result.explanation

    insisting = experiments.ConcludeExperimentRequest(name=started.name, idempotency_key="end", override_verdict=True)
    ended = await call.ConcludeExperiment(insisting, metadata=bearer)
    assert ended.state == experiment_pb2.EXPERIMENT_STATE_CONCLUDED
    assert ended.HasField("end_time")
    assert await call.GetExperiment(experiments.GetExperimentRequest(name=started.name), metadata=bearer) == ended
    promoted = await stubs.scoring.GetModel(GetModelRequest(name=challenger), metadata=bearer)
    assert promoted.state == model_pb2.MODEL_STATE_CHAMPION
    again = experiments.StopExperimentRequest(name=started.name, idempotency_key="stop")
    error = await error_of(call.StopExperiment(again, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "EXPERIMENT_OVER")


async def test_experiments_that_can_not_begin_are_refused_with_a_reason(
    stubs: Stubs, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    call = stubs.experiments
    error = await error_of(call.CreateExperiment(canary(f"models/{new_id()}", "a"), metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_MODEL")
    champion = name_of(await add_champion(database, tenant_id))
    error = await error_of(call.CreateExperiment(canary(f"models/{new_id()}", "b"), metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    error = await error_of(call.CreateExperiment(canary(champion, "c"), metadata=bearer))
    assert (error.reason, error.metadata) == ("EXPERIMENT_CONFLICT", {"name": champion})
    for share in (0.0, 1.0):
        error = await error_of(call.CreateExperiment(canary(champion, f"share {share}", share), metadata=bearer))
        assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
        assert [field for field, _ in error.violations] == ["experiment.challenger_share"]
    listed = await call.ListExperiments(experiments.ListExperimentsRequest(), metadata=bearer)
    assert not listed.experiments


async def test_experiments_come_in_pages_and_to_their_tenant_alone(
    stubs: Stubs, bearer: Bearer, database: Database, tenant_id: UUID, development_key: DevelopmentKey
) -> None:
    await add_champion(database, tenant_id)
    call, names = stubs.experiments, []
    for number in range(3):
        challenger = name_of(await add_candidate(database, tenant_id, passed=False))
        started = await call.CreateExperiment(canary(challenger, f"begin {number}"), metadata=bearer)
        names.append(started.name)
        await call.StopExperiment(
            experiments.StopExperimentRequest(name=started.name, idempotency_key=f"stop {number}"), metadata=bearer
        )

    first = await call.ListExperiments(experiments.ListExperimentsRequest(page_size=2), metadata=bearer)
    rest = await call.ListExperiments(
        experiments.ListExperimentsRequest(page_size=2, page_token=first.next_page_token), metadata=bearer
    )
    assert [found.name for found in [*first.experiments, *rest.experiments]] == names[::-1]
    assert not rest.next_page_token

    stranger = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
    for refused in (
        call.GetExperiment(experiments.GetExperimentRequest(name=names[0]), metadata=stranger),
        call.GetExperimentResult(experiments.GetExperimentResultRequest(name=names[0]), metadata=stranger),
        call.StopExperiment(experiments.StopExperimentRequest(name=names[0], idempotency_key="x"), metadata=stranger),
    ):
        error = await error_of(refused)
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "EXPERIMENT_NOT_FOUND")
    other_page = experiments.ListExperimentsRequest(page_token=first.next_page_token)
    assert (await error_of(call.ListExperiments(other_page, metadata=stranger))).reason == "INVALID_PAGE_TOKEN"


async def test_a_policy_is_changed_by_its_mask(stubs: Stubs, bearer: Bearer) -> None:
    call = stubs.monitoring
    at_first = await call.GetMonitoringPolicy(
        monitoring.GetMonitoringPolicyRequest(name="monitoring/policy"), metadata=bearer
    )
    assert (at_first.check_interval.seconds, at_first.maximum_stability_index) == (3600, 0.25)
    assert not at_first.HasField("retrain_interval")

    policy = monitoring_pb2.MonitoringPolicy(name="monitoring/policy", retrain_on_drift=True, minimum_lead_count=80)
    policy.retrain_interval.FromTimedelta(timedelta(days=7))
    request = monitoring.UpdateMonitoringPolicyRequest(monitoring_policy=policy, idempotency_key="a")
    changed = await call.UpdateMonitoringPolicy(request, metadata=bearer)
    assert (changed.retrain_on_drift, changed.minimum_lead_count) == (True, 80)
    assert changed.HasField("next_training_time")

    back = monitoring.UpdateMonitoringPolicyRequest(
        monitoring_policy=monitoring_pb2.MonitoringPolicy(name="monitoring/policy"),
        update_mask=FieldMask(paths=["minimum_lead_count", "retrain_interval"]),
        idempotency_key="b",
    )
    taken_back = await call.UpdateMonitoringPolicy(back, metadata=bearer)
    assert (taken_back.minimum_lead_count, taken_back.retrain_on_drift) == (200, True)
    assert not taken_back.HasField("retrain_interval")

    back.update_mask.paths[:] = ["next_check_time"]
    back.idempotency_key = "c"
    error = await error_of(call.UpdateMonitoringPolicy(back, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD_MASK")
    policy.check_interval.FromTimedelta(timedelta(seconds=1))
    error = await error_of(
        call.UpdateMonitoringPolicy(
            monitoring.UpdateMonitoringPolicyRequest(monitoring_policy=policy, idempotency_key="d"), metadata=bearer
        )
    )
    assert [field for field, _ in error.violations] == ["monitoring_policy.check_interval"]


async def test_reports_and_alarms_are_told(stubs: Stubs, bearer: Bearer, database: Database, tenant_id: UUID) -> None:
    call = stubs.monitoring
    of_champion = monitoring.GetDriftReportRequest(name="models/champion")
    assert (await error_of(call.GetDriftReport(of_champion, metadata=bearer))).reason == "NO_MODEL"
    model = await add_champion(database, tenant_id)
    error = await error_of(call.GetDriftReport(of_champion, metadata=bearer))
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "DRIFT_REPORT_NOT_FOUND")
    assert error.metadata == {"name": name_of(model)}
    now = datetime.now(UTC)
    moved = FeatureStability("visits", stability_index=0.5, chance_limit=0.02, lead_count=300, drifted=True)
    report = DriftReport(model.model_id, now, now - timedelta(days=30), [moved], ScoreQuality(40, 0.75, 0.3, 0.2))
    async with Monitoring(database).begin(tenant_id) as change:
        await change.save(report, MonitoringPolicy())
        for kind, feature in ((AlarmKind.FEATURE_DRIFT, "visits"), (AlarmKind.CALIBRATION, "")):
            await change.raise_alarm(model.model_id, Finding(kind, feature, 0.5, 0.25, "moved"), None, None)
        await change.commit()

    told = await call.GetDriftReport(of_champion, metadata=bearer)
    assert [(feature.feature, feature.stability_index, feature.drifted) for feature in told.features] == [
        ("visits", 0.5, True)
    ]
    assert (told.model, told.score_quality.outcome_count) == (name_of(model), 40)
    assert not told.score_quality.HasField("calibration_error")
    first = await call.ListAlarms(monitoring.ListAlarmsRequest(page_size=1, standing_only=True), metadata=bearer)
    rest = await call.ListAlarms(
        monitoring.ListAlarmsRequest(page_size=1, standing_only=True, page_token=first.next_page_token),
        metadata=bearer,
    )
    assert [(alarm.kind, alarm.feature) for alarm in [*first.alarms, *rest.alarms]] == [
        (monitoring_pb2.ALARM_KIND_CALIBRATION, ""),
        (monitoring_pb2.ALARM_KIND_FEATURE_DRIFT, "visits"),
    ]
    other_query = monitoring.ListAlarmsRequest(page_token=first.next_page_token)
    assert (await error_of(call.ListAlarms(other_query, metadata=bearer))).reason == "INVALID_PAGE_TOKEN"


async def test_each_rpc_needs_its_permission(stubs: Stubs, development_key: DevelopmentKey, tenant_id: UUID) -> None:
    token = development_key.mint(tenant_id, "reader", ["models.read"])
    metadata = (("authorization", f"Bearer {token}"),)
    name = f"experiments/{new_id()}"
    stop = experiments.StopExperimentRequest(name=name, idempotency_key="a")
    conclude = experiments.ConcludeExperimentRequest(name=name, idempotency_key="b")
    policy = monitoring_pb2.MonitoringPolicy(name="monitoring/policy")
    update = monitoring.UpdateMonitoringPolicyRequest(monitoring_policy=policy, idempotency_key="c")
    for call, permission in (
        (
            stubs.experiments.ListExperiments(experiments.ListExperimentsRequest(), metadata=metadata),
            "experiments.read",
        ),
        (stubs.experiments.StopExperiment(stop, metadata=metadata), "experiments.write"),
        (stubs.experiments.ConcludeExperiment(conclude, metadata=metadata), "models.promote"),
        (stubs.monitoring.ListAlarms(monitoring.ListAlarmsRequest(), metadata=metadata), "monitoring.read"),
        (stubs.monitoring.UpdateMonitoringPolicy(update, metadata=metadata), "monitoring.write"),
    ):
        error = await error_of(call)
        assert (error.code, error.metadata) == (grpc.StatusCode.PERMISSION_DENIED, {"permission": permission})
