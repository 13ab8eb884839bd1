"""What the system does by itself is in the audit log, written by the transaction that does it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import grpc
from leadline.v1 import audit_record_pb2, audit_service_pb2, audit_service_pb2_grpc, workflow_pb2

from server.runtime.database import Database
from server.runtime.identifiers import format_name
from tests.integration.server.audit_log import AuditLog
from tests.integration.server.conftest import Bearer
from tests.integration.server.test_tracking import PAGE, key, leads, tracking, visit
from tests.integration.server.test_workflows import World, assign, world
from tests.stored_scores import store_lead

__all__ = ["key", "leads", "tracking", "world"]


def by(records: Sequence[dict[str, Any]], principal: str) -> list[dict[str, Any]]:
    """Gives the records of a principal."""
    return [record for record in records if record.get("principal") == principal]


def actions() -> list[workflow_pb2.WorkflowAction]:
    """Gives one action of each kind that changes something of a tenant's."""
    field = workflow_pb2.SetFieldAction(field="Canary4711")
    field.value.category = "canary4711"
    return [
        assign(("ana", 0)),
        workflow_pb2.WorkflowAction(set_field=field),
        workflow_pb2.WorkflowAction(add_to_crm_queue=workflow_pb2.AddToCrmQueueAction(queue="hot")),
    ]


async def test_what_a_workflow_changes_is_recorded_with_its_name(
    *, world: World, tenant_id: UUID, database: Database, audit_log: AuditLog, channel: grpc.aio.Channel, bearer: Bearer
) -> None:
    lead_id = await store_lead(database, tenant_id)
    workflow = await world.create(*actions())
    await world.score(lead_id, 90)
    (run,) = await world.runs()
    assert all(result.done for result in run.action_results), run
    records = by(await audit_log.records(tenant_id), workflow.name)
    lead = format_name("leads", lead_id)
    assert [(record["method"], record["resources"][0], record.get("changed_fields")) for record in records] == [
        ("workflow/assign_owner", lead, ["lead.owner"]),
        ("workflow/set_field", lead, ["lead.fields"]),
        ("workflow/add_to_crm_queue", lead, None),
    ]
    assert {(record["kind"], record["credential"], record["code"]) for record in records} == {
        ("CHANGE", "SYSTEM", "OK")
    }
    assert "canary4711" not in str(records).lower()
    audit: Any = audit_service_pb2_grpc.AuditServiceStub(channel)
    request = audit_service_pb2.ListAuditRecordsRequest(filter=f'credential = SYSTEM AND resource = "{lead}"')
    listed = (await audit.ListAuditRecords(request, metadata=bearer)).audit_records
    assert [(record.principal, record.credential) for record in listed] == [
        (workflow.name, audit_record_pb2.AUDIT_CREDENTIAL_SYSTEM)
    ] * 3
    verified = await audit.VerifyAuditLog(audit_service_pb2.VerifyAuditLogRequest(), metadata=bearer)
    assert verified.verified_count >= 3
    assert not verified.HasField("broken_record")


async def test_a_change_whose_record_can_t_be_written_is_not_made(
    world: World, tenant_id: UUID, database: Database, audit_log: AuditLog
) -> None:
    lead_id = await store_lead(database, tenant_id)
    await world.create(actions()[0])
    trigger = f"""
        CREATE FUNCTION refuse_{tenant_id.hex}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.tenant_id = '{tenant_id}' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER refuse_{tenant_id.hex} BEFORE INSERT ON unsealed_audit_records
        FOR EACH ROW EXECUTE FUNCTION refuse_{tenant_id.hex}()
    """
    await audit_log.administer(trigger)
    try:
        await world.score(lead_id, 90)
    finally:
        await audit_log.administer(f"DROP FUNCTION refuse_{tenant_id.hex}() CASCADE")
    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT owner FROM leads WHERE id = $1", lead_id) == ""
    (run,) = await world.runs()
    assert [result.done for result in run.action_results] == [False]


async def test_a_visitor_who_becomes_a_lead_is_recorded_with_the_website(
    tracking: Any, key: Any, tenant_id: UUID, database: Database, audit_log: AuditLog
) -> None:
    visitor = uuid4()
    await tracking.Track(visit(key, visitor, "page_view"), metadata=PAGE)
    await tracking.Track(visit(key, visitor, "form_submitted", email="canary4711@example.com"), metadata=PAGE)
    await tracking.Track(visit(key, uuid4(), "form_submitted", email="canary4711@example.com"), metadata=PAGE)
    await tracking.Track(visit(key, visitor, "page_view"), metadata=PAGE)
    async with database.transaction(tenant_id) as connection:
        lead_id = await connection.fetchval("SELECT id FROM leads WHERE tenant_id = $1", tenant_id)
    (record,) = by(await audit_log.records(tenant_id), key.name)
    assert record["method"] == "leadline.v1.TrackingService/Track"
    assert record["resources"] == [format_name("leads", lead_id)]
    assert (record["kind"], record["credential"], record["code"]) == ("CHANGE", "NONE", "OK")
    assert "canary4711" not in str(record)
