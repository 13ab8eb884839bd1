"""The audit log of a server that is stopped: what was read just before is recorded all the same."""

from uuid import UUID

import asyncpg
import orjson
import pytest

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from leadline_sdk import Client, NotFound
from server.runtime.identifiers import new_id
from tests.server_processes import ServerProcesses

READS = 20


async def test_a_server_that_is_stopped_loses_no_record(
    postgres: EmbeddedPostgres, processes: ServerProcesses, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    names = [f"leads/{new_id()}" for _ in range(READS)]
    with processes.server(), Client(processes.address, token=development_key.mint(tenant_id), tls=False) as client:
        for name in names:
            with pytest.raises(NotFound):
                client.get_lead(name)
    connection = await asyncpg.connect(postgres.url("postgres"))
    rows = await connection.fetch("SELECT content FROM unsealed_audit_records WHERE tenant_id = $1", tenant_id)
    await connection.close()
    assert [orjson.loads(row["content"])["resources"] for row in rows] == [[name] for name in names]
