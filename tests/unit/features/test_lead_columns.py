"""Leads as columns become the same numbers as one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.features.feature import MISSING, Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_columns import LeadColumns, encode_columns
from scoring.features.lead_record import EventCounter
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


def columns_of(drawn: list[tuple[datetime, dict[str, Any], dict[str, EventCounter]]]) -> LeadColumns:
    """Give leads as columns, their fields as PostgreSQL writes jsonb."""
    return LeadColumns(
        [received_time for received_time, _, _ in drawn],
        [orjson.dumps(fields).decode() for _, fields, _ in drawn],
        {place: counted for place, (_, _, counted) in enumerate(drawn) if counted},
    )


@given(feature_sets(), leads, moments)
def test_columns_give_the_same_bits_as_records(
    feature_set: FeatureSet, drawn: list[tuple[datetime, dict[str, Any], dict[str, EventCounter]]], as_of: datetime
) -> None:
    columns = columns_of(drawn)
    expected = feature_set.encode(columns.records(), as_of)
    found = encode_columns(feature_set, columns, as_of)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("odd", ['{"F": {"number": "4"}}', '{"F": {"number": true}}', '{"F": 4}', '{"F": null}'])
def test_what_does_not_fit_its_kind_is_taken_lead_by_lead(odd: str) -> None:
    feature_set = FeatureSet([Feature("F", "F", FeatureKind.BOOLEAN), Feature("G", "G", FeatureKind.NUMBER)])
    columns = LeadColumns([START] * 2, [odd.replace('"F"', '"F2"'), '{"F": {"boolean": true}, "G": {"number": 4}}'], {})
    np.testing.assert_array_equal(
        encode_columns(feature_set, columns, START), np.array([[np.nan, np.nan], [1, 4]], np.float32)
    )
    mixed = LeadColumns([START], ['{"F": {"boolean": 1}, "G": {"number": 4}}'], {})
    np.testing.assert_array_equal(encode_columns(feature_set, mixed, START), np.array([[1, 4]], np.float32))


def test_ten_thousand_categories_are_encoded() -> None:
    feature = Feature("F", "F", FeatureKind.CATEGORY, tuple(f"answer {number}" for number in range(1000)))
    columns = LeadColumns(
        [START] * 10_000, [f'{{"F": {{"category": "answer {number}"}}}}' for number in range(10_000)], {}
    )
    found = encode_columns(FeatureSet([feature]), columns, START + timedelta(days=1))
    np.testing.assert_array_equal(found[:, 0], np.minimum(np.arange(10_000), 1000).astype(np.float32))
