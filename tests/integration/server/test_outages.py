"""While a store is away, callers are told so in time; when it is back, the same processes work again."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from leadline.v1 import (
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
    operation_service_pb2,
    operation_service_pb2_grpc,
)
from redis.asyncio import Redis

from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from server.main import build_server
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.server_settings import ServerSettings
from tests.conftest import migrate
from tests.grpc_errors import ReadError, error_of

Bearer = tuple[tuple[str, str], ...]
DEADLINE_SECONDS = 6.0


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that the test may stop."""
    server = EmbeddedPostgres(tmp_path / "postgres", free_port(), durable=False)
    server.start()
    migrate(server)
    yield server
    server.stop()


@pytest.fixture
async def own_channel(
    own_postgres: EmbeddedPostgres, settings: ServerSettings, redis: Redis, tmp_path: Path
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server on the PostgreSQL that the test may stop."""
    database = await Database.connect(own_postgres.url("leadline_app"))
    server = build_server(settings, database, redis)
    address = f"unix:{tmp_path}/s"
    server.add_insecure_port(address)
    await server.start()
    async with grpc.aio.insecure_channel(address) as opened:
        yield opened
    await server.stop(None)
    await database.close()


def calls(channel: grpc.aio.Channel, bearer: Bearer) -> list[Any]:
    """Begins one call for each way to the database: asyncpg, a unit of work, a held unit of work."""
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
    operations: Any = operation_service_pb2_grpc.OperationServiceStub(channel)
    options = {"metadata": bearer, "timeout": DEADLINE_SECONDS}
    creation = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(), idempotency_key=str(new_id()))
    return [
        leads.ListLeads(lead_service_pb2.ListLeadsRequest(), **options),
        operations.ListOperations(operation_service_pb2.ListOperationsRequest(), **options),
        leads.CreateLead(creation, **options),
    ]


def check_unavailable(errors: list[ReadError]) -> None:
    assert [error.code for error in errors] == [grpc.StatusCode.UNAVAILABLE] * 3
    assert [error.metadata for error in errors] == [{"dependency": "postgresql"}] * 3
    assert all(error.retry_seconds for error in errors)


async def test_a_stopped_postgresql(
    own_postgres: EmbeddedPostgres, own_channel: grpc.aio.Channel, bearer: Bearer
) -> None:
    await asyncio.gather(*calls(own_channel, bearer))
    await asyncio.to_thread(own_postgres.stop)
    begin = time.monotonic()
    check_unavailable([await error_of(call) for call in calls(own_channel, bearer)])
    assert time.monotonic() - begin < DEADLINE_SECONDS / 2
    await asyncio.to_thread(own_postgres.start)
    await asyncio.gather(*calls(own_channel, bearer))


async def test_a_postgresql_that_was_restarted_while_nobody_called(
    own_postgres: EmbeddedPostgres, own_channel: grpc.aio.Channel, bearer: Bearer
) -> None:
    await asyncio.gather(*calls(own_channel, bearer))
    await asyncio.to_thread(own_postgres.stop)
    await asyncio.to_thread(own_postgres.start)
    await asyncio.gather(*calls(own_channel, bearer))


async def test_a_postgresql_that_does_not_answer(
    own_postgres: EmbeddedPostgres, own_channel: grpc.aio.Channel, bearer: Bearer
) -> None:
    await asyncio.gather(*calls(own_channel, bearer))
    processes = _processes_of(own_postgres)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        begun = calls(own_channel, bearer)
        check_unavailable(await asyncio.gather(*(error_of(call) for call in begun)))
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
    await asyncio.gather(*calls(own_channel, bearer))


async def test_postgresql_lost_in_the_middle_of_a_transaction(own_postgres: EmbeddedPostgres) -> None:
    database = await Database.connect(own_postgres.url("leadline_app"))
    tenant_id = new_id()
    call = asyncio.create_task(_sleep_in_database(database))
    await asyncio.sleep(0.5)
    await asyncio.to_thread(own_postgres.stop)
    with pytest.raises(Exception, match="postgresql can't be reached"):
        await call
    await asyncio.to_thread(own_postgres.start)
    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await database.close()


async def _sleep_in_database(database: Database) -> None:
    async with database.transaction(new_id()) as connection:
        await connection.execute("SELECT pg_sleep(20)")


def _processes_of(postgres: EmbeddedPostgres) -> list[int]:
    """Gives the processes of a PostgreSQL server, its main one first."""
    main = int((postgres.data / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return [main, *map(int, children)]
