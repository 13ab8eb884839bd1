"""Events in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import orjson

from server.integrations.event import Event
from server.integrations.ports import EventTransaction, RecordedEvents, StoredEvents
from server.runtime import idempotency, outbox
from server.runtime.database import Database
from server.runtime.identifiers import new_id_text
from server.runtime.unit_of_work import UnitOfWork, unit_of_work

STREAM_METHOD: Final = "/leadline.v1.IntegrationService/StreamEvents"

# Leads are held against deletion until the commit, and everything is written in a fixed order, so that transactions
# that touch the same rows never wait for each other in a circle. LIMIT has each lead looked up by its index, where a
# join might read all of the tenant's. What is said to happen in the future counts as of its arrival: a clock that goes
# wrong would else make all other events of the lead look long ago.
_RECORD: Final = """
WITH given AS (
    SELECT *
    FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::text[])
        WITH ORDINALITY
        AS given (id, event_id, lead_id, lead_external_id, type, occurred_time, properties, position)
),
named AS (
    SELECT given.position, lead.id AS lead_id
    FROM given CROSS JOIN LATERAL (
        SELECT id FROM leads WHERE tenant_id = $1 AND id = given.lead_id LIMIT 1 FOR KEY SHARE
    ) AS lead
),
known AS (
    SELECT given.position, lead.id AS lead_id
    FROM given CROSS JOIN LATERAL (
        SELECT id FROM leads WHERE tenant_id = $1 AND external_id = given.lead_external_id LIMIT 1 FOR KEY SHARE
    ) AS lead
),
subjects AS (
    SELECT position, lead_id FROM named
    UNION ALL
    SELECT position, lead_id FROM known
),
recorded AS (
    INSERT INTO events (tenant_id, id, event_id, lead_id, type, occurred_time, properties)
    SELECT $1, given.id, given.event_id, subjects.lead_id, given.type, given.occurred_time, given.properties::jsonb
    FROM given JOIN subjects USING (position)
    ORDER BY given.event_id, given.position
    ON CONFLICT (tenant_id, event_id) DO NOTHING
    RETURNING id, lead_id, type, LEAST(occurred_time, record_time) AS occurred_time
),
days AS (
    INSERT INTO lead_event_days (tenant_id, lead_id, type, day)
    SELECT DISTINCT $1::uuid, lead_id, type, (occurred_time AT TIME ZONE 'UTC')::date
    FROM recorded ORDER BY 2, 3, 4
    ON CONFLICT (tenant_id, lead_id, type, day) DO NOTHING
    RETURNING lead_id, type
),
new_days AS (
    SELECT lead_id, type, count(*) AS count FROM days GROUP BY lead_id, type
),
dated AS (
    SELECT lead_id, type, occurred_time, max(occurred_time) OVER (PARTITION BY lead_id, type) AS last_time
    FROM recorded
),
counted AS (
    INSERT INTO lead_event_counters AS counters (tenant_id, lead_id, type, count, first_time, last_time,
        active_days, decayed_1_day, decayed_7_days, decayed_30_days)
    SELECT $1, lead_id, type, count(*), min(occurred_time), last_time, coalesce(max(new_days.count), 0),
        sum(decay(last_time - occurred_time, 1)),
        sum(decay(last_time - occurred_time, 7)),
        sum(decay(last_time - occurred_time, 30))
    FROM dated LEFT JOIN new_days USING (lead_id, type)
    GROUP BY lead_id, type, last_time ORDER BY lead_id, type
    ON CONFLICT (tenant_id, lead_id, type) DO UPDATE SET
        count = counters.count + excluded.count,
        first_time = LEAST(counters.first_time, excluded.first_time),
        last_time = GREATEST(counters.last_time, excluded.last_time),
        active_days = counters.active_days + excluded.active_days,
        decayed_1_day = counters.decayed_1_day * decay(GREATEST(excluded.last_time - counters.last_time, '0'), 1)
            + excluded.decayed_1_day * decay(GREATEST(counters.last_time - excluded.last_time, '0'), 1),
        decayed_7_days = counters.decayed_7_days * decay(GREATEST(excluded.last_time - counters.last_time, '0'), 7)
            + excluded.decayed_7_days * decay(GREATEST(counters.last_time - excluded.last_time, '0'), 7),
        decayed_30_days = counters.decayed_30_days * decay(GREATEST(excluded.last_time - counters.last_time, '0'), 30)
            + excluded.decayed_30_days * decay(GREATEST(counters.last_time - excluded.last_time, '0'), 30)
)
SELECT subjects.lead_id, recorded.id IS NOT NULL AS is_recorded
FROM given LEFT JOIN subjects USING (position) LEFT JOIN recorded ON recorded.id = given.id
ORDER BY given.position
"""


class PostgresEventTransaction:
    """The events of one tenant in one transaction. See the port `EventTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def record(self, events: Sequence[Event]) -> StoredEvents:
        """Stores events and counts them for their leads, in one statement."""
        rows = await self._work.driver.fetch(
            _RECORD,
            self._work.tenant_id,
            [new_id_text() for _ in events],
            [event.event_id for event in events],
            [event.lead_id for event in events],
            [event.lead_external_id or None for event in events],
            [event.type for event in events],
            [event.occurred_time for event in events],
            [orjson.dumps(event.properties).decode() for event in events],
        )
        recorded = [row["lead_id"] for row in rows if row["is_recorded"]]
        unknown = [place for place, row in enumerate(rows) if row["lead_id"] is None]
        duplicate = [place for place, row in enumerate(rows) if row["lead_id"] is not None and not row["is_recorded"]]
        return StoredEvents(
            recorded=len(recorded),
            duplicate=duplicate,
            unknown_lead=unknown,
            lead_ids=list(dict.fromkeys(recorded)),
        )

    async def announce(self, lead_ids: Sequence[UUID]) -> None:
        """Tells the rest of the system, once the transaction is committed, that leads have changed."""
        payload = {"lead_ids": list(map(str, lead_ids))}
        await outbox.append(self._work.driver, self._work.tenant_id, "lead.changed", payload)

    async def once(
        self, key: str, request_digest: bytes, record: Callable[[], Awaitable[RecordedEvents]]
    ) -> RecordedEvents:
        """Records a batch at most once: a repetition of the key is given what became of the first one."""

        async def answer() -> bytes:
            return orjson.dumps(await record())

        stored = await idempotency.once(
            self._work, method=STREAM_METHOD, key=key, request_digest=request_digest, answer=answer
        )
        return RecordedEvents(**orjson.loads(stored))

    async def commit(self) -> None:
        """Makes the changes last."""
        await self._work.commit()


class PostgresEventStore:
    """The events of all tenants. See the port `EventStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[EventTransaction]:
        """Opens a transaction that sees one tenant's events."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresEventTransaction(work)
