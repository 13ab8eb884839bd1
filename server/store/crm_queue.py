"""The queues for the CRM in PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from server.crm_queue.item import Item, ItemState
from server.crm_queue.ports import QueueTransaction
from server.runtime.database import Database
from server.runtime.unit_of_work import UnitOfWork, unit_of_work

_COLUMNS: Final = """
i.id, i.queue, i.workflow_id, i.lead_id, i.reason, i.take_count, i.create_time, i.lease_expire_time,
    i.acknowledge_time, coalesce(l.external_id, '') AS lead_external_id
"""
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM crm_queue_items i JOIN leads l ON l.tenant_id = $1 AND l.id = i.lead_id
WHERE i.tenant_id = $1 AND ($3::uuid IS NULL OR i.id > $3) AND ($4 = '' OR i.queue = $4)
    AND ($5::smallint IS NULL OR $5 = CASE
        WHEN i.acknowledge_time IS NOT NULL THEN 3 WHEN i.lease_expire_time > $6 THEN 2 ELSE 1 END)
ORDER BY i.id LIMIT $2
"""  # noqa: S608 - a constant
_TAKE: Final = f"""
WITH waiting AS MATERIALIZED (
    SELECT id FROM crm_queue_items
    WHERE tenant_id = $1 AND queue = $2 AND acknowledge_time IS NULL
        AND (lease_expire_time IS NULL OR lease_expire_time <= $4)
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
), i AS (
    UPDATE crm_queue_items SET take_count = take_count + 1, lease_expire_time = $5
    FROM waiting WHERE tenant_id = $1 AND crm_queue_items.id = waiting.id
    RETURNING crm_queue_items.*
)
SELECT {_COLUMNS} FROM i JOIN leads l ON l.tenant_id = $1 AND l.id = i.lead_id ORDER BY i.id
"""  # noqa: S608 - a constant
_ACKNOWLEDGE: Final = """
UPDATE crm_queue_items SET acknowledge_time = $3, lease_expire_time = NULL
WHERE tenant_id = $1 AND id = ANY ($2) AND acknowledge_time IS NULL
"""


class PostgresQueueTransaction:
    """The queues of one tenant in one transaction. See the port `QueueTransaction`.

    Args:
        work: The transaction.
    """

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work

    async def take(self, queue: str, limit: int, now: datetime, lease_end: datetime) -> Sequence[Item]:
        """Takes the oldest items that wait, or whose lease has run out."""
        rows = await self._work.driver.fetch(_TAKE, self._work.tenant_id, queue, limit, now, lease_end)
        return [_item(row, now) for row in rows]

    async def acknowledge(self, item_ids: Collection[UUID], now: datetime) -> int:
        """Ends the work on items, and gives how many were open before."""
        status = await self._work.driver.execute(_ACKNOWLEDGE, self._work.tenant_id, item_ids, now)
        return int(status.removeprefix("UPDATE "))

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        await self._work.commit()


class PostgresQueueStore:
    """The queues of all tenants. See the port `QueueStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[QueueTransaction]:
        """Opens a transaction that sees one tenant's queues."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresQueueTransaction(work)

    async def page(
        self, tenant_id: UUID, size: int, after: UUID | None, *, queue: str, state: ItemState | None, now: datetime
    ) -> Sequence[Item]:
        """Gives items, the oldest first, from those after an id on; of one queue, in one state, where given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_PAGE, tenant_id, size, after, queue, state, now)
        return [_item(row, now) for row in rows]


def _item(row: Record, now: datetime) -> Item:
    state = ItemState.WAITING
    if row["acknowledge_time"] is not None:
        state = ItemState.ACKNOWLEDGED
    elif row["lease_expire_time"] is not None and row["lease_expire_time"] > now:
        state = ItemState.TAKEN
    return Item(
        item_id=row["id"],
        queue=row["queue"],
        workflow_id=row["workflow_id"],
        lead_id=row["lead_id"],
        lead_external_id=row["lead_external_id"],
        reason=row["reason"],
        state=state,
        take_count=row["take_count"],
        create_time=row["create_time"],
        lease_expire_time=row["lease_expire_time"] if state is ItemState.TAKEN else None,
        acknowledge_time=row["acknowledge_time"],
    )
