"""Runs the WebSocket bridge: `python -m gateway.websocket`."""

import uvicorn

from gateway.contract import LARGEST_MESSAGE_BYTES
from gateway.websocket.application import websocket_application
from gateway.websocket.settings import BridgeSettings
from gateway.websocket.transport_security import server_options

_DRAIN_SECONDS = 10


def main() -> None:
    """Serves until SIGTERM; then open WebSockets are closed with 1012, and clients connect anew."""
    settings = BridgeSettings()
    host, _, port = settings.listen_address.rpartition(":")
    uvicorn.run(
        websocket_application(settings),
        host=host.removeprefix("[").removesuffix("]"),
        port=int(port),
        ws_max_size=LARGEST_MESSAGE_BYTES,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        access_log=False,  # the edge logs each request
        log_level="warning",
        server_header=False,
        **server_options(settings),
    )


if __name__ == "__main__":
    main()
