"""Dead letters in PostgreSQL."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg

from server.integrations.dead_letter import DeadLetter, DeadLetterKind, RejectedEvent
from server.integrations.dead_letters import DeadLetterTransaction
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.unit_of_work import unit_of_work
from server.store.events import PostgresEventTransaction

# What comes again unchanged is known by its digest and kept once.
_KEEP: Final = """
INSERT INTO dead_letters AS kept (tenant_id, id, kind, digest, content, status)
SELECT $1, * FROM (
    SELECT DISTINCT ON (digest) id, 1, digest, content, status
    FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[]) AS given (id, digest, content, status)
    ORDER BY digest
) AS given
ON CONFLICT (tenant_id, digest) DO UPDATE SET
    attempt_count = kept.attempt_count + 1, update_time = now(), status = excluded.status
RETURNING digest, id
"""

_GET: Final = """
SELECT id, kind, content, lead_ids, status, attempt_count, create_time, update_time
FROM dead_letters WHERE tenant_id = $1 AND id = $2
"""
_TAKE: Final = """
DELETE FROM dead_letters WHERE tenant_id = $1 AND id = $2
RETURNING id, kind, content, lead_ids, status, attempt_count, create_time, update_time
"""
_PAGE: Final = """
SELECT id, kind, content, lead_ids, status, attempt_count, create_time, update_time
FROM dead_letters WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""


class PostgresDeadLetterTransaction(PostgresEventTransaction):
    """The dead letters and events of one tenant in one transaction. See the port `DeadLetterTransaction`."""

    async def keep(self, rejected: Sequence[RejectedEvent]) -> Sequence[UUID]:
        """Keeps events, and gives the id of each; one that is kept already counts once more."""
        digests = [hashlib.sha256(event.content).digest() for event in rejected]
        rows = await self._work.driver.fetch(
            _KEEP,
            self._work.tenant_id,
            [new_id() for _ in rejected],
            digests,
            [event.content for event in rejected],
            [event.status for event in rejected],
        )
        ids: dict[bytes, UUID] = {row["digest"]: row["id"] for row in rows}
        return [ids[digest] for digest in digests]

    async def take(self, dead_letter_id: UUID) -> DeadLetter | None:
        """Removes a dead letter and gives it; None if there is none."""
        row = await self._work.driver.fetchrow(_TAKE, self._work.tenant_id, dead_letter_id)
        return None if row is None else _dead_letter(row)


class PostgresDeadLetterStore:
    """The dead letters of all tenants. See the port `DeadLetterStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[DeadLetterTransaction]:
        """Opens a transaction that sees one tenant's dead letters and events, or joins the one of the rpc."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresDeadLetterTransaction(work)

    async def get(self, tenant_id: UUID, dead_letter_id: UUID) -> DeadLetter | None:
        """Gives a dead letter, None if the tenant has none with this id."""
        async with unit_of_work(self._database, tenant_id) as work:
            row = await work.driver.fetchrow(_GET, tenant_id, dead_letter_id)
        return None if row is None else _dead_letter(row)

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[DeadLetter]:
        """Gives dead letters, the newest first: their ids grow with time."""
        async with self._database.transaction(tenant_id) as connection:
            return [_dead_letter(row) for row in await connection.fetch(_PAGE, tenant_id, before, size)]


def _dead_letter(row: asyncpg.Record) -> DeadLetter:
    dead_letter_id, kind, content, lead_ids, status, attempt_count, create_time, update_time = row
    return DeadLetter(
        dead_letter_id, DeadLetterKind(kind), content, lead_ids, status, attempt_count, create_time, update_time
    )
