"""The feature set: matrices, words, and its way through JSON and pickle."""

import json
import math
import pickle
import sys
import time
from datetime import timedelta

import numpy as np
import pytest

from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import EventCounter
from tests.lead_records import START, lead

FEATURES = FeatureSet(
    [
        Feature("Source", "Source", FeatureKind.CATEGORY, ("Google", "Fair")),
        Feature("Visits", "Visits", FeatureKind.NUMBER, absent=2.0),
        Feature("events.call.days_since_last", "call", FeatureKind.DAYS_SINCE_EVENT),
    ]
)


def test_a_matrix_has_a_row_a_lead_and_a_column_a_feature_in_float32() -> None:
    records = [lead({"Source": {"category": "Fair"}, "Visits": {"number": 0.1}}), lead()]
    matrix = FEATURES.encode(records, START)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.array([[1, np.float32(0.1), np.nan], [np.nan, 2, np.nan]], np.float32))


def test_no_leads_give_an_empty_matrix() -> None:
    assert FEATURES.encode([], START).shape == (0, 3)


def test_without_a_moment_each_lead_is_taken_as_of_its_outcome() -> None:
    record = lead(counters={"call": EventCounter(1, START)}, outcome=True, outcome_time=START + timedelta(days=4))
    assert FEATURES.encode([record])[0, 2] == 4
    assert FEATURES.encode([record], START + timedelta(days=9))[0, 2] == 9


def test_later_rows_are_those_of_an_encoding_at_that_moment() -> None:
    records = [
        lead({"Visits": {"number": 3.0}}, counters={"call": EventCounter(2, START, 1, (1.5, 1.8, 1.9))}),
        lead({"Source": {"category": "Fair"}}),
    ]
    features = FeatureSet(
        [*FEATURES.features, Feature("calls", "call", FeatureKind.EVENT_DECAYED, half_life_in_days=7.0)]
    )
    moments = [START + timedelta(days=2), START + timedelta(hours=1)]
    rows = features.encode(records, START)
    before = rows.copy()

    later = features.encode_later(rows, records, moments)

    encoded = [features.encode([record], moment) for record, moment in zip(records, moments, strict=True)]
    np.testing.assert_array_equal(later, np.concatenate(encoded))
    np.testing.assert_array_equal(rows, before)


def test_json_and_pickle_give_the_same_feature_set_again() -> None:
    through_json = FeatureSet.from_json(json.loads(json.dumps(FEATURES.to_json())))
    assert through_json == FEATURES
    assert math.isnan(through_json.features[0].absent)
    assert through_json.features[1].absent == 2.0
    assert pickle.loads(pickle.dumps(FEATURES)) == FEATURES  # noqa: S301 - made one line above
    assert FeatureSet([]) != FEATURES


def test_a_feature_set_that_was_kept_before_features_had_half_lives_is_still_read() -> None:
    document = FEATURES.to_json()
    for entry in document["features"]:
        del entry["half_life_in_days"]
    assert FeatureSet.from_json(document) == FEATURES


def test_an_unknown_kind_in_json_is_refused() -> None:
    document = FEATURES.to_json()
    document["features"][0]["kind"] = "smell"
    with pytest.raises(ValueError, match="smell"):
        FeatureSet.from_json(document)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (FeatureKind.NUMBER, {"F": {"number": 4.0}}, "4"),
        (FeatureKind.NUMBER, {"F": {"number": 4.857}}, "4.857"),
        (FeatureKind.NUMBER, {"F": {"number": 1e300}}, "1e+300"),
        (FeatureKind.CATEGORY, {"F": {"category": "Google"}}, "Google"),
        (FeatureKind.BOOLEAN, {"F": {"boolean": True}}, "yes"),
        (FeatureKind.BOOLEAN, {"F": {"boolean": False}}, "no"),
        (FeatureKind.DAYS_BEFORE_RECEIVED, {"F": {"date": "2026-01-02T03:04:05+00:00"}}, "2026-01-02"),
        (FeatureKind.DAYS_BEFORE_RECEIVED, {}, ""),
        (FeatureKind.DAY_OF_WEEK, {"F": {"date": "2026-01-05T03:00:00+00:00"}}, "Monday"),
        (FeatureKind.TEXT_LENGTH, {"F": {"text": "hello"}}, "5 characters"),
        (FeatureKind.NUMBER, {}, ""),
    ],
)
def test_a_value_is_told_in_words(kind: FeatureKind, fields: dict[str, dict[str, object]], words: str) -> None:
    assert FeatureSet([Feature("F", "F", kind)]).observed(lead(fields), 0) == words


def test_events_are_told_in_words() -> None:
    features = FeatureSet(
        [
            Feature("events.call.count", "call", FeatureKind.EVENT_COUNT),
            Feature("events.call.days_since_last", "call", FeatureKind.DAYS_SINCE_EVENT),
            Feature("events.call.decayed_7_days", "call", FeatureKind.EVENT_DECAYED, half_life_in_days=7.0),
            Feature("events.call.active_days", "call", FeatureKind.EVENT_ACTIVE_DAYS),
        ]
    )
    called = lead(counters={"call": EventCounter(3, START, 2, (1.5, 2.25, 3.0))})
    words = [features.observed(called, index) for index in range(4)]
    assert words == ["3", "last on 2026-01-01", "2.2 on 2026-01-01", "on 2 days"]
    assert [features.observed(lead(), index) for index in range(4)] == ["0", "", "0", "on 0 days"]


@pytest.mark.skipif(sys.gettrace() is not None, reason="most of the time would be that of measuring coverage")
def test_one_lead_of_twenty_fields_is_encoded_within_thirty_microseconds() -> None:
    kinds = [FeatureKind.NUMBER, FeatureKind.CATEGORY, FeatureKind.BOOLEAN, FeatureKind.DAYS_BEFORE_RECEIVED]
    values: list[dict[str, object]] = [
        {"number": 3.5},
        {"category": "Google"},
        {"boolean": True},
        {"date": "2026-01-02T03:04:05+00:00"},
    ]
    features = FeatureSet([Feature(f"F{index}", f"F{index}", kinds[index % 4], ("Google",)) for index in range(20)])
    record = lead({f"F{index}": values[index % 4] for index in range(20)})
    fastest = math.inf
    for _ in range(300):
        started = time.perf_counter()
        features.encode([record], START)
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 30e-6
