"""A call that waits in the database ends with its caller's deadline and leaves nothing behind."""

import asyncio
from typing import Any
from uuid import UUID

import grpc
import pytest
from leadline.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc

from deploy.local.postgres import EmbeddedPostgres
from server.runtime.database import POOL_SIZE, Database
from server.runtime.unit_of_work import unit_of_work

Bearer = tuple[tuple[str, str], ...]
METHOD = "/leadline.v1.LeadService/CreateLead"


@pytest.fixture
def leads(channel: grpc.aio.Channel) -> Any:
    return lead_service_pb2_grpc.LeadServiceStub(channel)


async def test_calls_that_wait_for_a_lock_end_in_time(
    leads: Any, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    creation = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(), idempotency_key="k")
    async with unit_of_work(database, tenant_id) as work:
        await work.driver.execute(
            "INSERT INTO idempotency_keys (tenant_id, method, key, request_digest) VALUES ($1, $2, 'k', 'd')",
            tenant_id,
            METHOD,
        )
        for _ in range(2):
            calls = [leads.CreateLead(creation, metadata=bearer, timeout=1.0) for _ in range(POOL_SIZE - 1)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert [_code(answer) for answer in answers] == [grpc.StatusCode.DEADLINE_EXCEEDED] * len(calls)
    assert (await leads.CreateLead(creation, metadata=bearer)).name
    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT count(*) FROM leads") == 1
        idle = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'leadline_app' AND state LIKE 'idle in%'"
        assert await connection.fetchval(idle) == 0


def _code(answer: Any) -> grpc.StatusCode | None:
    return answer.code() if isinstance(answer, grpc.aio.AioRpcError) else None


async def test_callers_who_leave_end_their_calls(
    leads: Any, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    creation = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(), idempotency_key="k")
    async with unit_of_work(database, tenant_id) as work:
        await work.driver.execute(
            "INSERT INTO idempotency_keys (tenant_id, method, key, request_digest) VALUES ($1, $2, 'k', 'd')",
            tenant_id,
            METHOD,
        )
        for _ in range(2):
            calls = [leads.CreateLead(creation, metadata=bearer) for _ in range(POOL_SIZE - 1)]
            await asyncio.sleep(0.3)
            for call in calls:
                call.cancel()
            await asyncio.sleep(0.3)
    assert (await leads.CreateLead(creation, metadata=bearer, timeout=5.0)).name


async def test_health_is_no_matter_of_a_full_pool(database: Database, tenant_id: UUID) -> None:
    async def hold() -> None:
        async with database.transaction(tenant_id) as connection:
            await connection.execute("SELECT pg_sleep(1)")

    held = [asyncio.create_task(hold()) for _ in range(POOL_SIZE)]
    await asyncio.sleep(0.5)
    assert await database.is_reachable()
    await asyncio.gather(*held)


async def test_a_server_that_refuses_the_role_does_not_answer(postgres: EmbeddedPostgres) -> None:
    database = await Database.connect(postgres.url("nobody"))
    try:
        assert not await database.is_reachable()
    finally:
        await database.close()
