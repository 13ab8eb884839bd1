"""Scores that people set, in PostgreSQL."""

from typing import Any
from uuid import UUID

from scoring.scores.score import ScoreOverride
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.errors import LeadNotFound
from server.runtime.identifiers import format_name
from server.runtime.unit_of_work import unit_of_work

# The revision moves with it, so that answers held under the former one are not given any more.
_SET = """
UPDATE leads SET score_override_value = $3, score_override_principal = $4,
    score_override_time = CASE WHEN $3::smallint IS NULL THEN NULL ELSE clock_timestamp() END,
    revision = revision + 1, update_time = clock_timestamp()
WHERE tenant_id = $1 AND id = $2
RETURNING score_override_value, score_override_principal, score_override_time
"""


class ScoreOverrides:
    """What people set in place of computed scores. Every method raises DependencyUnavailable without PostgreSQL.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, tenant_id: UUID, lead_id: UUID, value: int, principal: str) -> ScoreOverride:
        """Sets a lead's score, and has the stored one follow.

        Args:
            tenant_id: Whose lead.
            lead_id: The lead.
            value: The score, 0 to 100.
            principal: Who sets it.

        Raises:
            LeadNotFound: The tenant has no such lead.
        """
        return ScoreOverride(*await self._write(tenant_id, lead_id, value, principal))

    async def clear(self, tenant_id: UUID, lead_id: UUID) -> None:
        """Leaves a lead's score to be computed again, and has the stored one follow.

        Raises:
            LeadNotFound: The tenant has no such lead.
        """
        await self._write(tenant_id, lead_id, None, None)

    async def _write(
        self, tenant_id: UUID, lead_id: UUID, value: int | None, principal: str | None
    ) -> tuple[Any, Any, Any]:
        async with unit_of_work(self._database, tenant_id) as work:
            row = await work.driver.fetchrow(_SET, tenant_id, lead_id, value, principal)
            if row is None:
                raise LeadNotFound(format_name("leads", lead_id))
            await outbox.append(work.driver, tenant_id, "lead.changed", {"lead_ids": [lead_id]})
            await work.commit()
        return tuple(row)
