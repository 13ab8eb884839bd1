"""Webhook deliveries in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.unit_of_work import UnitOfWork, unit_of_work
from server.webhooks.delivery import Attempt, Delivery, DeliveryState
from server.webhooks.ports import DeliveryTransaction, DueDelivery

LISTED_ATTEMPTS: Final = 20

_SELECT: Final = """
SELECT id, workflow_id, run_id, lead_id, webhook_id, url, payload, state, attempt_count, next_attempt_time, create_time
FROM webhook_deliveries
"""
_ATTEMPTS: Final = """
SELECT attempt_time, status_code, failure, duration FROM webhook_attempts
WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY id DESC LIMIT $3
"""
_PAGE: Final = f"""
{_SELECT}
WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) AND ($4::uuid IS NULL OR workflow_id = $4)
    AND ($5::smallint IS NULL OR state = $5)
ORDER BY id DESC LIMIT $2
"""
_CLAIM: Final = """
WITH due AS MATERIALIZED (
    SELECT id FROM webhook_deliveries
    WHERE tenant_id = $1 AND state = 1 AND next_attempt_time <= $2
    ORDER BY next_attempt_time LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries d SET attempt_count = d.attempt_count + 1, next_attempt_time = $3
FROM due, workflows w
WHERE d.tenant_id = $1 AND d.id = due.id AND w.tenant_id = $1 AND w.id = d.workflow_id AND w.secret_generation > 0
RETURNING d.id, d.workflow_id, d.run_id, d.lead_id, d.webhook_id, d.url, d.payload, d.state, d.attempt_count,
    d.next_attempt_time, d.create_time, w.secret_generation, w.previous_secret_expire_time
"""
_RECORD: Final = """
WITH recorded AS (
    UPDATE webhook_deliveries SET state = $4, next_attempt_time = $5
    WHERE tenant_id = $1 AND id = $2 AND state = 1 RETURNING id
)
INSERT INTO webhook_attempts (tenant_id, id, delivery_id, attempt_time, status_code, failure, duration)
SELECT $1, $3, recorded.id, $6, $7, $8, $9 FROM recorded
"""
_RESTART: Final = """
UPDATE webhook_deliveries SET state = 1, attempt_count = 0, next_attempt_time = $3 WHERE tenant_id = $1 AND id = $2
"""


class PostgresDeliveryTransaction:
    """The deliveries of one tenant in one transaction. See the port `DeliveryTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def lock(self, delivery_id: UUID) -> Delivery | None:
        """Gives a delivery, which nobody else can change until the transaction ends; None if there is none."""
        query = f"{_SELECT} WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
        row = await self._work.driver.fetchrow(query, self._work.tenant_id, delivery_id)
        return None if row is None else _delivery(row)

    async def restart(self, delivery_id: UUID, time: datetime) -> None:
        """Makes a delivery pending anew, due at a time, with no attempts counted."""
        await self._work.driver.execute(_RESTART, self._work.tenant_id, delivery_id, time)

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        await self._work.commit()


class PostgresDeliveryStore:
    """The deliveries of all tenants. See the ports `DeliveryStore` and `DueDeliveries`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[DeliveryTransaction]:
        """Opens a transaction that sees one tenant's deliveries."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresDeliveryTransaction(work)

    async def get(self, tenant_id: UUID, delivery_id: UUID) -> Delivery | None:
        """Gives a delivery with its latest attempts, None if the tenant has none with this id."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(f"{_SELECT} WHERE tenant_id = $1 AND id = $2", tenant_id, delivery_id)
            if row is None:
                return None
            attempts = await connection.fetch(_ATTEMPTS, tenant_id, delivery_id, LISTED_ATTEMPTS)
        return _delivery(row, [Attempt(*attempt.values()) for attempt in attempts])

    async def page(
        self,
        tenant_id: UUID,
        size: int,
        before: UUID | None,
        *,
        workflow_id: UUID | None,
        state: DeliveryState | None,
    ) -> Sequence[Delivery]:
        """Gives deliveries without attempts, the newest first, from those before an id on."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_PAGE, tenant_id, size, before, workflow_id, state)
        return list(map(_delivery, rows))

    async def claim(self, tenant_id: UUID, now: datetime, lease_end: datetime, limit: int) -> Sequence[DueDelivery]:
        """Takes due deliveries, the most overdue first; if nothing is recorded of one, it is due again at the end."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_CLAIM, tenant_id, now, lease_end, limit)
        return [
            DueDelivery(_delivery(row), row["secret_generation"], row["previous_secret_expire_time"]) for row in rows
        ]

    async def record(
        self, tenant_id: UUID, delivery_id: UUID, attempt: Attempt, state: DeliveryState, next_time: datetime | None
    ) -> None:
        """Stores what came of an attempt, unless the delivery was deleted meanwhile, or is over already."""
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(
                _RECORD,
                tenant_id,
                delivery_id,
                new_id(),
                int(state),
                next_time,
                attempt.time,
                attempt.status_code,
                attempt.failure,
                attempt.duration,
            )


def _delivery(row: Record, attempts: Sequence[Attempt] = ()) -> Delivery:
    return Delivery(
        delivery_id=row["id"],
        workflow_id=row["workflow_id"],
        run_id=row["run_id"],
        lead_id=row["lead_id"],
        webhook_id=row["webhook_id"],
        url=row["url"],
        payload=row["payload"],
        state=DeliveryState(row["state"]),
        attempt_count=row["attempt_count"],
        next_attempt_time=row["next_attempt_time"],
        create_time=row["create_time"],
        attempts=attempts,
    )
