"""One feature: where it comes from, how it becomes a number, and how it is told in words."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from scoring.features.event_log import SECONDS_PER_DAY
from scoring.features.lead_record import HALF_LIVES_IN_DAYS, LeadRecord

MISSING = math.nan
EVENT_PREFIX = "events."
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# The largest float32: a number beyond it would become infinite in the feature matrix.
LARGEST_NUMBER = 3.4028234e38


class FeatureKind(StrEnum):
    """How a feature is made."""

    NUMBER = "number"
    """The number itself."""
    BOOLEAN = "boolean"
    """1 for yes, 0 for no."""
    CATEGORY = "category"
    """The position of the answer in the vocabulary; one past its end for any other answer."""
    DAYS_BEFORE_RECEIVED = "days_before_received"
    """Days from a date to the lead's arrival: above 0 if the date came first."""
    DAY_OF_WEEK = "day_of_week"
    """The weekday of a date in UTC, 0 for Monday to 6 for Sunday."""
    TEXT_LENGTH = "text_length"
    """Characters of a text."""
    EVENT_COUNT = "event_count"
    """Events of a type; 0 if none."""
    DAYS_SINCE_EVENT = "days_since_event"
    """Days from the latest event of a type to the moment of scoring, 0 or more."""
    EVENT_DECAYED = "event_decayed"
    """Events of a type, each halved once for every half-life that has passed since; 0 if none."""
    EVENT_ACTIVE_DAYS = "event_active_days"
    """Days (UTC) on which events of a type happened; 0 if none."""


EVENT_KINDS = frozenset(
    {
        FeatureKind.EVENT_COUNT,
        FeatureKind.DAYS_SINCE_EVENT,
        FeatureKind.EVENT_DECAYED,
        FeatureKind.EVENT_ACTIVE_DAYS,
    }
)

TIMED_KINDS = frozenset({FeatureKind.DAYS_SINCE_EVENT, FeatureKind.EVENT_DECAYED})
"""What changes with time alone."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    Attributes:
        name: What people see, for example `Lead Source` or `events.page_view.count`.
        source: The custom field, or for the kinds of `EVENT_KINDS` the type of event, that it is made from.
        kind: How it is made.
        vocabulary: For a category, the known answers, the most frequent first; else empty.
        absent: The number that stands for a lead without a value: NaN, or, where no lead of the training data lacked
            one, the typical value, since a model can't have learnt what a gap means.
        half_life_in_days: For decayed events, one of `HALF_LIVES_IN_DAYS`; else 0.
    """

    name: str
    source: str
    kind: FeatureKind
    vocabulary: tuple[str, ...] = ()
    absent: float = MISSING
    half_life_in_days: float = 0.0

    @property
    def field(self) -> str:
        """The field as people name it: the source, or `events.<type>` for a type of event."""
        return f"{EVENT_PREFIX}{self.source}" if self.kind in EVENT_KINDS else self.source

    @property
    def code_count(self) -> int:
        """How many codes the feature has, "any other answer" included; 0 if it is a quantity."""
        if self.kind is FeatureKind.CATEGORY:
            return len(self.vocabulary) + 1
        return len(WEEKDAYS) if self.kind is FeatureKind.DAY_OF_WEEK else 0


Encoder = Callable[[LeadRecord, datetime], float]
"""Gives a feature's number for a record as of a moment."""


def compile_encoder(feature: Feature) -> Encoder:
    """Give a function that computes the feature, with all that can be looked up beforehand bound into it.

    Args:
        feature: The feature.

    Returns:
        The function; it never fails on a record that has no value or one of another kind, but takes it as absent.
    """
    return _COMPILERS[feature.kind](feature)


def _compile_number(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        value = record.fields.get(source)
        number = value.get("number") if value is not None else None
        if number is None or number != number:  # noqa: PLR0124 - only NaN differs from itself
            return absent
        if -LARGEST_NUMBER <= number <= LARGEST_NUMBER:  # type: ignore[operator]
            return number  # type: ignore[return-value]
        return math.copysign(LARGEST_NUMBER, number)  # type: ignore[arg-type]

    return encode


def _compile_boolean(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        value = record.fields.get(source)
        answer = value.get("boolean") if value is not None else None
        return absent if answer is None else float(bool(answer))

    return encode


def _compile_category(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent
    codes: Mapping[object, float] = {answer: float(code) for code, answer in enumerate(feature.vocabulary)}
    other = float(len(codes))

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        value = record.fields.get(source)
        answer = value.get("category") if value is not None else None
        return absent if answer is None else codes.get(answer, other)

    return encode


def date_of(record: LeadRecord, field: str) -> datetime | None:
    """Give a date field's value, UTC, or None if the lead has none.

    Args:
        record: The lead.
        field: The field's name.
    """
    value = record.fields.get(field)
    text = value.get("date") if value is not None else None
    return None if text is None else datetime.fromisoformat(str(text))


def _compile_days_before_received(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        date = date_of(record, source)
        return absent if date is None else (record.received_time - date).total_seconds() / SECONDS_PER_DAY

    return encode


def _compile_day_of_week(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        date = date_of(record, source)
        return absent if date is None else float(date.astimezone(UTC).weekday())

    return encode


def _compile_text_length(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        value = record.fields.get(source)
        text = value.get("text") if value is not None else None
        return absent if text is None else float(len(str(text)))

    return encode


def _compile_event_count(feature: Feature) -> Encoder:
    source = feature.source

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        counter = record.counters.get(source)
        return 0.0 if counter is None else float(counter.count)

    return encode


def _compile_days_since_event(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, as_of: datetime) -> float:
        counter = record.counters.get(source)
        if counter is None:
            return absent
        return max((as_of - counter.last_time).total_seconds(), 0.0) / SECONDS_PER_DAY

    return encode


def _compile_event_decayed(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent
    position = HALF_LIVES_IN_DAYS.index(feature.half_life_in_days)
    halvings_per_second = 1.0 / (feature.half_life_in_days * SECONDS_PER_DAY)

    def encode(record: LeadRecord, as_of: datetime) -> float:
        counter = record.counters.get(source)
        if counter is None:
            return 0.0
        if counter.decayed is None:
            return absent
        seconds = (as_of - counter.last_time).total_seconds()
        if seconds <= 0.0:
            return counter.decayed[position]
        return counter.decayed[position] * 2.0 ** (-seconds * halvings_per_second)  # type: ignore[no-any-return]

    return encode


def _compile_event_active_days(feature: Feature) -> Encoder:
    source, absent = feature.source, feature.absent

    def encode(record: LeadRecord, _as_of: datetime) -> float:
        counter = record.counters.get(source)
        if counter is None:
            return 0.0
        return absent if counter.active_days is None else float(counter.active_days)

    return encode


_COMPILERS: Mapping[FeatureKind, Callable[[Feature], Encoder]] = {
    FeatureKind.NUMBER: _compile_number,
    FeatureKind.BOOLEAN: _compile_boolean,
    FeatureKind.CATEGORY: _compile_category,
    FeatureKind.DAYS_BEFORE_RECEIVED: _compile_days_before_received,
    FeatureKind.DAY_OF_WEEK: _compile_day_of_week,
    FeatureKind.TEXT_LENGTH: _compile_text_length,
    FeatureKind.EVENT_COUNT: _compile_event_count,
    FeatureKind.DAYS_SINCE_EVENT: _compile_days_since_event,
    FeatureKind.EVENT_DECAYED: _compile_event_decayed,
    FeatureKind.EVENT_ACTIVE_DAYS: _compile_event_active_days,
}
