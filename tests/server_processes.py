"""The server and its worker as the processes that are deployed, for tests of what they do together."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import accepts_connections, free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from tests.waiting import wait_for

START_SECONDS = 60.0


class ServerProcesses:
    """A server and any number of workers, one after another, on the test session's stores.

    Args:
        postgres: With the schema.
        valkey: The streams.
        key: Signs the tokens.
        key_service: Wraps the tenants' keys.
        logs: The folder of what they log.
    """

    def __init__(
        self, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, key: DevelopmentKey, key_service: str, logs: Path
    ) -> None:
        self._port = free_port()
        self._logs = logs
        self.address = f"127.0.0.1:{self._port}"
        self._variables = os.environ | {
            "LEADLINE_LISTEN_ADDRESS": self.address,
            "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
            "LEADLINE_RELAY_DATABASE_URL": postgres.url("leadline_relay"),
            "LEADLINE_REDIS_URL": valkey.url,
            "LEADLINE_JWKS_FILE": str(key.jwks_file),
            "LEADLINE_KEY_SERVICE": key_service,
            "LEADLINE_SIGNING_SECRET": "a secret for the tests",
            "LEADLINE_MAILBOX_FOLDER": str(logs / "mailbox"),
            "LEADLINE_WEBHOOK_ALLOW_LOOPBACK": "true",
            "LEADLINE_SHUTDOWN_DELAY_SECONDS": "0",
        }

    @contextmanager
    def server(self) -> Iterator[None]:
        """Runs the server for the time of the block, which begins when it listens."""
        with self._running("server.main"):
            wait_for(lambda: accepts_connections(self._port), seconds=START_SECONDS)
            yield

    @contextmanager
    def worker(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Runs a worker for the time of the block, which begins when it works; the block may kill it."""
        log = self._logs / "server.worker.log"
        log.unlink(missing_ok=True)
        with self._running("server.worker") as process:
            wait_for(lambda: b"relay runs" in log.read_bytes(), seconds=START_SECONDS)
            yield process

    @contextmanager
    def _running(self, module: str) -> Iterator["subprocess.Popen[bytes]"]:
        with (
            (self._logs / f"{module}.log").open("wb") as log,
            subprocess.Popen([sys.executable, "-m", module], env=self._variables, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
                process.wait(20.0)
