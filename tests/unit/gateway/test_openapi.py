"""The OpenAPI document."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from leadline.v1.deprecation_pb2 import Deprecation

from gateway.contract import contract_services
from gateway.openapi import document as module
from gateway.openapi.comments import read_comments
from gateway.openapi.document import openapi_document

COMMITTED = Path(__file__).parents[3] / "gateway" / "openapi" / "leadline.openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is committed."""
    read: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return read


def without_comments(value: Any) -> Any:
    """Takes out what only the contract's source tells."""
    if isinstance(value, dict):
        return {
            key: without_comments(part)
            for key, part in value.items()
            if not (key in {"description", "summary"} and isinstance(part, str))
        }
    return [without_comments(part) for part in value] if isinstance(value, list) else value


def test_committed_document_fits_the_contract(document: dict[str, Any]) -> None:
    assert without_comments(document) == without_comments(openapi_document({}))


def test_every_rpc_is_an_operation_with_words(document: dict[str, Any]) -> None:
    operations = {
        operation["operationId"]: operation for path in document["paths"].values() for operation in path.values()
    }
    assert set(operations) == {
        f"{service.name}_{method.name}" for service in contract_services() for method in service.methods
    }
    assert all(operation["summary"] for operation in operations.values())
    assert "The token needs the scope `leads.write`." in operations["LeadService_CreateLead"]["description"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(part) for part in value.values()))
        return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_resources_share_a_path(document: dict[str, Any]) -> None:
    assert set(document["paths"]["/v1/leads/{lead}"]) == {"get", "patch", "delete"}
    parameters = document["paths"]["/v1/leads/{lead}"]["delete"]["parameters"]
    assert [(parameter["name"], parameter["in"]) for parameter in parameters] == [
        ("lead", "path"),
        ("etag", "query"),
        ("idempotencyKey", "query"),
    ]
    assert parameters[2]["required"] is True


def test_rules_become_keywords(document: dict[str, Any]) -> None:
    lead = document["components"]["schemas"]["leadline.v1.Lead"]["properties"]
    assert (lead["email"]["format"], lead["email"]["maxLength"]) == ("email", 320)
    assert (lead["fields"]["maxProperties"], lead["fields"]["propertyNames"]["maxLength"]) == (200, 128)
    assert lead["score"]["readOnly"] is True
    names = document["components"]["schemas"]["leadline.v1.ErrorReason"]["enum"]
    assert "ERROR_REASON_RATE_LIMITED" in names
    page_size = document["paths"]["/v1/leads"]["get"]["parameters"][0]["schema"]
    assert (page_size["minimum"], page_size["maximum"]) == (0, 1000)


def test_streams(document: dict[str, Any]) -> None:
    body = document["paths"]["/v1/leads:import"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["type"] == "array"
    assert "text/event-stream" in document["paths"]["/v1/scores:watch"]["get"]["responses"]["200"]["content"]


def test_deprecated_rpc_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "deprecation", lambda method: Deprecation() if method.name == "GetLead" else None)
    operations = [operation for path in openapi_document({})["paths"].values() for operation in path.values()]
    assert [operation["operationId"] for operation in operations if operation.get("deprecated")] == [
        "LeadService_GetLead"
    ]


def test_comments_of_nested_elements() -> None:
    file = FileDescriptorProto(name="a.proto", package="a")
    outer = file.message_type.add(name="Outer")
    outer.nested_type.add(name="Inner").field.add(name="field", number=1)
    file.enum_type.add(name="Kind").value.add(name="KIND_ONE", number=0)
    for path, comment in (
        ([4, 0], " Outer,\n on two lines.\n\n And more.\n"),
        ([4, 0, 3, 0, 2, 0], " Inside.\n"),
        ([5, 0, 2, 0], " One.\n"),
    ):
        file.source_code_info.location.add(path=path, leading_comments=comment)
    assert read_comments(FileDescriptorSet(file=[file]).SerializeToString()) == {
        "a.Outer": "Outer, on two lines.\n\nAnd more.",
        "a.Outer.Inner.field": "Inside.",
        "a.Kind.KIND_ONE": "One.",
    }
