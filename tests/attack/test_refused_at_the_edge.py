"""A process has enough calls of a tenant: the edge refuses the next ones, of nobody else and not for long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import grpc
import pytest
import pytest_asyncio
from grpc_status import rpc_status
from leadline.v1 import lead_service_pb2_grpc

from server.interceptors.admission import BACKOFF_HEADER
from server.interceptors.errors import status_of
from server.runtime.admission import overloaded
from server.runtime.identifiers import new_id
from tests.eventually import eventually
from tests.integration.gateway.backend import start_backend
from tests.integration.gateway.conftest import Edge, running_edge
from tests.integration.gateway.errors import details_by_type, grpc_reason, rest_reason
from tests.integration.gateway.test_grpc import GET_LEAD, call_web
from tests.integration.gateway.test_grpc import LEAD as GRPC_LEAD
from tests.integration.gateway.test_operation import LEAD

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOUD, QUIET = str(new_id()), str(new_id())
# Far more than the edge believes.
SAID_MILLISECONDS = 3_600_000
LONGEST_SECONDS = 60.0
MODELS = "/v1/models"
Answer = TypeVar("Answer")


class Refusing(grpc.aio.ServerInterceptor):
    """Refuses the loud tenant's calls, as a server does that has too many of them waiting.

    Attributes:
        refused: How many it has refused.
        is_full: Whether it refuses.
    """

    def __init__(self) -> None:
        self.refused = 0
        self.is_full = True

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        """Gives the handler, or one that refuses."""
        if not self.is_full or ("x-tenant-id", LOUD) not in tuple(details.invocation_metadata or ()):
            return await continuation(details)
        self.refused += 1
        return grpc.stream_unary_rpc_method_handler(self._refuse)

    async def _refuse(self, _requests: object, context: Any) -> NoReturn:
        status: Any = rpc_status.to_status(status_of(overloaded()))
        backoff = (BACKOFF_HEADER, f"{LOUD} {SAID_MILLISECONDS}")
        await context.abort_with_status(status._replace(trailing_metadata=(*status.trailing_metadata, backoff)))
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Flooded:
    """An edge before a server that has enough calls of the loud tenant.

    Attributes:
        edge: The edge.
        server: Tells how many of them got there.
    """

    edge: Edge
    server: Refusing

    def bearer(self, tenant: str) -> dict[str, str]:
        """Gives the header of a tenant's requests."""
        return {"authorization": f"Bearer {self.edge.token(tenant_id=tenant)}"}

    async def until_refused_at_the_edge(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Asks until an answer comes that the server has not given, and gives it."""
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                before = self.server.refused
                answer = await ask()
                if self.server.refused == before:
                    return answer


@pytest_asyncio.fixture(loop_scope="session")
async def flooded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Flooded]:
    """Runs the edge and what is behind it."""
    refusing = Refusing()
    server, server_address = await start_backend(scorer=False, interceptors=[refusing])
    scorer, scorer_address = await start_backend(scorer=True)
    async with running_edge(
        tmp_path_factory.mktemp("edge"),
        server_addresses=[server_address],
        scorer_addresses=[scorer_address],
        unary_timeout_seconds=LONGEST_SECONDS,
    ) as edge:
        yield Flooded(edge, refusing)
    await server.stop(None)
    await scorer.stop(None)


async def test_each_door_says_why_and_when_to_come_again(flooded: Flooded) -> None:
    async with flooded.edge.client(headers=flooded.bearer(LOUD)) as client:
        told = await client.get(LEAD)
        rest = await flooded.until_refused_at_the_edge(lambda: client.get(LEAD))
    assert (told.status_code, BACKOFF_HEADER in told.headers) == (429, False)
    assert (rest.status_code, rest.json()["code"], rest_reason(rest)) == (429, 8, "RATE_LIMITED")
    assert (details_by_type(rest)["RetryInfo"]["retryDelay"], rest.headers["retry-after"]) == ("1s", "1")

    token = flooded.edge.token(tenant_id=LOUD)
    web = await flooded.until_refused_at_the_edge(lambda: call_web(flooded.edge, GET_LEAD, GRPC_LEAD, token))
    assert (web.status_code, web.headers["grpc-status"]) == (200, "8")
    assert web.headers["grpc-status-details-bin"]

    async with grpc.aio.insecure_channel(flooded.edge.address) as channel:
        stub: Any = lead_service_pb2_grpc.LeadServiceStub(channel)

        async def call() -> grpc.aio.AioRpcError:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.GetLead(GRPC_LEAD, metadata=tuple(flooded.bearer(LOUD).items()))
            return refused.value

        refusal = await flooded.until_refused_at_the_edge(call)
    assert (refusal.code(), grpc_reason(refusal)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")


async def test_nobody_else_is_refused_and_the_tenant_neither_where_there_is_room(flooded: Flooded) -> None:
    async with flooded.edge.client(headers=flooded.bearer(LOUD)) as client:
        for _ in range(20):
            assert (await flooded.until_refused_at_the_edge(lambda: client.get(LEAD))).status_code == 429
            assert (await client.get(MODELS)).status_code == 200
            assert (await client.get(LEAD, headers=flooded.bearer(QUIET))).status_code == 200


async def test_the_tenant_is_served_again_whatever_was_said(flooded: Flooded) -> None:
    async with flooded.edge.client(headers=flooded.bearer(LOUD)) as client:
        await flooded.until_refused_at_the_edge(lambda: client.get(LEAD))
        flooded.server.is_full = False

        async def is_served() -> bool:
            return (await client.get(LEAD)).status_code == 200

        await eventually(is_served, seconds=LONGEST_SECONDS)
        assert {(await client.get(LEAD)).status_code for _ in range(20)} == {200}
