"""What the use cases of notifications need of a store."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.notifications.notification import Notification


class NotificationTransaction(Protocol):
    """The notifications of one tenant in one transaction."""

    async def mark_read(self, subject: str, notification_ids: Collection[UUID] | None, time: datetime) -> int:
        """Marks notifications as read by a reader, all of theirs if none is named; gives how many were unread."""
        ...

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        ...


class NotificationStore(Protocol):
    """The notifications of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[NotificationTransaction]:
        """Opens a transaction that sees one tenant's notifications."""
        ...

    async def page(
        self, tenant_id: UUID, subject: str, size: int, before: int | None, *, unread_only: bool
    ) -> Sequence[Notification]:
        """Gives a reader's notifications, the newest first, from those before a sequence number on."""
        ...

    async def count_unread(self, tenant_id: UUID, subject: str, limit: int) -> int:
        """Counts a reader's unread notifications, up to a limit."""
        ...

    async def after(self, tenant_id: UUID, subject: str, sequence: int, limit: int) -> Sequence[Notification]:
        """Gives a reader's notifications after a sequence number, the oldest first."""
        ...

    async def newest(self, tenant_id: UUID) -> int:
        """Gives the sequence number of the tenant's newest notification; 0 if there is none."""
        ...
