"""The edge in operation: limits, outages, several backends, its log, keys from elsewhere, draining."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from leadline.v1 import lead_service_pb2, lead_service_pb2_grpc

from deploy.local.ports import LOOPBACK
from tests.integration.gateway.backend import start_backend
from tests.integration.gateway.conftest import Edge, running_edge, wait_for_status
from tests.integration.gateway.errors import details_by_type, grpc_reason, rest_reason
from tests.integration.gateway.test_grpc import GET_LEAD, call_web
from tests.integration.gateway.test_grpc import LEAD as GRPC_LEAD
from tests.integration.gateway.test_rest import ID
from tests.integration.gateway.test_websocket import frames_until_closed, open_socket
from tests.integration.gateway.tokens import TENANT

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAD = f"/v1/leads/{ID}"
LOG_FLUSH_SECONDS = 1.0


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[str]:
    """The address of one running backend."""
    started, address = await start_backend(scorer=False)
    yield address
    await started.stop(None)


async def test_requests_above_the_plan_are_refused_for_their_tenant_alone(tmp_path: Path, server: str) -> None:
    backends = {"server_addresses": [server], "scorer_addresses": [server]}
    async with running_edge(tmp_path, free_requests_per_second=2, **backends) as edge, edge.client() as client:
        free = {"authorization": f"Bearer {edge.token(plan='free')}"}
        other = {"authorization": f"Bearer {edge.token(plan='free', tenant_id=ID.replace('1', '2'))}"}
        refused = next(r for r in [await client.get(LEAD, headers=free) for _ in range(20)] if r.status_code != 200)
        assert (refused.status_code, refused.json()["code"], rest_reason(refused)) == (429, 8, "RATE_LIMITED")
        assert details_by_type(refused)["RetryInfo"]["retryDelay"] == "1s"
        assert int(refused.headers["retry-after"]) >= 1
        assert (await client.get(LEAD, headers=other)).status_code == 200
        assert {(await client.get(LEAD)).status_code for _ in range(20)} == {200}


async def test_limit_is_told_and_refused_alike_over_grpc_and_grpc_web(tmp_path: Path, server: str) -> None:
    backends = {"server_addresses": [server], "scorer_addresses": [server]}
    async with (
        running_edge(tmp_path, free_requests_per_second=1, **backends) as edge,
        grpc.aio.insecure_channel(edge.address) as channel,
    ):
        stub = lead_service_pb2_grpc.LeadServiceStub(channel)
        token = edge.token(plan="free")
        first = stub.GetLead(GRPC_LEAD, metadata=(("authorization", f"Bearer {token}"),))
        told = dict(list(await first.initial_metadata()))
        calls = [stub.GetLead(GRPC_LEAD, metadata=(("authorization", f"Bearer {token}"),)) for _ in range(10)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        web = await call_web(edge, GET_LEAD, GRPC_LEAD, token)
    assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == ("2", "1")
    refused = next(answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError))
    assert (refused.code(), grpc_reason(refused)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    status = rpc_status.from_call(cast("grpc.Call", refused))
    retry = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.seconds == 1
    assert (web.headers["grpc-status"], web.headers["x-ratelimit-remaining"]) == ("8", "0")


@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("POST", "/v1/authentication:refreshToken", "*/*"),
        ("POST", "/v1/authentication:refreshToken?x=1", "*/*"),
        ("GET", "/v1/authentication:refreshToken", "text/event-stream"),
        ("GET", "/.well-known/jwks.json", "*/*"),
    ],
)
async def test_paths_without_a_token_are_limited_for_each_address(
    tmp_path: Path, server: str, method: str, path: str, accept: str
) -> None:
    backends = {"server_addresses": [server], "scorer_addresses": [server]}
    async with running_edge(tmp_path, public_requests_per_second=1, **backends) as edge, edge.client() as client:
        body = {"refreshToken": "t"} if method == "POST" else None
        answers = [await client.request(method, path, headers={"accept": accept}, json=body) for _ in range(20)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (refused.json()["code"], rest_reason(refused)) == (8, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) >= 1
        assert {(await client.get(LEAD)).status_code for _ in range(20)} == {200}


async def test_backend_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    first, address = await start_backend(scorer=False)
    backends = {"server_addresses": [address], "scorer_addresses": [address]}
    async with running_edge(tmp_path, **backends) as edge, edge.client() as client:
        await first.stop(None)
        refused = await client.get(LEAD)
        assert (refused.status_code, refused.json()["code"], rest_reason(refused)) == (
            503,
            14,
            "DEPENDENCY_UNAVAILABLE",
        )
        assert details_by_type(refused)["RetryInfo"]["retryDelay"] == "1s"
        await wait_for_status(client, "/healthz", 503)
        second, _ = await start_backend(scorer=False, address=address)
        await wait_for_status(client, LEAD, 200)
        await wait_for_status(client, "/healthz", 200)
        await second.stop(None)


async def test_requests_are_shared_among_the_backends(tmp_path: Path, server: str) -> None:
    second, second_address = await start_backend(scorer=False)
    backends = {"server_addresses": [server, second_address], "scorer_addresses": [server]}
    async with running_edge(tmp_path, **backends) as edge, edge.client() as client:
        answers = [await client.get(LEAD) for _ in range(20)]
    await second.stop(None)
    shares = Counter(answer.headers["x-served-by"] for answer in answers)
    assert sorted(shares.values()) == [10, 10]


async def test_access_log_tells_what_happened(edge: Edge) -> None:
    async with edge.client() as client:
        found = await client.get("/v1/leads?pageSize=5")
        refused = await client.get(LEAD, headers={"authorization": "Bearer nonsense"})
        unknown = await client.get("/v1/nothing")
    entries = await log_entries(edge)
    entry = entries[found.headers["x-request-id"]]
    assert (entry["method"], entry["rpc"]) == ("GET", "/leadline.v1.LeadService/ListLeads")
    assert (entry["http_status"], entry["grpc_status"], entry["upstream"]) == (200, "OK", "server")
    assert (entry["tenant_id"], entry["plan"]) == (str(TENANT), "enterprise")
    assert 0 <= entry["request_ms"] <= entry["upstream_ms"] <= entry["duration_ms"] < 10_000
    assert "jwt_authn_access_denied" in entries[refused.headers["x-request-id"]]["details"]
    assert entries[unknown.headers["x-request-id"]]["details"] == "early_grpc_json_transcode_failure{NOT_FOUND}"


async def test_access_log_has_nothing_personal(edge: Edge) -> None:
    token = edge.token(sub="canary-subject")
    headers = {
        "authorization": f"Bearer {token}",
        "x-forwarded-for": "203.0.113.77",
        "user-agent": "canary-agent",
        "origin": "https://canary-origin.example",
        "referer": "https://canary-referer.example",
        "x-request-id": "canary-request",
        "cookie": "canary-cookie=1",
    }
    async with edge.client(headers=headers) as client:
        answers = [
            await client.get("/v1/leads?filter=email%20%3D%20%22canary%40example.com%22"),
            await client.get("/v1/leads?pageSize=canary@example.com"),
            await client.get("/v1/leads?canary@example.com=1"),
            await client.get("/v1/leads/canary@example.com"),
            await client.get("/v1/people/canary@example.com"),
            await client.get("/v2/leads/canary@example.com"),
            await client.post("/v1/leads", json={"lead": {"email": "canary@example.com", "receivedTime": "canary"}}),
            await client.get("/v1/leads", headers={"authorization": "Bearer canary-token"}),
            await client.post("/v1/authentication:logIn", json={"email": "canary@example.com", "password": "canary"}),
            await client.get("/ws/canary@example.com/x"),
        ]
    web = await call_web(edge, GET_LEAD, lead_service_pb2.GetLeadRequest(name="leads/canary"), token)
    async with open_socket(edge, "LeadService/GetLead", token) as socket:
        await frames_until_closed(socket, '{"name": "leads/canary"}')
    entries = await log_entries(edge)
    assert {answer.headers["x-request-id"] for answer in (*answers, web)} <= entries.keys()
    text = edge.access_log.read_text()
    assert "websocket" in text
    assert not [
        secret for secret in ("canary", "203.0.113.77", "127.0.0.1", "Bearer", "eyJ", "tester") if secret in text
    ]


async def log_entries(edge: Edge) -> dict[str, dict[str, Any]]:
    """Gives what is in the access log by now, by the ids of the requests."""
    await asyncio.sleep(2 * LOG_FLUSH_SECONDS)
    return {entry["request_id"]: entry for entry in map(json.loads, edge.access_log.read_text().splitlines())}


async def test_public_keys_can_come_from_a_uri(tmp_path: Path, server: str) -> None:
    async def serve_keys(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        keys = (tmp_path / "jwks.json").read_bytes()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(keys), keys))
        await writer.drain()
        writer.close()

    publisher = await asyncio.start_server(serve_keys, LOOPBACK, 0)
    uri = f"http://{LOOPBACK}:{publisher.sockets[0].getsockname()[1]}/jwks.json"
    settings = {"server_addresses": [server], "scorer_addresses": [server], "jwks_file": None, "jwks_uri": uri}
    async with publisher, running_edge(tmp_path, **settings) as edge, edge.client() as client:
        assert (await client.get(LEAD)).status_code == 200
        refused = await client.get(LEAD, headers={"authorization": f"Bearer {edge.token(kid='unknown')}"})
        assert rest_reason(refused) == "TOKEN_INVALID"


async def test_tokens_are_not_called_bad_while_the_keys_cannot_be_fetched(tmp_path: Path, server: str) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    publisher = await asyncio.start_server(hang_up, LOOPBACK, 0)
    uri = f"http://{LOOPBACK}:{publisher.sockets[0].getsockname()[1]}/jwks.json"
    settings = {"server_addresses": [server], "scorer_addresses": [server], "jwks_file": None, "jwks_uri": uri}
    async with publisher, running_edge(tmp_path, **settings) as edge, edge.client() as client:
        refused = await client.get(LEAD)
        assert (refused.status_code, rest_reason(refused)) == (503, "DEPENDENCY_UNAVAILABLE")
        assert refused.headers["retry-after"] == "1"
        async with grpc.aio.insecure_channel(edge.address) as channel:
            stub = lead_service_pb2_grpc.LeadServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await stub.GetLead(GRPC_LEAD, metadata=(("authorization", f"Bearer {edge.token()}"),))
        assert (raised.value.code(), grpc_reason(raised.value)) == (
            grpc.StatusCode.UNAVAILABLE,
            "DEPENDENCY_UNAVAILABLE",
        )


async def test_draining_lets_open_streams_end(tmp_path: Path) -> None:
    scorer, address = await start_backend(scorer=True)
    backends = {"server_addresses": [address], "scorer_addresses": [address]}
    async with running_edge(tmp_path, **backends) as edge:
        async with edge.client() as client, client.stream("GET", "/v1/scores:watch") as response:
            lines = response.aiter_lines()
            received = [await anext(lines)]
            async with httpx.AsyncClient() as admin:
                await admin.post(f"http://{edge.admin_address}/drain_listeners?graceful&skip_exit")
            received += [line async for line in lines]
        assert len(received) == 3
    await scorer.stop(None)
