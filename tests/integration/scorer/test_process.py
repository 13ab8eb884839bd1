"""The scorer and its worker as the processes that are deployed: from a changed lead to the score that is told."""

import signal
import subprocess
import sys
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import orjson
from grpc_health.v1 import health_pb2, health_pb2_grpc
from leadline.v1 import scoring_service_pb2, scoring_service_pb2_grpc
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from server.runtime.database import Database
from server.runtime.identifiers import format_name
from server.runtime.streams import lead_changes_of
from tests.eventually import eventually
from tests.fakes.model_server import FakeModelServer, serve
from tests.integration.scorer.conftest import add_champion, add_lead, running


async def test_the_scorer_serves_and_stops(
    environment: dict[str, str], development_key: DevelopmentKey, database: Database, tenant_id: UUID
) -> None:
    await add_champion(database, tenant_id)
    name = format_name("leads", await add_lead(database, tenant_id))
    model_server = await serve(FakeModelServer(), environment["LEADLINE_MODEL_SERVER_ADDRESS"])
    with running("scoring.main", environment) as process:
        async with grpc.aio.insecure_channel(environment["LEADLINE_LISTEN_ADDRESS"]) as channel:
            health_stub: Any = health_pb2_grpc.HealthStub(channel)
            health = await health_stub.Check(
                health_pb2.HealthCheckRequest(service="leadline.v1.ScoringService"), wait_for_ready=True, timeout=60.0
            )
            score = await scoring_service_pb2_grpc.ScoringServiceStub(channel).ScoreLead(
                scoring_service_pb2.ScoreLeadRequest(name=name),
                metadata=(("authorization", f"Bearer {development_key.mint(tenant_id)}"),),
                timeout=10.0,
            )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    await model_server.stop(None)

    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert score.lead == name
    assert score.value == 50


async def test_the_worker_scores_what_changes_once_the_model_server_is_there(
    environment: dict[str, str], database: Database, redis: Redis, tenant_id: UUID
) -> None:
    await add_champion(database, tenant_id)
    lead_id = await add_lead(database, tenant_id)
    payload = orjson.dumps({"lead_ids": [str(lead_id)]})
    stream = lead_changes_of(tenant_id)
    await redis.xadd(stream, {"tenant_id": str(tenant_id), "payload": payload})

    async def is_taken() -> bool:
        return await redis.exists(stream) == 1 and await redis.xinfo_groups(stream) != []

    async def is_scored() -> bool:
        async with database.transaction(tenant_id) as connection:
            return bool(await connection.fetchval("SELECT score_value = 50 FROM leads"))

    with running("scoring.worker", environment) as process:
        await eventually(is_taken, seconds=60.0)
        model_server = await serve(FakeModelServer(), environment["LEADLINE_MODEL_SERVER_ADDRESS"])
        await eventually(is_scored, seconds=30.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    await model_server.stop(None)


def test_settings_that_are_missing_are_named(environment: dict[str, str]) -> None:
    del environment["LEADLINE_SIGNING_SECRET"]
    for module in ("scoring.main", "scoring.worker"):
        ended = subprocess.run(
            [sys.executable, "-m", module], env=environment, capture_output=True, check=False, timeout=60
        )
        assert ended.returncode == 1
        assert b"LEADLINE_SIGNING_SECRET" in ended.stderr
