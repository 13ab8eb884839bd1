"""What the contract tells the audit log of each rpc."""

import pytest
from google.protobuf import field_mask_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from leadline.v1 import authentication_service_pb2, identity_service_pb2, lead_pb2, lead_service_pb2

from server.interceptors.audit_facts import CREDENTIALS, changed_fields, kind_of, note_answer, note_request
from server.interceptors.permissions import is_public
from server.main import SERVICES as SERVER_SERVICES
from server.runtime.audit import AuditDoor, AuditedCall, AuditKind
from server.runtime.identifiers import new_id

METHODS = [pytest.param(method, id=method.full_name) for service in SERVER_SERVICES for method in service.methods]
READS = {
    "GetAuditRecord", "ListAuditRecords", "ExportAuditRecords", "GetDeadLetter", "ListDeadLetters", "GetLead",
    "ListLeads", "ListLeadEvents", "GetUser", "ListUsers", "ListInvitations", "ListNotifications", "WatchNotifications",
}  # fmt: skip


def call(kind: AuditKind = AuditKind.CHANGE) -> AuditedCall:
    return AuditedCall(kind, "leadline.v1.LeadService/CreateLead", AuditDoor.GRPC, "", "")


@pytest.mark.parametrize("method", METHODS)
def test_what_has_effects_is_a_change_or_lets_somebody_in(method: MethodDescriptor) -> None:
    is_read = method.GetOptions().idempotency_level == MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS
    if is_public(method) and method.containing_service.name == "AuthenticationService":
        assert method.name in CREDENTIALS
        assert kind_of(method) is AuditKind.ACCESS
    elif is_read:
        assert kind_of(method) is (AuditKind.READ if method.name in READS else None)
    else:
        assert kind_of(method) is AuditKind.CHANGE


def test_a_request_tells_its_resources_and_no_person() -> None:
    name, noted = f"leads/{new_id()}", call()
    note_request(noted, lead_service_pb2.DeleteLeadRequest(name=name))
    assert list(noted.resources) == [name]
    for text in ("leads/jane.doe@example.com", "jane", "leads/janedoe", f"{name}/jane", ""):
        noted = call()
        note_request(noted, lead_service_pb2.DeleteLeadRequest(name=text))
        assert not noted.resources


def test_names_of_built_in_resources_are_told() -> None:
    noted = call()
    note_request(noted, identity_service_pb2.GetRoleRequest(name="roles/owner"))
    note_request(noted, identity_service_pb2.GetOrganizationRequest(name="organizations/-"))
    assert list(noted.resources) == ["roles/owner", "organizations/-"]


def test_an_answer_tells_what_it_gives_at_most_a_thousand() -> None:
    noted = call()
    names = [f"leads/{new_id()}" for _ in range(1_001)]
    note_answer(noted, lead_service_pb2.ListLeadsResponse(leads=[lead_pb2.Lead(name=name) for name in names]))
    assert list(noted.resources) == names[:1_000]
    note_answer(noted, lead_service_pb2.ImportLeadsResponse(created_count=3))
    assert noted.counts["created_count"] == 3
    assert noted.counts["refused_count"] == 0


def test_changed_fields_are_names_alone() -> None:
    request = lead_service_pb2.CreateLeadRequest(
        lead=lead_pb2.Lead(email="a@example.com", name="leads/x", etag="7"), idempotency_key="k"
    )
    request.lead.fields["Blood group"].category = "A"
    assert changed_fields(request) == ["lead.email", "lead.fields"]
    change = lead_service_pb2.UpdateLeadRequest(lead=lead_pb2.Lead(owner="ann"), idempotency_key="k")
    assert changed_fields(change) == ["lead.owner"]
    change.update_mask.CopyFrom(field_mask_pb2.FieldMask(paths=["email", "fields.Blood group", "jane@example.com"]))
    assert changed_fields(change) == ["lead.email", "lead.fields"]
    batch = lead_service_pb2.BatchCreateLeadsRequest(leads=[request.lead], idempotency_key="k")
    assert changed_fields(batch) == ["leads"]
    password = authentication_service_pb2.ChangePasswordRequest(current_password="a", new_password="b")  # noqa: S106
    assert changed_fields(password) == ["current_password", "new_password"]
