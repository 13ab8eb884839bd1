"""Listens to which tenants have something new, on a connection of its own."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog

from server.runtime.listening import LOST, RETRY_SECONDS, listen

NOTIFICATIONS: Final = "leadline_notifications"
"""Where PostgreSQL tells, as a transaction with a notification commits, whose it is."""

TENANT_KEYS: Final = "leadline_tenant_keys"
"""Where it tells whose key has a new version."""

PROOF_SECONDS: Final = 2.0

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
                await listen(
                    self._url,
                    self._channel,
                    lambda payload: on_signal(UUID(payload)),
                    on_gap,
                    proof_seconds=PROOF_SECONDS,
                )
            except LOST as error:
                if not was_lost:
                    _log.warning("signals are missed", channel=self._channel, cause=repr(error))
                was_lost = True
            await asyncio.sleep(RETRY_SECONDS)
