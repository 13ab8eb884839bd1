"""Writes those audit records that no transaction of a change carries: reads, refusals, failures, log-ins.

They are gathered and written a moment later, many at a time, so that a read waits for nothing. While PostgreSQL is away
they wait in memory; once too many wait, whoever would read personal data is refused, since nobody may read unrecorded.
An orderly stop writes all that wait.
"""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable

GATHERING_SECONDS: Final = 0.1
RETRY_PAUSE_SECONDS: Final = 0.5
LARGEST_BATCH: Final = 1_000
LARGEST_BACKLOG: Final = 20_000
"""With more records than these waiting, no more are taken."""
CLOSING_SECONDS: Final = 5.0

_INSERT: Final = "INSERT INTO unsealed_audit_records (tenant_id, content) SELECT $1, unnest($2::text[])"

_log = structlog.get_logger()


class AuditTrail:
    """Gathers records and writes them.

    Args:
        database: The database in the role of the application.
        largest_backlog: How many records may wait, 1 or more.
    """

    def __init__(self, database: Database, *, largest_backlog: int = LARGEST_BACKLOG) -> None:
        self._database = database
        self._largest_backlog = largest_backlog
        self._waiting: dict[UUID, list[str]] = {}
        self._count = 0
        self._writing: asyncio.Task[None] | None = None
        self._is_closing = False

    def add(self, tenant_id: UUID, content: bytes) -> None:
        """Takes a record, to be written soon.

        Args:
            tenant_id: In whose log it belongs.
            content: The record, from `AuditedCall.content`.

        Raises:
            DependencyUnavailable: Too many records wait already, since PostgreSQL can't be reached.
        """
        if self._count >= self._largest_backlog:
            raise DependencyUnavailable("postgresql")
        self._waiting.setdefault(tenant_id, []).append(content.decode())
        self._count += 1
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Writes all that wait. What can't be written within 5 seconds is lost, and counted in the log."""
        self._is_closing = True
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                while self._count:
                    await asyncio.wait([self._writing or asyncio.create_task(self._write_soon())])
        except TimeoutError:
            _log.error("audit records are lost: PostgreSQL can't be reached", count=self._count)
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write_soon(self) -> None:
        try:
            if not self._is_closing:
                await asyncio.sleep(GATHERING_SECONDS)
            while self._count:
                try:
                    for tenant_id in list(self._waiting):
                        await self._write(tenant_id)
                except DependencyUnavailable as error:
                    _log.warning("audit records wait", count=self._count, cause=repr(error.__cause__))
                    await asyncio.sleep(RETRY_PAUSE_SECONDS)
        finally:
            self._writing = None

    async def _write(self, tenant_id: UUID) -> None:
        contents = self._waiting[tenant_id][:LARGEST_BATCH]
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(_INSERT, tenant_id, contents)
        del self._waiting[tenant_id][: len(contents)]
        self._count -= len(contents)
        if not self._waiting[tenant_id]:
            del self._waiting[tenant_id]
