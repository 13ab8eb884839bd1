"""Limits that hold for several edges together: two Envoys, the reference rate-limit service, and Valkey."""

import asyncio
import base64
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from google.rpc import status_pb2
from leadline.v1 import lead_service_pb2_grpc

from deploy.local.ports import LOOPBACK, accepts_connections, free_port
from deploy.local.process import ChildProcess
from deploy.local.valkey import EmbeddedValkey
from tests.integration.gateway.backend import start_backend
from tests.integration.gateway.conftest import Edge, free_address, running, write_edge
from tests.integration.gateway.errors import details_by_type, grpc_reason, rest_reason, status_reason
from tests.integration.gateway.test_grpc import GET_LEAD, call_web
from tests.integration.gateway.test_grpc import LEAD as GRPC_LEAD
from tests.integration.gateway.test_rest import ID
from tests.integration.gateway.tokens import mint, write_jwks

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAD = f"/v1/leads/{ID}"
RATE = 10
REQUESTS = 60
# A second is a window of the service, and the requests may fall into two.
MOST_WINDOWS = 2


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference rate-limit service, built from its source."""
    go = shutil.which("go")
    if go is None:
        pytest.fail("go is missing: the rate-limit service is built for the tests, with Go 1.26 or newer")
    built = tmp_path_factory.mktemp("rate_limit") / "rate-limit"
    module = Path(__file__).parent / "rate_limit_service"
    package = "github.com/envoyproxy/ratelimit/src/service_cmd"
    subprocess.run([go, "build", "-o", str(built), package], cwd=module, check=True)
    return built


class Edges:
    """Two edges in front of the same backend, with the same keys.

    Attributes:
        edges: The two.
        service: The rate-limit service.
    """

    def __init__(self, edges: tuple[Edge, Edge], service: ChildProcess) -> None:
        self.edges = edges
        self.service = service

    def token(self, tenant_id: str) -> str:
        """Signs a token of a tenant of the free plan."""
        return mint(self.edges[0].key, tenant_id=tenant_id, plan="free")


@pytest_asyncio.fixture(loop_scope="session")
async def two_edges(tmp_path: Path, program: Path, valkey: EmbeddedValkey) -> AsyncIterator[Edges]:
    """Runs two edges, whose limits a rate-limit service counts in Valkey."""
    backend, backend_address = await start_backend(scorer=False)
    service_address = free_address()
    settings = {
        "server_addresses": [backend_address],
        "scorer_addresses": [backend_address],
        "rate_limit_addresses": [service_address],
        "free_requests_per_second": RATE,
        "public_requests_per_second": RATE,
    }
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, one_command = write_edge(tmp_path / "one", **settings)
    two, two_command = write_edge(tmp_path / "two", **settings)
    write_jwks(one.key, tmp_path / "two" / "jwks.json")
    service = rate_limit_service(program, tmp_path / "one", service_address, valkey)
    service.start()
    try:
        await asyncio.to_thread(service.wait_until_ready)
        async with (
            running(one_command, f"http://{one.address}/healthz"),
            running(two_command, f"http://{two.address}/healthz"),
        ):
            yield Edges((one, two), service)
    finally:
        service.stop()
        await backend.stop(None)


def rate_limit_service(program: Path, folder: Path, address: str, valkey: EmbeddedValkey) -> ChildProcess:
    """Describes the service, configured by what was rendered."""
    port = int(address.rpartition(":")[2])
    return ChildProcess(
        "rate-limit service",
        [program],
        log=folder / "rate-limit.log",
        is_ready=lambda: accepts_connections(port),
        environment={
            "RUNTIME_ROOT": str(folder),
            "RUNTIME_SUBDIRECTORY": "rate_limit",
            "RUNTIME_WATCH_ROOT": "false",
            "GRPC_HOST": LOOPBACK,
            "GRPC_PORT": str(port),
            "HOST": LOOPBACK,
            "PORT": str(free_port()),
            "DEBUG_HOST": LOOPBACK,
            "DEBUG_PORT": str(free_port()),
            "REDIS_SOCKET_TYPE": "tcp",
            "REDIS_URL": valkey.url.removeprefix("redis://").partition("/")[0],
            "USE_STATSD": "false",
        },
    )


async def test_two_edges_let_in_as_many_as_one(two_edges: Edges) -> None:
    tenant, other = str(uuid4()), str(uuid4())
    headers = {"authorization": f"Bearer {two_edges.token(tenant)}"}
    one, two = two_edges.edges
    async with one.client(headers=headers) as first, two.client(headers=headers) as second:
        answers = await asyncio.gather(*((first, second)[n % 2].get(LEAD) for n in range(REQUESTS)))
        counted = Counter(answer.status_code for answer in answers)
        assert RATE <= counted[200] <= MOST_WINDOWS * RATE
        assert counted[200] + counted[429] == REQUESTS
        quiet = await second.get(LEAD, headers={"authorization": f"Bearer {two_edges.token(other)}"})
    assert quiet.status_code == 200
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], rest_reason(refused)) == (8, "RATE_LIMITED")
    assert details_by_type(refused)["RetryInfo"]["retryDelay"] == "1s"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-ratelimit-limit"].startswith(f"{RATE}, {RATE};w=1")
    assert refused.headers["x-ratelimit-remaining"] == "0"


async def test_refusal_is_typed_over_grpc_and_grpc_web(two_edges: Edges) -> None:
    token = two_edges.token(str(uuid4()))
    one, two = two_edges.edges
    async with grpc.aio.insecure_channel(one.address) as channel:
        stub = lead_service_pb2_grpc.LeadServiceStub(channel)
        metadata = (("authorization", f"Bearer {token}"),)
        errors = [
            error
            for error in await asyncio.gather(
                *(stub.GetLead(GRPC_LEAD, metadata=metadata) for _ in range(REQUESTS)), return_exceptions=True
            )
            if isinstance(error, grpc.aio.AioRpcError)
        ]
    web = await asyncio.gather(*(call_web(two, GET_LEAD, GRPC_LEAD, token) for _ in range(REQUESTS)))
    assert {(error.code(), grpc_reason(error)) for error in errors} == {
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    }
    refused = next(answer for answer in web if answer.headers.get("grpc-status") == "8")
    status = status_pb2.Status.FromString(base64.b64decode(refused.headers["grpc-status-details-bin"] + "=="))
    assert status_reason(status) == "RATE_LIMITED"


async def test_edges_go_by_their_own_buckets_while_the_service_is_away(two_edges: Edges) -> None:
    two_edges.service.kill()
    headers = {"authorization": f"Bearer {two_edges.token(str(uuid4()))}"}
    async with two_edges.edges[0].client(headers=headers) as client:
        answers = [(await client.get(LEAD)).status_code for _ in range(REQUESTS)]
    assert answers[0] == 200
    assert 2 * RATE <= answers.count(200) < REQUESTS
