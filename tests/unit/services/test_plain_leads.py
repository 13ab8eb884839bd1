"""The quick way to read a lead never takes what the contract refuses, and reads as the careful way does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leadline.v1 import lead_pb2, lead_service_pb2, value_pb2

from server.interceptors.validation import violations_of
from server.services.conversions.leads import profile_from_proto
from server.services.conversions.plain_leads import plain_profile
from tests.unit.services.plain_messages import TEXTS, TIMES, VALUES, rules_of

EMAILS = st.one_of(
    st.emails(), TEXTS, st.from_regex(r"[a-z._-]{0,3}@?[a-z0-9.-]{0,5}@[a-z0-9.-]{0,6}\.[a-z]{0,3}", fullmatch=True)
)
LEADS = st.builds(
    lead_pb2.Lead,
    name=TEXTS,
    external_id=TEXTS,
    email=EMAILS,
    display_name=TEXTS,
    company=TEXTS,
    phone=TEXTS,
    owner=TEXTS,
    status=st.integers(-1, 4),
    outcome_time=st.none() | TIMES,
    received_time=st.none() | TIMES,
    fields=st.dictionaries(TEXTS, VALUES, max_size=4),
    etag=TEXTS,
)


@given(LEADS)
def test_what_is_plainly_valid_is_valid_and_read_alike(lead: lead_pb2.Lead) -> None:
    profile = plain_profile(lead)

    if profile is not None:
        assert not violations_of(lead_service_pb2.ImportRow(lead=lead))
        assert profile == profile_from_proto(lead)


def test_an_ordinary_lead_is_plainly_valid() -> None:
    lead = lead_pb2.Lead(
        external_id="crm-1", email="ann.b@mail.example.com", display_name="Ann", status=lead_pb2.LEAD_STATUS_OPEN
    )
    lead.received_time.seconds = 1_700_000_000
    lead.fields["Visits"].number = 3
    lead.fields["Source"].category = "Google"
    lead.fields["Consent"].boolean = False
    lead.fields["Birthday"].date.seconds = 0
    lead.fields["Note"].text = ""

    assert plain_profile(lead) == profile_from_proto(lead)


@pytest.mark.parametrize("count", [200, 201])
def test_too_many_fields_are_not_plainly_valid(count: int) -> None:
    lead = lead_pb2.Lead()
    for number in range(count):
        lead.fields[str(number)].number = number

    assert (plain_profile(lead) is None) is bool(violations_of(lead))


def test_the_contract_has_no_rule_that_the_quick_way_does_not_know() -> None:
    assert rules_of(lead_pb2.Lead.DESCRIPTOR) == {
        "name": {"string.max_len"},
        "external_id": {"string.max_len", "string.not_contains"},
        "email": {"string.max_len", "string.email", "ignore"},
        "display_name": {"string.max_len", "string.not_contains"},
        "company": {"string.max_len", "string.not_contains"},
        "phone": {"string.max_len", "string.not_contains"},
        "owner": {"string.max_len", "string.not_contains"},
        "status": {"enum.defined_only"},
        "outcome_time": {"timestamp.gte", "timestamp.lt"},
        "received_time": {"timestamp.gte", "timestamp.lt"},
        "fields": {"map.max_pairs", "map.keys"},
        "etag": {"string.max_len"},
    }
    assert rules_of(value_pb2.FieldValue.DESCRIPTOR) == {
        "number": {"double.finite"},
        "category": {"string.min_len", "string.max_len", "string.not_contains"},
        "date": {"timestamp.gte", "timestamp.lt"},
        "text": {"string.max_len", "string.not_contains"},
    }
    assert rules_of(lead_service_pb2.ImportRow.DESCRIPTOR) == {"line_number": {"int64.gte"}, "lead": {"required"}}
