"""Audit records in PostgreSQL, as they are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from server.audit.chain import START, Anchor, SealedRecord
from server.audit.filter import Condition, FilterField
from server.audit.ports import AuditQuery
from server.runtime.audit import time_text
from server.runtime.database import Database

_COLUMNS: Final = "sequence_number, previous_digest, digest, content"
_GET: Final = f"""
SELECT {_COLUMNS} FROM audit_records WHERE tenant_id = $1 AND id = $2 ORDER BY sequence_number LIMIT 1
"""  # noqa: S608 - a constant
_HEAD: Final = """
SELECT sequence_number, digest FROM audit_records WHERE tenant_id = $1 ORDER BY sequence_number DESC LIMIT 1
"""
_UNSEALED: Final = "SELECT count(*) FROM unsealed_audit_records WHERE tenant_id = $1"

# Columns where there are any, since row-level security lets an index serve these alone.
_COMPARED: Final = {
    FilterField.CREATE_TIME: "create_time",
    FilterField.PRINCIPAL: "principal",
}


class PostgresAuditStore:
    """The audit records of all tenants. See the port `AuditStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: UUID, record_id: UUID) -> SealedRecord | None:
        """Gives a sealed record, None if the tenant has none with this id."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_GET, tenant_id, str(record_id))
        return None if row is None else _record(row)

    async def page(self, tenant_id: UUID, query: AuditQuery) -> Sequence[SealedRecord]:
        """Gives sealed records by their sequence numbers."""
        values: list[object] = [tenant_id, query.limit]
        where = "tenant_id = $1"
        if query.after is not None:
            values.append(query.after)
            where += f" AND sequence_number {'<' if query.newest_first else '>'} ${len(values)}"
        for condition in query.conditions:
            values.append(_comparable(condition.value))
            where += f" AND {_comparison(condition, len(values))}"
        order = "DESC" if query.newest_first else "ASC"
        statement = f"SELECT {_COLUMNS} FROM audit_records WHERE {where} ORDER BY sequence_number {order} LIMIT $2"  # noqa: S608 - made of constants
        async with self._database.transaction(tenant_id) as connection:
            return [_record(row) for row in await connection.fetch(statement, *values)]

    async def head(self, tenant_id: UUID) -> Anchor:
        """Gives the end of the chain; `START` if it is empty."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_HEAD, tenant_id)
        return START if row is None else Anchor(row["sequence_number"], row["digest"])

    async def unsealed_count(self, tenant_id: UUID) -> int:
        """Tells how many records wait to be sealed."""
        async with self._database.transaction(tenant_id) as connection:
            count: int = await connection.fetchval(_UNSEALED, tenant_id)
        return count


def _comparison(condition: Condition, place: int) -> str:
    if condition.field is FilterField.RESOURCE:
        return f"content::jsonb -> 'resources' ? ${place}"
    compared = _COMPARED.get(condition.field, f"content::jsonb ->> '{condition.field.value}'")
    return f"{compared} {condition.comparator} ${place}"


def _comparable(value: str | datetime) -> str:
    return time_text(value) if isinstance(value, datetime) else value


def _record(row: asyncpg.Record) -> SealedRecord:
    return SealedRecord(row["sequence_number"], row["previous_digest"], row["digest"], row["content"])
