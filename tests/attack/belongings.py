"""Everything that a tenant can have, one of each, and how it is named."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from server.encryption.ports import KeyService, WrappedTenantKey
from server.encryption.tenant_keys import new_tenant_key
from server.runtime.identifiers import new_id
from tests.attack.conftest import Connection
from tests.integration.server.test_row_level_security import ROWS

# What is unique in a tenant, and what another row has in its place.
_OTHER_VALUES: dict[str, Any] = {
    "version": 2,
    "sequence_number": 2,
    "email": "another@example.com",
    "display_name": "Another",
    "digest": "\\x02",
    "event_id": "another",
    "external_id": "another",
    "feature": "another",
}
_OTHER_IDS = ("crossing_key", "webhook_id")
_OAUTH_CLIENT_KIND, _SHADOW = 2, 1
# Columns that are made of others.
_MADE: dict[str, set[str]] = {"audit_records": {"id", "create_time", "principal"}}
# Whoever tries to log in is recorded there.
_OPEN_TO_ATTEMPTS = {"unsealed_audit_records"}
# A key that was not wrapped by the key service opens nothing.
_MADE_OTHERWISE = {"tenants", "tenant_keys"}
# How many other rows a table gets, and what they have that can't be told from the names of its columns.
_OTHERS: dict[str, list[dict[str, Any]]] = {
    "credentials": [{}, {"kind": _OAUTH_CLIENT_KIND}, {"kind": _OAUTH_CLIENT_KIND}],
    "audit_records": [{"digest": f"\\x{'02' * 32}"}],
    "experiments": [{"kind": _SHADOW, "challenger_share": 0.0}],
}


async def give_belongings(superuser: Connection, tenant_id: UUID) -> None:
    """Gives a tenant two rows in each table that can have two; the first one's id is the tenant's."""
    for table, statement in ROWS.items():
        if table not in _MADE_OTHERWISE:
            await superuser.execute(statement, tenant_id)
            for values in _OTHERS.get(table, [{}]):
                await _add_another(superuser, table, tenant_id, values)


async def give_keys(superuser: Connection, tenant_id: UUID, service: KeyService) -> None:
    """Gives a tenant that has used no key yet two versions of one."""
    keys: list[WrappedTenantKey] = []
    for _ in range(2):
        key = await new_tenant_key(service, tenant_id, keys)
        await superuser.execute(
            "INSERT INTO tenant_keys VALUES ($1, $2, $3, $4, $5)",
            *(tenant_id, key.version, key.wrapped_key, key.wrapped_index_key, key.create_time),
        )
        keys.append(key)


async def snapshot(superuser: Connection, tenant_id: UUID) -> dict[str, Sequence[str]]:
    """Gives all that a tenant has, as JSON texts by table."""
    found: dict[str, Sequence[str]] = {}
    for table in ROWS.keys() - _OPEN_TO_ATTEMPTS:
        key = "id" if table == "tenants" else "tenant_id"
        query = f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE {key} = $1 ORDER BY 1"  # noqa: S608 - own names
        found[table] = [row["row"] for row in await superuser.fetch(query, tenant_id)]
    return found


async def _add_another(superuser: Connection, table: str, tenant_id: UUID, values: dict[str, Any]) -> None:
    query = f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = $1 LIMIT 1"  # noqa: S608 - own names
    row = orjson.loads(await superuser.fetchval(query, tenant_id))
    if "id" not in row:
        return
    other = row | {name: value for name, value in _OTHER_VALUES.items() if name in row}
    other |= {name: str(new_id()) for name in _OTHER_IDS if name in row} | values
    other["id"] = str(new_id()) if isinstance(row["id"], str) else row["id"] + 1_000_000
    columns = ", ".join(sorted(row.keys() - _MADE.get(table, set())))
    made = f"jsonb_populate_record(null::{table}, $1)"
    insert = f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {made}"  # noqa: S608 - own names
    try:
        await superuser.execute(insert, orjson.dumps(other).decode())
    except asyncpg.UniqueViolationError:
        # Of some things a tenant has one.
        return
