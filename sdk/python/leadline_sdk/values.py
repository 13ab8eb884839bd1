"""Conversion between Python values and the values of custom fields and event properties."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Literal

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from leadline.v1.value_pb2 import FieldValue

FieldKind = Literal["number", "category", "boolean", "date", "text"]
"""The kinds that a field's value can have; the kind decides how a model uses the field."""

LONGEST_CATEGORY = 256
LONGEST_TEXT = 16_384


def to_timestamp(moment: date) -> Timestamp:
    """Give a point in time as the contract has it.

    Args:
        moment: a `datetime` (without a time zone it is taken as UTC) or a `date` (its midnight, UTC).
    """
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def to_duration(period: timedelta | None) -> Duration | None:
    """Give a period of time as the contract has it; None stays None."""
    if period is None:
        return None
    duration = Duration()
    duration.FromTimedelta(period)
    return duration


def to_field_value(value: object, kind: FieldKind | None = None) -> FieldValue:
    """Give a Python value as the value of a custom field or of an event's property.

    A `bool` becomes a boolean; a real number (int, float, Decimal, numpy's) a number; a `datetime` or `date` a date;
    a `str` of up to 256 characters a category, a longer one a text. A `FieldValue` is given back as it is.

    Args:
        value: what is known. A field without an answer is left out of the lead rather than given as None.
        kind: `text` or `category` to say what a `str` is; the other kinds are told by the value's type alone.

    Raises:
        ValueError: the number is not finite, or the text is empty or too long for its kind.
        TypeError: the value's type has no counterpart, or `kind` does not fit it.
    """
    if isinstance(value, FieldValue):
        return value
    found = _typed_value(value) if not isinstance(value, str) else _text_value(value, kind)
    if kind is not None and found.WhichOneof("kind") != kind:
        raise TypeError(f"{value!r} is not a {kind}")
    return found


def _typed_value(value: object) -> FieldValue:
    match value:
        case bool():
            return FieldValue(boolean=value)
        case date():
            return FieldValue(date=to_timestamp(value))
        case Real() | Decimal():
            number = float(value)
            if not math.isfinite(number):
                raise ValueError(f"{number} is not a finite number")
            return FieldValue(number=number)
        case _ if type(value).__module__ == "numpy" and type(value).__name__ == "bool":
            return FieldValue(boolean=bool(value))
    raise TypeError(f"a field can't hold a {type(value).__name__}; give a number, text, bool, datetime or date")


def _text_value(value: str, kind: FieldKind | None) -> FieldValue:
    if not value:
        raise ValueError("an empty text is no answer: leave the field out")
    is_category = kind == "category" or (kind is None and len(value) <= LONGEST_CATEGORY)
    limit = LONGEST_CATEGORY if is_category else LONGEST_TEXT
    if len(value) > limit:
        raise ValueError(
            f"{len(value):,} characters are too many: a {'category' if is_category else 'text'} has at most {limit:,}"
        )
    return FieldValue(category=value) if is_category else FieldValue(text=value)


def to_fields(values: Mapping[str, object]) -> dict[str, FieldValue]:
    """Give a mapping of Python values as custom fields; a None is left out.

    Raises:
        ValueError: a value can't be held; the message names its field.
        TypeError: a value's type has no counterpart; the message names its field.
    """
    fields = {}
    for name, value in values.items():
        if value is None:
            continue
        try:
            fields[name] = to_field_value(value)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from error
    return fields


def from_field_value(value: FieldValue) -> float | str | bool | datetime | None:
    """Give the value of a field as a Python value: the reverse of `to_field_value`; None if it holds nothing."""
    kind = value.WhichOneof("kind")
    if kind is None:
        return None
    if kind == "date":
        return value.date.ToDatetime(tzinfo=UTC)
    held: float | str | bool = getattr(value, kind)
    return held
