"""The database itself keeps tenants apart, whatever the code above it does."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from deploy.local.postgres import EmbeddedPostgres
from server.runtime.database import Database
from server.runtime.identifiers import new_id

Connection = asyncpg.Connection
ROWS = {
    "tenants": "INSERT INTO tenants (id) VALUES ($1)",
    "leads": "INSERT INTO leads (tenant_id, id) VALUES ($1, $1)",
    "events": "INSERT INTO events (tenant_id, id, event_id, lead_id, type, occurred_time) "
    "VALUES ($1, $1, 'e', $1, 'call', now())",
    "lead_event_counters": "INSERT INTO lead_event_counters (tenant_id, lead_id, type, count, first_time, last_time, "
    "active_days, decayed_1_day, decayed_7_days, decayed_30_days) VALUES ($1, $1, 'call', 1, now(), now(), 1, 1, 1, 1)",
    "lead_event_days": "INSERT INTO lead_event_days VALUES ($1, $1, 'call', now())",
    "scores": "INSERT INTO scores (tenant_id, id, lead_id, model_id, probability, log_odds, base_log_odds, "
    "compute_time, features) VALUES ($1, $1, $1, $1, 0.5, 0, 0, now(), '')",
    "models": "INSERT INTO models (tenant_id, id, version, state, algorithm, feature_set, evaluation, "
    "feature_importances, excluded_fields) VALUES ($1, $1, 1, 1, 1, '{}', '{}', '[]', '[]')",
    "operations": "INSERT INTO operations (tenant_id, id, method) VALUES ($1, $1, 'TrainModel')",
    "idempotency_keys": "INSERT INTO idempotency_keys (tenant_id, method, key, request_digest) "
    "VALUES ($1, 'm', 'k', 'd')",
    "users": "INSERT INTO users (tenant_id, id, email, display_name, role) "
    "VALUES ($1, $1, 'a@example.com', 'A', 'owner')",
    "recovery_codes": "INSERT INTO recovery_codes VALUES ($1, $1, $1, 'digest')",
    "invitations": "INSERT INTO invitations (tenant_id, id, email, role, inviter, token_digest, expire_time) "
    "VALUES ($1, $1, 'b@example.com', 'sales', 'users/1', 'digest', now())",
    "roles": "INSERT INTO roles (tenant_id, id, display_name, permissions) VALUES ($1, $1, 'Trainer', '{}')",
    "credentials": "INSERT INTO credentials (tenant_id, id, kind, display_name, permissions, secret_digest, prefix, "
    "creator) VALUES ($1, $1, 1, 'CRM', '{}', 'digest', 'leadline_key_', 'users/1')",
    "identity_providers": "INSERT INTO identity_providers (tenant_id, id, display_name, issuer, client_id, role) "
    "VALUES ($1, $1, 'Company', 'https://issuer.example', 'leadline', '')",
    "external_identities": "INSERT INTO external_identities VALUES ($1, $1, 'subject', $1)",
    "tracking_keys": "INSERT INTO tracking_keys VALUES ($1, $1, 'Website', '{https://example.com}', 'users/1', now())",
    "visitors": "INSERT INTO visitors (tenant_id, id) VALUES ($1, $1)",
    "visitor_events": "INSERT INTO visitor_events VALUES ($1, $1, 'e', 'page_view', now(), '{}')",
    "workflows": "INSERT INTO workflows (tenant_id, id, display_name, trigger, actions, cool_down, enabled, "
    "create_time, update_time, revision) VALUES ($1, $1, 'Hot', "
    '\'{"kind": "lead_condition", "filter": ""}\', \'[]\', \'0\', true, now(), now(), 1)',
    "workflow_changes": "INSERT INTO workflow_changes (tenant_id, topic, payload) VALUES ($1, 'lead.changed', '{}')",
    "workflow_states": "INSERT INTO workflow_states VALUES ($1, $1, $1, true)",
    "workflow_runs": "INSERT INTO workflow_runs VALUES ($1, $1, $1, $1, $1, 1, 'Hot', '[]', now())",
    "webhook_deliveries": "INSERT INTO webhook_deliveries VALUES ($1, $1, $1, $1, $1, $1, 'https://example.com', '{}', "
    "1, 0, now(), now())",
    "webhook_attempts": "INSERT INTO webhook_attempts VALUES ($1, $1, $1, now(), 500, 'status 500', '1 second')",
    "notifications": "INSERT INTO notifications (tenant_id, id, recipients, text, reason, workflow_id, lead_id, "
    "create_time) VALUES ($1, $1, '{}', '', 'Hot', $1, $1, now())",
    "notification_reads": "INSERT INTO notification_reads VALUES ($1, $1, 'ana', now())",
    "crm_queue_items": "INSERT INTO crm_queue_items (tenant_id, id, queue, workflow_id, lead_id, reason, create_time) "
    "VALUES ($1, $1, 'sales', $1, $1, 'Hot', now())",
    "experiments": "INSERT INTO experiments (tenant_id, id, kind, state, challenger_id, control_id, challenger_share, "
    "hold_out_share, minimum_outcome_count) VALUES ($1, $1, 2, 1, $1, $1, 0.1, 0, 100)",
    "experiment_leads": "INSERT INTO experiment_leads VALUES ($1, $1, $1, 2, 0.5)",
    "monitoring_policies": "INSERT INTO monitoring_policies (tenant_id) VALUES ($1)",
    "drift_reports": "INSERT INTO drift_reports VALUES ($1, $1, now(), now(), '{}')",
    "alarms": "INSERT INTO alarms (tenant_id, id, model_id, kind, value, threshold, message) "
    "VALUES ($1, $1, $1, 2, 0.2, 0.1, 'off')",
    "dead_letters": "INSERT INTO dead_letters (tenant_id, id, kind, digest, status) VALUES ($1, $1, 1, 'digest', '')",
    "rule_sets": "INSERT INTO rule_sets (tenant_id, id, version, display_name, content) "
    "VALUES ($1, $1, 1, 'Size', '{\"rules\": [], \"groups\": []}')",
    "unsealed_audit_records": "INSERT INTO unsealed_audit_records (tenant_id, content) "
    "VALUES ($1, json_build_object('id', gen_random_uuid(), 'time', '2026-01-02T03:04:05Z')::text)",
    "audit_records": "INSERT INTO audit_records (tenant_id, sequence_number, previous_digest, digest, content) VALUES "
    "($1, 1, sha256('a'), sha256('b'), json_build_object('id', $1::uuid, 'time', '2026-01-02T03:04:05Z')::text)",
    "tenant_keys": "INSERT INTO tenant_keys VALUES ($1, 1, 'wrapped', 'wrapped', now())",
    "outbox": "INSERT INTO outbox (tenant_id, topic, payload) VALUES ($1, 'lead.changed', '{}')",
}
# Of no tenant: the keys that sign the tokens of all, the private ones sealed, and how many batches the relay has sent.
COMMON_TABLES = {"signing_keys", "relay_progress"}
READABLE = sorted(ROWS.keys() - {"outbox"})
# What the relay's role moves on, whosever it is.
MOVED_ON = {"outbox", "unsealed_audit_records"}


@pytest.fixture
async def superuser(postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    """An administrator's connection, which row-level security does not bind."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    yield connection
    await connection.close()


@pytest.fixture
async def filled_tenant(superuser: Connection, tenant_id: UUID) -> UUID:
    """A tenant with a row in each table."""
    for statement in ROWS.values():
        await superuser.execute(statement, tenant_id)
    return tenant_id


async def tables(superuser: Connection) -> set[str]:
    rows = await superuser.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows} - {"alembic_version"} - COMMON_TABLES


async def test_every_table_forces_row_level_security(superuser: Connection) -> None:
    assert await tables(superuser) == set(ROWS), "a new table needs its row in these tests"
    rows = await superuser.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced FROM pg_class WHERE relname = ANY($1)",
        list(ROWS),
    )
    assert {row["relname"]: row["forced"] for row in rows} == dict.fromkeys(ROWS, True)


async def test_no_role_of_the_processes_can_bypass_it(superuser: Connection) -> None:
    roles = await superuser.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole AS strong FROM pg_roles "
        "WHERE rolname LIKE 'leadline_%'"
    )
    assert {role["rolname"]: role["strong"] for role in roles} == {
        "leadline_owner": False,
        "leadline_app": False,
        "leadline_relay": False,
    }
    owned = await superuser.fetch("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert [row["tableowner"] for row in owned] == ["leadline_owner"]
    members = await superuser.fetchval(
        "SELECT count(*) FROM pg_auth_members WHERE roleid::regrole::text LIKE 'leadline%'"
    )
    assert members == 0


@pytest.mark.parametrize("table", READABLE)
async def test_a_tenant_sees_its_rows_and_no_other_s(database: Database, filled_tenant: UUID, table: str) -> None:
    query = f"SELECT count(*) FROM {table}"  # noqa: S608 - the tests' own names
    async with database.transaction(filled_tenant) as connection:
        assert await connection.fetchval(query) == 1
    async with database.transaction(new_id()) as connection:
        assert await connection.fetchval(query) == 0
    async with database.session() as connection:
        assert await connection.fetchval(query) == 0


@pytest.mark.parametrize("table", READABLE)
async def test_another_tenant_s_rows_can_t_be_changed_or_taken(
    database: Database, superuser: Connection, filled_tenant: UUID, table: str
) -> None:
    key = "id" if table == "tenants" else "tenant_id"
    intruder = new_id()
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {key} = '{intruder}'"):  # noqa: S608
        try:
            async with database.transaction(intruder) as connection:
                assert (await connection.execute(statement)).endswith(" 0")
        except asyncpg.InsufficientPrivilegeError:
            continue
    found = await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE {key} = $1", filled_tenant)  # noqa: S608
    assert found == 1


@pytest.mark.parametrize("table", sorted(ROWS))
async def test_a_row_can_t_be_written_for_another_tenant(database: Database, table: str, filled_tenant: UUID) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(new_id()) as connection:
            await connection.execute(ROWS[table], filled_tenant)


async def test_a_tenant_can_t_give_its_row_away(database: Database, filled_tenant: UUID) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(filled_tenant) as connection:
            await connection.execute("UPDATE leads SET tenant_id = $1", new_id())


async def test_history_can_t_be_rewritten(database: Database, filled_tenant: UUID) -> None:
    for statement in ("UPDATE events SET type = 'x'", "UPDATE scores SET probability = 0.9", "SELECT * FROM outbox"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction(filled_tenant) as connection:
                await connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    ["SET row_security = off; SELECT count(*) FROM leads", "SET ROLE leadline_owner", "SET ROLE postgres",
     "ALTER TABLE leads DISABLE ROW LEVEL SECURITY", "DROP POLICY tenant_isolation ON leads",
     "CREATE TABLE copied (id uuid)", "TRUNCATE leads", "SELECT * FROM alembic_version",
     "CREATE POLICY mine ON leads USING (true)"],
)  # fmt: skip
async def test_the_application_can_t_step_out_of_its_role(database: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.session() as connection:
            await connection.execute(statement)


async def test_the_tenant_ends_with_its_transaction(database: Database, filled_tenant: UUID) -> None:
    async with database.transaction(filled_tenant) as connection:
        backend = await connection.fetchval("SELECT pg_backend_pid()")
    async with database.session() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") == backend, "the pool gave another connection"
        assert await connection.fetchval("SELECT count(*) FROM leads") == 0


async def test_deleting_a_lead_takes_its_history_along(database: Database, filled_tenant: UUID) -> None:
    async with database.transaction(filled_tenant) as connection:
        await connection.execute("DELETE FROM leads WHERE tenant_id = $1", filled_tenant)
        for table in ("events", "lead_event_counters", "lead_event_days", "scores"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608


async def test_the_relay_sees_what_it_moves_on_and_nothing_else(
    postgres: EmbeddedPostgres, filled_tenant: UUID
) -> None:
    relay = await asyncpg.connect(postgres.url("leadline_relay"))
    try:
        assert await relay.fetchval("SELECT count(*) FROM outbox WHERE tenant_id = $1", filled_tenant) == 1
        for table in ROWS.keys() - MOVED_ON:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await relay.fetch(f"SELECT * FROM {table}")  # noqa: S608
        for statement in ("UPDATE outbox SET topic = 'x'", "INSERT INTO outbox DEFAULT VALUES"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await relay.execute(statement)
        assert await relay.execute("DELETE FROM idempotency_keys WHERE create_time <= now()") == "DELETE 0"
    finally:
        await relay.close()
