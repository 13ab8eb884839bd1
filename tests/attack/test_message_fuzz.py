"""Messages that nobody would send in earnest, to every rpc: each gets an answer that tells what is wrong with it."""

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.development_token import EVERY_SCOPE, DevelopmentKey
from server.identity.permissions import ACCOUNT
from server.runtime.identifiers import new_id
from tests.attack.calls import METHODS, call
from tests.attack.conftest import Doors
from tests.attack.effort import searching, waiting_in_loop
from tests.attack.valid_requests import COMMON_NAMES, valid_request
from tests.integration.identity.people import bearer

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEFECTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNIMPLEMENTED}
PLACEHOLDER = "placeholder"
# UTF-16 surrogates without their other half, which UTF-8 has no form for; as long as the placeholder.
UNPAIRED = b"\xed\xa0\x80\xed\xbf\xbfaaaaa"
TEXTS = (
    "' OR '1'='1",
    "'; DROP TABLE leads; --",
    "\\'; SELECT pg_sleep(10); --",
    "$1::uuid",
    "%s %d {0} ${x} {{7*7}}",
    "\0",
    "before\0after",
    "../../etc/passwd",
    "\u202eleft\u202c",
    "مرحبا",
    "😀" * 30,
    "e\u0301" * 20,
    "\ufeff\uffff",
    " " * 40,
    "\r\nx-injected: 1",
    "<script>alert(1)</script>",
    "leads/00000000-0000-0000-0000-000000000000",
    "x" * 100_000,
    PLACEHOLDER,
)
NUMBERS = (0, -1, 1, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1)
FLOATS = (math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1)


def places(message: Message) -> Iterator[tuple[Message, Any]]:
    """Gives each field of a message, and of those in it, that holds a value by itself."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None:
            yield message, field
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for item in value if field.is_repeated else [value]:
                yield from places(item)


def put(message: Message, field: Any, text: str, number: float, real: float) -> None:
    """Puts what fits into a field; what the field can't hold at all stays out."""
    value: Any = number
    if field.type == FieldDescriptor.TYPE_STRING:
        value = text
    elif field.type == FieldDescriptor.TYPE_BYTES:
        value = text.encode()
    elif field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        value = real
    elif field.type == FieldDescriptor.TYPE_BOOL:
        value = bool(number)
    try:
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    except ValueError:
        return


def disturbed(content: bytes, data: st.DataObject) -> bytes:
    """Gives bytes of which some are others, missing or more."""
    kind = data.draw(st.sampled_from(["changed", "cut", "more", "twice"]))
    if kind == "cut":
        return content[: data.draw(st.integers(0, len(content)))]
    if kind == "more":
        return content + data.draw(st.binary(min_size=1, max_size=40))
    if kind == "twice":
        return content * 2
    changed = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=4)) if content else ():
        changed[place] = data.draw(st.integers(0, 255))
    return bytes(changed)


async def test_no_message_is_more_than_an_rpc_can_take(doors: Doors, development_key: DevelopmentKey) -> None:
    tenant_id = new_id()
    scopes = [*EVERY_SCOPE, ACCOUNT]

    @searching(300)
    @given(
        method=st.sampled_from(METHODS),
        kind=st.sampled_from(["random", "disturbed", "odd", "odd"]),
        values=st.tuples(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(FLOATS)),
        data=st.data(),
    )
    def search(method: Any, kind: str, values: tuple[str, int, float], data: st.DataObject) -> None:
        request = valid_request(method, lambda collection: COMMON_NAMES.get(collection, f"{collection}/{tenant_id}"))
        if kind == "odd":
            found = list(places(request))
            for _ in range(data.draw(st.integers(1, 2))) if found else ():
                message, field = data.draw(st.sampled_from(found))
                put(message, field, *values)
        content = request.SerializeToString().replace(PLACEHOLDER.encode(), UNPAIRED)
        if kind == "random":
            content = data.draw(st.binary(max_size=200))
        elif kind == "disturbed":
            content = disturbed(content, data)
        # A user of their own, since some rpcs take back what the token permits.
        metadata = bearer(development_key.mint(tenant_id, f"users/{new_id()}", scopes))
        answer = wait(call(doors.of(method), method, [content], metadata, seconds=3.0))
        assert answer.code not in DEFECTS, (method.full_name, content, answer)

    wait = waiting_in_loop()
    await asyncio.to_thread(search)
