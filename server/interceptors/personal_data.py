"""Personal data, masked in every answer to a caller who lacks the permission to see it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from leadline.v1 import permission_pb2

from server.interceptors.method_interceptor import (
    Behavior,
    Context,
    Handler,
    Method,
    MethodInterceptor,
    behavior_of,
    with_behavior,
)
from server.runtime.errors import FieldViolation, InvalidRequest
from server.runtime.principal import current_principal

PERMISSION = "leads.pii.read"
MASK = "***"


class PersonalDataInterceptor(MethodInterceptor):
    """Masks the fields that the contract calls personal, unless the caller may see them.

    A caller who can't see them can't write them back by accident either: a request with a mask in a personal field is
    refused. Rpcs without such fields pass by untouched.
    """

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Looks at requests and answers of the rpcs that have personal fields."""
        if method.descriptor is None or handler.request_streaming:
            return handler
        if not has_personal(method.descriptor.input_type) and not has_personal(method.descriptor.output_type):
            return handler
        read: Callable[[bytes], Any] = GetMessageClass(method.descriptor.output_type).FromString
        wrapped = _streaming if handler.response_streaming else _unary
        return with_behavior(handler, wrapped(behavior_of(handler), read))


def _unary(inner: Behavior, read: Callable[[bytes], Any]) -> Behavior:
    async def behavior(request: Any, context: Context) -> Any:
        if PERMISSION in current_principal().permissions:
            return await inner(request, context)
        _refuse_masked(request)
        response = await inner(request, context)
        # An answer that is stored for repetitions comes as bytes.
        if isinstance(response, bytes):
            message = read(response)
            mask(message)
            return message.SerializeToString()
        mask(response)
        return response

    return behavior


def _streaming(inner: Behavior, _read: Callable[[bytes], Any]) -> Behavior:
    async def behavior(request: Any, context: Context) -> Any:
        hides = PERMISSION not in current_principal().permissions
        if hides:
            _refuse_masked(request)
        async for response in inner(request, context):
            if hides:
                mask(response)
            yield response

    return behavior


@cache
def has_personal(message: Descriptor) -> bool:
    """Tells whether a message, or one inside it, has a field that is personal."""
    return _has_personal(message, frozenset())


def mask(message: Message) -> None:
    """Puts `***` in place of each personal value in a message; what is empty stays empty."""
    for parent, name in _personal_values(message):
        setattr(parent, name, MASK)


def _refuse_masked(request: Message) -> None:
    for parent, name in _personal_values(request):
        if MASK in getattr(parent, name):
            raise InvalidRequest(
                [FieldViolation(name, "is masked for you, so it can't be written", "personal_data.masked")]
            )


def _personal_values(message: Message) -> list[tuple[Message, str]]:
    found: list[tuple[Message, str]] = []
    for field, value in message.ListFields():
        if _is_personal(field):
            found.append((message, field.name))
        elif field.message_type is None or not has_personal(field.message_type):
            continue
        elif field.message_type.GetOptions().map_entry:
            for item in value.values():
                found += _personal_values(item)
        else:
            for item in value if field.is_repeated else (value,):
                found += _personal_values(item)
    return found


def _has_personal(message: Descriptor, outer: frozenset[str]) -> bool:
    if message.full_name in outer:
        return False
    outer |= {message.full_name}
    return any(
        _is_personal(field) or (field.message_type is not None and _has_personal(field.message_type, outer))
        for field in message.fields
    )


def _is_personal(field: Any) -> bool:
    return bool(field.GetOptions().Extensions[permission_pb2.personal_data])
