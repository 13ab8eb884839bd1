"""gRPC and gRPC-web through the edge."""

import asyncio
import base64
import struct
import time
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf.message import Message
from google.rpc import status_pb2
from leadline.v1 import (
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
)

from tests.integration.gateway.backend import FAILS_LATE, MISSING, SLOW, WATCHED_MESSAGES
from tests.integration.gateway.conftest import ORIGIN, Edge
from tests.integration.gateway.errors import grpc_reason, status_reason
from tests.integration.gateway.test_rest import ID

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET_LEAD = "/leadline.v1.LeadService/GetLead"
LEAD = lead_service_pb2.GetLeadRequest(name=f"leads/{ID}")
TRAILERS = 0x80


def bearer(edge: Edge) -> tuple[tuple[str, str], ...]:
    """Gives the metadata of a call by a good caller."""
    return (("authorization", f"Bearer {edge.token()}"),)


async def test_unary_call(edge: Edge) -> None:
    async with grpc.aio.insecure_channel(edge.address) as channel:
        call = lead_service_pb2_grpc.LeadServiceStub(channel).GetLead(LEAD, metadata=bearer(edge))
        lead = await call
        assert lead.display_name == "Ada"
        assert ("x-rpc", GET_LEAD) in list(await call.initial_metadata())


async def test_error_of_a_backend_keeps_its_details(edge: Edge) -> None:
    async with grpc.aio.insecure_channel(edge.address) as channel:
        stub = lead_service_pb2_grpc.LeadServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetLead(lead_service_pb2.GetLeadRequest(name=MISSING), metadata=bearer(edge))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert grpc_reason(raised.value) == "LEAD_NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/leadline.v1.LeadService/Nothing", "UNKNOWN_METHOD"),
        ("/leadline.v2.LeadService/GetLead", "UNKNOWN_API_VERSION"),
    ],
)
async def test_unknown_method(edge: Edge, path: str, reason: str) -> None:
    async with grpc.aio.insecure_channel(edge.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_unary(path, request_serializer=bytes)(b"", metadata=bearer(edge))
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert grpc_reason(raised.value) == reason


async def test_unary_call_is_given_up_after_the_default_time(edge: Edge) -> None:
    async with grpc.aio.insecure_channel(edge.address) as channel:
        stub = lead_service_pb2_grpc.LeadServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetLead(lead_service_pb2.GetLeadRequest(name=SLOW), metadata=bearer(edge))
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_deadline_of_the_caller_counts_instead(edge: Edge) -> None:
    started = time.monotonic()
    async with grpc.aio.insecure_channel(edge.address) as channel:
        stub = lead_service_pb2_grpc.LeadServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetLead(lead_service_pb2.GetLeadRequest(name=SLOW), metadata=bearer(edge), timeout=3)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert 2.5 < time.monotonic() - started < 6


async def test_streams_last_longer_than_unary_calls_may(edge: Edge) -> None:
    async def batches() -> AsyncIterator[lead_service_pb2.ImportLeadsRequest]:
        for number in range(4):
            rows = [lead_service_pb2.ImportRow(lead=lead_pb2.Lead())]
            yield lead_service_pb2.ImportLeadsRequest(idempotency_key="k", sequence_number=number, rows=rows)
            await asyncio.sleep(0.6)

    async with grpc.aio.insecure_channel(edge.address) as channel:
        await lead_service_pb2_grpc.LeadServiceStub(channel).ImportLeads(batches(), metadata=bearer(edge))


async def test_watch(edge: Edge) -> None:
    async with grpc.aio.insecure_channel(edge.address) as channel:
        stub = scoring_service_pb2_grpc.ScoringServiceStub(channel)
        watch = stub.WatchScores(scoring_service_pb2.WatchScoresRequest(), metadata=bearer(edge))
        tokens = [response.resume_token async for response in watch]
    assert tokens == [str(number) for number in range(WATCHED_MESSAGES)]


async def call_web(edge: Edge, path: str, request: Message, token: str) -> httpx.Response:
    """Calls as a browser does with binary gRPC-web."""
    body = request.SerializeToString()
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/grpc-web+proto",
        "x-grpc-web": "1",
        "origin": ORIGIN,
    }
    async with edge.client(headers=headers) as client:
        return await client.post(path, content=struct.pack(">BI", 0, len(body)) + body)


def frames(body: bytes) -> tuple[list[bytes], dict[str, str]]:
    """Splits a gRPC-web body into its messages and its trailers."""
    messages: list[bytes] = []
    trailers: dict[str, str] = {}
    while body:
        flags, length = struct.unpack(">BI", body[:5])
        frame, body = body[5 : 5 + length], body[5 + length :]
        if flags & TRAILERS:
            trailers = dict(line.split(":", 1) for line in frame.decode().splitlines())
        else:
            messages.append(frame)
    return messages, trailers


async def test_grpc_web_unary_call(edge: Edge) -> None:
    response = await call_web(edge, GET_LEAD, LEAD, edge.token())
    messages, trailers = frames(response.content)
    assert response.headers["content-type"] == "application/grpc-web+proto"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert [lead_pb2.Lead.FromString(message).display_name for message in messages] == ["Ada"]
    assert trailers["grpc-status"] == "0"


async def test_grpc_web_stream(edge: Edge) -> None:
    request = scoring_service_pb2.WatchScoresRequest()
    response = await call_web(edge, "/leadline.v1.ScoringService/WatchScores", request, edge.token())
    messages, trailers = frames(response.content)
    tokens = [scoring_service_pb2.WatchScoresResponse.FromString(message).resume_token for message in messages]
    assert tokens == [str(number) for number in range(WATCHED_MESSAGES)]
    assert trailers["grpc-status"] == "0"


async def test_grpc_web_stream_that_fails_late(edge: Edge) -> None:
    request = scoring_service_pb2.WatchScoresRequest(resume_token=FAILS_LATE)
    response = await call_web(edge, "/leadline.v1.ScoringService/WatchScores", request, edge.token())
    messages, trailers = frames(response.content)
    assert len(messages) == 1
    assert trailers["grpc-status"] == "8"
    details = base64.b64decode(trailers["grpc-status-details-bin"] + "==")
    assert status_reason(status_pb2.Status.FromString(details)) == "SLOW_CONSUMER"


async def test_grpc_web_call_that_takes_too_long(edge: Edge) -> None:
    response = await call_web(edge, GET_LEAD, lead_service_pb2.GetLeadRequest(name=SLOW), edge.token())
    assert response.status_code == 200
    assert response.headers["grpc-status"] == "4"


@pytest.mark.parametrize(
    ("path", "token", "code", "reason"),
    [
        (GET_LEAD, "nonsense", "16", "TOKEN_INVALID"),
        ("/leadline.v1.LeadService/Nothing", None, "12", "UNKNOWN_METHOD"),
    ],
)
async def test_refusals_of_the_edge_over_grpc_web(
    edge: Edge, path: str, token: str | None, code: str, reason: str
) -> None:
    response = await call_web(edge, path, LEAD, token or edge.token())
    assert response.status_code == 200
    assert response.headers["grpc-status"] == code
    details = base64.b64decode(response.headers["grpc-status-details-bin"] + "==")
    status = status_pb2.Status.FromString(details)
    assert (str(status.code), status_reason(status)) == (code, reason)
    assert response.headers["grpc-message"] == status.message
