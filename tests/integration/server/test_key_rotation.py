"""Keys are rotated while leads are read and written, and a rotation that was cut off goes on."""

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from deploy.local.postgres import EmbeddedPostgres
from server.encryption.rotation import RotateKeys
from server.encryption.tenant_keys import TenantKeys
from server.leads.create_leads import CreateLeads
from server.leads.lead import LeadProfile, LeadStatus
from server.leads.lead_query import LeadOrder, LeadQuery
from server.runtime.database import Database
from server.store.expired_keys import destroy_retired_keys
from server.store.key_services.local_file import add_key
from server.store.key_services.opening import open_key_service
from server.store.leads import PostgresLeadStore
from server.store.tenant_keys import PostgresTenantKeyStore

LEADS = 2_500
VERSIONS = "SELECT data_key_version, count(*) FROM leads WHERE tenant_id = $1 GROUP BY 1 ORDER BY 1"


class Cut(Exception):
    """The rotation is cut off here."""


@pytest.fixture
async def superuser(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.url("postgres"))
    yield connection
    await connection.close()


@pytest.fixture
def store(database: Database, tenant_keys: TenantKeys) -> PostgresLeadStore:
    return PostgresLeadStore(database, tenant_keys)


@pytest.fixture
def rotation(database: Database, key_service: str) -> RotateKeys:
    return RotateKeys(
        PostgresTenantKeyStore(database), open_key_service(key_service), grace_seconds=0.0, sleep=asyncio.sleep
    )


async def create(store: PostgresLeadStore, tenant_id: UUID, *emails: str) -> list[UUID]:
    profiles = [LeadProfile("", email, "", "", "", "", LeadStatus.OPEN, None, None, {}) for email in emails]
    return [lead.lead_id for lead in await CreateLeads(store, lambda: datetime.now(UTC))(tenant_id, profiles)]


async def emails_of(store: PostgresLeadStore, tenant_id: UUID) -> set[str]:
    leads = await store.page(tenant_id, LeadQuery((), LeadOrder.CREATE_TIME_ASCENDING, 10_000, None))
    return {lead.profile.email for lead in leads}


async def versions(superuser: asyncpg.Connection, tenant_id: UUID) -> dict[int, int]:
    return {row[0]: row[1] for row in await superuser.fetch(VERSIONS, tenant_id)}


async def unreported(_stage: str, _done: int) -> None:
    """Takes no notice."""


async def test_all_leads_get_the_new_version_and_can_be_read_and_found(
    store: PostgresLeadStore, rotation: RotateKeys, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    emails = {f"{number}@example.com" for number in range(LEADS)}
    await create(store, tenant_id, *emails)
    before = await superuser.fetch(
        "SELECT personal, email_index, revision FROM leads WHERE tenant_id = $1 ORDER BY id", tenant_id
    )
    told: list[tuple[str, int]] = []

    async def progress(stage: str, done: int) -> None:
        told.append((stage, done))

    done = await rotation.tenant_key(tenant_id, progress)
    assert (done.version, done.rewrapped, done.broken) == (2, LEADS, frozenset())
    assert [leads for _, leads in told][:3] == [1000, 2000, 2500]
    assert await versions(superuser, tenant_id) == {2: LEADS}
    after = await superuser.fetch(
        "SELECT personal, email_index, revision FROM leads WHERE tenant_id = $1 ORDER BY id", tenant_id
    )
    assert after == before, "the data itself is left alone"
    assert await emails_of(store, tenant_id) == emails
    retired = await superuser.fetch(
        "SELECT version, retire_time IS NOT NULL FROM tenant_keys WHERE tenant_id = $1 ORDER BY 1", tenant_id
    )
    assert [tuple(row) for row in retired] == [(1, True), (2, False)]
    assert (await rotation.tenant_key(tenant_id, unreported)).version == 3


async def test_a_rotation_that_is_cut_off_goes_on_where_it_was(
    store: PostgresLeadStore, rotation: RotateKeys, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    await create(store, tenant_id, *(f"{number}@example.com" for number in range(LEADS)))

    async def cut_off(_stage: str, done: int) -> None:
        if done >= 1000:
            raise Cut

    with pytest.raises(Cut):
        await rotation.tenant_key(tenant_id, cut_off)
    assert await versions(superuser, tenant_id) == {1: LEADS - 1000, 2: 1000}
    assert len(await emails_of(store, tenant_id)) == LEADS, "both versions are read"
    done = await rotation.tenant_key(tenant_id, unreported)
    assert (done.version, done.rewrapped) == (2, LEADS - 1000)
    assert await versions(superuser, tenant_id) == {2: LEADS}


async def test_leads_are_read_and_written_meanwhile(
    store: PostgresLeadStore, rotation: RotateKeys, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    written = {f"{number}@example.com" for number in range(LEADS)}
    ids = await create(store, tenant_id, *written)
    over = asyncio.Event()

    async def write() -> None:
        for number in itertools.count():
            if over.is_set():
                return
            await create(store, tenant_id, f"new {number}")
            written.add(f"new {number}")
            async with store.transaction(tenant_id) as transaction:
                lead = await transaction.lock(ids[number])
                assert lead is not None
                written.remove(lead.profile.email)
                changed = lead._replace(profile=lead.profile._replace(email=f"changed {number}"))
                await transaction.save(changed)
                await transaction.commit()
            written.add(f"changed {number}")

    async def read() -> None:
        while not over.is_set():
            for lead_id in ids[:20]:
                assert await store.get(tenant_id, lead_id) is not None

    writing, reading = asyncio.create_task(write()), asyncio.create_task(read())
    await asyncio.sleep(0.1)

    async def last_writes(stage: str, _done: int) -> None:
        if stage.startswith("waiting"):
            over.set()
            await asyncio.gather(writing, reading)

    await rotation.tenant_key(tenant_id, last_writes)
    assert any(email.startswith("changed") for email in written)
    assert set(await versions(superuser, tenant_id)) == {2}, "also those that were written by the version before"
    assert await emails_of(store, tenant_id) == written


async def test_a_lead_whose_key_was_tampered_with_holds_up_no_other(
    store: PostgresLeadStore, rotation: RotateKeys, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    whole, broken = await create(store, tenant_id, "a@example.com", "b@example.com")
    await superuser.execute("UPDATE leads SET data_key = data_key || '!' WHERE id = $1", broken)
    assert (await rotation.tenant_key(tenant_id, unreported)).broken == {broken}
    assert await versions(superuser, tenant_id) == {1: 1, 2: 1}
    lead = await store.get(tenant_id, whole)
    assert lead is not None
    assert lead.profile.email == "a@example.com"


async def test_a_retired_version_is_destroyed_when_nothing_can_need_it(
    rotation: RotateKeys, postgres: EmbeddedPostgres, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    await rotation.tenant_key(tenant_id, unreported)
    await rotation.tenant_key(tenant_id, unreported)
    relay = await Database.connect(postgres.url("leadline_relay"))
    await destroy_retired_keys(relay)
    kept = "SELECT array_agg(version ORDER BY version) FROM tenant_keys WHERE tenant_id = $1"
    assert await superuser.fetchval(kept, tenant_id) == [1, 2]
    await superuser.execute(
        "UPDATE tenant_keys SET retire_time = now() - interval '92 days' WHERE tenant_id = $1 AND version = 1",
        tenant_id,
    )
    assert await destroy_retired_keys(relay) == 1
    assert await superuser.fetchval(kept, tenant_id) == [2]
    await relay.close()


async def test_the_command_wraps_tenants_keys_by_the_newest_key_of_the_service(
    database: Database, postgres: EmbeddedPostgres, tenant_id: UUID, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    add_key(file)
    keys = TenantKeys(PostgresTenantKeyStore(database), open_key_service(f"file:{file}"))
    await create(PostgresLeadStore(database, keys), tenant_id, "ada@example.com")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "server.keys", *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ
            | {
                "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
                "LEADLINE_RELAY_DATABASE_URL": postgres.url("leadline_relay"),
                "LEADLINE_SIGNING_SECRET": "a secret for the tests",
                "LEADLINE_KEY_SERVICE": f"file:{file}",
                "LEADLINE_KEY_CACHE_SECONDS": "0.01",
            },
        )
        return done.stdout + done.stderr

    assert '"key":2' in run("add-file-key", str(file)).replace(" ", "")
    wrapped = await PostgresTenantKeyStore(database).keys(tenant_id)
    assert '"versions":1' in run("rewrap", str(tenant_id)).replace(" ", "")
    (again,) = await PostgresTenantKeyStore(database).keys(tenant_id)
    assert again.wrapped_key[:4] != wrapped[0].wrapped_key[:4]
    fresh = TenantKeys(PostgresTenantKeyStore(database), open_key_service(f"file:{file}"))
    assert await emails_of(PostgresLeadStore(database, fresh), tenant_id) == {"ada@example.com"}
