"""What workflows see and do, in PostgreSQL: the change, its effects and the memory of it in one transaction."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from server.crm_queue.item import NewItem
from server.encryption.tenant_keys import TenantKeys
from server.leads.lead import Lead
from server.notifications.notification import NewNotification
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.system_changes import SystemChange, record_change
from server.runtime.unit_of_work import UnitOfWork, unit_of_work
from server.store.lead_rows import SELECT_LEADS, leads_from_rows
from server.store.leads import PostgresLeadTransaction
from server.store.notifications import text_context, text_to_bytes
from server.store.tenant_signals import NOTIFICATIONS
from server.store.workflow_rows import SELECT_WORKFLOWS, run_values, workflow_from_row
from server.store.workflows import LOCK_NAME
from server.webhooks.delivery import Delivery
from server.workflows.changes import WaitingChange
from server.workflows.crossings import TriggerState
from server.workflows.ports import StateKey
from server.workflows.run_workflows import RunAndActTransaction
from server.workflows.runs import WorkflowRun
from server.workflows.workflow import Workflow

_TAKE: Final = """
WITH taken AS (
    DELETE FROM workflow_changes WHERE tenant_id = $1 AND id IN (
        SELECT id FROM workflow_changes WHERE tenant_id = $1 AND NOT failed ORDER BY id LIMIT $2
    )
    RETURNING id, topic, payload, create_time
)
SELECT id, topic, payload::text AS payload, create_time FROM taken ORDER BY id
"""
_PUT_ASIDE: Final = """
UPDATE workflow_changes SET failed = true WHERE tenant_id = $1 AND id = (
    SELECT min(id) FROM workflow_changes WHERE tenant_id = $1 AND NOT failed
)
"""
_STATES: Final = """
SELECT workflow_id, lead_id, armed, crossed_time, acted_time FROM workflow_states
WHERE tenant_id = $1 AND workflow_id = ANY ($2) AND lead_id = ANY ($3)
"""
_SAVE_STATES: Final = """
INSERT INTO workflow_states (tenant_id, workflow_id, lead_id, armed, crossed_time, acted_time)
SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::boolean[], $5::timestamptz[], $6::timestamptz[])
ON CONFLICT (tenant_id, workflow_id, lead_id) DO UPDATE SET
    armed = excluded.armed, crossed_time = excluded.crossed_time, acted_time = excluded.acted_time
"""
# The value that held when the time begins, then those that came in it.
_PATH: Final = """
(
    SELECT compute_time, coalesce(value, round(probability * 100)::smallint) AS value FROM scores
    WHERE tenant_id = $1 AND lead_id = $2 AND compute_time <= $3 ORDER BY compute_time DESC LIMIT 1
) UNION ALL (
    SELECT compute_time, coalesce(value, round(probability * 100)::smallint) FROM scores
    WHERE tenant_id = $1 AND lead_id = $2 AND compute_time > $3 AND compute_time < $4 ORDER BY compute_time
)
"""
_ADD_RUN: Final = """
INSERT INTO workflow_runs (tenant_id, id, workflow_id, lead_id, crossing_key, state, reason, action_results,
    create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_ADD_NOTIFICATION: Final = f"""
WITH added AS (
    INSERT INTO notifications (tenant_id, id, recipients, text, reason, workflow_id, lead_id, create_time)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)
SELECT pg_notify('{NOTIFICATIONS}', $1::text)
"""  # noqa: S608 - a constant
_ADD_DELIVERY: Final = """
INSERT INTO webhook_deliveries (tenant_id, id, workflow_id, run_id, lead_id, webhook_id, url, payload, state,
    next_attempt_time, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)
"""
_ADD_ITEM: Final = """
INSERT INTO crm_queue_items (tenant_id, id, queue, workflow_id, lead_id, reason, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_OPEN_LEAD_COUNTS: Final = """
SELECT owner, count(*) AS leads FROM leads
WHERE tenant_id = $1 AND owner <> '' AND status = 1 AND owner = ANY ($2) GROUP BY owner
"""


class PostgresRunTransaction:
    """What a tenant's workflows see and do in one transaction. See the ports `RunTransaction` and `ActionTransaction`.

    Args:
        work: The transaction.
        keys: The tenants' keys.
    """

    def __init__(self, work: UnitOfWork, keys: TenantKeys) -> None:
        self._work = work
        self._keys = keys
        self._driver = work.driver
        self._tenant_id = work.tenant_id

    async def take_changes(self, limit: int) -> Sequence[WaitingChange]:
        """Takes the oldest changes that wait; once the transaction is committed they are gone."""
        rows = await self._driver.fetch(_TAKE, self._tenant_id, limit)
        return [
            WaitingChange(row["id"], row["topic"], orjson.loads(row["payload"]), row["create_time"]) for row in rows
        ]

    async def put_oldest_aside(self) -> int:
        """Puts the oldest change aside, which can't be handled; gives how many that were."""
        status = await self._driver.execute(_PUT_ASIDE, self._tenant_id)
        return int(status.removeprefix("UPDATE "))

    async def enabled_workflows(self) -> Sequence[Workflow]:
        """Gives the workflows that run."""
        query = f"{SELECT_WORKFLOWS} WHERE tenant_id = $1 AND enabled ORDER BY id"
        return [workflow_from_row(row) for row in await self._driver.fetch(query, self._tenant_id)]

    async def states(self, workflow_ids: Collection[UUID], lead_ids: Collection[UUID]) -> dict[StateKey, TriggerState]:
        """Gives what workflows remember of leads, where they remember anything."""
        rows = await self._driver.fetch(_STATES, self._tenant_id, workflow_ids, lead_ids)
        return {
            (row["workflow_id"], row["lead_id"]): TriggerState(row["armed"], row["crossed_time"], row["acted_time"])
            for row in rows
        }

    async def save_states(self, states: Mapping[StateKey, TriggerState]) -> None:
        """Stores what workflows remember of leads."""
        await self._driver.execute(
            _SAVE_STATES,
            self._tenant_id,
            [workflow_id for workflow_id, _ in states],
            [lead_id for _, lead_id in states],
            [state.armed for state in states.values()],
            [state.crossed_time for state in states.values()],
            [state.acted_time for state in states.values()],
        )

    async def leads(self, lead_ids: Collection[UUID]) -> dict[UUID, Lead]:
        """Gives those of the leads that there are, by id."""
        query = f"{SELECT_LEADS} WHERE tenant_id = $1 AND id = ANY ($2)"
        rows = await self._driver.fetch(query, self._tenant_id, lead_ids)
        return {lead.lead_id: lead for lead in await leads_from_rows(rows, self._tenant_id, self._keys)}

    async def path(self, lead_id: UUID, begin: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Gives the values of a lead's scores from the one that held at `begin` to before `end`, the oldest first."""
        rows = await self._driver.fetch(_PATH, self._tenant_id, lead_id, begin, end)
        return [(row["compute_time"], row["value"]) for row in rows]

    async def add_run(self, run: WorkflowRun) -> None:
        """Stores a run."""
        await self._driver.execute(_ADD_RUN, self._tenant_id, *run_values(run))

    @asynccontextmanager
    async def undo_if_it_fails(self) -> AsyncIterator[None]:
        """Undoes what is done in a block that raises, and nothing else."""
        await self._driver.execute("SAVEPOINT before_action")
        try:
            yield
        except Exception:
            if not self._driver.is_closed():
                await self._driver.execute("ROLLBACK TO SAVEPOINT before_action")
            raise
        await self._driver.execute("RELEASE SAVEPOINT before_action")

    async def lock_lead(self, lead_id: UUID) -> Lead | None:
        """Gives a lead, which nobody else can change until the transaction ends; None if there is none."""
        return await PostgresLeadTransaction(self._work, self._keys).lock(lead_id)

    async def save_lead(self, lead: Lead, depth: int) -> None:
        """Stores a lead that is locked, and tells the rest of the system, and after how many workflows."""
        await PostgresLeadTransaction(self._work, self._keys).save(lead)
        payload = {"lead_ids": [str(lead.lead_id)], "depth": depth}
        await outbox.append(self._driver, self._tenant_id, "lead.changed", payload)

    async def record(self, change: SystemChange) -> None:
        """Records a change in the audit log, with the change."""
        await record_change(self._driver, self._tenant_id, change)

    async def owner_turn(self, workflow_id: UUID) -> int:
        """Tells how many leads the workflow has given to owners so far."""
        query = "SELECT owner_turn FROM workflows WHERE tenant_id = $1 AND id = $2"
        turn: int = await self._driver.fetchval(query, self._tenant_id, workflow_id)
        return turn

    async def count_owner_turn(self, workflow_id: UUID) -> None:
        """Counts one lead more that was given to an owner."""
        statement = "UPDATE workflows SET owner_turn = owner_turn + 1 WHERE tenant_id = $1 AND id = $2"
        await self._driver.execute(statement, self._tenant_id, workflow_id)

    async def open_lead_counts(self, owners: Collection[str]) -> Mapping[str, int]:
        """Counts the open leads of owners; those without any are missing."""
        rows = await self._driver.fetch(_OPEN_LEAD_COUNTS, self._tenant_id, owners)
        return {row["owner"]: row["leads"] for row in rows}

    async def add_notification(self, notification: NewNotification) -> None:
        """Stores a notification, and tells those who watch once the transaction is committed."""
        text, context = text_to_bytes(notification.text), text_context(notification.notification_id)
        await self._driver.execute(
            _ADD_NOTIFICATION,
            self._tenant_id,
            notification.notification_id,
            notification.recipients,
            await self._keys.seal(self._tenant_id, text, context),
            notification.reason,
            notification.workflow_id,
            notification.lead_id,
            notification.create_time,
        )

    async def add_delivery(self, delivery: Delivery) -> None:
        """Stores a delivery that is to be sent."""
        await self._driver.execute(
            _ADD_DELIVERY,
            self._tenant_id,
            delivery.delivery_id,
            delivery.workflow_id,
            delivery.run_id,
            delivery.lead_id,
            delivery.webhook_id,
            delivery.url,
            delivery.payload,
            delivery.next_attempt_time,
            delivery.create_time,
        )

    async def add_item(self, item: NewItem) -> None:
        """Adds an item to a queue."""
        await self._driver.execute(
            _ADD_ITEM,
            self._tenant_id,
            item.item_id,
            item.queue,
            item.workflow_id,
            item.lead_id,
            item.reason,
            item.create_time,
        )

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        await self._work.commit()


class PostgresRunStore:
    """Where the changes of all tenants wait. See the port `RunStore`.

    Args:
        database: The database in the role of the application.
        keys: The tenants' keys.
    """

    def __init__(self, database: Database, keys: TenantKeys) -> None:
        self._database = database
        self._keys = keys

    @asynccontextmanager
    async def run_transaction(self, tenant_id: UUID) -> AsyncIterator[RunAndActTransaction | None]:
        """Opens a transaction for a tenant's workflows; gives None if another worker has one open."""
        async with unit_of_work(self._database, tenant_id) as work:
            alone = await work.driver.fetchval(f"SELECT pg_try_advisory_xact_lock({LOCK_NAME})", str(tenant_id))
            yield PostgresRunTransaction(work, self._keys) if alone else None
