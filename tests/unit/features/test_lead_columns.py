"""Leads as columns become the same numbers as one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.features.feature import MISSING, Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_columns import LeadColumns, ValueKind, columns_needed, columns_of, encode_columns
from scoring.features.lead_record import EventCounter, LeadRecord
from tests.lead_records import START

NAMES = ("Visits", 'Say "when"', "Größe\n✓")
KINDS = {
    FeatureKind.NUMBER: "number",
    FeatureKind.BOOLEAN: "boolean",
    FeatureKind.CATEGORY: "category",
    FeatureKind.DAYS_BEFORE_RECEIVED: "date",
    FeatureKind.DAY_OF_WEEK: "date",
    FeatureKind.TEXT_LENGTH: "text",
}
EVENT_TYPES = ("call", "page_view")

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - see timezones
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: {"number": number}),
    st.integers(-(2**53), 2**53).map(lambda number: {"number": number}),
    st.booleans().map(lambda answer: {"boolean": answer}),
    st.one_of(st.sampled_from(["Google", "Fair"]), texts).map(lambda answer: {"category": answer}),
    moments.map(lambda moment: {"date": moment.isoformat()}),
    texts.map(lambda text: {"text": text}),
)
counters = st.builds(
    EventCounter,
    st.integers(1, 10**6),
    moments,
    st.none() | st.integers(1, 1000),
    st.none() | st.tuples(*[st.floats(1, 1e6)] * 3),
)
absent = st.sampled_from([MISSING, 0.0, 2.5])


@st.composite
def feature_sets(draw: st.DrawFn) -> FeatureSet:
    """Draw some features of all kinds, several of the same field among them."""
    fields = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(KINDS))), max_size=8))
    events = draw(
        st.lists(st.tuples(st.sampled_from(EVENT_TYPES), st.sampled_from(sorted(set(FeatureKind) - set(KINDS)))))
    )
    features = [
        Feature(f"{name} {kind}", name, kind, ("Google", "Fair", "ö") if kind == "category" else (), draw(absent))
        for name, kind in fields
    ] + [Feature(f"{name} {kind}", name, kind, (), draw(absent), 7.0) for name, kind in events]
    return FeatureSet(features)


leads = st.lists(
    st.tuples(
        moments,
        st.dictionaries(st.one_of(st.sampled_from(NAMES), texts), values, max_size=4),
        st.dictionaries(st.sampled_from(EVENT_TYPES), counters),
    ),
    max_size=6,
)


def records_of(drawn: list[tuple[datetime, dict[str, Any], dict[str, EventCounter]]]) -> list[LeadRecord]:
    """Give leads one by one."""
    return [LeadRecord(None, received_time, fields, counted) for received_time, fields, counted in drawn]


@given(feature_sets(), leads, moments)
def test_columns_give_the_same_bits_as_records(
    feature_set: FeatureSet, drawn: list[tuple[datetime, dict[str, Any], dict[str, EventCounter]]], as_of: datetime
) -> None:
    records = records_of(drawn)
    expected = feature_set.encode(records, as_of)
    found = encode_columns(feature_set, columns_of(records, columns_needed(feature_set)), as_of)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


def test_each_column_is_asked_for_once() -> None:
    feature_set = FeatureSet(
        [
            Feature("F.days_before_received", "F", FeatureKind.DAYS_BEFORE_RECEIVED),
            Feature("F.day_of_week", "F", FeatureKind.DAY_OF_WEEK),
            Feature("F", "F", FeatureKind.NUMBER),
            Feature("events.call.count", "call", FeatureKind.EVENT_COUNT),
            Feature("events.call.days_since_last", "call", FeatureKind.DAYS_SINCE_EVENT),
        ]
    )
    needed = columns_needed(feature_set)
    assert needed.fields == (("F", ValueKind.DATE), ("F", ValueKind.NUMBER))
    assert needed.event_types == ("call",)


def test_ten_thousand_categories_are_encoded() -> None:
    feature = Feature("F", "F", FeatureKind.CATEGORY, tuple(f"answer {number}" for number in range(1000)))
    answers = [f"answer {number}" for number in range(10_000)]
    columns = LeadColumns([START] * 10_000, {("F", ValueKind.CATEGORY): answers}, {})
    found = encode_columns(FeatureSet([feature]), columns, START + timedelta(days=1))
    np.testing.assert_array_equal(found[:, 0], np.minimum(np.arange(10_000), 1000).astype(np.float32))
