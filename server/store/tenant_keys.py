"""The tenants' wrapped keys in PostgreSQL."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from server.encryption.personal_data import SealedPersonalData
from server.encryption.ports import Rewrap, RewrappedBatch, WrappedTenantKey
from server.runtime.database import Database
from server.store.tenant_signals import TENANT_KEYS

_SELECT: Final = """
SELECT version, wrapped_key, wrapped_index_key, create_time FROM tenant_keys WHERE tenant_id = $1 ORDER BY version
"""
_ADD: Final = """
INSERT INTO tenant_keys (tenant_id, version, wrapped_key, wrapped_index_key, create_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
_TELL: Final = f"SELECT pg_notify('{TENANT_KEYS}', $1::uuid::text)"
_IS_ROTATING: Final = """
SELECT count(*) > 1 FROM tenant_keys WHERE tenant_id = $1 AND retire_time IS NULL
"""
_RETIRE: Final = """
UPDATE tenant_keys SET retire_time = now() WHERE tenant_id = $1 AND version < $2 AND retire_time IS NULL
"""
_REPLACE: Final = "UPDATE tenant_keys SET wrapped_key = $3 WHERE tenant_id = $1 AND version = $2"
# Leads that somebody is changing are not waited for, which could make a circle with an import.
_NEXT_LEADS: Final = """
WITH next AS (
    SELECT id FROM leads WHERE tenant_id = $1 AND id > $3 AND data_key_version < $2 ORDER BY id LIMIT $4
),
locked AS (
    SELECT id, personal, data_key, data_key_version FROM leads
    WHERE tenant_id = $1 AND id IN (SELECT id FROM next) AND data_key_version < $2
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT id, personal, data_key, data_key_version FROM next LEFT JOIN locked USING (id) ORDER BY id
"""
_REWRAP: Final = """
UPDATE leads SET data_key = given.data_key, data_key_version = $2
FROM unnest($3::uuid[], $4::bytea[]) AS given (id, data_key)
WHERE leads.tenant_id = $1 AND leads.id = given.id
"""


class PostgresTenantKeyStore:
    """The wrapped keys of all tenants. See the ports `TenantKeyStore` and `KeyRotationStore`.

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
            await connection.execute(_TELL, tenant_id)

    async def is_rotating(self, tenant_id: UUID) -> bool:
        """Tells whether a tenant has a version before the newest that is not retired."""
        async with self._database.transaction(tenant_id) as connection:
            rotating: bool = await connection.fetchval(_IS_ROTATING, tenant_id)
        return rotating

    async def rewrap_batch(
        self, tenant_id: UUID, version: int, after: UUID, limit: int, rewrap: Rewrap
    ) -> RewrappedBatch:
        """Wraps the data keys of the next leads anew, and commits that."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_NEXT_LEADS, tenant_id, version, after, limit)
            held = [row for row in rows if row["data_key"] is not None]
            rewrapped = {lead_id: rewrap(lead_id, SealedPersonalData(*sealed)) for lead_id, *sealed in held}
            whole = {lead_id: data_key for lead_id, data_key in rewrapped.items() if data_key is not None}
            await connection.execute(_REWRAP, tenant_id, version, list(whole), list(whole.values()))
        return RewrappedBatch(len(whole), rows[-1]["id"] if rows else None, passed_over=len(held) < len(rows))

    async def retire_before(self, tenant_id: UUID, version: int) -> None:
        """Remembers that nothing is encrypted any more by the versions before one, nor any lead's data key."""
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(_RETIRE, tenant_id, version)

    async def replace(self, tenant_id: UUID, key: WrappedTenantKey) -> None:
        """Stores how a version is wrapped now."""
        async with self._database.transaction(tenant_id) as connection:
            await connection.execute(_REPLACE, tenant_id, key.version, key.wrapped_key)
