"""Workflows in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.encryption.tenant_keys import TenantKeys
from server.leads.filter import Condition
from server.leads.lead import Grade
from server.runtime.database import Database
from server.runtime.unit_of_work import UnitOfWork, unit_of_work
from server.store.lead_pages import condition_sql
from server.store.workflow_rows import (
    SELECT_RUNS,
    SELECT_WORKFLOWS,
    run_from_row,
    workflow_from_row,
    workflow_values,
)
from server.workflows.dry_run import PastScore
from server.workflows.ports import WorkflowTransaction
from server.workflows.runs import WorkflowRun
from server.workflows.workflow import Workflow

LOCK_NAME: Final = "hashtextextended('leadline/workflows/' || $1::text, 0)"
"""The lock that a tenant's workflows are changed and run under, one transaction at a time; $1 is the tenant."""

_ADD: Final = """
INSERT INTO workflows (tenant_id, id, display_name, trigger, actions, cool_down, enabled, secret_generation,
    previous_secret_expire_time, create_time, update_time, revision)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_SAVE: Final = """
UPDATE workflows SET display_name = $3, trigger = $4, actions = $5, cool_down = $6, enabled = $7,
    secret_generation = $8, previous_secret_expire_time = $9, create_time = $10, update_time = $11, revision = $12
WHERE tenant_id = $1 AND id = $2
"""
_RELEASE: Final = """
UPDATE webhook_deliveries SET next_attempt_time = now()
WHERE tenant_id = $1 AND workflow_id = $2 AND state = 1 AND attempt_count = 0
"""
_PAGE: Final = f"{SELECT_WORKFLOWS} WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2"
_RUNS: Final = f"""
{SELECT_RUNS}
WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) AND ($4::uuid IS NULL OR workflow_id = $4)
    AND ($5::uuid IS NULL OR lead_id = $5)
ORDER BY id DESC LIMIT $2
"""

# Scores from before values were kept have the value of their probability.
_SCORE_COLUMNS: Final = "lead_id, compute_time, coalesce(value, round(probability * 100)::smallint) AS value, grade"
_SCORES_SINCE: Final = f"""
SELECT {_SCORE_COLUMNS} FROM scores WHERE tenant_id = $1 AND compute_time > $2
ORDER BY compute_time DESC, id DESC LIMIT $3
"""  # noqa: S608 - a constant
_SCORES_AT: Final = f"""
SELECT latest.* FROM unnest($2::uuid[]) AS wanted (lead_id) CROSS JOIN LATERAL (
    SELECT {_SCORE_COLUMNS} FROM scores
    WHERE tenant_id = $1 AND scores.lead_id = wanted.lead_id AND compute_time <= $3
    ORDER BY compute_time DESC LIMIT 1
) AS latest
"""  # noqa: S608 - a constant


class PostgresWorkflowTransaction:
    """The workflows of one tenant in one transaction. See the port `WorkflowTransaction`.

    Args:
        work: The transaction.
        keys: The tenants' keys.
    """

    def __init__(self, work: UnitOfWork, keys: TenantKeys) -> None:
        self._work = work
        self._keys = keys

    async def count(self) -> int:
        """Counts the workflows."""
        query = "SELECT count(*) FROM workflows WHERE tenant_id = $1"
        counted: int = await self._work.driver.fetchval(query, self._work.tenant_id)
        return counted

    async def add(self, workflow: Workflow) -> None:
        """Stores a new workflow."""
        await self._work.driver.execute(_ADD, self._work.tenant_id, *workflow_values(workflow))

    async def lock(self, workflow_id: UUID) -> Workflow | None:
        """Gives a workflow, which nobody else can change until the transaction ends; None if there is none."""
        query = f"{SELECT_WORKFLOWS} WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
        row = await self._work.driver.fetchrow(query, self._work.tenant_id, workflow_id)
        return None if row is None else workflow_from_row(row)

    async def save(self, workflow: Workflow) -> None:
        """Stores what has changed of a workflow that is stored and locked."""
        await self._work.driver.execute(_SAVE, self._work.tenant_id, *workflow_values(workflow))

    async def delete(self, workflow_id: UUID) -> None:
        """Deletes a workflow with its states, runs and deliveries, which their foreign keys take along."""
        statement = "DELETE FROM workflows WHERE tenant_id = $1 AND id = $2"
        await self._work.driver.execute(statement, self._work.tenant_id, workflow_id)

    async def forget_states(self, workflow_id: UUID) -> None:
        """Forgets what a workflow remembers of leads."""
        statement = "DELETE FROM workflow_states WHERE tenant_id = $1 AND workflow_id = $2"
        await self._work.driver.execute(statement, self._work.tenant_id, workflow_id)

    async def disarm_where(self, workflow_id: UUID, conditions: tuple[Condition, ...]) -> None:
        """Remembers of each lead on which the conditions hold that the workflow is not armed."""
        cipher = await self._keys.cipher(self._work.tenant_id)
        clause, arguments = condition_sql(self._work.tenant_id, conditions, cipher)
        arguments.append(workflow_id)
        await self._work.driver.execute(
            "INSERT INTO workflow_states (tenant_id, workflow_id, lead_id, armed) "  # noqa: S608 - values are sent apart
            f"SELECT tenant_id, ${len(arguments)}::uuid, id, false FROM leads WHERE {clause}",
            *arguments,
        )

    async def release_deliveries(self, workflow_id: UUID) -> None:
        """Makes the webhook deliveries due that waited for the workflow's first secret."""
        await self._work.driver.execute(_RELEASE, self._work.tenant_id, workflow_id)

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        await self._work.commit()


class PostgresWorkflowStore:
    """The workflows of all tenants. See the ports `WorkflowStore` and `ScoreHistory`.

    Args:
        database: The database in the role of the application.
        keys: The tenants' keys.
    """

    def __init__(self, database: Database, keys: TenantKeys) -> None:
        self._database = database
        self._keys = keys

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[WorkflowTransaction]:
        """Opens a transaction that sees one tenant's workflows, while none of them runs."""
        async with unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(f"SELECT pg_advisory_xact_lock({LOCK_NAME})", str(tenant_id))
            yield PostgresWorkflowTransaction(work, self._keys)

    async def get(self, tenant_id: UUID, workflow_id: UUID) -> Workflow | None:
        """Gives a workflow, None if the tenant has none with this id."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(
                f"{SELECT_WORKFLOWS} WHERE tenant_id = $1 AND id = $2", tenant_id, workflow_id
            )
        return None if row is None else workflow_from_row(row)

    async def page(self, tenant_id: UUID, size: int, before: UUID | None) -> Sequence[Workflow]:
        """Gives workflows, the newest first, from those before an id on."""
        async with self._database.transaction(tenant_id) as connection:
            return [workflow_from_row(row) for row in await connection.fetch(_PAGE, tenant_id, size, before)]

    async def runs(
        self, tenant_id: UUID, size: int, before: UUID | None, *, workflow_id: UUID | None, lead_id: UUID | None
    ) -> Sequence[WorkflowRun]:
        """Gives runs, the newest first, from those before an id on; of one workflow, for one lead, where given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_RUNS, tenant_id, size, before, workflow_id, lead_id)
        return list(map(run_from_row, rows))

    async def scores_since(self, tenant_id: UUID, begin: datetime, limit: int) -> Sequence[PastScore]:
        """Gives the newest `limit` scores since a time, the oldest first."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_SCORES_SINCE, tenant_id, begin, limit)
        return [_past_score(row) for row in reversed(rows)]

    async def scores_at(self, tenant_id: UUID, lead_ids: Sequence[UUID], time: datetime) -> Sequence[PastScore]:
        """Gives the score that each lead had at a time; leads without one are missing."""
        async with self._database.transaction(tenant_id) as connection:
            return [_past_score(row) for row in await connection.fetch(_SCORES_AT, tenant_id, lead_ids, time)]

    async def leads_where(
        self, tenant_id: UUID, conditions: tuple[Condition, ...], limit: int
    ) -> tuple[int, int, Sequence[UUID]]:
        """Gives the number of all leads, of those on which the conditions hold, and the newest of these."""
        clause, arguments = condition_sql(tenant_id, conditions, await self._keys.cipher(tenant_id))
        async with self._database.transaction(tenant_id) as connection:
            total = await connection.fetchval("SELECT count(*) FROM leads WHERE tenant_id = $1", tenant_id)
            holding = await connection.fetchval(f"SELECT count(*) FROM leads WHERE {clause}", *arguments)  # noqa: S608
            rows = await connection.fetch(
                f"SELECT id FROM leads WHERE {clause} ORDER BY create_time DESC, id DESC LIMIT ${len(arguments) + 1}",  # noqa: S608
                *arguments,
                limit,
            )
        return total, holding, [row["id"] for row in rows]


def _past_score(row: Any) -> PastScore:
    grade = None if row["grade"] is None else Grade(row["grade"])
    return PastScore(row["lead_id"], row["compute_time"], row["value"], grade)
