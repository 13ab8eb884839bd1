"""Tells a reader of new notifications as they are made.

A watch keeps nothing but its place: it reads what comes after it from the store whenever the tenant has something new,
so a slow reader costs no memory, and a place from before an outage is as good as any.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from server.notifications.notification import Notification
from server.notifications.ports import NotificationStore

HEARTBEAT_SECONDS: Final = 15.0
NOTIFICATIONS_A_READ: Final = 100


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """What a watch tells.

    Attributes:
        position: Where to go on after it.
        notification: A new notification; None for a sign of life.
    """

    position: int
    notification: Notification | None


class Signals(Protocol):
    """Tells which tenants have something new."""

    async def run(self, on_signal: Callable[[UUID], None], on_gap: Callable[[], None]) -> None:
        """Tells until it is cancelled.

        Args:
            on_signal: Called with the tenant that has a new notification.
            on_gap: Called when that may have been missed: at the start, and after an outage.
        """


class WatchNotifications:
    """The watches of this process. As long as there are any, it listens for signals.

    Args:
        store: Where notifications are kept.
        signals: Tells which tenants have something new.
        heartbeat_seconds: After how long without a notification a sign of life is given, above 0.
    """

    def __init__(
        self, store: NotificationStore, signals: Signals, *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._store = store
        self._signals = signals
        self._heartbeat_seconds = heartbeat_seconds
        self._watchers: dict[UUID, set[asyncio.Event]] = {}
        self._listening: asyncio.Task[None] | None = None

    async def watch(self, tenant_id: UUID, subject: str, after: int | None) -> AsyncGenerator[WatchEvent, None]:
        """Tells of each new notification, without end; at once, and when nothing happens, gives a sign of life.

        Args:
            tenant_id: The reader's tenant.
            subject: The reader.
            after: Where to go on; None for now.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        woken = asyncio.Event()
        self._attach(tenant_id, woken)
        try:
            position = await self._store.newest(tenant_id) if after is None else after
            yield WatchEvent(position, None)
            while True:
                woken.clear()
                told = False
                while found := await self._store.after(tenant_id, subject, position, NOTIFICATIONS_A_READ):
                    for notification in found:
                        position, told = notification.sequence, True
                        yield WatchEvent(position, notification)
                if told:
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._heartbeat_seconds):
                        await woken.wait()
                    continue
                yield WatchEvent(position, None)
        finally:
            self._detach(tenant_id, woken)

    def _attach(self, tenant_id: UUID, watcher: asyncio.Event) -> None:
        self._watchers.setdefault(tenant_id, set()).add(watcher)
        if self._listening is None:
            self._listening = asyncio.create_task(self._signals.run(self._wake, self._wake_all))

    def _detach(self, tenant_id: UUID, watcher: asyncio.Event) -> None:
        self._watchers[tenant_id].discard(watcher)
        if not self._watchers[tenant_id]:
            del self._watchers[tenant_id]
        if not self._watchers and self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def _wake(self, tenant_id: UUID) -> None:
        for watcher in self._watchers.get(tenant_id, ()):
            watcher.set()

    def _wake_all(self) -> None:
        for tenant_id in self._watchers:
            self._wake(tenant_id)
