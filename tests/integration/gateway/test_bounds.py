"""What one client may cost the edge: sizes, times, connections, memory."""

import asyncio
import struct
import time
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest
from leadline.v1 import lead_service_pb2_grpc

from tests.eventually import eventually
from tests.integration.gateway.backend import WATCHED_MESSAGES, start_backend
from tests.integration.gateway.conftest import Edge, running, running_edge, write_edge
from tests.integration.gateway.errors import details_by_type, grpc_reason, rest_reason
from tests.integration.gateway.test_grpc import bearer
from tests.integration.gateway.test_rest import ID

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAD = f"/v1/leads/{ID}"
SETTINGS_FRAME = 4
MAX_CONCURRENT_STREAMS = 3
INITIAL_WINDOW_SIZE = 4


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Opens a connection without a word."""
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


@pytest.mark.parametrize(
    "headers",
    [{"x-long": "a" * 40_000}, {f"x-many-{number}": "a" for number in range(150)}],
    ids=["too long", "too many"],
)
async def test_headers_have_a_limit(edge: Edge, headers: dict[str, str]) -> None:
    async with edge.client() as client:
        refused = await client.get(LEAD, headers=headers)
    assert (refused.status_code, rest_reason(refused)) == (431, "REQUEST_TOO_LARGE")


async def test_headers_that_come_drop_by_drop_end_the_connection(edge: Edge) -> None:
    reader, writer = await connect(edge.address)
    writer.write(b"GET /v1/leads HTTP/1.1\r\nhost: leadline\r\n")
    began = time.monotonic()
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 8 < time.monotonic() - began < 15
    writer.close()


async def test_body_that_comes_drop_by_drop_has_the_time_of_a_unary_rpc(edge: Edge) -> None:
    reader, writer = await connect(edge.address)
    head = f"POST /v1/leads HTTP/1.1\r\nhost: leadline\r\nauthorization: Bearer {edge.token()}\r\n"
    writer.write(f"{head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{".encode())
    began = time.monotonic()
    answer = await asyncio.wait_for(reader.read(), 10)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"DEADLINE_EXCEEDED"' in answer
    assert time.monotonic() - began < 5
    writer.close()


async def test_stream_on_which_nothing_moves_ends(tmp_path: Path) -> None:
    server, address = await start_backend(scorer=False)
    backends = {"server_addresses": [address], "scorer_addresses": [address]}
    async with (
        running_edge(tmp_path, stream_idle_seconds=1, **backends) as edge,
        grpc.aio.insecure_channel(edge.address) as channel,
    ):
        call = lead_service_pb2_grpc.LeadServiceStub(channel).ImportLeads(metadata=bearer(edge))
        began = time.monotonic()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
    assert grpc_reason(raised.value) == "DEADLINE_EXCEEDED"
    assert 0.5 < time.monotonic() - began < 5
    await server.stop(None)


@pytest.mark.parametrize("accepted", ["application/json", "text/event-stream"])
async def test_watch_over_rest_lasts_longer_than_a_unary_rpc_may(tmp_path: Path, accepted: str) -> None:
    scorer, address = await start_backend(scorer=True)
    backends = {"server_addresses": [address], "scorer_addresses": [address]}
    async with running_edge(tmp_path, unary_timeout_seconds=0.25, **backends) as edge, edge.client() as client:
        answer = await client.get("/v1/scores:watch", headers={"accept": accepted})
    assert answer.text.count("resumeToken") == WATCHED_MESSAGES
    assert answer.elapsed.total_seconds() > 0.25
    await scorer.stop(None)


async def test_http_2_connections_are_told_their_bounds(edge: Edge) -> None:
    reader, writer = await connect(edge.address)
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, SETTINGS_FRAME, 0, 0, 0, 0, 0]))
    header = await asyncio.wait_for(reader.readexactly(9), 5)
    payload = await reader.readexactly(int.from_bytes(header[:3], "big"))
    writer.close()
    assert header[3] == SETTINGS_FRAME
    settings = dict(struct.iter_unpack(">HI", payload))
    assert settings[MAX_CONCURRENT_STREAMS] == 256
    assert settings[INITIAL_WINDOW_SIZE] == 256 * 1024


async def test_slashes_that_a_backend_might_read_otherwise(edge: Edge) -> None:
    async with edge.client() as client:
        merged = await client.get(f"http://{edge.address}//v1//leads/{ID}")
        escaped = await client.get(f"/v1/leads%2f{ID}")
        backslash = await client.get(f"/v1/leads%5c{ID}")
    assert merged.status_code == 200
    assert [(refused.status_code, rest_reason(refused)) for refused in (escaped, backslash)] == [
        (400, "INVALID_REQUEST")
    ] * 2


async def test_address_that_a_client_claims_counts_only_behind_a_proxy(tmp_path: Path) -> None:
    server, address = await start_backend(scorer=False)
    backends = {"server_addresses": [address], "scorer_addresses": [address]}
    answers: dict[int, set[int]] = {}
    for hops in (0, 1):
        folder = tmp_path / str(hops)
        folder.mkdir()
        settings = {"public_requests_per_second": 1, "trusted_hops": hops, **backends}
        async with running_edge(folder, **settings) as edge, edge.client() as client:
            answers[hops] = {
                (
                    await client.post(
                        "/v1/authentication:refreshToken",
                        json={"refreshToken": "t"},
                        headers={"x-forwarded-for": f"203.0.113.{number}"},
                    )
                ).status_code
                for number in range(1, 9)
            }
    await server.stop(None)
    assert 429 in answers[0]
    assert 429 not in answers[1]


async def test_connections_have_a_limit(tmp_path: Path) -> None:
    server, address = await start_backend(scorer=False)
    backends = {"server_addresses": [address], "scorer_addresses": [address]}
    async with running_edge(tmp_path, most_connections=2, **backends) as edge:
        await asyncio.sleep(0.5)  # until the connection that waited for the edge is gone
        kept = [await connect(edge.address) for _ in range(2)]
        await asyncio.sleep(0.2)
        reader, writer = await connect(edge.address)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        for _, other in kept:
            other.close()

        async def is_served() -> bool:
            try:
                async with edge.client() as client:
                    return (await client.get(LEAD)).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(is_served)
    await server.stop(None)


async def refused_without_memory(folder: Path, backend: str) -> tuple[httpx.Response, str]:
    """Gives an answer of an edge that sees that it has no memory, and its figures."""
    while True:
        edge, command = write_edge(folder, largest_heap_bytes=1, server_addresses=[backend], scorer_addresses=[backend])
        async with running(command, f"http://{edge.admin_address}/ready"), edge.client() as client:
            try:
                while (answer := await client.get(LEAD, timeout=2)).status_code == httpx.codes.OK:  # noqa: ASYNC110 - Envoy sets no event
                    await asyncio.sleep(0.05)
            except httpx.TransportError:
                # It saw so before this client had a connection, and takes none any more: another edge, another try.
                continue
            async with httpx.AsyncClient() as administrator:
                return answer, (await administrator.get(f"http://{edge.admin_address}/stats?filter=overload")).text


async def test_edge_without_memory_refuses_requests_and_goes_on(tmp_path: Path) -> None:
    server, address = await start_backend(scorer=False)
    refused, figures = await refused_without_memory(tmp_path, address)
    assert rest_reason(refused) == "DEPENDENCY_UNAVAILABLE"
    assert details_by_type(refused)["ErrorInfo"]["metadata"] == {"dependency": "edge"}
    assert "overload.envoy.overload_actions.stop_accepting_connections.active: 1" in figures
    await server.stop(None)


async def test_client_that_opens_streams_only_to_reset_them_is_watched_for(edge: Edge) -> None:
    async with httpx.AsyncClient() as client:
        runtime = (await client.get(f"http://{edge.admin_address}/runtime")).json()["entries"]
    assert runtime["overload.premature_reset_total_stream_count"]["final_value"] == "500"
    assert runtime["overload.premature_reset_min_stream_lifetime_seconds"]["final_value"] == "1"
