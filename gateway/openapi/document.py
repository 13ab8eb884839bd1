"""The whole document: each google.api.http rule of the contract as an operation."""

import re
from collections.abc import Mapping
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.rpc import status_pb2
from leadline.v1 import error_reason_pb2, permission_pb2

from gateway.contract import contract_services, deprecation
from gateway.openapi.rules import Schema
from gateway.openapi.schemas import Schemas, is_required

_VARIABLE = re.compile(r"\{(?P<field>[\w.]+)=(?P<collection>\w+)/\*\}")


def openapi_document(comments: Mapping[str, str]) -> dict[str, Any]:
    """Describes the REST surface.

    Args:
        comments: The contract's comments, by full name.

    Returns:
        An OpenAPI 3.1 document, ready to be written as JSON.
    """
    schemas = Schemas(comments)
    schemas.reference(error_reason_pb2.ErrorReason.DESCRIPTOR)
    paths: dict[str, dict[str, Any]] = {}
    for service in contract_services():
        for method in service.methods:
            rule: http_pb2.HttpRule = method.GetOptions().Extensions[annotations_pb2.http]
            verb = rule.WhichOneof("pattern")
            if verb is not None:
                operation = _Operation(method, rule, schemas, comments.get(method.full_name, ""))
                paths.setdefault(operation.path, {})[verb] = operation.described()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leadline",
            "version": "v1",
            "summary": "Scores sales leads: how probable it is that a lead converts, and why.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "security": [{"token": []}],
        "tags": [
            {"name": service.name, "description": comments.get(service.full_name, "")}
            for service in contract_services()
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas.components,
        },
    }


class _Operation:
    """One rpc over REST.

    Args:
        method: The rpc.
        rule: Its HTTP rule; the body is the whole request or nothing.
        schemas: Where schemas are kept.
        comment: What the contract says of it.
    """

    def __init__(self, method: MethodDescriptor, rule: http_pb2.HttpRule, schemas: Schemas, comment: str) -> None:
        self._method = method
        self._has_body = rule.body == "*"
        self._schemas = schemas
        self._comment = comment
        template: str = getattr(rule, str(rule.WhichOneof("pattern")))
        self._bound = {
            found["field"].split(".")[0] for found in _VARIABLE.finditer(template) if "." not in found["field"]
        }
        self._parameters = [_singular(found["collection"]) for found in _VARIABLE.finditer(template)]
        self.path = _VARIABLE.sub(lambda found: f"{found['collection']}/{{{_singular(found['collection'])}}}", template)

    def described(self) -> Schema:
        summary, _, _ = self._comment.partition(". ")
        scope = _scope(self._method)
        operation: Schema = {
            "operationId": f"{self._method.containing_service.name}_{self._method.name}",
            "tags": [self._method.containing_service.name],
            "summary": summary.removesuffix("."),
            "description": f"{self._comment}\n\nThe token needs the scope `{scope}`.",
            "security": [{"token": [scope]}],
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
                for name in self._parameters
            ],
            "responses": {"200": self._answer(), "default": self._error()},
        }
        if deprecation(self._method) is not None:
            operation["deprecated"] = True
        if self._has_body:
            request = self._schemas.message(self._method.input_type, without=self._bound)
            body: Schema = {"type": "array", "items": request} if self._method.client_streaming else request
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
        else:
            operation["parameters"] += [
                self._query(field) for field in self._method.input_type.fields if field.name not in self._bound
            ]
        return operation

    def _query(self, field: FieldDescriptor) -> Schema:
        schema = self._schemas.field(field)
        described = {"description": schema.pop("description")} if "description" in schema else {}
        required = {"required": True} if is_required(field) else {}
        return {"name": field.json_name, "in": "query", **required, **described, "schema": schema}

    def _answer(self) -> Schema:
        content = {"schema": self._schemas.reference(self._method.output_type)}
        if not self._method.server_streaming:
            return {"description": "The answer.", "content": {"application/json": content}}
        return {
            "description": "A stream: one JSON object a line, or server-sent events if `accept` asks for them.",
            "content": {"application/json": content, "text/event-stream": content},
        }

    def _error(self) -> Schema:
        status = self._schemas.reference(status_pb2.Status.DESCRIPTOR)
        return {
            "description": "An error. The first of its details is a `google.rpc.ErrorInfo`, whose `reason` is a value "
            "of the schema `leadline.v1.ErrorReason` without its prefix.",
            "content": {"application/json": {"schema": status}},
        }


def _singular(collection: str) -> str:
    return collection.removesuffix("s")


def _scope(method: MethodDescriptor) -> str:
    permission = method.GetOptions().Extensions[permission_pb2.required_permission]
    value = permission_pb2.Permission.DESCRIPTOR.values_by_number[permission]
    scope: str = value.GetOptions().Extensions[permission_pb2.scope]
    return scope
