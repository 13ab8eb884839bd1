"""What the contract tells of a call that the audit log keeps: which resources, which fields, how many."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from google.api import resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from leadline.v1 import permission_pb2

from server.interceptors.permissions import is_public
from server.interceptors.personal_data import has_personal
from server.runtime.audit import AuditCredential, AuditedCall, AuditKind

MOST_RESOURCES: Final = 1_000

# What else stands where a name belongs, such as a person's, is in no record.
_NAME: Final = re.compile(
    r"[a-zA-Z]{1,40}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(roles|models|ruleSets|monitoring)/[a-z]{1,16}|organizations/-"
)
# They say which resource and which call, not what changes.
_NO_CHANGE: Final = frozenset({"name", "names", "etag", "update_mask", "idempotency_key", "sequence_number"})

CREDENTIALS: Final = {
    "SignUp": AuditCredential.PASSWORD,
    "LogIn": AuditCredential.PASSWORD,
    "VerifySecondFactor": AuditCredential.SECOND_FACTOR,
    "LogInWithIdToken": AuditCredential.ID_TOKEN,
    "RefreshToken": AuditCredential.REFRESH_TOKEN,
    "ExchangeApiKey": AuditCredential.API_KEY,
    "RequestPasswordReset": AuditCredential.NONE,
    "ResetPassword": AuditCredential.MESSAGE_TOKEN,
    "VerifyEmail": AuditCredential.MESSAGE_TOKEN,
    "AcceptInvitation": AuditCredential.MESSAGE_TOKEN,
}
"""By what callers of the rpcs that let people and programs in show who they are."""


def kind_of(method: MethodDescriptor) -> AuditKind | None:
    """Gives what kind of thing each call of an rpc is to the audit log, or None if it is none.

    What the contract does not mark as without side effects is a change, or lets somebody in if it takes what shows who
    they are. What gives personal data is a read of it.
    """
    options = method.GetOptions()
    if is_public(method) and method.name in CREDENTIALS:
        return AuditKind.ACCESS
    if options.idempotency_level != MethodOptions.IdempotencyLevel.NO_SIDE_EFFECTS:
        return AuditKind.CHANGE
    if has_personal(method.output_type) or options.Extensions[permission_pb2.reads_personal_data]:
        return AuditKind.READ
    return None


def note_request(call: AuditedCall, request: object) -> None:
    """Puts down what a request is about, and which fields it sets."""
    if not isinstance(request, Message):
        return
    _add_names(call, _names_in(request))
    if call.kind is AuditKind.CHANGE:
        call.changed_fields = changed_fields(request)


def note_answer(call: AuditedCall | None, answer: object) -> None:
    """Puts down which resources an answer gives, and how many of what."""
    if call is None or not isinstance(answer, Message):
        return
    _add_names(call, _names_given(answer))
    for name in _counts(answer.DESCRIPTOR):
        call.counts[name] = getattr(answer, name)


def changed_fields(request: Message) -> list[str]:
    """Gives the names of the fields that a request sets, such as `lead.email`: one level deep."""
    names = []
    for field, value in request.ListFields():
        if field.name in _NO_CHANGE:
            continue
        if field.is_repeated or field.message_type is None or not _is_resource(field.message_type):
            names.append(field.name)
            continue
        inner = {inner.name for inner, _ in value.ListFields()}
        if "update_mask" in request.DESCRIPTOR.fields_by_name and request.update_mask.paths:  # type: ignore[attr-defined]
            masked = {path.partition(".")[0] for path in request.update_mask.paths}  # type: ignore[attr-defined]
            inner = masked.intersection(field.message_type.fields_by_name)
        names += sorted(f"{field.name}.{name}" for name in inner - _NO_CHANGE)
    return names


def _add_names(call: AuditedCall, names: Iterator[str]) -> None:
    for name in names:
        if len(call.resources) >= MOST_RESOURCES:
            return
        if name not in call.resources and _NAME.fullmatch(name):
            call.resources[name] = None


def _names_in(request: Message) -> Iterator[str]:
    """Gives the names in a request: its own fields that name resources, and those of the messages in it."""
    names, messages = _name_fields(request.DESCRIPTOR)
    yield from _values(request, names)
    for message in _values(request, messages):
        yield from _values(message, _name_fields(message.DESCRIPTOR)[0])


def _names_given(answer: Message) -> Iterator[str]:
    """Gives the names of the resources that an answer gives."""
    if _is_resource(answer.DESCRIPTOR):
        yield answer.name  # type: ignore[attr-defined]
        return
    for message in _values(answer, _resource_fields(answer.DESCRIPTOR)):
        yield message.name


def _values(message: Message, fields: list[tuple[str, bool]]) -> Iterator:  # type: ignore[type-arg]
    for name, is_repeated in fields:
        value = getattr(message, name)
        if is_repeated:
            yield from value
        elif isinstance(value, str) or message.HasField(name):
            yield value


@cache
def _name_fields(message: Descriptor) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Gives the fields of a message that name resources, and those that are messages; and whether each is repeated."""
    names, messages = [], []
    for field in message.fields:
        if _names_resource(field):
            names.append((field.name, field.is_repeated))
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            messages.append((field.name, field.is_repeated))
    return names, messages


@cache
def _resource_fields(message: Descriptor) -> list[tuple[str, bool]]:
    return [
        (field.name, field.is_repeated)
        for field in message.fields
        if field.message_type is not None and _is_resource(field.message_type)
    ]


@cache
def _counts(message: Descriptor) -> list[str]:
    integers = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}
    return [
        field.name
        for field in message.fields
        if field.name.endswith("_count") and field.cpp_type in integers and not field.is_repeated
    ]


def _names_resource(field: FieldDescriptor) -> bool:
    if field.type != FieldDescriptor.TYPE_STRING:
        return False
    refers = bool(field.GetOptions().Extensions[resource_pb2.resource_reference].type)
    return refers or (field.name == "name" and _is_resource(field.containing_type))


@cache
def _is_resource(message: Descriptor | None) -> bool:
    if message is None or "name" not in message.fields_by_name:
        return False
    is_operation = message.full_name == "google.longrunning.Operation"
    return is_operation or bool(message.GetOptions().Extensions[resource_pb2.resource].type)
