"""Makes valid requests for any rpc from what the contract says of its fields, so that nobody has to add a new rpc."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import protovalidate
from buf.validate import validate_pb2
from google.api import resource_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from server.runtime.identifiers import new_id

NameOf = Callable[[str], str]
COMMON_NAMES = {"monitoring": "monitoring/policy", "tenantKeys": "tenantKeys/1"}
"""Names of what everybody has, by their collection."""
_MOST_REPAIRS = 60
_TIME_SECONDS = 1_767_225_600
_COLLECTION = re.compile(r"^\^\(?([a-zA-Z]+)/")
_TEXTS = (
    *("x", "some_text", "probe@example.com", "https://example.com/probe", "https://example.com", "1.0", "x" * 16),
    "00000000-0000-4000-8000-000000000001",
)
_NUMBERS = (1, 10, 0.5, 100, 2)


def valid_request(method: MethodDescriptor, name_of: NameOf) -> Message:
    """Makes a request that breaks no rule of the contract and names a resource wherever one can be named.

    Args:
        method: The rpc.
        name_of: Gives the resource name to use of a collection, such as `leads`.

    Raises:
        AssertionError: It can't be made; `_repair` has to learn the rule that stands in the way.
    """
    request: Message = GetMessageClass(method.input_type)()
    _name_resources(request, name_of)
    if "idempotency_key" in request.DESCRIPTOR.fields_by_name:
        setattr(request, "idempotency_key", str(new_id()))  # noqa: B010 - a field of some messages alone
    _make_valid(request, name_of)
    return request


def _make_valid(message: Message, name_of: NameOf) -> None:
    """Mends a message until it breaks no rule, and so each message that is listed in it.

    Some of those are checked one by one, so that a bad one does not refuse the others.
    """
    for _ in range(_MOST_REPAIRS):
        violations = protovalidate.collect_violations(message)
        if not violations:
            break
        _repair(message, violations[0].proto, name_of)
    else:
        raise AssertionError(f"no valid {message.DESCRIPTOR.full_name} could be made: {violations[0].proto}")
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in value if field.is_repeated else [value]:
                _make_valid(item, name_of)


def collection_of(field: Any) -> str:
    """Gives the collection whose resources a field names, such as `leads`; empty if it names none."""
    if field.type != FieldDescriptor.TYPE_STRING:
        return ""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    found = _COLLECTION.match(rules.string.pattern or rules.repeated.items.string.pattern)
    if found:
        return found[1]
    resource = field.containing_type.GetOptions().Extensions[resource_pb2.resource]
    return resource.pattern[0].split("/")[0] if field.name == "name" and resource.pattern else ""


def _name_resources(message: Message, name_of: NameOf) -> None:
    """Names a resource in each field of the message that can, but of a choice only in the first."""
    for field in message.DESCRIPTOR.fields:
        collection = collection_of(field)
        chosen = field.containing_oneof
        if not collection or (chosen is not None and message.WhichOneof(chosen.name) is not None):
            continue
        name = name_of(collection)
        if field.is_repeated:
            getattr(message, field.name).append(name)
        else:
            setattr(message, field.name, name)


def _repair(message: Message, violation: Any, name_of: NameOf) -> None:
    """Mends the field that breaks a rule, or sets the one that is missing."""
    parent, elements = message, list(violation.field.elements) if violation.field else []
    for element in elements[:-1]:
        value: Any = getattr(parent, element.field_name)
        parent = value if element.subscript is None else value[element.subscript.value]
    last = elements[-1]
    field = parent.DESCRIPTOR.fields_by_name.get(last.field_name)
    if field is None:
        field = parent.DESCRIPTOR.oneofs_by_name[last.field_name].fields[0]
    if field.message_type is not None:
        _set_message(parent, field, name_of)
        return
    for candidate in _candidates(field, name_of):
        _set_scalar(parent, field, None if last.subscript is None else last.subscript.value, candidate)
        if all(str(violation.field) != str(found.proto.field) for found in protovalidate.collect_violations(message)):
            return


def _set_message(parent: Message, field: Any, name_of: NameOf) -> None:
    made: Any = getattr(parent, field.name)
    if field.is_repeated:
        made = made.add()
    made.SetInParent()
    if isinstance(made, Timestamp):
        made.FromSeconds(_TIME_SECONDS)
    elif isinstance(made, Duration):
        made.FromSeconds(3600)
    else:
        _name_resources(made, name_of)


def _set_scalar(parent: Message, field: Any, index: int | None, value: Any) -> None:
    if not field.is_repeated:
        setattr(parent, field.name, value)
    elif index is None:
        getattr(parent, field.name).append(value)
    else:
        getattr(parent, field.name)[index] = value


def _candidates(field: Any, name_of: NameOf) -> Iterable[Any]:
    if field.enum_type is not None:
        return [value.number for value in field.enum_type.values if value.number != 0]
    if field.type == FieldDescriptor.TYPE_STRING:
        collection = collection_of(field)
        return [name_of(collection)] if collection else _TEXTS
    if field.type == FieldDescriptor.TYPE_BYTES:
        return [text.encode() for text in _TEXTS]
    if field.type == FieldDescriptor.TYPE_BOOL:
        return [True]
    if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return _NUMBERS
    return [number for number in _NUMBERS if isinstance(number, int)]
