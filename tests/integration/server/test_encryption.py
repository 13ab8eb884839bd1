"""Personal data at rest: what somebody finds who has the database, and what happens when it was tampered with."""

import io
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import grpc
import pytest
from leadline.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc

from deploy.local.postgres import EmbeddedPostgres
from server.encryption.personal_data import SealedPersonalData
from server.encryption.tenant_keys import TenantKeys
from server.interceptors.idempotency import request_digest
from server.notifications.notification import NotificationText
from server.runtime.database import Database
from server.runtime.errors import EncryptedDataBroken
from server.runtime.identifiers import new_id, parse_name
from server.store.notifications import PostgresNotificationStore
from tests.grpc_errors import error_of
from tests.integration.server.conftest import Bearer
from tests.integration.server.test_notifications import tell

EMAIL, NAME, PHONE = "Canary.Wren@Secret-Aviary.example", "Jenny Canarywren", "+49 (30) 7654-321"
CANARY = re.compile(rb"canary.?wren|secret-aviary|7654.?321|jenny", re.IGNORECASE)


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> Any:
    return lead_service_pb2_grpc.LeadServiceStub(channel)


@pytest.fixture
async def superuser(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.url("postgres"))
    yield connection
    await connection.close()


async def create(stub: Any, bearer: Bearer, **fields: Any) -> Any:
    request = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(**fields), idempotency_key=str(new_id()))
    return await stub.CreateLead(request, metadata=bearer)


async def update(stub: Any, bearer: Bearer, name: str, **fields: Any) -> Any:
    request = lead_service_pb2.UpdateLeadRequest(lead=lead_pb2.Lead(name=name, **fields), idempotency_key=str(new_id()))
    request.update_mask.paths.extend(fields)
    return await stub.UpdateLead(request, metadata=bearer)


async def get(stub: Any, bearer: Bearer, name: str) -> Any:
    return await stub.GetLead(lead_service_pb2.GetLeadRequest(name=name), metadata=bearer)


async def row_of(superuser: asyncpg.Connection, lead_id: UUID) -> asyncpg.Record:
    row = await superuser.fetchrow("SELECT personal, data_key, data_key_version FROM leads WHERE id = $1", lead_id)
    assert row is not None
    return row


async def found(stub: Any, bearer: Bearer, condition: str) -> list[str]:
    """Gives the names of the leads on which a condition holds."""
    request = lead_service_pb2.ListLeadsRequest(filter=condition)
    return [lead.name for lead in (await stub.ListLeads(request, metadata=bearer)).leads]


async def whole_database(superuser: asyncpg.Connection) -> dict[str, bytes]:
    """Gives all rows of all tables as a superuser copies them, in binary form: text has bytes as hexadecimal."""
    tables = await superuser.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    copied = {}
    for (table,) in tables:
        output = io.BytesIO()
        await superuser.copy_from_table(table, output=output, format="binary")
        copied[table] = output.getvalue()
    return copied


@contextmanager
def gone(file: Path) -> Iterator[None]:
    """Takes a file away for the time of the block."""
    aside = file.rename(file.with_suffix(".aside"))
    try:
        yield
    finally:
        aside.rename(file)


async def test_nothing_of_a_person_is_in_the_tables(
    stub: Any, bearer: Bearer, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    lead = await create(stub, bearer, email=EMAIL, display_name=NAME, phone=PHONE, company="Aviary")
    await update(stub, bearer, lead.name, owner="ben")
    tables = await whole_database(superuser)
    assert tenant_id.bytes in tables["leads"]
    assert b"Aviary" in tables["leads"], "what is not personal is found so"
    assert [table for table, content in tables.items() if CANARY.search(content)] == []
    read = await get(stub, bearer, lead.name)
    assert (read.email, read.display_name, read.phone, read.owner) == (EMAIL, NAME, PHONE, "ben")


async def test_leads_are_found_by_address_and_number_however_they_are_written(stub: Any, bearer: Bearer) -> None:
    lead = await create(stub, bearer, email=EMAIL, phone=PHONE)
    unknown = await create(stub, bearer, display_name="Nobody")
    for condition in (
        f'email = "{EMAIL}"',
        f'email = "{EMAIL.upper()}"',
        'phone = "0049 30 7654321"',
        f'phone = "{PHONE}" AND email = "{EMAIL}" AND status = OPEN',
    ):
        assert await found(stub, bearer, condition) == [lead.name], condition
    assert await found(stub, bearer, 'email = ""') == [unknown.name]
    assert await found(stub, bearer, 'email = "canary.wren@secret-aviary"') == []
    await update(stub, bearer, lead.name, email="new@example.com")
    assert await found(stub, bearer, f'email = "{EMAIL}"') == []
    assert await found(stub, bearer, "email = NEW@example.com") == [lead.name]


async def test_blind_indexes_serve_the_filter(
    stub: Any, bearer: Bearer, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    await create(stub, bearer, email=EMAIL)
    async with superuser.transaction():
        await superuser.execute("SET LOCAL ROLE leadline_app; SET LOCAL enable_seqscan = off")
        await superuser.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))
        plan = await superuser.fetch(
            "EXPLAIN SELECT id FROM leads WHERE tenant_id = $1 AND email_index = '\\x00'::bytea", tenant_id
        )
    assert any("leads_email_index" in row[0] for row in plan), plan


async def test_what_was_swapped_or_changed_is_data_loss_and_tells_nothing(
    stub: Any, bearer: Bearer, superuser: asyncpg.Connection
) -> None:
    ada, eve = [await create(stub, bearer, email=f"{name}@example.com") for name in ("ada", "eve")]
    ids = [parse_name(lead.name, "leads") for lead in (ada, eve)]
    await superuser.execute(
        "UPDATE leads SET personal = other.personal, data_key = other.data_key FROM leads AS other "
        "WHERE leads.id = $1 AND other.id = $2",
        *ids,
    )
    error = await error_of(get(stub, bearer, ada.name))
    assert (error.code, error.reason) == (grpc.StatusCode.DATA_LOSS, "ENCRYPTED_DATA_BROKEN")
    assert error.metadata == {"name": ada.name}
    assert "eve" not in error.message
    assert (await get(stub, bearer, eve.name)).email == "eve@example.com"
    await superuser.execute("UPDATE leads SET personal = set_byte(personal, 20, get_byte(personal, 20) # 1)")
    listing = stub.ListLeads(lead_service_pb2.ListLeadsRequest(), metadata=bearer)
    assert (await error_of(listing)).code is grpc.StatusCode.DATA_LOSS


async def test_a_deleted_leads_key_is_gone_so_a_copy_of_its_data_stays_closed(
    stub: Any, bearer: Bearer, superuser: asyncpg.Connection, tenant_id: UUID, tenant_keys: TenantKeys
) -> None:
    kept, erased = [await create(stub, bearer, email=EMAIL) for _ in range(2)]
    erased_id, kept_id = (parse_name(lead.name, "leads") for lead in (erased, kept))
    copied = SealedPersonalData(*await row_of(superuser, erased_id))
    key: bytes = copied.data_key or b""
    assert key in (await whole_database(superuser))["leads"]
    deletion = lead_service_pb2.DeleteLeadRequest(name=erased.name, idempotency_key=str(new_id()))
    await stub.DeleteLead(deletion, metadata=bearer)
    cipher = await tenant_keys.cipher(tenant_id)
    assert cipher.open_personal(erased_id, copied).email == EMAIL, "a copy of the key too would open it"
    for table, content in (await whole_database(superuser)).items():
        assert key not in content, table
    others = SealedPersonalData(*await row_of(superuser, kept_id))
    with pytest.raises(EncryptedDataBroken):
        cipher.open_personal(erased_id, copied._replace(data_key=others.data_key))


async def test_without_the_key_service_calls_are_told_when_to_retry(
    stub: Any, bearer: Bearer, key_service: str
) -> None:
    with gone(Path(key_service.removeprefix("file:"))):
        error = await error_of(create(stub, bearer, email=EMAIL))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
    assert error.metadata == {"dependency": "key_service"}
    assert error.retry_seconds is not None
    assert error.retry_seconds > 0
    assert (await create(stub, bearer, email=EMAIL)).email == EMAIL


async def test_a_lead_that_is_replaced_can_be_read(stub: Any, bearer: Bearer) -> None:
    async def send(email: str) -> None:
        batch = lead_service_pb2.ImportLeadsRequest(
            idempotency_key=email,
            duplicate_policy=lead_service_pb2.DUPLICATE_POLICY_REPLACE,
            rows=[
                lead_service_pb2.ImportRow(
                    line_number=1, lead=lead_pb2.Lead(external_id="crm-1", email=email, display_name=NAME)
                ),
                lead_service_pb2.ImportRow(line_number=2, lead=lead_pb2.Lead(external_id="crm-2")),
            ],
        )
        await stub.ImportLeads(iter([batch]), metadata=bearer)

    await send("old@example.com")
    await send(EMAIL)
    (name,) = await found(stub, bearer, f"email = {EMAIL}")
    read = await get(stub, bearer, name)
    assert (read.email, read.display_name, read.external_id) == (EMAIL, NAME, "crm-1")
    assert await found(stub, bearer, "email = old@example.com") == []


async def test_a_repetition_is_given_the_first_answer_which_is_kept_encrypted(
    stub: Any, bearer: Bearer, superuser: asyncpg.Connection, tenant_id: UUID
) -> None:
    request = lead_service_pb2.CreateLeadRequest(
        lead=lead_pb2.Lead(email=EMAIL, display_name=NAME, phone=PHONE), idempotency_key=str(new_id())
    )
    first = await stub.CreateLead(request, metadata=bearer)
    assert await stub.CreateLead(request, metadata=bearer) == first
    kept = "SELECT response, request_digest FROM idempotency_keys WHERE tenant_id = $1"
    row = await superuser.fetchrow(kept, tenant_id)
    assert row is not None
    assert len(row["response"]) > first.ByteSize()
    assert row["request_digest"] != request_digest(request), "nobody can try which request it is of"
    tamper = "UPDATE idempotency_keys SET response = set_byte(response, 20, get_byte(response, 20) # 1)"
    await superuser.execute(f"{tamper} WHERE tenant_id = $1", tenant_id)
    assert (await error_of(stub.CreateLead(request, metadata=bearer))).reason == "ENCRYPTED_DATA_BROKEN"


async def test_what_names_a_lead_in_a_notification_is_kept_encrypted(
    superuser: asyncpg.Connection, database: Database, tenant_keys: TenantKeys, tenant_id: UUID
) -> None:
    await tell(database, tenant_keys, tenant_id, NotificationText(["Call ", ""], NAME))
    stored = await superuser.fetchval("SELECT text FROM notifications WHERE tenant_id = $1", tenant_id)
    assert not CANARY.search(stored)
    told = await PostgresNotificationStore(database, tenant_keys).page(tenant_id, "ana", 9, None, unread_only=False)
    assert [notification.text for notification in told] == [NotificationText(["Call ", ""], NAME)]
