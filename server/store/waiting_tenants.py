"""Whose work waits: changes that workflows have not looked at, webhooks to send, keys to rotate."""

from typing import Final
from uuid import UUID

from server.runtime.database import Database
from server.runtime.operations import DONE
from server.store.tenant_key_versions import ROTATE_TENANT_KEY

_WITH_CHANGES: Final = "SELECT DISTINCT tenant_id FROM workflow_changes WHERE NOT failed"
_WITH_DELIVERIES: Final = (
    "SELECT DISTINCT tenant_id FROM webhook_deliveries WHERE state = 1 AND next_attempt_time <= now()"
)
_WITH_ROTATIONS: Final = f"SELECT tenant_id FROM operations WHERE method = '{ROTATE_TENANT_KEY}' AND state <> {DONE}"  # noqa: S608 - constants
_WITH_KEYS: Final = "SELECT DISTINCT tenant_id FROM tenant_keys ORDER BY tenant_id"


class WaitingTenants:
    """Tells whose work waits, and nothing of the work.

    Args:
        database: The database in the role of the relay.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def with_changes(self) -> list[UUID]:
        """Gives the tenants with changes that workflows have not looked at.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with self._database.session() as connection:
            return [row["tenant_id"] for row in await connection.fetch(_WITH_CHANGES)]

    async def with_due_deliveries(self) -> list[UUID]:
        """Gives the tenants with webhooks whose next attempt is due.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with self._database.session() as connection:
            return [row["tenant_id"] for row in await connection.fetch(_WITH_DELIVERIES)]

    async def with_keys(self) -> list[UUID]:
        """Gives the tenants that have keys, which may be rotated.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with self._database.session() as connection:
            return [row["tenant_id"] for row in await connection.fetch(_WITH_KEYS)]

    async def with_key_rotations(self) -> list[UUID]:
        """Gives the tenants that have asked for their keys to be rotated, where that is not over.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with self._database.session() as connection:
            return [row["tenant_id"] for row in await connection.fetch(_WITH_ROTATIONS)]
