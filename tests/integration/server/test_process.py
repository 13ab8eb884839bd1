"""The server as the process that is deployed: health, reflection, its start and its end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from leadline.v1 import operation_service_pb2, operation_service_pb2_grpc

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from server.runtime.database import Database
from tests.eventually import eventually
from tests.integration.server.test_operations import begin

Bearer = tuple[tuple[str, str], ...]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def environment(postgres: EmbeddedPostgres, key: DevelopmentKey, port: int) -> dict[str, str]:
    """Gives the variables of a server that needs no key service."""
    return os.environ | {
        "LEADLINE_LISTEN_ADDRESS": f"127.0.0.1:{port}",
        "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
        "LEADLINE_JWKS_FILE": str(key.jwks_file),
        "LEADLINE_KEY_SERVICE": "file:/nowhere/keys.json",
        "LEADLINE_SIGNING_SECRET": "a secret for the tests",
        "LEADLINE_SHUTDOWN_DELAY_SECONDS": "0",
        "LEADLINE_REFLECTION": "true",
    }


@contextmanager
def running(module: str, variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process for the time of the block."""
    with subprocess.Popen([sys.executable, "-m", module], env=variables, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def process(postgres: EmbeddedPostgres, development_key: DevelopmentKey) -> Iterator[tuple[Any, int]]:
    """The process and its port."""
    port = free_port()
    with running("server.main", environment(postgres, development_key, port)) as started:
        yield started, port


@pytest.fixture
async def served(process: tuple[Any, int]) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the process, once it serves."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{process[1]}") as channel:
        await eventually(lambda: has_health(channel, SERVING))
        yield channel


async def has_health(channel: grpc.aio.Channel, wanted: int, service: str = "") -> bool:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=1.0)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == wanted)


async def test_health_and_reflection_need_no_token(served: grpc.aio.Channel) -> None:
    for service in ("LeadService", "IntegrationService", "OperationService"):
        assert await has_health(served, SERVING, f"leadline.v1.{service}")
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(served)  # type: ignore[arg-type]
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    answer = await call.read()
    await call.done_writing()
    names = {service.name for service in answer.list_services_response.service}
    assert "leadline.v1.LeadService" in names


async def test_a_call_that_runs_may_end_when_the_process_is_stopped(
    served: grpc.aio.Channel, process: tuple[Any, int], database: Database, tenant_id: UUID, bearer: Bearer
) -> None:
    operation_id = await begin(database, tenant_id)
    stub: Any = operation_service_pb2_grpc.OperationServiceStub(served)
    request = operation_service_pb2.WaitOperationRequest(name=f"operations/{operation_id}", timeout=Duration(seconds=2))
    call = stub.WaitOperation(request, metadata=bearer)
    await asyncio.sleep(0.5)
    process[0].send_signal(signal.SIGTERM)
    assert not (await call).done
    assert await asyncio.to_thread(process[0].wait, 10.0) == 0


async def test_a_second_process_on_the_same_port_fails(
    served: grpc.aio.Channel, process: tuple[Any, int], postgres: EmbeddedPostgres, development_key: DevelopmentKey
) -> None:
    assert await has_health(served, SERVING)
    with running("server.main", environment(postgres, development_key, process[1])) as second:
        assert await asyncio.to_thread(second.wait, 20.0) != 0


async def test_it_starts_without_postgresql_and_serves_once_it_is_there(
    development_key: DevelopmentKey, tmp_path: Path
) -> None:
    late_postgres = EmbeddedPostgres(tmp_path / "postgres", free_port(), durable=False)
    port = free_port()
    with running("server.main", environment(late_postgres, development_key, port)):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await eventually(lambda: has_health(channel, NOT_SERVING))
            await asyncio.to_thread(late_postgres.start)
            try:
                await eventually(lambda: has_health(channel, SERVING))
            finally:
                await asyncio.to_thread(late_postgres.stop)
            await eventually(lambda: has_health(channel, NOT_SERVING))


def test_a_missing_key_file_is_told(postgres: EmbeddedPostgres, development_key: DevelopmentKey) -> None:
    variables = environment(postgres, development_key, free_port()) | {"LEADLINE_JWKS_FILE": "/nowhere/jwks.json"}
    with running("server.main", variables) as started:
        _, errors = started.communicate(timeout=30)
    assert started.returncode != 0
    assert b"/nowhere/jwks.json" in errors


def test_the_relay_stops_when_it_is_told(postgres: EmbeddedPostgres, development_key: DevelopmentKey) -> None:
    variables = environment(postgres, development_key, free_port())
    variables["LEADLINE_RELAY_DATABASE_URL"] = postgres.url("leadline_relay")
    with running("server.worker", variables) as started:
        assert started.stderr is not None
        assert b"relay runs" in started.stderr.readline()
        started.send_signal(signal.SIGTERM)
        assert started.wait(10.0) == 0
