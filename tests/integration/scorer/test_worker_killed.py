"""The scorer's worker killed in the middle of a batch: nothing is lost, and nothing comes twice."""

import asyncio
import signal
from collections import Counter
from typing import Any
from uuid import UUID

import orjson
from redis.asyncio import Redis

from deploy.local.postgres import EmbeddedPostgres
from scoring.scores.lead_scorer import LARGEST_BATCH
from scoring.stream.consumer import GROUP
from server.runtime.database import Database
from server.runtime.streams import lead_changes_of
from tests.eventually import eventually
from tests.fakes.model_server import FakeModelServer, serve
from tests.integration.scorer.conftest import add_champion, add_lead, outbox, running

ENTRIES = 60
LEADS_AN_ENTRY = 10


class SecondCallWaits(FakeModelServer):
    """Answers the first call and keeps the second one waiting, until it may answer."""

    async def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802
        if len(self.requests) == 1:
            self.may_answer.clear()
        return await super().Predict(request, context)


async def test_a_worker_that_is_killed_within_a_batch_loses_and_doubles_nothing(
    environment: dict[str, str],
    database: Database,
    postgres: EmbeddedPostgres,
    redis: Redis,
    tenant_id: UUID,
) -> None:
    await add_champion(database, tenant_id)
    lead_ids = [await add_lead(database, tenant_id) for _ in range(ENTRIES * LEADS_AN_ENTRY)]
    stream = lead_changes_of(tenant_id)
    for start in range(0, len(lead_ids), LEADS_AN_ENTRY):
        named = [str(lead_id) for lead_id in lead_ids[start : start + LEADS_AN_ENTRY]]
        await redis.xadd(stream, {"tenant_id": str(tenant_id), "payload": orjson.dumps({"lead_ids": named})})
    model_server = SecondCallWaits()
    serving = await serve(model_server, environment["LEADLINE_MODEL_SERVER_ADDRESS"])

    async def is_within_the_batch() -> bool:
        return len(model_server.requests) > 1

    async def is_handled() -> bool:
        return bool(await redis.xlen(stream) == 0)

    with running("scoring.worker", environment) as process:
        await eventually(is_within_the_batch, seconds=60.0)
        process.kill()
        assert await asyncio.to_thread(process.wait, 20) == -signal.SIGKILL
    assert len(await stored(database, tenant_id)) == LARGEST_BATCH
    assert (await redis.xpending(stream, GROUP))["pending"] == ENTRIES

    model_server.may_answer.set()
    with running("scoring.worker", environment):
        await eventually(is_handled, seconds=60.0)
    await serving.stop(None)

    assert Counter(await stored(database, tenant_id)) == Counter(lead_ids)
    relay_database = await Database.connect(postgres.url("leadline_relay"))
    messages = await outbox(relay_database, tenant_id)
    await relay_database.close()
    told = [
        change["lead_id"] for topic, payload in messages if topic == "score.changed" for change in payload["scores"]
    ]
    assert Counter(told) == Counter(map(str, lead_ids))
    assert (await redis.xpending(stream, GROUP))["pending"] == 0


async def stored(database: Database, tenant_id: UUID) -> list[UUID]:
    """Gives the leads of all scores that were stored, one for each score."""
    async with database.transaction(tenant_id) as connection:
        rows = await connection.fetch("SELECT lead_id FROM scores")
    return [row["lead_id"] for row in rows]
