"""A real HTTP server that receives webhooks and verifies them with the official library."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from standardwebhooks import Webhook


@dataclass
class WebhookReceiver:
    """What came in, and how it is answered.

    Attributes:
        base_url: Where it listens, `http://127.0.0.1:<port>`.
        secret: Verifies what comes in; empty before it is known.
        statuses: The statuses of the next answers, in their order; then 200.
        slow_seconds: How long an answer to `/slow` takes.
        requests: The `webhook-id` of each request, verified or not, in their order.
        accepted: The verified body of each message, by its `webhook-id`.
        paths: How many requests each path got.
        signatures: The signature header of each request.
    """

    base_url: str
    secret: str = ""
    statuses: list[int] = field(default_factory=list)
    slow_seconds: float = 2.0
    requests: list[str] = field(default_factory=list)
    accepted: dict[str, Any] = field(default_factory=dict)
    paths: Counter[str] = field(default_factory=Counter)
    signatures: list[str] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Takes a request, and gives status, headers and body of its answer."""
        self.paths[path] += 1
        self.requests.append(headers.get("webhook-id", ""))
        self.signatures.append(headers.get("webhook-signature", ""))
        if path == "/redirect":
            return 302, {"location": f"{self.base_url}/elsewhere"}, b""
        if path == "/slow":
            time.sleep(self.slow_seconds)
        status = 500 if path == "/fail" else 410 if path == "/gone" else self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.accepted[headers["webhook-id"]] = Webhook(self.secret).verify(body, headers)
        return status, {}, b"x" * 10_000_000 if path == "/big" else b"ok"


@contextmanager
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """Listens on a free port of this machine for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers, answer = receiver.answer(self.path, dict(self.headers.items()), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - a redirect that is followed would come as this

        def log_message(self, *arguments: object) -> None:
            """Stays silent."""

        def log_error(self, *arguments: object) -> None:
            """Stays silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Stays silent about clients that hang up on a long answer."""

    server = Server(("127.0.0.1", 0), Handler)
    port = cast("tuple[str, int]", server.server_address)[1]
    receiver = WebhookReceiver(f"http://127.0.0.1:{port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
