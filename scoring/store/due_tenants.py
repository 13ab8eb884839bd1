"""Finds the tenants for which a check or a training is due."""

from collections.abc import Sequence
from uuid import UUID

from server.runtime.database import Database

# The role sees due rows alone, and of these nothing but their tenant and their time.
_DUE = "SELECT tenant_id FROM monitoring_policies WHERE due_time <= now() ORDER BY due_time LIMIT $1"


class DueTenants:
    """The tenants for which something is due.

    Args:
        database: The database in the role of the relay, which sees rows of all tenants.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, limit: int) -> Sequence[UUID]:
        """Gives up to `limit` tenants, the one that has waited longest first.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with self._database.session() as connection:
            rows = await connection.fetch(_DUE, limit)
        return [row["tenant_id"] for row in rows]
