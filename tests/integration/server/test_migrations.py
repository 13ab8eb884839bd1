"""The schema can be made, made again, and taken back."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import EmbeddedPostgres
from server.store import migrations

MIGRATIONS = Path(migrations.__file__).parent


@pytest.fixture
async def empty_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The name of a new database of the owner."""
    administrator = await asyncpg.connect(postgres.url("postgres", "postgres"))
    await administrator.execute("CREATE DATABASE migrated OWNER leadline_owner")
    yield "migrated"
    await administrator.execute("DROP DATABASE migrated")
    await administrator.close()


# The command takes back one revision at a time.
DOWN = """
import sys; from alembic import command; from server.store.migrations.__main__ import configuration
command.downgrade(configuration(), sys.argv[1])
"""


def run(postgres: EmbeddedPostgres, database: str, *arguments: str, key_service: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *(arguments if arguments[0] == "-c" else ("-m", "server.store.migrations", *arguments))],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ
        | {"LEADLINE_OWNER_DATABASE_URL": postgres.url("leadline_owner", database)}
        | ({"LEADLINE_KEY_SERVICE": key_service} if key_service else {}),
    )
    return done.stdout


async def tables(postgres: EmbeddedPostgres, database: str) -> set[str]:
    connection = await asyncpg.connect(postgres.url("leadline_owner", database))
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


async def test_up_again_down_and_up(postgres: EmbeddedPostgres, empty_database: str) -> None:
    run(postgres, empty_database, "upgrade")
    made = await tables(postgres, empty_database)
    assert {"leads", "events", "scores", "models", "operations", "outbox"} < made
    run(postgres, empty_database, "upgrade")
    assert await tables(postgres, empty_database) == made
    assert "(head)" in run(postgres, empty_database, "current")
    for _ in (MIGRATIONS / "versions").glob("r*.py"):
        run(postgres, empty_database, "downgrade")
    assert await tables(postgres, empty_database) == {"alembic_version"}
    run(postgres, empty_database, "upgrade")
    assert await tables(postgres, empty_database) == made


def test_processes_that_start_at_once_migrate_once(postgres: EmbeddedPostgres, empty_database: str) -> None:
    command = [sys.executable, "-m", "server.store.migrations", "upgrade"]
    environment = os.environ | {"LEADLINE_OWNER_DATABASE_URL": postgres.url("leadline_owner", empty_database)}
    starts = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
    errors = [start.communicate()[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], errors


LOG = """
INSERT INTO leads (tenant_id, id) VALUES ({lead}, {lead});
INSERT INTO events (tenant_id, id, event_id, lead_id, type, occurred_time)
SELECT {lead}, gen_random_uuid(), day, {lead}, 'call', timestamptz '2026-01-01 12:00Z' + interval '1 day' * day
FROM unnest(array[0, 7, 7.1, 14]) AS day;
INSERT INTO lead_event_counters (tenant_id, lead_id, type, count, first_time, last_time)
SELECT {lead}, {lead}, 'call', count(*), min(occurred_time), max(occurred_time) FROM events;
INSERT INTO models (tenant_id, id, version, state, algorithm, feature_set, evaluation, feature_importances,
    excluded_fields)
VALUES ({lead}, {lead}, 1, 1, 1, '{{}}', '{{}}', '[]',
    '[{{"field": "a", "reason": "excluded on request"}}, {{"field": "b", "reason": "empty"}}]');
""".format(lead="'00000000-0000-0000-0000-000000000001'")


async def test_counters_and_exclusions_that_were_kept_before_are_completed(
    postgres: EmbeddedPostgres, empty_database: str
) -> None:
    run(postgres, empty_database, "upgrade")
    while "lead_event_days" in await tables(postgres, empty_database):
        run(postgres, empty_database, "downgrade")
    administrator = await asyncpg.connect(postgres.url("postgres", empty_database))
    await administrator.execute(LOG)

    run(postgres, empty_database, "upgrade")

    (counter,) = await administrator.fetch("SELECT * FROM lead_event_counters")
    excluded = await administrator.fetchval("SELECT excluded_fields::text FROM models")
    forced = await administrator.fetch("SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity")
    await administrator.close()
    assert (counter["count"], counter["active_days"]) == (4, 3)
    assert counter["decayed_7_days"] == pytest.approx(0.25 + 0.5 + 0.5 ** (6.9 / 7) + 1)
    assert counter["decayed_1_day"] == pytest.approx(0.5**14 + 0.5**7 + 0.5**6.9 + 1)
    assert [field["kind"] for field in json.loads(excluded)] == [2, 1]
    assert forced == []


PLAIN = """
INSERT INTO leads (tenant_id, id, email, display_name, phone)
SELECT tenant, gen_random_uuid(), number || 'CANARY@example.com', 'Canary ' || number, '+49 30 ' || number
FROM unnest(array['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002']::uuid[]) AS tenant,
    generate_series(1, 2100) AS number;
INSERT INTO leads (tenant_id, id) VALUES ({lead}, {lead});
""".format(lead="'00000000-0000-0000-0000-000000000003'")
PERSONAL = "SELECT tenant_id, id, email, display_name, phone FROM leads ORDER BY id"


async def columns(connection: asyncpg.Connection, table: str) -> set[str]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
    return {row["column_name"] for row in await connection.fetch(query, table)}


async def test_personal_data_that_was_kept_plain_is_encrypted_and_leaves_the_file(
    postgres: EmbeddedPostgres, empty_database: str, key_service: str
) -> None:
    run(postgres, empty_database, "upgrade")
    administrator = await asyncpg.connect(postgres.url("postgres", empty_database))
    run(postgres, empty_database, "-c", DOWN, "0015")
    await administrator.execute(PLAIN)
    before = await administrator.fetch(PERSONAL)

    with pytest.raises(subprocess.CalledProcessError) as refused:
        run(postgres, empty_database, "upgrade")
    assert "LEADLINE_KEY_SERVICE" in refused.value.stderr
    assert await administrator.fetch(PERSONAL) == before, "a migration that fails changes nothing"

    run(postgres, empty_database, "upgrade", key_service=key_service)
    assert {"email", "display_name", "phone"}.isdisjoint(await columns(administrator, "leads"))
    encrypted = await administrator.fetch(
        "SELECT count(personal), count(data_key), count(email_index), count(phone_index), count(DISTINCT email_index), "
        "count(*) FROM leads"
    )
    assert [tuple(row) for row in encrypted] == [(4200, 4200, 4200, 4200, 4200, 4201)]
    assert await administrator.fetchval("SELECT count(*) FROM tenant_keys") == 2
    await administrator.execute("CHECKPOINT")
    file = await administrator.fetchval("SELECT pg_relation_filepath('leads')")
    folder = await administrator.fetchval("SELECT current_setting('data_directory')")
    content = (Path(folder) / file).read_bytes()
    assert len(content) > 4200 * 100
    assert b"CANARY" not in content
    assert b"Canary" not in content

    run(postgres, empty_database, "-c", DOWN, "0015", key_service=key_service)
    assert await administrator.fetch(PERSONAL) == before
    await administrator.close()


NOTIFIED = """
INSERT INTO leads (tenant_id, id) VALUES ({lead}, {lead});
INSERT INTO notifications (tenant_id, id, recipients, text, reason, workflow_id, lead_id, create_time)
VALUES ({lead}, {lead}, '{{}}', 'Call Canary', 'Hot', {lead}, {lead}, now());
INSERT INTO idempotency_keys (tenant_id, method, key, request_digest, response)
VALUES ({lead}, '/leadline.v1.LeadService/CreateLead', 'k', 'd', 'Canary'),
    ({lead}, '/leadline.v1.WorkflowService/CreateWorkflow', 'k', 'd', 'workflow');
""".format(lead="'00000000-0000-0000-0000-000000000001'")


async def test_texts_of_notifications_are_encrypted_and_answers_with_personal_data_forgotten(
    postgres: EmbeddedPostgres, empty_database: str, key_service: str
) -> None:
    run(postgres, empty_database, "upgrade")
    administrator = await asyncpg.connect(postgres.url("postgres", empty_database))
    run(postgres, empty_database, "-c", DOWN, "0020")
    await administrator.execute(NOTIFIED)

    run(postgres, empty_database, "upgrade", key_service=key_service)
    assert b"Canary" not in await administrator.fetchval("SELECT text FROM notifications")
    answers = await administrator.fetch("SELECT response FROM idempotency_keys ORDER BY method")
    assert [row["response"] for row in answers] == [b"", b"workflow"]

    run(postgres, empty_database, "-c", DOWN, "0020", key_service=key_service)
    assert await administrator.fetchval("SELECT text FROM notifications") == "Call Canary"
    await administrator.close()
