"""Listens to which tenants have something new, on a connection of its own."""

import asyncio
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

NOTIFICATIONS: Final = "leadline_notifications"
"""Where PostgreSQL tells, as a transaction with a notification commits, whose it is."""

TENANT_KEYS: Final = "leadline_tenant_keys"
"""Where it tells whose key has a new version."""

CONNECT_SECONDS: Final = 2.0
PROOF_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.5

_log = structlog.get_logger()


class TenantSignals:
    """Tells which tenants have something new, such as a notification. See the port `Signals`.

    Args:
        url: The database, in any role.
        channel: Where PostgreSQL tells it.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel

    async def run(self, on_signal: Callable[[UUID], None], on_gap: Callable[[], None]) -> None:
        """Listens until it is cancelled, and finds PostgreSQL again after an outage."""
        was_lost = False
        while True:
            try:
                await self._listen(on_signal, on_gap)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if not was_lost:
                    _log.warning("signals are missed", channel=self._channel, cause=repr(error))
                was_lost = True
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, on_signal: Callable[[UUID], None], on_gap: Callable[[], None]) -> None:
        def told(_connection: Any, _process: int, _channel: str, payload: object) -> None:
            on_signal(UUID(str(payload)))

        connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS)
        try:
            await connection.add_listener(self._channel, told)
            # What was committed before is told by nobody.
            on_gap()
            while True:
                await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
                await asyncio.sleep(PROOF_SECONDS)
        finally:
            connection.terminate()
