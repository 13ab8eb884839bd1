"""The SDK's calls about experiments and monitoring, on the real services."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from deploy.local.development_token import DevelopmentKey
from leadline_sdk import (
    AsyncClient,
    Client,
    Experiment,
    ExperimentKind,
    ExperimentState,
    ExperimentVerdict,
    FailedPrecondition,
    InvalidRequest,
    MonitoringPolicy,
    NotFound,
)
from scoring.monitoring.alarm import AlarmKind, Finding
from scoring.store.monitoring import Monitoring
from server.runtime.database import Database
from tests.integration.scorer.conftest import add_champion
from tests.integration.scorer.test_life_cycle_rpcs import add_candidate, name_of


@pytest.fixture
async def client(development_key: DevelopmentKey, address: str, tenant_id: UUID) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(address, token=development_key.mint(tenant_id), tls=False) as connected:
        yield connected


async def candidate_of(database: Database, tenant_id: UUID) -> str:
    """Stores a champion, and a model to try beside it, whose name it gives."""
    await add_champion(database, tenant_id)
    return name_of(await add_candidate(database, tenant_id, passed=False))


async def raise_alarm(database: Database, tenant_id: UUID) -> None:
    """Stores an alarm about the champion."""
    champion = await add_champion(database, tenant_id)
    async with Monitoring(database).begin(tenant_id) as change:
        await change.raise_alarm(champion.model_id, Finding(AlarmKind.AUC, "", 0.6, 0.7, "fallen"), None, None)
        await change.commit()


async def test_an_experiment_is_started_read_and_stopped(
    client: AsyncClient, database: Database, tenant_id: UUID
) -> None:
    shadow = Experiment(kind=ExperimentKind.EXPERIMENT_KIND_SHADOW, challenger=await candidate_of(database, tenant_id))
    started = await client.create_experiment(shadow, idempotency_key="once")
    assert await client.create_experiment(shadow, idempotency_key="once") == started
    with pytest.raises(FailedPrecondition) as early:
        await client.conclude_experiment(started.name)
    assert early.value.reason == "EXPERIMENT_INCONCLUSIVE"
    result = await client.get_experiment_result(started.name)
    assert result.verdict == ExperimentVerdict.EXPERIMENT_VERDICT_TOO_FEW_OUTCOMES
    stopped = await client.stop_experiment(started.name)
    assert stopped.state == ExperimentState.EXPERIMENT_STATE_STOPPED
    assert await client.get_experiment(started.name) == stopped
    assert [found async for found in client.list_experiments(page_size=1)] == [stopped]


async def test_the_champion_is_watched_as_told(client: AsyncClient, database: Database, tenant_id: UUID) -> None:
    await raise_alarm(database, tenant_id)
    with pytest.raises(NotFound):
        await client.get_drift_report()
    [alarm] = [alarm async for alarm in client.list_alarms(standing_only=True)]
    assert (alarm.value, alarm.message) == (0.6, "fallen")
    changed = await client.update_monitoring_policy(MonitoringPolicy(minimum_lead_count=90))
    assert await client.get_monitoring_policy() == changed
    taken_back = await client.update_monitoring_policy(MonitoringPolicy(), ["minimum_lead_count"])
    assert (changed.minimum_lead_count, taken_back.minimum_lead_count) == (90, 200)


async def test_the_synchronous_client_does_the_same(
    development_key: DevelopmentKey, address: str, database: Database, tenant_id: UUID
) -> None:
    challenger = await candidate_of(database, tenant_id)

    def use() -> None:
        with Client(address, token=development_key.mint(tenant_id), tls=False) as client:
            canary = Experiment(kind=ExperimentKind.EXPERIMENT_KIND_CANARY, challenger=challenger, challenger_share=0.1)
            first = client.create_experiment(canary)
            assert client.stop_experiment(first.name).conclusion
            second = client.create_experiment(canary)
            ended = client.conclude_experiment(second.name, override_verdict=True)
            assert ended.state == ExperimentState.EXPERIMENT_STATE_CONCLUDED
            assert client.get_experiment(second.name) == ended
            assert [found.name for found in client.list_experiments(page_size=1)] == [second.name, first.name]
            assert [arm.model for arm in client.get_experiment_result(second.name).arms] == [ended.control, challenger]
            with pytest.raises(NotFound):
                client.get_drift_report(challenger)
            assert list(client.list_alarms()) == []
            changed = client.update_monitoring_policy(MonitoringPolicy(retrain_on_drift=True))
            assert client.get_monitoring_policy() == changed
            with pytest.raises(InvalidRequest):
                client.update_monitoring_policy(MonitoringPolicy(), ["name"])

    await asyncio.to_thread(use)
