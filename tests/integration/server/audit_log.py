"""Reads the audit log in tests, as an administrator of the database sees it."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson

from deploy.local.postgres import EmbeddedPostgres
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.store.audit_sealing import AuditSealer


class AuditLog:
    """The records of all tenants, and what an administrator could do to them.

    Args:
        postgres: The database server.
        trail: Where records wait that no transaction carries.
        relay_database: The database in the role of the relay.
    """

    def __init__(self, postgres: EmbeddedPostgres, trail: AuditTrail, relay_database: Database) -> None:
        self._postgres = postgres
        self._trail = trail
        self.sealer = AuditSealer(relay_database)

    async def seal(self) -> None:
        """Writes and seals all that wait."""
        await self._trail.close()
        while await self.sealer.seal_batch():
            pass

    async def unsealed(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """Gives what waits to be sealed."""
        return await self._contents("unsealed_audit_records", "position", tenant_id)

    async def records(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """Seals all that wait, and gives the chain."""
        await self.seal()
        return await self._contents("audit_records", "sequence_number", tenant_id)

    async def administer(self, *statements: str) -> None:
        """Runs statements as a superuser, in one transaction."""
        connection = await asyncpg.connect(self._postgres.url("postgres"))
        try:
            async with connection.transaction():
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await connection.close()

    async def tamper(self, statement: str) -> None:
        """Changes the chain as a superuser who turns its trigger off for the moment."""
        off, on = "DISABLE TRIGGER append_only", "ENABLE ALWAYS TRIGGER append_only"
        await self.administer(f"ALTER TABLE audit_records {off}", statement, f"ALTER TABLE audit_records {on}")

    async def _contents(self, table: str, order: str, tenant_id: UUID) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self._postgres.url("postgres"))
        try:
            rows = await connection.fetch(
                f"SELECT content FROM {table} WHERE tenant_id = $1 ORDER BY {order}",  # noqa: S608 - the tests' own names
                tenant_id,
            )
        finally:
            await connection.close()
        return [orjson.loads(row["content"]) for row in rows]
