"""The tenants' wrapped keys in PostgreSQL."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from server.encryption.ports import WrappedTenantKey
from server.runtime.database import Database

_SELECT: Final = """
SELECT version, wrapped_key, wrapped_index_key, create_time FROM tenant_keys WHERE tenant_id = $1 ORDER BY version
"""
_ADD: Final = """
INSERT INTO tenant_keys (tenant_id, version, wrapped_key, wrapped_index_key, create_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""


class PostgresTenantKeyStore:
    """The wrapped keys of all tenants. See the port `TenantKeyStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keys(self, tenant_id: UUID) -> Sequence[WrappedTenantKey]:
        """Gives the versions of a tenant's key, the oldest first."""
        async with self._database.transaction(tenant_id) as connection:
            return [WrappedTenantKey(*row) for row in await connection.fetch(_SELECT, tenant_id)]

    async def add(self, tenant_id: UUID, key: WrappedTenantKey) -> None:
        """Stores a version, unless somebody else has stored this version meanwhile."""
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(
                _ADD, tenant_id, key.version, key.wrapped_key, key.wrapped_index_key, key.create_time
            )
