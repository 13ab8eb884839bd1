"""The quick way to read an event never takes what the contract refuses, and reads as the careful way does."""

import pytest
from buf.validate import validate_pb2
from hypothesis import given
from hypothesis import strategies as st
from leadline.v1 import event_pb2

from server.interceptors.validation import violations_of
from server.services.conversions.events import event_from_proto, read_events
from server.services.conversions.plain_events import plain_event
from tests.unit.services.plain_messages import TEXTS, TIMES, VALUES, rules_of

LEAD = "leads/01932c07-1b7a-7c52-8e39-6f5b1f0a2f10"
LEADS = st.one_of(TEXTS, st.just(LEAD), st.sampled_from([LEAD.upper(), LEAD + "\n", LEAD[:-1], LEAD + "0"]))
TYPES = st.one_of(TEXTS, st.just("page_view"), st.from_regex(r"[a-z_A-Z0-9]{0,3}\n?", fullmatch=True))
SUBJECTS = st.one_of(
    st.just({}), st.fixed_dictionaries({"lead": LEADS}), st.fixed_dictionaries({"lead_external_id": TEXTS})
)
EVENTS = st.builds(
    lambda event_id, subject, event_type, occurred_time, properties: event_pb2.Event(
        event_id=event_id, type=event_type, occurred_time=occurred_time, properties=properties, **subject
    ),
    TEXTS,
    SUBJECTS,
    TYPES,
    st.none() | TIMES,
    st.dictionaries(TEXTS, VALUES, max_size=4),
)


def ordinary_event() -> event_pb2.Event:
    """Makes an event as most are."""
    event = event_pb2.Event(event_id="event-1", lead_external_id="crm-1", type="page_view")
    event.occurred_time.seconds = 1_700_000_000
    event.properties["page"].category = "/pricing"
    event.properties["seconds"].number = 3
    return event


@given(EVENTS)
def test_what_is_plainly_valid_is_valid_and_read_alike(event: event_pb2.Event) -> None:
    plain = plain_event(event)

    if plain is not None:
        assert not violations_of(event)
        assert plain == event_from_proto(event)


def test_an_ordinary_event_is_plainly_valid() -> None:
    by_external_id, by_name = ordinary_event(), ordinary_event()
    by_name.lead = LEAD

    for event in (by_external_id, by_name):
        assert plain_event(event) == event_from_proto(event)


def test_what_is_valid_though_not_plainly_is_read_and_what_is_not_is_refused() -> None:
    plain, long, invalid = ordinary_event(), ordinary_event(), ordinary_event()
    long.event_id = "x" * 128
    invalid.event_id = "x" * 129

    read = read_events([plain, invalid, long])

    assert [event.event_id for event in read.events] == ["event-1", "x" * 128]
    assert read.indexes == [0, 2]
    assert list(read.refused) == [1]


@pytest.mark.parametrize("count", [50, 51])
def test_too_many_properties_are_not_plainly_valid(count: int) -> None:
    event = ordinary_event()
    event.properties.clear()
    for number in range(count):
        event.properties[str(number)].number = number

    assert (plain_event(event) is None) is bool(violations_of(event))


def test_the_contract_has_no_rule_that_the_quick_way_does_not_know() -> None:
    assert rules_of(event_pb2.Event.DESCRIPTOR) == {
        "event_id": {"string.min_len", "string.max_len", "string.not_contains"},
        "lead": {"string.pattern"},
        "lead_external_id": {"string.min_len", "string.max_len", "string.not_contains"},
        "type": {"string.pattern"},
        "occurred_time": {"required", "timestamp.gte", "timestamp.lt"},
        "properties": {"map.max_pairs", "map.keys"},
    }
    options = event_pb2.Event.DESCRIPTOR.oneofs_by_name["subject"].GetOptions()
    assert options.Extensions[validate_pb2.oneof].required
    assert not event_pb2.Event.DESCRIPTOR.GetOptions().HasExtension(validate_pb2.message)
