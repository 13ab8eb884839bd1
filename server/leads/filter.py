"""Reads the filter of a list of leads: the part of https://google.aip.dev/160 that the contract names."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final

from server.leads.contact import comparable_email, comparable_phone
from server.leads.lead import Grade, LeadStatus
from server.runtime.errors import InvalidFilter
from server.runtime.filter_grammar import Comparison, Word, read_comparisons, read_time


class FilterField(StrEnum):
    """What a filter can compare, by its name in the filter."""

    STATUS = "status"
    OWNER = "owner"
    EMAIL = "email"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"
    SCORE = "score"
    GRADE = "grade"
    CREATE_TIME = "create_time"


class Comparator(Enum):
    """How a filter compares."""

    EQUAL = "="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


FilterValue = LeadStatus | Grade | str | int | datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter.

    Attributes:
        field: What is compared.
        comparator: How.
        value: With what: a LeadStatus for `status`, a Grade for `grade`, a whole number of 0 to 100 for `score`, a
            UTC-aware time for `create_time`, else a text; `email` and `phone` in the form in which they are compared.
    """

    field: FilterField
    comparator: Comparator
    value: FilterValue


_EQUALITY: Final = frozenset({Comparator.EQUAL})
_RANGE: Final = frozenset(Comparator) - _EQUALITY
_COMPARATORS: Final = {
    FilterField.STATUS: _EQUALITY,
    FilterField.OWNER: _EQUALITY,
    FilterField.EMAIL: _EQUALITY,
    FilterField.PHONE: _EQUALITY,
    FilterField.EXTERNAL_ID: _EQUALITY,
    FilterField.SCORE: frozenset(Comparator),
    FilterField.GRADE: _EQUALITY,
    FilterField.CREATE_TIME: _RANGE,
}
_COMPARABLE: Final = {FilterField.EMAIL: comparable_email, FilterField.PHONE: comparable_phone}
_HIGHEST_SCORE: Final = 100


def parse_filter(text: str) -> tuple[Condition, ...]:
    """Reads a filter such as `status = OPEN AND score >= 70`.

    Args:
        text: The filter; empty means no condition.

    Returns:
        The conditions, all of which must hold, in the order of the text.

    Raises:
        InvalidFilter: The text can't be read, or compares what can't be compared so.
    """
    return tuple(map(_condition, read_comparisons(text)))


def _condition(comparison: Comparison) -> Condition:
    """Gives one condition its types, or refuses it."""
    try:
        field = FilterField(comparison.field.text)
    except ValueError as error:
        usable = ", ".join(FilterField)
        reason = f"can't filter by {comparison.field.text}; use {usable}"
        raise InvalidFilter(reason, comparison.field.position) from error
    allowed = _COMPARATORS[field]
    comparator = next((known for known in allowed if known.value == comparison.comparator.text), None)
    if comparator is None:
        usable = ", ".join(known.value for known in Comparator if known in allowed)
        raise InvalidFilter(f"{field} can be compared by {usable}", comparison.comparator.position)
    return Condition(field, comparator, _value(field, comparison.value))


def _value(field: FilterField, word: Word) -> FilterValue:
    """Reads the value of a condition in the type of its field."""
    text = word.text
    if field is FilterField.STATUS:
        if text not in LeadStatus.__members__:
            raise InvalidFilter(f"status is one of {', '.join(LeadStatus.__members__)}", word.position)
        return LeadStatus[text]
    if field is FilterField.GRADE:
        if text not in Grade.__members__:
            raise InvalidFilter(f"grade is one of {', '.join(Grade.__members__)}", word.position)
        return Grade[text]
    if field is FilterField.SCORE:
        if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_SCORE):
            raise InvalidFilter("score is a whole number from 0 to 100", word.position)
        return int(text)
    if field is FilterField.CREATE_TIME:
        return read_time(word, field)
    if "\0" in text:
        raise InvalidFilter(f"{field} can't contain a NUL character", word.position)
    comparable = _COMPARABLE[field](text) if field in _COMPARABLE else text
    if text and not comparable:
        raise InvalidFilter("phone is compared by its digits", word.position)
    return comparable
