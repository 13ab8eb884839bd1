"""Two servers behind one edge, under load: one is killed, and one is told to stop."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio
from leadline.v1 import (
    notification_service_pb2,
    notification_service_pb2_grpc,
    operation_service_pb2,
    operation_service_pb2_grpc,
)

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ChildProcess
from deploy.local.valkey import EmbeddedValkey
from server.runtime.identifiers import new_id
from tests.integration.gateway.conftest import Edge, running, wait_for_status, write_edge
from tests.integration.gateway.errors import grpc_reason, rest_reason

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLERS = 6
LOAD_SECONDS = 3.0
# Each caller may have one call on the process that is killed, and one more before the edge has noticed.
MOST_FAILURES = 2 * CALLERS
DELAY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Replicas:
    """An edge in front of two servers.

    Attributes:
        edge: The edge.
        servers: The two.
        token: A tenant's.
    """

    edge: Edge
    servers: tuple[ChildProcess, ChildProcess]
    token: str

    @property
    def bearer(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"),)


@pytest.fixture(scope="session")
def variables(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, development_key: DevelopmentKey) -> dict[str, str]:
    """How both servers are configured."""
    return {
        "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
        "LEADLINE_REDIS_URL": valkey.url,
        "LEADLINE_JWKS_FILE": str(development_key.jwks_file),
        "LEADLINE_KEY_SERVICE": "file:/nowhere/keys.json",
        "LEADLINE_SIGNING_SECRET": "a secret for the tests",
        "LEADLINE_SHUTDOWN_DELAY_SECONDS": str(DELAY_SECONDS),
    }


@pytest.fixture
def servers(tmp_path: Path, variables: dict[str, str]) -> Iterator[dict[str, ChildProcess]]:
    """Two running servers, by their addresses."""
    with ExitStack() as cleanup:
        started = {}
        for number, port in enumerate((free_port(), free_port())):
            address = f"{LOOPBACK}:{port}"
            started[address] = ChildProcess(
                f"server {number}",
                [sys.executable, "-m", "server.main"],
                log=tmp_path / f"server-{number}.log",
                is_ready=lambda port=port: accepts_connections(port),  # type: ignore[misc]
                environment=variables | {"LEADLINE_LISTEN_ADDRESS": address},
            )
            started[address].start()
            cleanup.callback(started[address].kill)
        for process in started.values():
            process.wait_until_ready()
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def replicas(
    tmp_path: Path, servers: dict[str, ChildProcess], development_key: DevelopmentKey
) -> AsyncIterator[Replicas]:
    """Runs the edge in front of both."""
    edge, command = write_edge(
        tmp_path,
        server_addresses=list(servers),
        scorer_addresses=list(servers),
        jwks_file=development_key.jwks_file,
        unary_timeout_seconds=10,
    )
    one, two = servers.values()
    async with running(command, f"http://{edge.address}/healthz"):
        yield Replicas(edge, (one, two), development_key.mint(UUID(str(new_id())), plan="enterprise"))


@dataclass
class Load:
    """What callers over gRPC and REST got.

    Attributes:
        counts: Answers by outcome: `OK`, or the reason of the failure.
        failures: Failures whose reason is not typed.
    """

    counts: Counter[str] = field(default_factory=Counter)
    untyped: list[str] = field(default_factory=list)

    async def call(self, replicas: Replicas, seconds: float) -> None:
        """Sends calls one after the other, by half of the callers over gRPC, by the others over REST."""
        end = time.monotonic() + seconds
        async with grpc.aio.insecure_channel(replicas.edge.address) as channel:
            stub = operation_service_pb2_grpc.OperationServiceStub(channel)
            await asyncio.gather(
                *(self._by_grpc(stub, replicas, end) for _ in range(CALLERS // 2)),
                *(self._by_rest(replicas, end) for _ in range(CALLERS // 2)),
            )

    async def _by_grpc(
        self, stub: "operation_service_pb2_grpc.OperationServiceAsyncStub", replicas: Replicas, end: float
    ) -> None:
        while time.monotonic() < end:
            try:
                await stub.ListOperations(operation_service_pb2.ListOperationsRequest(), metadata=replicas.bearer)
                self.counts["OK"] += 1
            except grpc.aio.AioRpcError as error:
                try:
                    self.counts[grpc_reason(error)] += 1
                except (AttributeError, IndexError):
                    self.untyped.append(f"{error.code()} {error.details()}")

    async def _by_rest(self, replicas: Replicas, end: float) -> None:
        async with httpx.AsyncClient(base_url=f"http://{replicas.edge.address}") as client:
            while time.monotonic() < end:
                answer = await client.get("/v1/operations", headers=dict(replicas.bearer))
                self.counts["OK" if answer.is_success else rest_reason(answer)] += 1


async def test_killed_server_costs_a_handful_of_typed_failures(replicas: Replicas) -> None:
    load = Load()
    calling = asyncio.create_task(load.call(replicas, LOAD_SECONDS))
    await asyncio.sleep(LOAD_SECONDS / 3)
    before = load.counts["OK"]
    replicas.servers[0].kill()
    await calling
    assert not load.untyped
    assert load.counts["OK"] > before > 0
    assert set(load.counts) <= {"OK", "DEPENDENCY_UNAVAILABLE"}
    assert load.counts["DEPENDENCY_UNAVAILABLE"] <= MOST_FAILURES
    # The edge has set it aside: nobody notices any more that it is gone.
    await asyncio.sleep(1)
    afterwards = Load()
    await afterwards.call(replicas, 1.0)
    assert set(afterwards.counts) == {"OK"}
    # It comes back, and is used again.
    replicas.servers[0].start()
    await asyncio.to_thread(replicas.servers[0].wait_until_ready)
    replicas.servers[1].kill()
    async with httpx.AsyncClient(base_url=f"http://{replicas.edge.address}", headers=dict(replicas.bearer)) as client:
        await wait_for_status(client, "/v1/operations", httpx.codes.OK)


async def test_server_that_is_told_to_stop_costs_nothing(replicas: Replicas) -> None:
    async with grpc.aio.insecure_channel(replicas.edge.address) as channel:
        watching: Any = notification_service_pb2_grpc.NotificationServiceStub(channel)
        request = notification_service_pb2.WatchNotificationsRequest()
        watches = [watching.WatchNotifications(request, metadata=replicas.bearer) for _ in range(4)]
        for watch in watches:
            assert (await watch.read()).resume_token
        load = Load()
        calling = asyncio.create_task(load.call(replicas, DELAY_SECONDS + 3.0))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        replicas.servers[0].request_stop()
        # Half of the watches are on it, and are told to go on elsewhere.
        ended = []
        for watch in watches:
            try:
                while True:
                    message = await asyncio.wait_for(watch.read(), DELAY_SECONDS - 1.0)
                    assert message is not grpc.aio.EOF
            except grpc.aio.AioRpcError as error:
                ended.append((error.code(), grpc_reason(error)))
            except TimeoutError:
                watch.cancel()
        assert ended == [(grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")] * 2
        await calling
        assert set(load.counts) == {"OK"}
        assert not load.untyped
        await asyncio.to_thread(replicas.servers[0].wait_stopped, DELAY_SECONDS + 5.0)
        assert replicas.servers[0].exit_status == 0
        assert time.monotonic() - began < 2 * DELAY_SECONDS + 10.0
