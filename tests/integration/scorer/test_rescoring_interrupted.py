"""All open leads are being scored when the worker is killed or the model server restarts: every lead gets one score."""

import asyncio
import signal
from collections import Counter
from typing import Any
from uuid import UUID

import orjson
import pytest
from redis.asyncio import Redis

from scoring.bulk.open_lead_rescoring import PAGES_AT_A_TIME
from scoring.bulk.page_rescoring import PAGE_SIZE
from scoring.bulk.row_scoring import ROWS_A_CALL
from scoring.store.operations import Operations
from scoring.stream.rescoring_requests import STREAM
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from tests.eventually import eventually
from tests.fakes.model_server import FakeModelServer, serve
from tests.integration.scorer.conftest import add_champion, running

PAGES = PAGES_AT_A_TIME + 1
CALLS_A_PAGE = PAGE_SIZE // ROWS_A_CALL
LEADS = PAGES * PAGE_SIZE


class StopsAnswering(FakeModelServer):
    """Answers as many calls as some pages need, and then none until it may answer again."""

    async def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802
        if len(self.requests) == PAGES_AT_A_TIME * CALLS_A_PAGE:
            self.may_answer.clear()
        return await super().Predict(request, context)


class Request:
    """A request to score all open leads, as the relay hands it to workers."""

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self.lead_ids = [new_id() for _ in range(LEADS)]

    async def send(self, redis: Redis) -> None:
        """Stores the leads and a champion, and asks."""
        await add_champion(self._database, self._tenant_id)
        async with self._database.transaction(self._tenant_id) as connection:
            await connection.execute(
                "INSERT INTO leads (tenant_id, id, status, received_time, fields) "
                """SELECT $1, unnest($2::uuid[]), 1, now(), '{"visits": {"number": 2}}'""",
                self._tenant_id,
                self.lead_ids,
            )
        operation = await Operations(self._database).request_rescoring(self._tenant_id)
        payload = orjson.dumps({"operation_id": str(operation.operation_id)})
        await redis.xadd(STREAM, {"tenant_id": str(self._tenant_id), "payload": payload})

    async def position(self) -> int:
        """Gives how many leads the operation knows to be scored."""
        async with self._database.transaction(self._tenant_id) as connection:
            position = await connection.fetchval("SELECT position FROM operations")
        return int(orjson.loads(position)["scored_count"]) if position else 0

    async def is_done(self) -> bool:
        """Tells whether the operation has ended."""
        async with self._database.transaction(self._tenant_id) as connection:
            return bool(await connection.fetchval("SELECT state = 3 FROM operations"))

    async def result(self) -> dict[str, Any]:
        """Gives the operation's result, which must be no error."""
        async with self._database.transaction(self._tenant_id) as connection:
            row = await connection.fetchrow("SELECT result, error FROM operations")
        assert row is not None
        assert row["error"] is None
        result: dict[str, Any] = orjson.loads(row["result"])
        return result

    async def scored(self) -> list[UUID]:
        """Gives the leads of all scores that were stored, one for each score."""
        async with self._database.transaction(self._tenant_id) as connection:
            rows = await connection.fetch("SELECT lead_id FROM scores")
        return [row["lead_id"] for row in rows]


@pytest.fixture
async def request_to_rescore(database: Database, redis: Redis, tenant_id: UUID) -> Request:
    request = Request(database, tenant_id)
    await request.send(redis)
    return request


async def test_after_a_killed_worker_another_goes_on_where_it_stood(
    environment: dict[str, str], request_to_rescore: Request
) -> None:
    model_server = StopsAnswering()
    serving = await serve(model_server, environment["LEADLINE_MODEL_SERVER_ADDRESS"])

    async def is_in_the_middle() -> bool:
        return not model_server.may_answer.is_set() and await request_to_rescore.position() > 0

    with running("scoring.worker", environment) as process:
        await eventually(is_in_the_middle, seconds=60.0)
        process.kill()
        assert await asyncio.to_thread(process.wait, 20) == -signal.SIGKILL
    position = await request_to_rescore.position()
    assert PAGE_SIZE <= position <= len(await request_to_rescore.scored()) < LEADS

    calls_before = len(model_server.requests)
    model_server.may_answer.set()
    with running("scoring.worker", environment):
        await eventually(request_to_rescore.is_done, seconds=60.0)
    await serving.stop(None)

    assert (await request_to_rescore.result())["scoredCount"] == str(LEADS)
    assert Counter(await request_to_rescore.scored()) == Counter(request_to_rescore.lead_ids)
    assert len(model_server.requests) - calls_before <= (LEADS - position) // ROWS_A_CALL


async def test_a_model_server_that_restarts_meanwhile_fails_nothing(
    environment: dict[str, str], request_to_rescore: Request
) -> None:
    address = environment["LEADLINE_MODEL_SERVER_ADDRESS"]
    before, after = StopsAnswering(), FakeModelServer()
    serving = await serve(before, address)

    async def is_in_the_middle() -> bool:
        return not before.may_answer.is_set() and await request_to_rescore.position() > 0

    with running("scoring.worker", environment):
        await eventually(is_in_the_middle, seconds=60.0)
        await serving.stop(None)
        scored = await request_to_rescore.scored()
        assert not await request_to_rescore.is_done()
        serving = await serve(after, address)
        await eventually(request_to_rescore.is_done, seconds=60.0)
    await serving.stop(None)

    assert PAGE_SIZE <= len(scored) < LEADS
    assert after.requests
    assert (await request_to_rescore.result())["scoredCount"] == str(LEADS)
    assert Counter(await request_to_rescore.scored()) == Counter(request_to_rescore.lead_ids)
