"""The WebSocket bridge over calls that tests steer."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import grpc.aio
import httpx
import pytest
from leadline.v1 import lead_service_pb2, scoring_service_pb2
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from gateway.websocket.application import websocket_application
from gateway.websocket.conversation import call_metadata, converse
from gateway.websocket.methods import BridgedMethod, ByteCall, InvalidFrame, bridged_methods
from gateway.websocket.settings import BridgeSettings

CHANNEL = cast("grpc.aio.Channel", None)
RESPONSE = scoring_service_pb2.WatchScoresResponse(resume_token="7")  # noqa: S106 - a place in a stream


@dataclass
class FakeCall:
    """A call that is answered once its client has sent all it wants."""

    error: grpc.aio.AioRpcError | None = None
    answers: bool = True
    is_over: bool = False
    written: list[bytes] = field(default_factory=list)
    cancelled: bool = False
    _half_closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, message: bytes) -> None:
        if self.is_over:
            self._half_closed.set()
            raise asyncio.InvalidStateError
        self.written.append(message)

    async def done_writing(self) -> None:
        if self.answers:
            self._half_closed.set()

    def cancel(self) -> bool:
        self.cancelled = True
        return True

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Gives the responses."""
        return self._responses()

    async def _responses(self) -> AsyncIterator[bytes]:
        await self._half_closed.wait()
        yield RESPONSE.SerializeToString()
        if self.error is not None:
            raise self.error


class Client:
    """A WebSocket client on the other side of the ASGI interface."""

    def __init__(self, path: str, subprotocols: list[str], state: dict[str, Any] | None = None) -> None:
        self.received: list[str | bytes] = []
        self.subprotocol: str | None = None
        self.close_code: int | None = None
        self.is_closed = False
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._scope = {
            "type": "websocket",
            "path": path,
            "headers": [],
            "subprotocols": subprotocols,
            "state": state or {},
        }

    async def talk_to(self, application: Starlette, *frames: str | bytes, leave: bool = False) -> None:
        self._sent.put_nowait({"type": "websocket.connect"})
        for frame in frames:
            kind = "text" if isinstance(frame, str) else "bytes"
            self._sent.put_nowait({"type": "websocket.receive", kind: frame})
        if leave:
            self._sent.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(5):
            await application(self._scope, self._sent.get, self._take)

    async def _take(self, message: MutableMapping[str, Any]) -> None:
        if self.is_closed and message["type"] == "websocket.send":
            raise RuntimeError("Unexpected ASGI message")
        if message["type"] == "websocket.accept":
            self.subprotocol = message["subprotocol"]
        elif message["type"] == "websocket.close":
            self.close_code = message["code"]
        else:
            self.received.append(message["text"] if message.get("text") is not None else message["bytes"])


@dataclass(frozen=True, slots=True)
class FakeMethod(BridgedMethod):
    """An rpc whose call is given."""

    call: FakeCall = field(default_factory=FakeCall)
    metadata: list[Any] = field(default_factory=list)

    def start(self, metadata: Any) -> ByteCall:
        self.metadata.extend(metadata)
        return cast("ByteCall", self.call)


def fake_method(make_call: Callable[[], FakeCall] = FakeCall, *, client_streaming: bool = False) -> FakeMethod:
    """Makes an rpc that watches scores."""
    return FakeMethod(
        path="/leadline.v1.ScoringService/WatchScores",
        client_streaming=client_streaming,
        request_class=scoring_service_pb2.WatchScoresRequest,
        response_class=scoring_service_pb2.WatchScoresResponse,
        channel=CHANNEL,
        call=make_call(),
    )


async def bridged(method: BridgedMethod, *frames: str | bytes, leave: bool = False, is_closed: bool = False) -> Client:
    """Lets a client send frames to an rpc, and waits until the bridge is done with it."""

    async def endpoint(websocket: WebSocket) -> None:
        await converse(websocket, method)

    client = Client("/ws", ["leadline.v1", "bearer.abc"])
    client.is_closed = is_closed
    await client.talk_to(Starlette(routes=[WebSocketRoute("/ws", endpoint)]), *frames, leave=leave)
    return client


async def test_text_is_answered_with_text() -> None:
    method = fake_method()
    client = await bridged(method, '{"names": ["leads/1"]}')
    assert client.subprotocol == "leadline.v1"
    assert [json.loads(frame)["resumeToken"] for frame in client.received] == ["7"]
    assert client.close_code == 1000
    request = scoring_service_pb2.WatchScoresRequest.FromString(method.call.written[0])
    assert list(request.names) == ["leads/1"]
    assert method.metadata == [("x-leadline-door", "websocket"), ("authorization", "Bearer abc")]
    assert method.call.cancelled


async def test_bytes_are_answered_with_bytes() -> None:
    method = fake_method()
    client = await bridged(method, b"\x12\x01x")
    assert client.received == [RESPONSE.SerializeToString()]
    assert method.call.written == [b"\x12\x01x"]
    assert client.close_code == 1000


async def test_stream_of_requests_ends_with_an_empty_frame() -> None:
    method = fake_method(client_streaming=True)
    client = await bridged(method, "{}", "{}", "")
    assert client.close_code == 1000
    assert len(method.call.written) == 2


async def test_error_is_the_last_frame() -> None:
    metadata = grpc.aio.Metadata()
    error = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, metadata, metadata, details="gone")
    client = await bridged(fake_method(lambda: FakeCall(error=error)), "{}")
    assert json.loads(client.received[-1]) == {"code": 14, "message": "gone", "details": []}
    assert client.close_code == 4014


@pytest.mark.parametrize(
    ("frames", "said"),
    [(["[1]"], ""), (['{"nope": 1}'], "nope"), (["{}", "{}"], "No more requests")],
    ids=["another kind", "unknown field", "one too many"],
)
async def test_frame_that_is_no_request(frames: list[str], said: str) -> None:
    client = await bridged(fake_method(lambda: FakeCall(answers=False)), *frames)
    status = json.loads(client.received[-1])
    assert status["code"] == 3
    assert said in status["message"]
    assert status["details"][1]["fieldViolations"][0]["description"] == status["message"]
    assert client.close_code == 4003


async def test_client_that_leaves_cancels_the_call() -> None:
    method = fake_method(lambda: FakeCall(answers=False))
    client = await bridged(method, "{}", leave=True)
    assert method.call.cancelled
    assert client.close_code is None


async def test_client_that_the_http_server_gave_up_cancels_the_call() -> None:
    method = fake_method()
    client = await bridged(method, "{}", is_closed=True)
    assert method.call.cancelled
    assert (client.received, client.close_code) == ([], None)


async def test_requests_after_the_end_are_not_an_error_of_the_bridge() -> None:
    client = await bridged(fake_method(lambda: FakeCall(is_over=True), client_streaming=True), "{}")
    assert client.close_code == 1000


def websocket(headers: dict[str, str], subprotocols: list[str]) -> WebSocket:
    """Makes a WebSocket that has only a handshake."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "headers": raw, "subprotocols": subprotocols}
    return WebSocket(scope, receive=cast("Any", None), send=cast("Any", None))


def test_only_the_token_the_trace_and_where_it_comes_from_go_to_the_backend() -> None:
    headers = {"x-tenant-id": "t", "cookie": "c", "x-request-id": "r", "traceparent": "p", "authorization": "Bearer a"}
    headers |= {"x-leadline-door": "rest", "x-forwarded-for": "203.0.113.9"}
    door = ("x-leadline-door", "websocket")
    assert call_metadata(websocket(headers, ["bearer.b"])) == (
        ("x-request-id", "r"),
        ("x-forwarded-for", "203.0.113.9"),
        ("traceparent", "p"),
        door,
        ("authorization", "Bearer a"),
    )
    assert call_metadata(websocket({}, ["leadline.v1", "bearer.b"])) == (door, ("authorization", "Bearer b"))
    assert call_metadata(websocket({}, [])) == (door,)


def test_messages_in_both_forms() -> None:
    methods = bridged_methods(server=CHANNEL, scorer=CHANNEL)
    method = methods["leadline.v1.LeadService", "GetLead"]
    assert not method.client_streaming
    assert (
        method.request_bytes('{"name": "leads/1"}')
        == lead_service_pb2.GetLeadRequest(name="leads/1").SerializeToString()
    )
    assert json.loads(method.response_text(b""))["company"] == ""
    with pytest.raises(InvalidFrame):
        method.request_bytes("{")


async def test_application_knows_the_contract_and_its_own_health() -> None:
    application = websocket_application(BridgeSettings())
    async with application.router.lifespan_context(application) as state:
        client = Client("/ws/leadline.v1.LeadService/Nothing", [], dict(state or {}))
        await client.talk_to(application)
    assert client.subprotocol is None
    assert json.loads(client.received[0])["details"][0]["reason"] == "UNKNOWN_METHOD"
    assert client.close_code == 4012
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as http:
        assert (await http.get("/healthz")).json() == {"status": "SERVING"}
