"""WebSockets through the edge: the bridge in front of the same backends."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from leadline.v1 import lead_pb2, lead_service_pb2, scoring_service_pb2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.eventually import eventually
from tests.integration.gateway.backend import (
    ENDLESS,
    ENDLESS_MESSAGE_BYTES,
    FAILS_LATE,
    MISSING,
    WATCHED_MESSAGES,
    told_endlessly,
)
from tests.integration.gateway.conftest import Edge
from tests.integration.gateway.test_rest import ID

pytestmark = pytest.mark.asyncio(loop_scope="session")

WATCH = "ScoringService/WatchScores"
# The reader, the edge, the bridge and the backend are three connections, each with a buffer of the system's own at both
# ends, which it makes as large as its limits let it; beside them lies what the processes keep.
CONNECTIONS = 3
MOST_KEPT_BY_PROCESSES_BYTES = 16 * 1024 * 1024


def open_socket(edge: Edge, rpc: str, token: str | None = None) -> connect:
    """Opens a WebSocket as a page does: with the token among the subprotocols."""
    subprotocols: list[Any] = ["leadline.v1", f"bearer.{token or edge.token()}"]
    return connect(f"ws://{edge.address}/ws/leadline.v1.{rpc}", subprotocols=subprotocols, max_size=None)


def most_buffered_bytes() -> int:
    """Gives how much may lie between the backend and a reader that takes nothing."""
    limits = [Path("/proc/sys/net/ipv4", name).read_text(encoding="ascii").split() for name in ("tcp_rmem", "tcp_wmem")]
    return CONNECTIONS * sum(int(largest) for _, _, largest in limits) + MOST_KEPT_BY_PROCESSES_BYTES


async def frames_until_closed(socket: ClientConnection, *sent: str | bytes) -> tuple[list[Any], int | None]:
    """Sends frames, then gives every frame that comes, and the close code."""
    frames: list[Any] = []
    with contextlib.suppress(ConnectionClosed):
        for frame in sent:
            await socket.send(frame)
    try:
        while True:
            frames.append(await socket.recv())
    except ConnectionClosed as closed:
        return frames, closed.rcvd.code if closed.rcvd else None


def reason(frame: str) -> str:
    """Gives the reason in a status frame as the contract's catalogue names it."""
    return str(json.loads(frame)["details"][0]["reason"])


async def test_watch_as_json(edge: Edge) -> None:
    async with open_socket(edge, WATCH) as socket:
        assert socket.subprotocol == "leadline.v1"
        frames, code = await frames_until_closed(socket, "{}")
    assert [json.loads(frame)["resumeToken"] for frame in frames] == [str(n) for n in range(WATCHED_MESSAGES)]
    assert json.loads(frames[0])["scoreChange"]["score"]["probability"] == 0.5
    assert code == 1000


async def test_watch_as_bytes(edge: Edge) -> None:
    async with open_socket(edge, WATCH) as socket:
        frames, code = await frames_until_closed(socket, scoring_service_pb2.WatchScoresRequest().SerializeToString())
    tokens = [scoring_service_pb2.WatchScoresResponse.FromString(frame).resume_token for frame in frames]
    assert tokens == [str(n) for n in range(WATCHED_MESSAGES)]
    assert code == 1000


async def test_unary_call_and_stream_of_requests(edge: Edge) -> None:
    async with open_socket(edge, "LeadService/GetLead") as socket:
        frames, code = await frames_until_closed(
            socket, lead_service_pb2.GetLeadRequest(name=f"leads/{ID}").SerializeToString()
        )
    assert lead_pb2.Lead.FromString(frames[0]).display_name == "Ada"
    assert code == 1000
    async with open_socket(edge, "LeadService/ImportLeads") as socket:
        for number in range(3):
            batch = {"idempotencyKey": "k", "sequenceNumber": str(number), "rows": [{"lead": {}}]}
            await socket.send(json.dumps(batch))
        frames, code = await frames_until_closed(socket, "")
    assert json.loads(frames[0])["createdCount"] == "0"
    assert code == 1000


@pytest.mark.parametrize(
    ("rpc", "sent", "code", "expected"),
    [
        ("LeadService/GetLead", json.dumps({"name": MISSING}), 5, "LEAD_NOT_FOUND"),
        (WATCH, json.dumps({"names": ["nonsense"]}), 3, "INVALID_REQUEST"),
        (WATCH, json.dumps({"nope": 1}), 3, "INVALID_REQUEST"),
        (WATCH, "{,", 3, "INVALID_REQUEST"),
        (WATCH, json.dumps({"resumeToken": FAILS_LATE}), 8, "SLOW_CONSUMER"),
        ("LeadService/Nothing", "{}", 12, "UNKNOWN_METHOD"),
    ],
)
async def test_failure_is_the_last_frame_and_the_close_code(
    edge: Edge, rpc: str, sent: str, code: int, expected: str
) -> None:
    async with open_socket(edge, rpc) as socket:
        frames, closed_with = await frames_until_closed(socket, sent)
    assert json.loads(frames[-1])["code"] == code
    assert reason(frames[-1]) == expected
    assert closed_with == 4000 + code


async def test_bytes_that_are_no_message(edge: Edge) -> None:
    async with open_socket(edge, "LeadService/GetLead") as socket:
        frames, closed_with = await frames_until_closed(socket, b"\xff\xff")
    assert closed_with == 4000 + json.loads(frames[-1])["code"]


async def test_second_request_of_a_unary_call_is_refused(edge: Edge) -> None:
    async with open_socket(edge, WATCH) as socket:
        frames, closed_with = await frames_until_closed(socket, "{}", "{}")
    assert reason(frames[-1]) == "INVALID_REQUEST"
    assert closed_with == 4003


@pytest.mark.parametrize("lifetime", [-60, None], ids=["expired", "nonsense"])
async def test_handshake_without_a_good_token_is_refused(edge: Edge, lifetime: int | None) -> None:
    token = "nonsense" if lifetime is None else edge.token(lifetime=lifetime)
    with pytest.raises(InvalidStatus) as raised:
        async with open_socket(edge, WATCH, token):
            pass
    assert raised.value.response.status_code == 401
    body = json.loads(bytes(raised.value.response.body or b""))
    assert body["details"][0]["reason"] == ("TOKEN_INVALID" if lifetime is None else "TOKEN_EXPIRED")


async def test_token_in_a_header_is_good_too(edge: Edge) -> None:
    url = f"ws://{edge.address}/ws/leadline.v1.{WATCH}"
    async with connect(url, additional_headers={"authorization": f"Bearer {edge.token()}"}) as socket:
        frames, _ = await frames_until_closed(socket, "{}")
    assert len(frames) == WATCHED_MESSAGES


async def test_who_never_reads_is_not_buffered_for_without_end_and_holds_up_nobody(edge: Edge) -> None:
    async with open_socket(edge, WATCH) as deaf:
        await deaf.send(json.dumps({"resumeToken": ENDLESS}))
        taken = -1
        # Once the buffers are full, nothing more is taken from the backend.
        while not told_endlessly or told_endlessly[-1] > taken:
            taken = told_endlessly[-1] if told_endlessly else -1
            await asyncio.sleep(1.0)
        assert 0 < taken * ENDLESS_MESSAGE_BYTES < most_buffered_bytes()

        async with open_socket(edge, WATCH) as reading:
            frames, code = await frames_until_closed(reading, "{}")
        assert (len(frames), code) == (WATCHED_MESSAGES, 1000)
        deaf.transport.abort()

    async def has_ended() -> bool:
        return told_endlessly[-1] < 0

    await eventually(has_ended)
