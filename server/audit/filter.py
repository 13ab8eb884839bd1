"""Reads the filter of a list of audit records: the part of https://google.aip.dev/160 that the contract names."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from server.runtime.audit import AuditCredential, AuditDoor, AuditKind
from server.runtime.errors import InvalidFilter
from server.runtime.filter_grammar import Comparison, read_comparisons, read_time


class FilterField(StrEnum):
    """What a filter can compare, by its name in the filter."""

    KIND = "kind"
    CREDENTIAL = "credential"
    DOOR = "door"
    PRINCIPAL = "principal"
    METHOD = "method"
    CODE = "code"
    REASON = "reason"
    REQUEST_ID = "request_id"
    CLIENT_ADDRESS = "client_address"
    RESOURCE = "resource"
    CREATE_TIME = "create_time"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter.

    Attributes:
        field: What is compared.
        comparator: `=`; for `create_time` one of `<`, `<=`, `>`, `>=`.
        value: With what: a UTC-aware time for `create_time`, else a text.
    """

    field: FilterField
    comparator: str
    value: str | datetime


_WORDS: Final[dict[FilterField, Collection[str]]] = {
    FilterField.KIND: list(AuditKind),
    FilterField.CREDENTIAL: list(AuditCredential),
    FilterField.DOOR: list(AuditDoor),
}
_RANGE: Final = ("<", "<=", ">", ">=")


def parse_filter(text: str) -> tuple[Condition, ...]:
    """Reads a filter such as `kind = CHANGE AND principal = "users/..."`.

    Args:
        text: The filter; empty means no condition.

    Returns:
        The conditions, all of which must hold, in the order of the text.

    Raises:
        InvalidFilter: The text can't be read, or compares what can't be compared so.
    """
    return tuple(map(_condition, read_comparisons(text)))


def _condition(comparison: Comparison) -> Condition:
    try:
        field = FilterField(comparison.field.text)
    except ValueError as error:
        reason = f"can't filter by {comparison.field.text}; use {', '.join(FilterField)}"
        raise InvalidFilter(reason, comparison.field.position) from error
    allowed = _RANGE if field is FilterField.CREATE_TIME else ("=",)
    comparator, value = comparison.comparator.text, comparison.value
    if comparator not in allowed:
        raise InvalidFilter(f"{field} can be compared by {', '.join(allowed)}", comparison.comparator.position)
    if field is FilterField.CREATE_TIME:
        return Condition(field, comparator, read_time(value, field))
    if field in _WORDS and value.text not in _WORDS[field]:
        raise InvalidFilter(f"{field} is one of {', '.join(_WORDS[field])}", value.position)
    if "\0" in value.text:
        raise InvalidFilter(f"{field} can't contain a NUL character", value.position)
    return Condition(field, comparator, value.text)
