"""The bridge as an ASGI application."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.contract import LARGEST_MESSAGE_BYTES
from gateway.websocket.conversation import converse, refuse_unknown_method
from gateway.websocket.methods import BridgedMethod, bridged_methods
from gateway.websocket.settings import BridgeSettings
from gateway.websocket.transport_security import backend_channel

_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", LARGEST_MESSAGE_BYTES),
    ("grpc.lb_policy_name", "round_robin"),
)


class _State(TypedDict):
    methods: Mapping[tuple[str, str], BridgedMethod]


def websocket_application(settings: BridgeSettings) -> Starlette:
    """Builds the bridge.

    Args:
        settings: Where the backends are.

    Returns:
        An application that serves `/ws/{service}/{method}` and `/healthz`.
    """

    @asynccontextmanager
    async def connected(_application: Starlette) -> AsyncIterator[_State]:
        async with (
            backend_channel(settings.server_target, settings, _CHANNEL_OPTIONS) as server,
            backend_channel(settings.scorer_target, settings, _CHANNEL_OPTIONS) as scorer,
        ):
            yield {"methods": bridged_methods(server, scorer)}

    return Starlette(
        routes=[Route("/healthz", _health), WebSocketRoute("/ws/{service}/{method}", _bridge)], lifespan=connected
    )


async def _health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "SERVING"})


async def _bridge(websocket: WebSocket) -> None:
    methods: Mapping[tuple[str, str], BridgedMethod] = websocket.state.methods
    method = methods.get((websocket.path_params["service"], websocket.path_params["method"]))
    if method is None:
        await refuse_unknown_method(websocket)
    else:
        await converse(websocket, method)
