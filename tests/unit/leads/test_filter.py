"""Filters and orders of lists, read and refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.leads.filter import Comparator, Condition, FilterField, parse_filter
from server.leads.lead import Grade, LeadStatus
from server.leads.lead_query import LeadOrder, parse_order
from server.runtime.errors import InvalidFilter

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "field", "comparator", "value"),
    [
        ("status = OPEN", FilterField.STATUS, Comparator.EQUAL, LeadStatus.OPEN),
        ("score>=70", FilterField.SCORE, Comparator.GREATER_OR_EQUAL, 70),
        ("grade = A", FilterField.GRADE, Comparator.EQUAL, Grade.A),
        ("score < 0", FilterField.SCORE, Comparator.LESS, 0),
        ("email = ann@example.com", FilterField.EMAIL, Comparator.EQUAL, "ann@example.com"),
        ('owner = "AND it\\"s"', FilterField.OWNER, Comparator.EQUAL, 'AND it"s'),
        ("owner = ''", FilterField.OWNER, Comparator.EQUAL, ""),
        ("external_id = 7", FilterField.EXTERNAL_ID, Comparator.EQUAL, "7"),
        ("create_time > 2026-01-01T00:00:00Z", FilterField.CREATE_TIME, Comparator.GREATER, NEW_YEAR),
        ("create_time <= '2026-01-01T02:00:00+02:00'", FilterField.CREATE_TIME, Comparator.LESS_OR_EQUAL, NEW_YEAR),
    ],
)
def test_a_condition_is_read_in_the_type_of_its_field(
    text: str, field: FilterField, comparator: Comparator, value: object
) -> None:
    assert [(read.field, read.comparator, read.value) for read in parse_filter(text)] == [(field, comparator, value)]


def test_conditions_are_joined() -> None:
    read = parse_filter("status = LOST AND owner = AND AND score = 3")

    assert read == (
        Condition(FilterField.STATUS, Comparator.EQUAL, LeadStatus.LOST),
        Condition(FilterField.OWNER, Comparator.EQUAL, "AND"),
        Condition(FilterField.SCORE, Comparator.EQUAL, 3),
    )


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_filter_has_no_condition(text: str) -> None:
    assert parse_filter(text) == ()


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("status", 6),
        ("status =", 8),
        ("status = OPEN AND", 17),
        ("status = OPEN score > 3", 14),
        ("status = OPEN OR score > 3", 14),
        ("(score > 3)", 0),
        ("company = 1", 0),
        ("phone = none", 8),
        ("phone > 1", 6),
        ("email >= a@example.com", 6),
        ("fields.x = 1", 0),
        ("status > OPEN", 7),
        ("status != OPEN", 7),
        ("status = open", 9),
        ("grade = E", 8),
        ("grade >= B", 6),
        ("score = 101", 8),
        ("score = -1", 8),
        ("score = 7.5", 8),
        ("create_time = 2026-01-01T00:00:00Z", 12),
        ("create_time > 2026-01-01", 14),
        ("create_time > 0001-01-01T00:00:00+14:00", 14),
        ("owner = 'ann", 8),
        ("owner = '\0'", 8),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_goes_wrong(text: str, position: int) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        parse_filter(text)

    assert refusal.value.metadata == {"position": str(position)}


@given(st.text(alphabet=st.sampled_from("abstaus core=<>!'\"\\() AND7:.-\0"), max_size=40))
def test_any_text_is_read_or_refused_at_a_place_in_it(text: str) -> None:
    assert 0 <= place_of_refusal(text) <= len(text)


def place_of_refusal(text: str) -> int:
    """Gives where a text is refused, its end if it is not."""
    try:
        parse_filter(text)
    except InvalidFilter as refusal:
        return int(refusal.metadata["position"])
    return len(text)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", LeadOrder.CREATE_TIME_DESCENDING),
        ("score  desc", LeadOrder.SCORE_DESCENDING),
        ("create_time desc", LeadOrder.CREATE_TIME_DESCENDING),
        (" create_time ", LeadOrder.CREATE_TIME_ASCENDING),
    ],
)
def test_an_order_is_read(text: str, order: LeadOrder) -> None:
    assert parse_order(text) is order


@pytest.mark.parametrize("text", ["score", "name", "score desc, create_time"])
def test_an_order_that_no_index_gives_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_order(text)
