"""The rules of https://google.aip.dev that the contract follows, checked over its descriptors."""

import re
from datetime import date, timedelta

import pytest
from buf.validate import validate_pb2
from google.api import annotations_pb2, field_behavior_pb2, resource_pb2
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from leadline.v1 import (
    audit_record_pb2,
    audit_service_pb2,
    authentication_service_pb2,
    crm_queue_service_pb2,
    dead_letter_service_pb2,
    deprecation_pb2,
    encryption_key_pb2,
    encryption_key_service_pb2,
    error_reason_pb2,
    experiment_pb2,
    experiment_service_pb2,
    identity_service_pb2,
    integration_service_pb2,
    lead_history_service_pb2,
    lead_pb2,
    lead_service_pb2,
    model_pb2,
    monitoring_pb2,
    monitoring_service_pb2,
    notification_pb2,
    notification_service_pb2,
    operation_service_pb2,
    permission_pb2,
    rule_service_pb2,
    rule_set_pb2,
    scoring_service_pb2,
    tracking_pb2,
    tracking_service_pb2,
    workflow_pb2,
    workflow_service_pb2,
)

from server.interceptors.errors import STATUS_CODES
from server.interceptors.permissions import is_public, required_scope
from server.runtime import errors
from server.runtime.errors import identity as identity_errors

SERVICES: list[ServiceDescriptor] = [
    *lead_service_pb2.DESCRIPTOR.services_by_name.values(),
    *lead_history_service_pb2.DESCRIPTOR.services_by_name.values(),
    *scoring_service_pb2.DESCRIPTOR.services_by_name.values(),
    *rule_service_pb2.DESCRIPTOR.services_by_name.values(),
    *integration_service_pb2.DESCRIPTOR.services_by_name.values(),
    *dead_letter_service_pb2.DESCRIPTOR.services_by_name.values(),
    *operation_service_pb2.DESCRIPTOR.services_by_name.values(),
    *experiment_service_pb2.DESCRIPTOR.services_by_name.values(),
    *monitoring_service_pb2.DESCRIPTOR.services_by_name.values(),
    *authentication_service_pb2.DESCRIPTOR.services_by_name.values(),
    *identity_service_pb2.DESCRIPTOR.services_by_name.values(),
    *tracking_service_pb2.DESCRIPTOR.services_by_name.values(),
    *workflow_service_pb2.DESCRIPTOR.services_by_name.values(),
    *notification_service_pb2.DESCRIPTOR.services_by_name.values(),
    *crm_queue_service_pb2.DESCRIPTOR.services_by_name.values(),
    *audit_service_pb2.DESCRIPTOR.services_by_name.values(),
    *encryption_key_service_pb2.DESCRIPTOR.services_by_name.values(),
]
METHODS = [pytest.param(method, id=method.full_name) for service in SERVICES for method in service.methods]
LONGEST_KEY = 128
LARGEST_PAGE = 1000


def http_pattern(method: MethodDescriptor) -> tuple[str, str, str]:
    """Gives the HTTP method, path and body of an rpc."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern") or ""
    return verb, getattr(rule, verb, ""), rule.body


def is_read(method: MethodDescriptor) -> bool:
    level = method.GetOptions().idempotency_level
    return bool(level == MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS)


def is_repeatable(method: MethodDescriptor) -> bool:
    level = method.GetOptions().idempotency_level
    return bool(level == MethodOptions.IdempotencyLevel.IDEMPOTENT)


def behaviors(field: FieldDescriptor) -> list[int]:
    return list(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])


@pytest.mark.parametrize("method", METHODS)
def test_every_rpc_names_its_permission_or_is_public(method: MethodDescriptor) -> None:
    scopes = {
        value.GetOptions().Extensions[permission_pb2.scope] for value in permission_pb2.Permission.DESCRIPTOR.values
    }
    assert is_public(method) or required_scope(method) in scopes - {""}


PUBLIC = {
    "SignUp",
    "LogIn",
    "VerifySecondFactor",
    "LogInWithIdToken",
    "RefreshToken",
    "ExchangeApiKey",
    "RequestPasswordReset",
    "ResetPassword",
    "VerifyEmail",
    "AcceptInvitation",
}


def test_only_what_lets_people_in_and_what_pages_tell_is_public() -> None:
    found = {method.full_name for service in SERVICES for method in service.methods if is_public(method)}
    let_in = {f"leadline.v1.AuthenticationService.{name}" for name in PUBLIC}
    assert found == let_in | {"leadline.v1.TrackingService.Track"}


def test_scopes_are_unique_and_lower_case() -> None:
    scopes = [
        value.GetOptions().Extensions[permission_pb2.scope] for value in permission_pb2.Permission.DESCRIPTOR.values
    ][1:]
    assert len(set(scopes)) == len(scopes)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z]+)+", scope) for scope in scopes)


@pytest.mark.parametrize("method", METHODS)
def test_every_rpc_is_reachable_over_rest(method: MethodDescriptor) -> None:
    verb, path, body = http_pattern(method)
    assert path.startswith("/v1/")
    assert body == ("*" if verb in {"post", "patch", "put"} else "")


def test_no_two_rpcs_share_a_path() -> None:
    patterns = [http_pattern(method)[:2] for service in SERVICES for method in service.methods]
    assert len(set(patterns)) == len(patterns)


@pytest.mark.parametrize("method", METHODS)
def test_standard_methods_have_their_form(method: MethodDescriptor) -> None:
    verb, path, _ = http_pattern(method)
    request, response = method.input_type.fields_by_name, method.output_type
    kind = re.match("Get|List|Create|Update|Delete|", method.name)
    match kind and kind[0]:
        case "Get":
            assert "name" in request
            assert (verb, response.name) == ("get", method.name.removeprefix("Get"))
        case "List":
            assert verb == "get"
            assert {"page_size", "page_token"} <= set(request)
            assert [field.is_repeated for field in response.fields].count(True) == 1
            assert "next_page_token" in response.fields_by_name
        case "Create":
            assert (verb, response.name) == ("post", method.name.removeprefix("Create"))
        case "Update":
            assert (verb, response.name) == ("patch", method.name.removeprefix("Update"))
            assert "update_mask" in request
        case "Delete":
            assert (verb, response.full_name) == ("delete", "google.protobuf.Empty")
        case _:
            # What web pages send has the path that trackers have.
            assert path == "/v1/track" or re.search(r":[a-z][A-Za-z]*$", path), "a custom method ends with :verb"


@pytest.mark.parametrize("method", METHODS)
def test_every_mutation_has_an_idempotency_key_and_no_read_has_one(method: MethodDescriptor) -> None:
    field = method.input_type.fields_by_name.get("idempotency_key")
    # What carries ids of its own by which repetitions are known needs no key.
    assert (field is None) == (is_read(method) or is_repeatable(method) or is_public(method))
    if field is not None:
        rules = field.GetOptions().Extensions[validate_pb2.field].string
        assert (rules.min_len, rules.max_len) == (1, LONGEST_KEY)
        assert field_behavior_pb2.REQUIRED in behaviors(field)
        assert ("sequence_number" in method.input_type.fields_by_name) == method.client_streaming


@pytest.mark.parametrize("method", METHODS)
def test_names_are_required_and_have_a_pattern(method: MethodDescriptor) -> None:
    field = method.input_type.fields_by_name.get("name")
    if field is not None:
        assert field_behavior_pb2.REQUIRED in behaviors(field)
        pattern = field.GetOptions().Extensions[validate_pb2.field].string.pattern
        collection = re.match(r"\^([a-zA-Z]+)/", pattern)
        assert collection
        assert f"{{name={collection[1]}/*}}" in http_pattern(method)[1]


@pytest.mark.parametrize("method", METHODS)
def test_pages_are_bounded(method: MethodDescriptor) -> None:
    field = method.input_type.fields_by_name.get("page_size")
    if field is not None:
        rules = field.GetOptions().Extensions[validate_pb2.field].int32
        assert (rules.gte, rules.lte) == (0, LARGEST_PAGE)


@pytest.mark.parametrize("method", METHODS)
def test_long_running_operations_name_their_types(method: MethodDescriptor) -> None:
    if method.output_type.full_name == "google.longrunning.Operation" and "Operation" not in method.name:
        information = method.GetOptions().Extensions[operations_pb2.operation_info]
        package = method.containing_service.file.package
        assert descriptor_pool.Default().FindMessageTypeByName(f"{package}.{information.response_type}")
        assert information.metadata_type == "OperationMetadata"


@pytest.mark.parametrize(
    "message",
    [
        lead_pb2.Lead.DESCRIPTOR,
        workflow_pb2.Workflow.DESCRIPTOR,
        workflow_pb2.WorkflowRun.DESCRIPTOR,
        workflow_pb2.WebhookDelivery.DESCRIPTOR,
        notification_pb2.Notification.DESCRIPTOR,
        crm_queue_service_pb2.CrmQueueItem.DESCRIPTOR,
        model_pb2.Model.DESCRIPTOR,
        rule_set_pb2.RuleSet.DESCRIPTOR,
        experiment_pb2.Experiment.DESCRIPTOR,
        monitoring_pb2.Alarm.DESCRIPTOR,
        audit_record_pb2.AuditRecord.DESCRIPTOR,
        tracking_pb2.TrackingKey.DESCRIPTOR,
        encryption_key_pb2.TenantKey.DESCRIPTOR,
    ],
    ids=lambda m: m.name,
)
def test_resources_name_their_pattern(message: Descriptor) -> None:
    resource = message.GetOptions().Extensions[resource_pb2.resource]
    assert resource.type == f"leadline.dev/{message.name}"
    variable = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", resource.singular)
    assert list(resource.pattern) == [f"{resource.plural}/{{{variable}}}"]
    assert field_behavior_pb2.IDENTIFIER in behaviors(message.fields_by_name["name"])


@pytest.mark.parametrize("method", METHODS)
def test_deprecated_rpc_says_so_twice_and_leaves_half_a_year(method: MethodDescriptor) -> None:
    options = method.GetOptions()
    said = options.Extensions[deprecation_pb2.deprecation]
    assert options.HasExtension(deprecation_pb2.deprecation) == options.deprecated
    if said.sunset_date:
        begin, end = (date.fromisoformat(text) for text in (said.deprecation_date, said.sunset_date))
        assert end - begin >= timedelta(days=180)


@pytest.mark.parametrize("method", METHODS)
def test_every_repeated_field_and_text_of_a_request_is_bounded(method: MethodDescriptor) -> None:
    for field in method.input_type.fields:
        rules = field.GetOptions().Extensions[validate_pb2.field]
        if field.is_repeated:
            assert rules.repeated.max_items > 0, field.full_name
        elif field.type == FieldDescriptor.TYPE_STRING:
            assert rules.string.max_len > 0 or rules.string.pattern, field.full_name


# Given by the edge alone, before a request reaches a process.
EDGE_REASONS = {"REQUEST_TOO_LARGE", "UNKNOWN_API_VERSION"}
# Not raised: they stand for no reason and for any defect.
OTHER_REASONS = {"UNSPECIFIED", "INTERNAL"}


def test_every_reason_has_one_error_and_every_error_one_reason() -> None:
    told = [error_reason_pb2.ErrorReason.Name(reason) for _, reason in STATUS_CODES.values()]
    reasons = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.DESCRIPTOR.values_by_name}
    assert len(set(told)) == len(told)
    assert {name.removeprefix("ERROR_REASON_") for name in told} == reasons - EDGE_REASONS - OTHER_REASONS
    raised = {
        kind
        for kind in (*vars(errors).values(), *vars(identity_errors).values())
        if isinstance(kind, type) and issubclass(kind, errors.LeadlineError) and not kind.__name__.startswith("_")
    }
    assert set(STATUS_CODES) == raised - {errors.LeadlineError}
