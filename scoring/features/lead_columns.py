"""Many leads at once, as columns: encoded without making a record of each.

The definition of a feature stays `compile_encoder` in `scoring.features.feature`. What is common and cheap to say for a
whole column (numbers, categories, answers, lengths) is said for a column here, bit for bit the same; dates and events
go through the very encoders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from scoring.features.feature import EVENT_KINDS, LARGEST_NUMBER, Feature, FeatureKind, compile_encoder
from scoring.features.feature_set import FeatureSet, Matrix
from scoring.features.lead_record import EventCounter, LeadRecord

Doubles = npt.NDArray[np.float64]
Column = Any  # a pyarrow array; pyarrow carries no types

_NO_COUNTERS: Mapping[str, EventCounter] = {}


@dataclass(frozen=True, slots=True)
class LeadColumns:
    """Some leads; each column has one entry a lead.

    Attributes:
        received_times: When each reached the company, UTC.
        fields: The custom fields of each, as the JSON text of what `LeadRecord.fields` holds.
        counters: The event counters of those leads that have some, by the lead's place in the columns.
    """

    received_times: Sequence[datetime]
    fields: Sequence[str]
    counters: Mapping[int, Mapping[str, EventCounter]]

    def __len__(self) -> int:
        """Give the number of leads."""
        return len(self.fields)

    def records(self) -> list[LeadRecord]:
        """Give the leads one by one."""
        return [
            LeadRecord(None, received_time, orjson.loads(fields), self.counters.get(place, _NO_COUNTERS))
            for place, (received_time, fields) in enumerate(zip(self.received_times, self.fields, strict=True))
        ]


def encode_columns(feature_set: FeatureSet, leads: LeadColumns, as_of: datetime) -> Matrix:
    """Turn leads into numbers, the same as `FeatureSet.encode` gives for their records.

    Args:
        feature_set: What to turn them into.
        leads: The leads.
        as_of: The moment of scoring, UTC.

    Returns:
        One row a lead and one column a feature, float32; NaN where a value is missing.
    """
    columns = _field_columns(feature_set, leads)
    if columns is None:
        return feature_set.encode(leads.records(), as_of)
    # A column is written at a time, and lies together in memory as models read it.
    matrix = np.empty((len(leads), len(feature_set)), dtype=np.float32, order="F")
    for index, feature in enumerate(feature_set.features):
        if feature.kind in EVENT_KINDS:
            matrix[:, index] = _event_column(feature, leads, as_of)
        else:
            values = columns[feature.source, _VALUE_KINDS[feature.kind]]
            matrix[:, index] = _COLUMN_ENCODERS[feature.kind](feature, values, leads)
    return matrix


def _field_columns(feature_set: FeatureSet, leads: LeadColumns) -> Mapping[tuple[str, str], Column] | None:
    """Give what the features are made from, by field and kind of value; None if the texts don't fit their kinds."""
    wanted: dict[str, dict[str, Any]] = {}
    for feature in feature_set.features:
        if feature.kind not in EVENT_KINDS:
            kind = _VALUE_KINDS[feature.kind]
            wanted.setdefault(feature.source, {})[kind] = _ARROW_TYPES[kind]
    if not wanted or not len(leads):
        return None if wanted else {}
    schema = pa.schema([(source, pa.struct(list(kinds.items()))) for source, kinds in wanted.items()])
    text = "\n".join(leads.fields).encode()
    try:
        table = arrow_json.read_json(
            pa.BufferReader(text),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != len(leads):
        return None
    return {
        (source, kind): values
        for source, kinds in wanted.items()
        for kind, values in zip(kinds, table[source].combine_chunks().flatten(), strict=True)
    }


def _numbers(feature: Feature, values: Column, _leads: LeadColumns) -> Doubles:
    numbers = np.clip(values.to_numpy(zero_copy_only=False), -LARGEST_NUMBER, LARGEST_NUMBER)
    return np.where(np.isnan(numbers), feature.absent, numbers)


def _answers(feature: Feature, values: Column, _leads: LeadColumns) -> Doubles:
    return _or_absent(pc.cast(values, pa.float64()), feature)


def _codes(feature: Feature, values: Column, _leads: LeadColumns) -> Doubles:
    encoded = values.dictionary_encode()
    known = {answer: float(code) for code, answer in enumerate(feature.vocabulary)}
    codes = [known.get(answer, float(len(known))) for answer in encoded.dictionary.to_pylist()]
    places = encoded.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
    column: Doubles = np.array([*codes, feature.absent])[places]
    return column


def _lengths(feature: Feature, values: Column, _leads: LeadColumns) -> Doubles:
    return _or_absent(pc.cast(pc.utf8_length(values), pa.float64()), feature)


def _or_absent(values: Column, feature: Feature) -> Doubles:
    numbers: Doubles = values.to_numpy(zero_copy_only=False)
    return np.where(np.isnan(numbers), feature.absent, numbers)


def _of_dates(feature: Feature, values: Column, leads: LeadColumns) -> Doubles:
    encode = compile_encoder(feature)
    column = np.full(len(leads), feature.absent)
    for place, text in enumerate(values.to_pylist()):
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


_VALUE_KINDS: Mapping[FeatureKind, str] = {
    FeatureKind.NUMBER: "number",
    FeatureKind.BOOLEAN: "boolean",
    FeatureKind.CATEGORY: "category",
    FeatureKind.DAYS_BEFORE_RECEIVED: "date",
    FeatureKind.DAY_OF_WEEK: "date",
    FeatureKind.TEXT_LENGTH: "text",
}

_ARROW_TYPES: Mapping[str, Any] = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "date": pa.string(),
    "text": pa.string(),
}

_COLUMN_ENCODERS: Mapping[FeatureKind, Callable[[Feature, Column, LeadColumns], Doubles]] = {
    FeatureKind.NUMBER: _numbers,
    FeatureKind.BOOLEAN: _answers,
    FeatureKind.CATEGORY: _codes,
    FeatureKind.DAYS_BEFORE_RECEIVED: _of_dates,
    FeatureKind.DAY_OF_WEEK: _of_dates,
    FeatureKind.TEXT_LENGTH: _lengths,
}
