"""One WebSocket, from the handshake to the closing frame."""

import asyncio
from typing import cast

import grpc
import grpc.aio
from google.protobuf import any_pb2, json_format
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from leadline.v1.error_reason_pb2 import ErrorReason
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.websocket.methods import BridgedMethod, ByteCall, InvalidFrame, Metadata

SUBPROTOCOL = "leadline.v1"
TOKEN_SUBPROTOCOL_PREFIX = "bearer."  # noqa: S105 - a prefix, no token
NORMAL_CLOSURE = 1000
_GOING_AWAY = 1001
STATUS_CLOSURE = 4000
"""What is added to a gRPC status code to make a WebSocket close code."""

_FORWARDED_HEADERS = ("x-request-id", "x-forwarded-for", "traceparent", "tracestate", "origin", "x-forwarded-host")
# Tells the audit log through which door the call came. The edge takes it off what clients send.
_DOOR = ("x-leadline-door", "websocket")
_OK = status_pb2.Status(code=code_pb2.OK)


async def refuse_unknown_method(websocket: WebSocket) -> None:
    """Answers a path that names no rpc, in the way in which a failed rpc is answered.

    Args:
        websocket: The WebSocket, not accepted yet.
    """
    await _accept(websocket)
    await _finish(websocket, _status(code_pb2.UNIMPLEMENTED, ErrorReason.ERROR_REASON_UNKNOWN_METHOD, "No such rpc."))


async def converse(websocket: WebSocket, method: BridgedMethod) -> None:
    """Carries one rpc over a WebSocket.

    Each frame from the client is a request and each frame to it a response: text frames are ProtoJSON, binary frames
    serialized messages, and answers come in the form of the latest request. An empty text frame says that no more
    requests follow. If the rpc fails, the last frame is its `google.rpc.Status`, and the close code is 4000 plus the
    status code; else the WebSocket is closed with 1000.

    Args:
        websocket: The WebSocket, not accepted yet.
        method: The rpc that its path names.
    """
    await _accept(websocket)
    await _Conversation(websocket, method).run()


def call_metadata(websocket: WebSocket) -> Metadata:
    """Collects what the backend gets to know of the caller.

    Only the token says who it is. It comes as `authorization` header or, since web pages can't set headers, as the
    subprotocol `bearer.<token>`.

    Args:
        websocket: The WebSocket.

    Returns:
        The metadata of the rpc.
    """
    metadata = [(name, websocket.headers[name]) for name in _FORWARDED_HEADERS if name in websocket.headers]
    metadata.append(_DOOR)
    if "authorization" in websocket.headers:
        metadata.append(("authorization", websocket.headers["authorization"]))
        return tuple(metadata)
    tokens = [name for name in websocket.scope["subprotocols"] if name.startswith(TOKEN_SUBPROTOCOL_PREFIX)]
    metadata.extend(("authorization", f"Bearer {token.removeprefix(TOKEN_SUBPROTOCOL_PREFIX)}") for token in tokens[:1])
    return tuple(metadata)


class _Conversation:
    """The two directions of a WebSocket that is open.

    Args:
        websocket: The accepted WebSocket.
        method: The rpc.
    """

    def __init__(self, websocket: WebSocket, method: BridgedMethod) -> None:
        self._websocket = websocket
        self._method = method
        self._is_binary = False

    async def run(self) -> None:
        call = self._method.start(call_metadata(self._websocket))
        outward = asyncio.create_task(self._send_responses(call))
        inward = asyncio.create_task(self._forward_requests(call))
        try:
            done, _ = await asyncio.wait({outward, inward}, return_when=asyncio.FIRST_COMPLETED)
            status = (outward if outward in done else inward).result()
        finally:
            outward.cancel()
            inward.cancel()
            call.cancel()
        if status is not None:
            await _finish(self._websocket, status)

    async def _send_responses(self, call: ByteCall) -> status_pb2.Status | None:
        """Sends each response; gives how the rpc ended, or None if the client is gone."""
        try:
            async for response in call:
                await self._send(response)
        except grpc.aio.AioRpcError as error:
            return _status_of(error)
        except WebSocketDisconnect:
            return None
        return _OK

    async def _send(self, response: bytes) -> None:
        """Sends a response; waits as long as the client takes none, so that nothing is buffered without bound.

        Raises:
            WebSocketDisconnect: The client is gone.
        """
        if self._is_binary:
            sending = self._websocket.send_bytes(response)
        else:
            sending = self._websocket.send_text(self._method.response_text(response))
        try:
            await sending
        except RuntimeError as error:
            # The HTTP server has closed the WebSocket by itself, as it does where no ping is answered.
            raise WebSocketDisconnect(_GOING_AWAY) from error

    async def _forward_requests(self, call: ByteCall) -> status_pb2.Status | None:
        """Forwards each frame until the client is gone (None), or sends one that is no request (why)."""
        expects_more = True
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            if not expects_more:
                return _invalid("No more requests are expected.")
            try:
                expects_more = await self._forward(call, message.get("text"), message.get("bytes"))
            except InvalidFrame as error:
                return _invalid(str(error))
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                # The rpc is over already; the other direction tells how it ended.
                continue

    async def _forward(self, call: ByteCall, text: str | None, serialized: bytes | None) -> bool:
        """Forwards one frame; tells whether another may follow."""
        self._is_binary = text is None
        if text is None:
            await call.write(serialized or b"")
        elif text:
            await call.write(self._method.request_bytes(text))
        if text == "" or not self._method.client_streaming:
            await call.done_writing()
            return False
        return True


async def _accept(websocket: WebSocket) -> None:
    await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in websocket.scope["subprotocols"] else None)


async def _finish(websocket: WebSocket, status: status_pb2.Status) -> None:
    try:
        if status.code == code_pb2.OK:
            await websocket.close(NORMAL_CLOSURE)
            return
        await websocket.send_json(json_format.MessageToDict(status, always_print_fields_with_no_presence=True))
        await websocket.close(STATUS_CLOSURE + status.code)
    except WebSocketDisconnect:
        return


def _status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    status = rpc_status.from_call(cast("grpc.Call", error))  # it has what a Call has
    return status or status_pb2.Status(code=error.code().value[0], message=error.details() or "")


def _invalid(message: str) -> status_pb2.Status:
    status = _status(code_pb2.INVALID_ARGUMENT, ErrorReason.ERROR_REASON_INVALID_REQUEST, message)
    violation = error_details_pb2.BadRequest.FieldViolation(description=message)
    status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status


def _status(code: int, reason: "ErrorReason.ValueType", message: str) -> status_pb2.Status:
    info = any_pb2.Any()
    info.Pack(
        error_details_pb2.ErrorInfo(
            reason=ErrorReason.Name(reason).removeprefix("ERROR_REASON_"), domain="leadline.dev"
        )
    )
    return status_pb2.Status(code=code, message=message, details=[info])
