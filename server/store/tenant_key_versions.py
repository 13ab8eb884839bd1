"""The versions of tenants' keys in PostgreSQL, and the operations that rotate them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from server.encryption.rotation import next_version
from server.encryption.versions import TenantKeyState, TenantKeyVersion
from server.runtime.database import Database
from server.runtime.errors import TenantKeyRotating
from server.runtime.identifiers import format_name
from server.runtime.operations import DONE, add_operation
from server.runtime.unit_of_work import unit_of_work
from server.store.tenant_keys import PostgresTenantKeyStore

ROTATE_TENANT_KEY: Final = "RotateTenantKey"

_PAGE: Final = f"""
WITH used AS (
    SELECT data_key_version AS version, count(*) AS lead_count FROM leads
    WHERE tenant_id = $1 AND data_key_version IS NOT NULL GROUP BY data_key_version
)
SELECT version,
    CASE WHEN retire_time IS NOT NULL THEN {TenantKeyState.RETIRED:d}
        WHEN version = max(version) OVER () THEN {TenantKeyState.ACTIVE:d}
        ELSE {TenantKeyState.REPLACED:d} END AS state,
    coalesce(lead_count, 0) AS lead_count, create_time, retire_time
FROM tenant_keys LEFT JOIN used USING (version) WHERE tenant_id = $1
"""  # noqa: S608 - constants
_PAGE_BEFORE: Final = f"SELECT * FROM ({_PAGE}) AS versions WHERE version < $3 ORDER BY version DESC LIMIT $2"  # noqa: S608
_LARGEST_VERSION: Final = 2_147_483_647

# Two calls at the same time would both see no operation.
_ASK_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 4019110719))"
_ASKED: Final = f"""
SELECT id FROM operations WHERE tenant_id = $1 AND method = '{ROTATE_TENANT_KEY}' AND state <> {DONE}
"""  # noqa: S608 - constants
_WORK_ALONE: Final = "SELECT pg_try_advisory_lock(hashtextextended($1::uuid::text, 4019110720))"
_LEAVE: Final = "SELECT pg_advisory_unlock(hashtextextended($1::uuid::text, 4019110720))"
_COUNT_LEADS: Final = "SELECT count(*) FROM leads WHERE tenant_id = $1 AND data_key_version < $2"


class PostgresTenantKeyVersionStore:
    """The versions of all tenants' keys. See the port `TenantKeyVersionStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys = PostgresTenantKeyStore(database)

    async def page(self, tenant_id: UUID, size: int, before: int | None) -> Sequence[TenantKeyVersion]:
        """Gives versions, the newest first, of those before one if it is given."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_PAGE_BEFORE, tenant_id, size, before or _LARGEST_VERSION)
        return [TenantKeyVersion(version, TenantKeyState(state), *rest) for version, state, *rest in rows]

    async def request_rotation(self, tenant_id: UUID) -> UUID:
        """Writes down, in the rpc's transaction if there is one, that the tenant's key shall be rotated."""
        version = await next_version(self._keys, tenant_id)
        async with unit_of_work(self._database, tenant_id) as work:
            await work.driver.execute(_ASK_ALONE, tenant_id)
            asked = await work.driver.fetchval(_ASKED, tenant_id)
            if asked is not None:
                raise TenantKeyRotating(format_name("operations", asked))
            operation = await add_operation(work, tenant_id, ROTATE_TENANT_KEY, {"version": version})
            await work.commit()
        return operation.operation_id

    async def requested_rotation(self, tenant_id: UUID) -> UUID | None:
        """Gives the operation that shall rotate the tenant's key and is not over; None if there is none."""
        async with self._database.transaction(tenant_id) as connection:
            operation_id: UUID | None = await connection.fetchval(_ASKED, tenant_id)
        return operation_id

    async def count_leads(self, tenant_id: UUID, version: int) -> int:
        """Gives how many leads have data keys that versions before this one wrap."""
        async with self._database.transaction(tenant_id) as connection:
            count: int = await connection.fetchval(_COUNT_LEADS, tenant_id, version)
        return count

    @asynccontextmanager
    async def alone(self, tenant_id: UUID) -> AsyncIterator[bool]:
        """Tells for the time of the block whether nobody else rotates the tenant's key.

        The place of a process that dies is free at once. One that has lost its connection without noticing goes on
        beside another, which disturbs neither: a data key is wrapped anew by the same version, whoever does it.
        """
        async with self._database.session() as connection:
            is_alone: bool = await connection.fetchval(_WORK_ALONE, tenant_id)
            try:
                yield is_alone
            finally:
                if is_alone and not connection.is_closed():
                    await connection.execute(_LEAVE, tenant_id)
