"""Keys of websites, their visitors, and the events that wait for visitors to be known, in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from server.integrations.tracking import TrackedEvent, TrackingTransaction
from server.integrations.tracking_keys import TrackingKey, TrackingKeyTransaction
from server.runtime.database import Database
from server.runtime.unit_of_work import UnitOfWork, unit_of_work
from server.store.events import PostgresEventTransaction

_KEY_COLUMNS: Final = "id, display_name, allowed_origins, creator, create_time"
_ADD_KEY: Final = f"INSERT INTO tracking_keys (tenant_id, {_KEY_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608 - a constant
_REMOVE_KEY: Final = "DELETE FROM tracking_keys WHERE tenant_id = $1 AND id = $2"
_GET_KEY: Final = f"SELECT {_KEY_COLUMNS} FROM tracking_keys WHERE tenant_id = $1 AND id = $2"  # noqa: S608 - a constant
_KEY_PAGE: Final = f"""
SELECT {_KEY_COLUMNS} FROM tracking_keys
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""  # noqa: S608 - a constant

# A lead that is deleted meanwhile leaves its visitor unknown.
_LEAD_OF: Final = """
INSERT INTO visitors AS known (tenant_id, id, lead_id)
VALUES ($1, $2, (SELECT id FROM leads WHERE tenant_id = $1 AND id = $3 FOR KEY SHARE))
ON CONFLICT (tenant_id, id) DO UPDATE SET lead_id = coalesce(excluded.lead_id, known.lead_id), update_time = now()
RETURNING lead_id
"""
_WAIT: Final = """
INSERT INTO visitor_events (tenant_id, visitor_id, event_id, type, occurred_time, properties)
SELECT $1, $2, event_id, type, occurred_time, properties::jsonb
FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::text[]) WITH ORDINALITY
    AS given (event_id, type, occurred_time, properties, position)
ORDER BY position
LIMIT greatest(0, $7 - (SELECT count(*) FROM visitor_events WHERE tenant_id = $1 AND visitor_id = $2))
ON CONFLICT (tenant_id, visitor_id, event_id) DO NOTHING
"""
_TAKE_WAITING: Final = """
WITH taken AS (
    DELETE FROM visitor_events WHERE tenant_id = $1 AND visitor_id = $2
    RETURNING event_id, type, occurred_time, properties
)
SELECT event_id, type, occurred_time, properties FROM taken ORDER BY occurred_time, event_id
"""


class PostgresTrackingTransaction(PostgresEventTransaction):
    """The visitors and events of one tenant in one transaction. See the port `TrackingTransaction`."""

    async def lead_of(self, visitor_id: UUID, identified: UUID | None) -> UUID | None:
        """Gives the lead that a visitor is, and holds it until the transaction ends."""
        lead_id: UUID | None = await self._work.driver.fetchval(_LEAD_OF, self._work.tenant_id, visitor_id, identified)
        return lead_id

    async def wait(self, visitor_id: UUID, events: Sequence[TrackedEvent], most: int) -> None:
        """Keeps events of a visitor whom nobody knows yet."""
        await self._work.driver.execute(
            _WAIT,
            self._work.tenant_id,
            visitor_id,
            [event.event_id for event in events],
            [event.type for event in events],
            [event.occurred_time for event in events],
            [orjson.dumps(event.properties).decode() for event in events],
            most,
        )

    async def take_waiting(self, visitor_id: UUID) -> Sequence[TrackedEvent]:
        """Removes the events that were kept for a visitor, and gives them in their order."""
        rows = await self._work.driver.fetch(_TAKE_WAITING, self._work.tenant_id, visitor_id)
        return [TrackedEvent(*row) for row in rows]


class PostgresTrackingStore:
    """The visitors of all tenants. See the port `TrackingStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def key(self, tenant_id: UUID, key_id: UUID) -> TrackingKey | None:
        """Gives a key; None if the tenant has none with this id."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_GET_KEY, tenant_id, key_id)
        return None if row is None else _key(row)

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[TrackingTransaction]:
        """Opens a transaction that sees one tenant's visitors and events."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresTrackingTransaction(work)


class PostgresTrackingKeyTransaction:
    """The keys of one tenant in one transaction. See the port `TrackingKeyTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def add(self, key: TrackingKey) -> None:
        """Keeps a key."""
        values = (key.key_id, key.display_name, list(key.allowed_origins), key.creator, key.create_time)
        await self._work.driver.execute(_ADD_KEY, self._work.tenant_id, *values)

    async def remove(self, key_id: UUID) -> bool:
        """Removes a key; False if there is none."""
        return await self._work.driver.execute(_REMOVE_KEY, self._work.tenant_id, key_id) == "DELETE 1"

    async def commit(self) -> None:
        """Makes the changes last."""
        await self._work.commit()


class PostgresTrackingKeyStore:
    """The keys of all tenants. See the port `TrackingKeyStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[TrackingKeyTransaction]:
        """Opens a transaction, or joins the one of the rpc."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresTrackingKeyTransaction(work)

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[TrackingKey]:
        """Gives keys, the newest first: their ids grow with time."""
        async with self._database.transaction(tenant_id) as connection:
            return [_key(row) for row in await connection.fetch(_KEY_PAGE, tenant_id, before, size)]


def _key(row: asyncpg.Record) -> TrackingKey:
    return TrackingKey(*row)
