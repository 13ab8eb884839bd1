"""Notifications in PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from asyncpg import Record

from server.encryption.tenant_keys import TenantKeys
from server.notifications.notification import Notification, NotificationText
from server.notifications.ports import NotificationTransaction
from server.runtime.database import Database
from server.runtime.unit_of_work import UnitOfWork, unit_of_work

_SELECT: Final = """
SELECT n.id, n.sequence, n.text, n.reason, n.workflow_id, n.lead_id, n.create_time, r.read_time
FROM notifications n
LEFT JOIN notification_reads r ON r.tenant_id = $1 AND r.notification_id = n.id AND r.subject = $2
WHERE n.tenant_id = $1 AND (n.recipients = '{}' OR $2 = ANY (n.recipients))
"""
_PAGE: Final = f"""
{_SELECT} AND ($4::bigint IS NULL OR n.sequence < $4) AND (NOT $5::boolean OR r.read_time IS NULL)
ORDER BY n.sequence DESC LIMIT $3
"""
_AFTER: Final = f"{_SELECT} AND n.sequence > $3 ORDER BY n.sequence LIMIT $4"
_COUNT_UNREAD: Final = f"""
SELECT count(*) FROM ({_SELECT} AND r.read_time IS NULL LIMIT $3) AS unread
"""  # noqa: S608 - a constant
_NEWEST: Final = "SELECT coalesce(max(sequence), 0) FROM notifications WHERE tenant_id = $1"
_MARK_READ: Final = """
INSERT INTO notification_reads (tenant_id, notification_id, subject, read_time)
SELECT $1, n.id, $2, $4 FROM notifications n
WHERE n.tenant_id = $1 AND (n.recipients = '{}' OR $2 = ANY (n.recipients)) AND ($3::uuid[] IS NULL OR n.id = ANY ($3))
ON CONFLICT DO NOTHING
"""


def text_context(notification_id: UUID) -> bytes:
    """Gives what the text of a notification, which may name a lead, is bound to where it is kept encrypted."""
    return f"notification {notification_id}".encode()


def text_to_bytes(text: NotificationText) -> bytes:
    """Gives a text as it is kept encrypted: JSON with the name and the parts around it."""
    return orjson.dumps({"lead_name": text.lead_name, "parts": list(text.parts)})


def text_from_bytes(kept: bytes) -> NotificationText:
    """Gives a text that was kept; of one that is no such JSON, which is older, all may be a name."""
    try:
        read = orjson.loads(kept)
        return NotificationText(read["parts"], read["lead_name"])
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return NotificationText(("", ""), kept.decode())


class PostgresNotificationTransaction:
    """The notifications of one tenant in one transaction. See the port `NotificationTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def mark_read(self, subject: str, notification_ids: Collection[UUID] | None, time: datetime) -> int:
        """Marks notifications as read by a reader, all of theirs if none is named; gives how many were unread."""
        status = await self._work.driver.execute(_MARK_READ, self._work.tenant_id, subject, notification_ids, time)
        return int(status.rpartition(" ")[2])

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        await self._work.commit()


class PostgresNotificationStore:
    """The notifications of all tenants. See the port `NotificationStore`.

    Args:
        database: The database in the role of the application.
        keys: The tenants' keys.
    """

    def __init__(self, database: Database, keys: TenantKeys) -> None:
        self._database = database
        self._keys = keys

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[NotificationTransaction]:
        """Opens a transaction that sees one tenant's notifications."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresNotificationTransaction(work)

    async def page(
        self, tenant_id: UUID, subject: str, size: int, before: int | None, *, unread_only: bool
    ) -> Sequence[Notification]:
        """Gives a reader's notifications, the newest first, from those before a sequence number on."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_PAGE, tenant_id, subject, size, before, unread_only)
        return await self._opened(tenant_id, rows)

    async def count_unread(self, tenant_id: UUID, subject: str, limit: int) -> int:
        """Counts a reader's unread notifications, up to a limit."""
        async with self._database.transaction(tenant_id) as connection:
            counted: int = await connection.fetchval(_COUNT_UNREAD, tenant_id, subject, limit)
        return counted

    async def after(self, tenant_id: UUID, subject: str, sequence: int, limit: int) -> Sequence[Notification]:
        """Gives a reader's notifications after a sequence number, the oldest first."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_AFTER, tenant_id, subject, sequence, limit)
        return await self._opened(tenant_id, rows)

    async def newest(self, tenant_id: UUID) -> int:
        """Gives the sequence number of the tenant's newest notification; 0 if there is none."""
        async with self._database.transaction(tenant_id) as connection:
            newest: int = await connection.fetchval(_NEWEST, tenant_id)
        return newest

    async def _opened(self, tenant_id: UUID, rows: Sequence[Record]) -> list[Notification]:
        opened = []
        for row in rows:
            notification_id, sequence, sealed, *rest = row.values()
            # Nothing is sealed of an empty text.
            text = await self._keys.open(tenant_id, sealed, text_context(notification_id)) if sealed else b""
            opened.append(Notification(notification_id, sequence, text_from_bytes(text), *rest))
        return opened
