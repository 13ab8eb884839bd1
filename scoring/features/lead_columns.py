"""Many leads at once, as columns: encoded without making a record of each.

The definition of a feature stays `compile_encoder` in `scoring.features.feature`. What is common and cheap to say for a
whole column (numbers, categories, answers, lengths) is said for a column here, bit for bit the same; dates and events
go through the very encoders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from scoring.features.feature import EVENT_KINDS, LARGEST_NUMBER, Feature, FeatureKind, compile_encoder
from scoring.features.feature_set import FeatureSet, Matrix
from scoring.features.lead_record import EventCounter, LeadRecord

Doubles = npt.NDArray[np.float64]

_NO_COUNTERS: Mapping[str, EventCounter] = {}
_NO_VALUE: Mapping[str, object] = {}


class ValueKind(StrEnum):
    """What of a field's value a column holds, None where a lead has none of this kind."""

    NUMBER = "number"
    """The number, a float."""
    BOOLEAN = "boolean"
    """The answer, a bool."""
    CATEGORY = "category"
    """The category, a str."""
    DATE = "date"
    """The date, a str in ISO 8601 with offset."""
    TEXT_LENGTH = "text"
    """How many characters the text has, an int."""


FieldColumn = tuple[str, ValueKind]
"""A custom field's name, and what of its value is wanted."""


@dataclass(frozen=True, slots=True)
class ColumnsNeeded:
    """What a feature set looks at.

    Attributes:
        fields: The columns of custom fields.
        event_types: The types of events whose counters it takes.
    """

    fields: tuple[FieldColumn, ...]
    event_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeadColumns:
    """Some leads; each column has one entry a lead.

    Attributes:
        received_times: When each reached the company, UTC.
        values: The columns of custom fields.
        counters: The event counters of those leads that have some, by the lead's place in the columns.
    """

    received_times: Sequence[datetime]
    values: Mapping[FieldColumn, Sequence[object]]
    counters: Mapping[int, Mapping[str, EventCounter]]

    def __len__(self) -> int:
        """Give the number of leads."""
        return len(self.received_times)


def columns_needed(feature_set: FeatureSet) -> ColumnsNeeded:
    """Give what a feature set looks at, each column once."""
    of_fields = [feature for feature in feature_set.features if feature.kind not in EVENT_KINDS]
    of_events = [feature for feature in feature_set.features if feature.kind in EVENT_KINDS]
    return ColumnsNeeded(
        tuple(dict.fromkeys((feature.source, _VALUE_KINDS[feature.kind]) for feature in of_fields)),
        tuple(dict.fromkeys(feature.source for feature in of_events)),
    )


def columns_of(records: Sequence[LeadRecord], needed: ColumnsNeeded) -> LeadColumns:
    """Give leads as columns.

    Args:
        records: The leads.
        needed: The columns that are wanted; of event counters, all are given.
    """
    return LeadColumns(
        [record.received_time for record in records],
        {(field, kind): _values_of(records, field, kind) for field, kind in needed.fields},
        {place: record.counters for place, record in enumerate(records) if record.counters},
    )


def _values_of(records: Sequence[LeadRecord], field: str, kind: ValueKind) -> list[object]:
    wanted = kind.value
    values = [record.fields.get(field, _NO_VALUE).get(wanted) for record in records]
    if kind is ValueKind.TEXT_LENGTH:
        return [None if text is None else len(str(text)) for text in values]
    return values


def encode_columns(feature_set: FeatureSet, leads: LeadColumns, as_of: datetime) -> Matrix:
    """Turn leads into numbers, the same as `FeatureSet.encode` gives for their records.

    Args:
        feature_set: What to turn them into.
        leads: The leads, with the columns that `columns_needed` names.
        as_of: The moment of scoring, UTC.

    Returns:
        One row a lead and one column a feature, float32; NaN where a value is missing.
    """
    # A column is written at a time, and lies together in memory as models read it.
    matrix = np.empty((len(leads), len(feature_set)), dtype=np.float32, order="F")
    for index, feature in enumerate(feature_set.features):
        if feature.kind in EVENT_KINDS:
            matrix[:, index] = _event_column(feature, leads, as_of)
        else:
            values = leads.values[feature.source, _VALUE_KINDS[feature.kind]]
            matrix[:, index] = _COLUMN_ENCODERS[feature.kind](feature, values, leads)
    return matrix


def _quantities(feature: Feature, values: Sequence[object], _leads: LeadColumns) -> Doubles:
    # None becomes NaN.
    numbers = np.clip(np.array(values, dtype=np.float64), -LARGEST_NUMBER, LARGEST_NUMBER)
    return np.where(np.isnan(numbers), feature.absent, numbers)


def _codes(feature: Feature, values: Sequence[object], _leads: LeadColumns) -> Doubles:
    codes: dict[object, float] = {answer: float(code) for code, answer in enumerate(feature.vocabulary)}
    other = float(len(codes))
    codes[None] = feature.absent
    return np.array([codes.get(answer, other) for answer in values], dtype=np.float64)


def _of_dates(feature: Feature, values: Sequence[object], leads: LeadColumns) -> Doubles:
    encode = compile_encoder(feature)
    column = np.full(len(leads), feature.absent)
    for place, text in enumerate(values):
        if text is not None:
            received_time = leads.received_times[place]
            record = LeadRecord(None, received_time, {feature.source: {"date": text}}, _NO_COUNTERS)
            column[place] = encode(record, received_time)
    return column


def _event_column(feature: Feature, leads: LeadColumns, as_of: datetime) -> Doubles:
    encode = compile_encoder(feature)
    column = np.full(len(leads), encode(LeadRecord(None, as_of, {}, _NO_COUNTERS), as_of))
    for place, counters in leads.counters.items():
        column[place] = encode(LeadRecord(None, as_of, {}, counters), as_of)
    return column


_VALUE_KINDS: Mapping[FeatureKind, ValueKind] = {
    FeatureKind.NUMBER: ValueKind.NUMBER,
    FeatureKind.BOOLEAN: ValueKind.BOOLEAN,
    FeatureKind.CATEGORY: ValueKind.CATEGORY,
    FeatureKind.DAYS_BEFORE_RECEIVED: ValueKind.DATE,
    FeatureKind.DAY_OF_WEEK: ValueKind.DATE,
    FeatureKind.TEXT_LENGTH: ValueKind.TEXT_LENGTH,
}

_COLUMN_ENCODERS: Mapping[FeatureKind, Callable[[Feature, Sequence[object], LeadColumns], Doubles]] = {
    FeatureKind.NUMBER: _quantities,
    FeatureKind.BOOLEAN: _quantities,
    FeatureKind.CATEGORY: _codes,
    FeatureKind.DAYS_BEFORE_RECEIVED: _of_dates,
    FeatureKind.DAY_OF_WEEK: _of_dates,
    FeatureKind.TEXT_LENGTH: _quantities,
}
