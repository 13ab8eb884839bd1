"""Random SQL in the role of the processes, for the wrong tenant or for none: the database shows and changes nothing."""

import asyncio

import asyncpg
import orjson
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.postgres import EmbeddedPostgres
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from tests.attack.belongings import give_belongings, snapshot
from tests.attack.conftest import Connection, Organization, SignUp
from tests.attack.effort import searching, waiting_in_loop
from tests.integration.server.test_row_level_security import READABLE

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONDITIONS = (
    "true",
    "{key} = '{victim}'",
    "{key} <> '{own}'",
    "{key} IS NOT NULL OR 1 = 1",
    "EXISTS (SELECT FROM {other} WHERE {other_key} = '{victim}')",
    "{key} IN (SELECT {other_key} FROM {other})",
    "(SELECT count(*) FROM {other}) >= 0",
    "t.* IS NOT NULL",
    "t::text LIKE '%'",
)
STATEMENTS = (
    "SELECT {key} FROM {table} t WHERE {condition}",
    "SELECT {key} FROM {table} t WHERE {condition} FOR UPDATE",
    "SELECT {key} FROM (TABLE {table}) t WHERE {condition} ORDER BY 1 LIMIT 5",
    "SELECT t.{key} FROM {table} t CROSS JOIN {other} o WHERE o.{other_key} = '{victim}'",
    "SELECT {key} FROM {table} t UNION ALL SELECT {other_key} FROM {other} o",
    "WITH found AS MATERIALIZED (SELECT * FROM {table} t WHERE {condition}) SELECT {key} FROM found",
    "WITH gone AS (DELETE FROM {table} t WHERE {condition} RETURNING {key}) SELECT {key} FROM gone",
    "DELETE FROM {table} t WHERE {condition} RETURNING {key}",
    "DELETE FROM {table} t USING {other} o WHERE o.{other_key} = '{victim}' RETURNING t.{key}",
    "UPDATE {table} t SET {column} = {column} WHERE {condition} RETURNING {key}",
    "UPDATE {table} t SET {key} = '{own}' WHERE {condition} RETURNING {key}",
    "UPDATE {table} t SET {key} = '{victim}' WHERE {condition} RETURNING {key}",
    "INSERT INTO {table} SELECT * FROM {table} t WHERE {condition} ON CONFLICT DO NOTHING RETURNING {key}",
    "INSERT INTO {table} SELECT (jsonb_populate_record(null::{table}, '{row}')).* RETURNING {key}",
    "MERGE INTO {table} t USING (VALUES (1)) v ON {condition} WHEN MATCHED THEN DELETE RETURNING t.{key}",
)


def key_of(table: str) -> str:
    """Gives the column that says whose a row is."""
    return "id" if table == "tenants" else "tenant_id"


@pytest_asyncio.fixture(loop_scope="session")
async def victim(sign_up: SignUp, superuser: Connection) -> Organization:
    made = await sign_up()
    await give_belongings(superuser, made.tenant_id)
    return made


async def test_no_statement_reaches_another_tenant(
    victim: Organization, superuser: Connection, postgres: EmbeddedPostgres
) -> None:
    before, own = await snapshot(superuser, victim.tenant_id), new_id()
    database = await Database.connect(postgres.url("leadline_app"))
    ended = {"well": 0, "refused": 0}
    filled = [table for table in READABLE if before.get(table)]

    async def run(statement: str, *, has_tenant: bool) -> None:
        try:
            async with database.transaction(own) if has_tenant else database.session() as connection:
                found = await connection.fetch(statement)
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            ended["refused"] += 1
            return
        ended["well"] += 1
        assert {row[0] for row in found} <= {own}, statement

    @searching(400)
    @given(
        template=st.sampled_from(STATEMENTS),
        condition=st.sampled_from(CONDITIONS),
        tables=st.tuples(st.sampled_from(filled), st.sampled_from(READABLE)),
        has_tenant=st.booleans(),
        data=st.data(),
    )
    def search(template: str, condition: str, tables: tuple[str, str], has_tenant: bool, data: st.DataObject) -> None:  # noqa: FBT001
        table, other = tables
        names = {
            "table": table,
            "other": other,
            "key": key_of(table),
            "other_key": key_of(other),
            "victim": victim.tenant_id,
            "own": own,
            "column": data.draw(st.sampled_from(sorted(orjson.loads(before[table][0])))),
            "row": data.draw(st.sampled_from(before[table])).replace("'", "''"),
        }
        statement = template.replace("{condition}", condition).format_map(names)
        wait(run(statement, has_tenant=has_tenant))

    wait = waiting_in_loop()
    await asyncio.to_thread(search)
    await database.close()
    assert await snapshot(superuser, victim.tenant_id) == before
    assert ended["well"] > ended["refused"], "most of what is tried is no statement at all"
