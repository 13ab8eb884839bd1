"""Conditions: what they see, what is refused, and what can't be made slow."""

import time
from datetime import UTC, datetime

import pytest

from scoring.rules.expression import Condition, ConditionFailed, ExpressionInvalid, SeenLead

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEEN = {
    "fields": {"Lead Source": "Google", "TotalVisits": 4.0, "Subscribed": True, "Note": "a" * 1000},
    "dates": {"Contract Ends": datetime(2026, 6, 1, tzinfo=UTC)},
    "event_counts": {"page_view": 4},
    "event_days": {"page_view": 2},
    "event_times": {"page_view": NOW},
    "status": "OPEN",
    "received_time": datetime(2026, 1, 1, tzinfo=UTC),
    "probability": 0.4,
    "grade": "B",
}


def holds(expression: str) -> bool:
    return Condition(expression).holds(SeenLead(SEEN))


@pytest.mark.parametrize(
    "expression",
    [
        'fields["Lead Source"] == "Google"',
        "fields.TotalVisits >= 4",
        "fields.Subscribed",
        'dates["Contract Ends"] > timestamp("2026-05-31T00:00:00Z")',
        "event_counts.page_view >= 3 && event_days.page_view == 2",
        'event_times.page_view - received_time > duration("24h")',
        'status == "OPEN" && grade in ["A", "B"] && probability < 0.5',
        "!has(fields.Country)",
        'fields["Lead Source"].startsWith("Goo") && fields.Note.contains("aaa")',
        "fields.Country == 'DE' || fields.TotalVisits > 3",
    ],
)
def test_conditions_see_the_lead(expression: str) -> None:
    assert holds(expression)


@pytest.mark.parametrize(
    "expression", ['fields.Country == "DE"', "event_counts.call >= 1", 'event_times["call"] > received_time']
)
def test_a_condition_about_what_a_lead_has_not_does_not_hold(expression: str) -> None:
    assert not holds(expression)


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ('fields["Lead Source"] > 3', "overload"),
        ("1 / (event_counts.page_view - 4) == 1", "divide by zero"),
        ("fields.TotalVisits", "double"),
    ],
)
def test_a_condition_that_fails_on_a_lead_says_why(expression: str, what: str) -> None:
    with pytest.raises(ConditionFailed, match=what):
        holds(expression)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("fields[", "1:8: Syntax error"),
        ('probability > 0.5 &&\n  probability == "high"', "2:15: found no matching overload"),
        ("nothing > 1", "1:1: undeclared reference to 'nothing'"),
        ("probability", "1:1: gives double, where a bool is needed"),
        ("[1, 2].all(x, x > 0)", "undeclared reference to"),
        ('["a"].map(x, x + x + x) == []', "undeclared reference to"),
        ('fields.Note.matches("(a|b)*c")', "undeclared reference to 'matches'"),
        ("(" * 400 + "true" + ")" * 400, "1:1: nests too deep"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(expression: str, problem: str) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        Condition(expression)
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    "expression",
    [
        " || ".join(['fields.Note.contains("aaaaaaaaaaab")'] * 24),
        " && ".join(["(fields.Note + fields.Note + fields.Note + fields.Note) != ''"] * 15),
        " && ".join(["fields == fields"] * 48),
        " && ".join(["received_time.getMonth('America/New_York') < 20"] * 19),
        "!" * 900 + "true",
    ],
)
def test_the_worst_that_fits_into_a_rule_takes_milliseconds(expression: str) -> None:
    assert len(expression) <= 1000
    condition, seen = Condition(expression), SeenLead(SEEN)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        condition.holds(seen)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.01
