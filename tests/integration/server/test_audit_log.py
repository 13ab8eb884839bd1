"""The audit log as it is kept and read: chained, append-only, and verified."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import grpc
import pytest
from leadline.v1 import (
    audit_record_pb2,
    audit_service_pb2,
    audit_service_pb2_grpc,
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
)

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from server.audit.chain import BEGINNING, record_digest
from server.audit.verify_audit_log import VerifyAuditLog
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.audit_records import PostgresAuditStore
from tests.eventually import eventually
from tests.grpc_errors import error_of
from tests.integration.server.audit_log import AuditLog

Bearer = tuple[tuple[str, str], ...]
Fault = audit_service_pb2.BrokenAuditRecord
ALL = audit_service_pb2.ListAuditRecordsRequest(page_size=1000, order_by="sequence_number")
VERIFY = audit_service_pb2.VerifyAuditLogRequest()
Verify = Callable[..., Awaitable[audit_service_pb2.VerifyAuditLogResponse]]
Tamper = Callable[[str], Awaitable[None]]


@pytest.fixture
def audit(channel: grpc.aio.Channel) -> Any:
    return audit_service_pb2_grpc.AuditServiceStub(channel)


@pytest.fixture
async def names(channel: grpc.aio.Channel, bearer: Bearer, audit_log: AuditLog) -> list[str]:
    """The names of four leads, each created and so recorded; the records are sealed."""
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
    made = []
    for number in range(4):
        request = lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(owner="ann"), idempotency_key=str(number))
        made.append((await leads.CreateLead(request, metadata=bearer)).name)
    await audit_log.seal()
    return made


@pytest.fixture
def verify(audit: Any, bearer: Bearer) -> Verify:
    """Has the tenant's chain verified, after an anchor if one is given."""

    async def verified(
        after: audit_service_pb2.AuditAnchor | None = None,
    ) -> audit_service_pb2.VerifyAuditLogResponse:
        request = audit_service_pb2.VerifyAuditLogRequest(after=after)
        found: audit_service_pb2.VerifyAuditLogResponse = await audit.VerifyAuditLog(request, metadata=bearer)
        return found

    return verified


@pytest.fixture
def tamper(audit_log: AuditLog, tenant_id: UUID) -> Tamper:
    """Changes the tenant's chain as a superuser who turns its trigger off."""

    async def tampered(statement: str) -> None:
        await audit_log.tamper(f"{statement} AND tenant_id = '{tenant_id}'")

    return tampered


async def test_records_are_chained_as_the_contract_says(
    audit: Any, bearer: Bearer, tenant_id: UUID, names: list[str]
) -> None:
    records = (await audit.ListAuditRecords(ALL, metadata=bearer)).audit_records
    assert [record.sequence_number for record in records] == [1, 2, 3, 4]
    assert [list(record.resources) for record in records] == [[name] for name in names]
    previous = BEGINNING
    for record in records:
        assert record.previous_digest == previous
        assert record.digest == record_digest(previous, tenant_id, record.sequence_number, record.content)
        previous = record.digest
    assert records[0].kind == audit_record_pb2.AUDIT_KIND_CHANGE
    assert records[0].credential == audit_record_pb2.AUDIT_CREDENTIAL_OTHER_TOKEN
    assert (records[0].door, records[0].code) == (audit_record_pb2.AUDIT_DOOR_DIRECT, "OK")
    assert records[0] == await audit.GetAuditRecord(
        audit_service_pb2.GetAuditRecordRequest(name=records[0].name), metadata=bearer
    )


async def test_an_untouched_chain_is_verified(
    audit: Any, bearer: Bearer, verify: Verify, names: list[str], audit_log: AuditLog
) -> None:
    found = await verify()
    assert (found.verified_count, found.unsealed_count, found.has_more) == (len(names), 0, False)
    assert not found.HasField("broken_record")
    await audit.ListAuditRecords(ALL, metadata=bearer)

    async def is_recorded() -> bool:
        return (await verify()).unsealed_count == 1

    # Reading the log is recorded as well, and waits to be sealed.
    await eventually(is_recorded)
    await audit_log.seal()
    again = await verify(found.head)
    assert (again.verified_count, again.head.sequence_number) == (1, len(names) + 1)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("statement", "number", "fault"),
    [
        ("SET content = replace(content, '\"OK\"', '\"NO\"') WHERE sequence_number = 3", 3, Fault.FAULT_ALTERED),
        ("SET digest = sha256('x') WHERE sequence_number = 2", 2, Fault.FAULT_ALTERED),
        ("SET previous_digest = sha256('x') WHERE sequence_number = 2", 2, Fault.FAULT_ALTERED),
        ("SET tenant_id = gen_random_uuid() WHERE sequence_number = 2", 2, Fault.FAULT_MISSING),
        ("SET sequence_number = 9 WHERE sequence_number = 4", 4, Fault.FAULT_MISSING),
    ],
)
async def test_a_record_that_was_tampered_with_is_named(
    verify: Verify, tamper: Tamper, statement: str, number: int, fault: int
) -> None:
    await tamper(f"UPDATE audit_records {statement}")
    found = await verify()
    assert (found.broken_record.sequence_number, found.broken_record.fault) == (number, fault)
    assert found.broken_record.name.startswith("auditRecords/") == (fault == Fault.FAULT_ALTERED)
    assert found.verified_count == number - 1


async def test_a_record_that_was_deleted_is_missed(verify: Verify, names: list[str], tamper: Tamper) -> None:
    head = (await verify()).head
    await tamper("DELETE FROM audit_records WHERE sequence_number = 4")
    # The end of a chain is missed by whoever has kept it.
    assert (await verify()).verified_count == len(names) - 1
    assert (await verify(head)).broken_record.fault == Fault.FAULT_MISSING
    await tamper("DELETE FROM audit_records WHERE sequence_number = 2")
    found = (await verify()).broken_record
    assert (found.sequence_number, found.fault) == (2, Fault.FAULT_MISSING)


@pytest.mark.usefixtures("names")
async def test_a_chain_that_was_written_anew_is_found_by_its_anchor(
    audit: Any, bearer: Bearer, verify: Verify, tenant_id: UUID, tamper: Tamper
) -> None:
    head, previous = (await verify()).head, BEGINNING
    for record in (await audit.ListAuditRecords(ALL, metadata=bearer)).audit_records:
        content = record.content.replace('"OK"', '"NOT_FOUND"')
        digest = record_digest(previous, tenant_id, record.sequence_number, content)
        values = f"content = '{content}', previous_digest = '\\x{previous.hex()}', digest = '\\x{digest.hex()}'"
        await tamper(f"UPDATE audit_records SET {values} WHERE sequence_number = {record.sequence_number}")  # noqa: S608
        previous = digest
    assert (await verify()).verified_count == head.sequence_number == 4
    assert (await verify(head)).broken_record.fault == Fault.FAULT_NOT_THE_ANCHOR


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("role", ["leadline_app", "leadline_relay", "leadline_owner", "postgres"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_records SET content = '{}'", "DELETE FROM audit_records", "TRUNCATE audit_records",
     "UPDATE unsealed_audit_records SET content = '{}'", "TRUNCATE unsealed_audit_records",
     "SET session_replication_role = replica; DELETE FROM audit_records"],
)  # fmt: skip
async def test_nobody_changes_the_log(postgres: EmbeddedPostgres, tenant_id: UUID, role: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres.url(role))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"BEGIN; SELECT set_config('app.tenant_id', '{tenant_id}', true); {statement}")
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["leadline_relay", "postgres"])
async def test_what_waits_leaves_for_the_chain_alone(
    postgres: EmbeddedPostgres, tenant_id: UUID, trail: AuditTrail, role: str
) -> None:
    trail.add(tenant_id, f'{{"id":"{new_id()}","time":"2026-01-02T03:04:05.000006Z"}}'.encode())
    await trail.close()
    connection = await asyncpg.connect(postgres.url(role))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="before it is sealed"):
            await connection.execute("DELETE FROM unsealed_audit_records WHERE tenant_id = $1", tenant_id)
    finally:
        await connection.close()


async def test_the_application_can_t_write_into_the_chain_itself(database: Database, tenant_id: UUID) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO audit_records (tenant_id, sequence_number, previous_digest, digest, content) "
                "VALUES ($1, 1, sha256('a'), sha256('b'), '{}')",
                tenant_id,
            )


@pytest.mark.parametrize("content", ["no JSON", "7", '{"id":"\\u0000"}'])
async def test_what_could_never_be_sealed_is_refused_at_once(database: Database, tenant_id: UUID, content: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.transaction(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO unsealed_audit_records (tenant_id, content) VALUES ($1, $2)", tenant_id, content
            )


async def test_what_is_no_record_does_not_hold_up_the_others(
    audit: Any, bearer: Bearer, tenant_id: UUID, trail: AuditTrail, audit_log: AuditLog
) -> None:
    for content in (b"{}", b'{"id":7,"time":"yesterday"}', b'{"id":"x","time":[]}'):
        trail.add(tenant_id, content)
    await audit_log.seal()
    assert (await audit.VerifyAuditLog(VERIFY, metadata=bearer)).verified_count == 3
    records = (await audit.ListAuditRecords(ALL, metadata=bearer)).audit_records
    assert [(record.sequence_number, record.content[:2]) for record in records] == [(1, "{}"), (2, '{"'), (3, '{"')]


async def test_several_who_seal_at_the_same_time_make_one_chain(
    audit_log: AuditLog, trail: AuditTrail, database: Database
) -> None:
    tenants = [new_id() for _ in range(3)]
    for number in range(300):
        content = f'{{"id":"{new_id()}","time":"2026-01-02T03:04:05.000006Z","number":{number}}}'
        trail.add(tenants[number % 3], content.encode())
    await trail.close()
    while any(await asyncio.gather(*(audit_log.sealer.seal_batch() for _ in range(4)))):
        pass
    verify = VerifyAuditLog(PostgresAuditStore(database), largest_walk=60)
    for remainder, tenant_id in enumerate(tenants):
        records = await audit_log.records(tenant_id)
        assert [record["number"] for record in records] == list(range(remainder, 300, 3))
        first = await verify(tenant_id, None)
        assert (first.verified_count, first.has_more, first.broken) == (60, True, None)
        rest = await verify(tenant_id, first.head)
        assert (rest.verified_count, rest.has_more, rest.broken) == (40, False, None)


async def test_records_are_filtered_and_paged(audit: Any, bearer: Bearer, names: list[str]) -> None:
    async def numbers(text: str, order: str = "sequence_number") -> list[int]:
        found, token = [], ""
        while True:
            request = audit_service_pb2.ListAuditRecordsRequest(
                filter=text, order_by=order, page_size=3, page_token=token
            )
            page = await audit.ListAuditRecords(request, metadata=bearer)
            found += [record.sequence_number for record in page.audit_records]
            token = page.next_page_token
            if not token:
                return found

    first = (await audit.ListAuditRecords(ALL, metadata=bearer)).audit_records[0]
    assert await numbers("") == [1, 2, 3, 4]
    assert await numbers("", "") == await numbers("", "sequence_number desc") == [4, 3, 2, 1]
    assert await numbers(f'resource = "{names[2]}"') == [3]
    assert await numbers("kind = READ") == []
    everything = (
        'kind = CHANGE AND credential = OTHER_TOKEN AND door = DIRECT AND principal = "developer" AND code = OK '
        'AND method = "leadline.v1.LeadService/CreateLead" AND create_time > "2026-01-01T00:00:00Z"'
    )
    assert await numbers(everything) == [1, 2, 3, 4]
    assert await numbers(f'request_id = "{first.request_id}"') == [1]
    assert await numbers('create_time < "2026-01-01T00:00:00Z"') == []


@pytest.mark.parametrize(
    ("text", "order"),
    [("kind = WRITE", ""), ("kind < CHANGE", ""), ("who = me", ""), ("create_time = now", ""), ("", "create_time"),
     ("create_time > yesterday", ""), ("kind", "")],
)  # fmt: skip
async def test_a_filter_that_can_t_be_read_is_refused(audit: Any, bearer: Bearer, text: str, order: str) -> None:
    request = audit_service_pb2.ListAuditRecordsRequest(filter=text, order_by=order)
    assert (await error_of(audit.ListAuditRecords(request, metadata=bearer))).reason == "INVALID_FILTER"


async def test_a_page_token_is_good_for_its_query_alone(audit: Any, bearer: Bearer, names: list[str]) -> None:
    request = audit_service_pb2.ListAuditRecordsRequest(page_size=len(names) - 1)
    request.page_token = (await audit.ListAuditRecords(request, metadata=bearer)).next_page_token
    request.filter = "kind = CHANGE"
    assert (await error_of(audit.ListAuditRecords(request, metadata=bearer))).reason == "INVALID_PAGE_TOKEN"


async def test_the_log_is_exported_and_its_export_recorded(
    audit: Any, bearer: Bearer, tenant_id: UUID, names: list[str], audit_log: AuditLog
) -> None:
    request = audit_service_pb2.ExportAuditRecordsRequest(after_sequence_number=1)
    parts = [part async for part in audit.ExportAuditRecords(request, metadata=bearer)]
    assert [record.sequence_number for part in parts for record in part.audit_records] == [2, 3, 4]
    assert len(names) == 4
    first, last = (await audit_log.records(tenant_id))[4:]
    assert (first["method"], first["partial"]) == ("leadline.v1.AuditService/ExportAuditRecords", True)
    assert last["counts"] == {"response_count": 1}


async def test_another_tenant_s_log_is_out_of_reach(
    audit: Any, bearer: Bearer, names: list[str], development_key: DevelopmentKey
) -> None:
    first = (await audit.ListAuditRecords(ALL, metadata=bearer)).audit_records[0]
    assert list(first.resources) == names[:1]
    other = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
    request = audit_service_pb2.GetAuditRecordRequest(name=first.name)
    assert (await error_of(audit.GetAuditRecord(request, metadata=other))).reason == "AUDIT_RECORD_NOT_FOUND"
    assert not (await audit.ListAuditRecords(ALL, metadata=other)).audit_records
    assert (await audit.VerifyAuditLog(VERIFY, metadata=other)).verified_count == 0
