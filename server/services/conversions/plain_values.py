"""Reads times and values that are plainly valid, checking them on the way; see `plain_leads`."""

from collections.abc import Mapping
from math import isfinite
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from leadline.v1 import value_pb2

from server.services.conversions.times import time_from_proto

LONGEST_NAME: Final = 64
"""Characters of a text that is plainly valid wherever the contract allows any; free text aside."""
LONGEST_TEXT: Final = 16_384
"""Characters of free text."""
LAST_SECOND: Final = 4_102_444_799
"""The last second of the year 2099, since 1970: the last that any time may have."""
NANOSECONDS: Final = 1_000_000_000
"""In a second."""


def is_plain_time(timestamp: Timestamp | None) -> bool:
    """Tells whether a time, if there is one, is plainly valid wherever the contract takes one."""
    return timestamp is None or (0 <= timestamp.seconds <= LAST_SECOND and 0 <= timestamp.nanos < NANOSECONDS)


def plain_values(values: Mapping[str, value_pb2.FieldValue], most: int) -> dict[str, dict[str, object]] | None:
    """Gives values by name in their JSON form, if all are plainly valid; else None, which says nothing about them.

    Args:
        values: Custom fields or properties that nobody has checked.
        most: How many there may be.
    """
    if len(values) > most:
        return None
    kept: dict[str, dict[str, object]] = {}
    # Iterating over items() would take twice as long.
    for name in values:
        value = values[name]
        kind = value.WhichOneof("kind")
        content: object = None
        is_plain = True
        if kind == "number":
            content = value.number
            is_plain = isfinite(content)
        elif kind == "category":
            content = value.category
            is_plain = 0 < len(content) <= LONGEST_NAME and "\0" not in content
        elif kind == "boolean":
            content = value.boolean
        elif kind == "text":
            content = value.text
            is_plain = len(content) <= LONGEST_TEXT and "\0" not in content
        elif kind == "date" and is_plain_time(value.date):
            content = time_from_proto(value.date).isoformat()
        if kind is None or content is None or not is_plain or not 0 < len(name) <= LONGEST_NAME or "\0" in name:
            return None
        kept[name] = {kind: content}
    return kept
