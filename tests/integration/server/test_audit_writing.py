"""What the audit log is told: every change, every read of personal data, every refusal, and nothing that is secret."""

from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf import field_mask_pb2
from leadline.v1 import (
    event_pb2,
    integration_service_pb2,
    integration_service_pb2_grpc,
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
)

from deploy.local.development_token import DevelopmentKey
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from tests.grpc_errors import error_of
from tests.integration.server.audit_log import AuditLog

Bearer = tuple[tuple[str, str], ...]
CANARY = "canary4711"


@pytest.fixture
def leads(channel: grpc.aio.Channel) -> Any:
    return lead_service_pb2_grpc.LeadServiceStub(channel)


@pytest.fixture
def events(channel: grpc.aio.Channel) -> Any:
    return integration_service_pb2_grpc.IntegrationServiceStub(channel)


def creation(key: str = "k", **profile: Any) -> lead_service_pb2.CreateLeadRequest:
    return lead_service_pb2.CreateLeadRequest(lead=lead_pb2.Lead(**profile), idempotency_key=key)


def told(record: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in names)


async def test_a_change_is_recorded_by_its_own_transaction(
    leads: Any, development_key: DevelopmentKey, tenant_id: UUID, audit_log: AuditLog
) -> None:
    token = development_key.mint(tenant_id, f"users/{new_id()}")
    metadata = (
        ("authorization", f"Bearer {token}"),
        ("x-request-id", "request-1"),
        ("x-forwarded-for", "198.51.100.7, 203.0.113.9"),
        ("x-envoy-original-method", "POST"),
    )
    lead = await leads.CreateLead(creation(email="ann@example.com", company="Harbour Glass"), metadata=metadata)
    # It is there already, though nothing that waits has been written.
    (record,) = await audit_log.unsealed(tenant_id)
    assert told(record, "kind", "method", "code") == ("CHANGE", "leadline.v1.LeadService/CreateLead", "OK")
    assert told(record, "credential", "door") == ("SESSION", "REST")
    assert record["principal"].startswith("users/")
    assert told(record, "client_address", "request_id") == ("203.0.113.9", "request-1")
    assert record["resources"] == [lead.name]
    assert record["changed_fields"] == ["lead.company", "lead.email"]
    assert record["time"].endswith("Z")
    assert "reason" not in record


async def test_a_repetition_is_no_second_change(
    leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    for _ in range(3):
        await leads.CreateLead(creation(company="A"), metadata=bearer)
    assert [told(record, "kind", "code") for record in await audit_log.records(tenant_id)] == [("CHANGE", "OK")]


async def test_a_change_that_fails_is_recorded_with_its_reason(
    leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    name = f"leads/{new_id()}"
    missing = lead_service_pb2.DeleteLeadRequest(name=name, idempotency_key="k")
    assert (await error_of(leads.DeleteLead(missing, metadata=bearer))).reason == "LEAD_NOT_FOUND"
    await error_of(leads.CreateLead(creation(email="nobody"), metadata=bearer))
    deletion, refused = await audit_log.records(tenant_id)
    assert told(deletion, "kind", "code", "reason") == ("CHANGE", "NOT_FOUND", "LEAD_NOT_FOUND")
    assert deletion["resources"] == [name]
    assert told(refused, "code", "reason") == ("INVALID_ARGUMENT", "INVALID_REQUEST")


async def test_an_update_tells_which_fields(leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog) -> None:
    lead = await leads.CreateLead(creation(owner="ann"), metadata=bearer)
    lead.fields["City"].category = "Kochi"
    mask = field_mask_pb2.FieldMask(paths=["email", "fields"])
    change = lead_service_pb2.UpdateLeadRequest(lead=lead, update_mask=mask, idempotency_key="u")
    await leads.UpdateLead(change, metadata=bearer)
    *_, record = await audit_log.records(tenant_id)
    # The mask clears the address; a custom field is told as one of the fields, not by its name.
    assert record["changed_fields"] == ["lead.email", "lead.fields"]
    assert record["resources"] == [lead.name]


async def test_who_reads_personal_data_is_recorded(
    leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    names = [(await leads.CreateLead(creation(key), metadata=bearer)).name for key in ("1", "2")]
    await leads.GetLead(lead_service_pb2.GetLeadRequest(name=names[0]), metadata=bearer)
    await leads.ListLeads(lead_service_pb2.ListLeadsRequest(), metadata=bearer)
    await error_of(leads.GetLead(lead_service_pb2.GetLeadRequest(name=f"leads/{new_id()}"), metadata=bearer))
    reads = [record for record in await audit_log.records(tenant_id) if record["kind"] == "READ"]
    assert [told(record, "method", "code") for record in reads] == [
        ("leadline.v1.LeadService/GetLead", "OK"),
        ("leadline.v1.LeadService/ListLeads", "OK"),
        ("leadline.v1.LeadService/GetLead", "NOT_FOUND"),
    ]
    assert reads[0]["resources"] == [names[0]]
    assert sorted(reads[1]["resources"]) == sorted(names)


async def test_a_refused_permission_is_recorded_for_every_rpc(
    channel: grpc.aio.Channel, development_key: DevelopmentKey, tenant_id: UUID, audit_log: AuditLog
) -> None:
    token = development_key.mint(tenant_id, f"apiKeys/{new_id()}", ["leads.read"])
    for method in (
        "OperationService/ListOperations",
        "LeadService/CreateLead",
        "NotificationService/WatchNotifications",
    ):
        call: Any = channel.unary_unary(f"/leadline.v1.{method}")
        assert (await error_of(call(b"", metadata=(("authorization", f"Bearer {token}"),)))).code is (
            grpc.StatusCode.PERMISSION_DENIED
        )
    records = await audit_log.records(tenant_id)
    assert [told(record, "kind", "reason", "credential") for record in records] == [
        ("ACCESS", "PERMISSION_MISSING", "API_KEY")
    ] * 3


async def test_a_token_that_was_good_is_recorded_when_it_is_refused_and_a_forged_one_is_not(
    leads: Any, development_key: DevelopmentKey, tenant_id: UUID, audit_log: AuditLog
) -> None:
    expired = development_key.mint(tenant_id, "ann", lifetime=-10.0)
    forged = development_key.mint(tenant_id, "mallory")[:-6] + "AAAAAA"
    for token in (expired, forged):
        request = lead_service_pb2.GetLeadRequest(name=f"leads/{new_id()}")
        await error_of(leads.GetLead(request, metadata=(("authorization", f"Bearer {token}"),)))
    (record,) = await audit_log.records(tenant_id)
    assert told(record, "kind", "principal", "code", "reason") == ("ACCESS", "ann", "UNAUTHENTICATED", "TOKEN_EXPIRED")


def import_batches(*rows: list[lead_pb2.Lead]) -> list[lead_service_pb2.ImportLeadsRequest]:
    return [
        lead_service_pb2.ImportLeadsRequest(
            idempotency_key="import",
            sequence_number=number,
            rows=[
                lead_service_pb2.ImportRow(line_number=number * 10 + line + 1, lead=lead)
                for line, lead in enumerate(told)
            ],
        )
        for number, told in enumerate(rows)
    ]


async def test_a_stream_is_recorded_with_its_first_change_and_with_its_counts(
    leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    batches = import_batches([lead_pb2.Lead(owner="a"), lead_pb2.Lead(email="nobody")], [lead_pb2.Lead(owner="b")])
    for _ in range(2):
        await leads.ImportLeads(iter(batches), metadata=bearer)
    first, last = await audit_log.records(tenant_id)
    assert told(first, "method", "partial") == ("leadline.v1.LeadService/ImportLeads", True)
    assert "partial" not in last
    assert last["counts"] == {
        "request_count": 2, "created_count": 2, "replaced_count": 0, "duplicate_count": 0, "refused_count": 1
    }  # fmt: skip


async def test_a_stream_that_fails_half_way_tells_so(
    leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    good, other = import_batches([lead_pb2.Lead(owner="a")], [lead_pb2.Lead(owner="b")])
    other.sequence_number = 7
    await error_of(leads.ImportLeads(iter([good, other]), metadata=bearer))
    first, last = await audit_log.records(tenant_id)
    assert told(first, "partial", "code") == (True, "OK")
    assert told(last, "code", "reason", "counts") == ("INVALID_ARGUMENT", "INVALID_REQUEST", {"request_count": 2})


async def test_events_that_are_published_are_counted(
    leads: Any, events: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    lead = (await leads.CreateLead(creation(), metadata=bearer)).name
    event = event_pb2.Event(event_id="e", lead=lead, type="call")
    event.occurred_time.GetCurrentTime()
    await events.RecordEvents(
        integration_service_pb2.RecordEventsRequest(idempotency_key="k", events=[event]), metadata=bearer
    )
    published = [
        integration_service_pb2.PublishEventsRequest(sequence_number=number, events=[event]) for number in range(3)
    ]
    assert len([answer async for answer in events.PublishEvents(iter(published), metadata=bearer)]) == 3
    _, recorded, first, last = await audit_log.records(tenant_id)
    assert told(recorded, "resources", "counts") == ([lead], {"recorded_count": 1, "duplicate_count": 0})
    assert told(first, "method", "partial") == ("leadline.v1.IntegrationService/PublishEvents", True)
    assert last["counts"] == {"request_count": 3, "response_count": 3}


async def test_no_secret_and_no_personal_value_gets_in(
    leads: Any, events: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog
) -> None:
    profile = {"email": f"{CANARY}@example.com", "phone": f"+31 {CANARY}", "display_name": CANARY, "company": CANARY}
    request = creation(**profile, external_id=CANARY, owner=CANARY)
    request.lead.fields[CANARY].text = CANARY
    request.idempotency_key = f"key-{CANARY}"
    lead = await leads.CreateLead(request, metadata=bearer)
    mask = field_mask_pb2.FieldMask(paths=["email", "fields"])
    await leads.UpdateLead(
        lead_service_pb2.UpdateLeadRequest(lead=lead, update_mask=mask, idempotency_key="u"), metadata=bearer
    )
    wrong = field_mask_pb2.FieldMask(paths=[CANARY])
    await error_of(
        leads.UpdateLead(
            lead_service_pb2.UpdateLeadRequest(lead=lead, update_mask=wrong, idempotency_key="v"), metadata=bearer
        )
    )
    await error_of(leads.GetLead(lead_service_pb2.GetLeadRequest(name=f"leads/{CANARY}"), metadata=bearer))
    await leads.ListLeads(lead_service_pb2.ListLeadsRequest(filter=f'email = "{CANARY}@example.com"'), metadata=bearer)
    await leads.ImportLeads(iter(import_batches([request.lead])), metadata=bearer)
    event = event_pb2.Event(event_id=CANARY, lead=lead.name, type=CANARY)
    event.occurred_time.GetCurrentTime()
    event.properties[CANARY].text = CANARY
    await events.RecordEvents(
        integration_service_pb2.RecordEventsRequest(idempotency_key=CANARY, events=[event]), metadata=bearer
    )
    records = await audit_log.records(tenant_id)
    assert len(records) == 8
    # The other columns are made of the content.
    written = repr(records)
    assert CANARY not in written
    token = bearer[0][1].removeprefix("Bearer ")
    assert not any(part in written for part in token.split("."))


async def test_a_change_whose_record_can_t_be_written_does_not_happen(
    leads: Any, bearer: Bearer, tenant_id: UUID, audit_log: AuditLog, database: Database
) -> None:
    await audit_log.administer("REVOKE INSERT ON unsealed_audit_records FROM leadline_app")
    try:
        assert (await error_of(leads.CreateLead(creation(), metadata=bearer))).reason == "INTERNAL"
    finally:
        await audit_log.administer("GRANT INSERT ON unsealed_audit_records TO leadline_app")
    async with database.transaction(tenant_id) as transaction:
        assert await transaction.fetchval("SELECT count(*) FROM leads") == 0
