"""Parts of messages, valid ones and others, and the rules that the contract has for a message."""

from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st
from leadline.v1 import value_pb2

LENGTHS = st.sampled_from([0, 1, 63, 64, 65, 128, 129, 256, 257, 320, 321])
TEXTS = st.one_of(st.text(max_size=4), st.builds(lambda length: "ü" * length, LENGTHS), st.just("a\0"))
SECONDS = st.one_of(
    st.integers(-62_135_596_800, 253_402_300_799),
    st.sampled_from([-2_208_988_801, -2_208_988_800, -1, 0, 4_102_444_799, 4_102_444_800]),
)
NANOS = st.one_of(st.just(0), st.integers(-1, 1_000_000_000))
TIMES = st.builds(Timestamp, seconds=SECONDS, nanos=NANOS)
VALUES = st.one_of(
    st.builds(value_pb2.FieldValue),
    st.builds(value_pb2.FieldValue, number=st.floats()),
    st.builds(value_pb2.FieldValue, category=TEXTS),
    st.builds(value_pb2.FieldValue, boolean=st.booleans()),
    st.builds(value_pb2.FieldValue, date=TIMES),
    st.builds(value_pb2.FieldValue, text=st.one_of(TEXTS, st.sampled_from(["x" * 16_384, "x" * 16_385]))),
)


def rules_of(message: Descriptor) -> dict[str, set[str]]:
    """Gives the names of the rules of each field that has any."""
    rules: dict[str, set[str]] = {}
    for field in message.fields:
        for group, value in field.GetOptions().Extensions[validate_pb2.field].ListFields():
            rules.setdefault(field.name, set()).update(_names(group.name, value))
    return rules


def _names(group: str, value: Any) -> set[str]:
    if not hasattr(value, "ListFields"):
        return {group}
    return {f"{group}.{rule.name}" for rule, _ in value.ListFields()}
