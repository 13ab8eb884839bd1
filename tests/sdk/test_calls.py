"""What every SDK does with a single call: deadline, retries, idempotency key, errors, who calls, what survives."""

import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from leadline.v1.lead_pb2 import Lead

from tests.integration.sdk.fake_identity_service import EMAIL, PASSWORD
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name, status, violation
from tests.sdk.catalogue import KINDS, reasons
from tests.sdk.conftest import Client
from tests.sdk.drivers import DriverError

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")
REPEATED = {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}
LEAD = lead_name(0)


@pytest.fixture
def stored(leadline: FakeLeadline) -> Lead:
    leadline.leads = [Lead(name=LEAD, external_id="a")]
    return leadline.leads[0]


def test_a_mutation_is_repeated_under_its_key_and_done_once(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("CreateLead", UNAVAILABLE, after=1)  # it is stored, and the answer gets lost
    leadline.fail("CreateLead", UNAVAILABLE)
    assert client("create_lead", external_id="a") == LEAD
    keys = [request.idempotency_key for request in leadline.requests["CreateLead"]]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert 1 <= len(keys[0]) <= 128
    client("create_lead", external_id="b")
    assert leadline.requests["CreateLead"][-1].idempotency_key != keys[0]
    assert [lead.external_id for lead in leadline.leads] == ["a", "b"]


def test_a_key_of_ones_own_is_used(leadline: FakeLeadline, client: Client) -> None:
    client("create_lead", external_id="a", idempotency_key="mine")
    assert leadline.requests["CreateLead"][0].idempotency_key == "mine"


@pytest.mark.parametrize("code", sorted(set(KINDS) - REPEATED))
def test_what_can_not_help_is_not_repeated(leadline: FakeLeadline, client: Client, code: str) -> None:
    leadline.fail("CreateLead", status(grpc.StatusCode[code], "it went wrong"))
    with pytest.raises(DriverError) as raised:
        client("create_lead", external_id="a")
    assert (raised.value.kind, raised.value.told["code"]) == (KINDS[code], code)
    assert len(leadline.requests["CreateLead"]) == 1


@pytest.mark.parametrize("code", sorted(REPEATED))
def test_a_server_that_stays_away_ends_a_call_after_five_tries(
    leadline: FakeLeadline, client: Client, code: str
) -> None:
    for _ in range(6):
        leadline.fail("GetLead", status(grpc.StatusCode[code], "not now"))
    with pytest.raises(DriverError) as raised:
        client("get_lead", name=LEAD)
    assert raised.value.kind == KINDS[code]
    assert len(leadline.requests["GetLead"]) == 5


def test_what_is_not_safe_is_not_repeated(leadline: FakeLeadline, client: Client) -> None:
    leadline.authentication.failures = 1
    with pytest.raises(DriverError) as raised:
        client("log_in", email=EMAIL, password=PASSWORD)
    assert raised.value.kind == "Unavailable"
    client("log_in", email=EMAIL, password=PASSWORD)


def test_a_deadline_is_hard(leadline: FakeLeadline, client: Client) -> None:
    client.connect(timeout_ms=400)
    leadline.fail("GetLead", UNAVAILABLE)
    leadline.hang("GetLead")
    start = time.monotonic()
    with pytest.raises(DriverError) as raised:
        client("get_lead", name=LEAD)
    assert 0.35 < time.monotonic() - start < 1.5
    assert (raised.value.kind, raised.value.told["code"]) == ("DeadlineExceeded", "DEADLINE_EXCEEDED")
    assert len(leadline.requests["GetLead"]) == 2


def test_the_server_is_told_the_deadline_also_where_none_was_asked_for(
    leadline: FakeLeadline, stored: Lead, client: Client
) -> None:
    assert client("get_lead", name=stored.name) == "a"
    assert 4 < (leadline.seconds_left["GetLead"] or 0) <= 5.5
    client.connect(timeout_ms=None)
    client("get_lead", name=stored.name)
    assert 9 < (leadline.seconds_left["GetLead"] or 0) <= 10.5


def test_every_reason_arrives_typed(leadline: FakeLeadline, client: Client) -> None:
    catalogue = reasons()
    assert len(catalogue) > 50
    for reason in catalogue:
        violations = [["lead.email", "must be an e-mail address"]] if reason.name == "INVALID_REQUEST" else []
        details = [violation(*found) for found in violations]
        answer = status(reason.code, "refused", reason.name, *details, name=LEAD)
        leadline.fail("GetLead", answer, pushback_milliseconds=-1)  # not to be repeated
        with pytest.raises(DriverError) as raised:
            client("get_lead", name=LEAD)
        told = raised.value.told
        assert (raised.value.kind, told["code"], told["reason"]) == (reason.kind, reason.code.name, reason.name)
        assert told["metadata"] == {"name": LEAD}
        assert told["violations"] == violations
    assert len(leadline.requests["GetLead"]) == len(catalogue)


def test_a_reason_of_tomorrow_is_told_as_it_came(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("GetLead", status(grpc.StatusCode.FAILED_PRECONDITION, "not yet", "REASON_OF_TOMORROW"))
    with pytest.raises(DriverError, match="REASON_OF_TOMORROW") as raised:
        client("get_lead", name=LEAD)
    assert (raised.value.kind, raised.value.told["reason"]) == ("FailedPrecondition", "REASON_OF_TOMORROW")


def test_how_long_to_wait_is_told(leadline: FakeLeadline, client: Client) -> None:
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000))
    locked = status(grpc.StatusCode.FAILED_PRECONDITION, "busy", "LOG_IN_THROTTLED", retry)
    leadline.fail("GetLead", locked)
    with pytest.raises(DriverError) as raised:
        client("get_lead", name=LEAD)
    assert raised.value.told["retry_after_ms"] == 1_500


def test_a_retry_waits_as_long_as_the_server_asks(leadline: FakeLeadline, stored: Lead, client: Client) -> None:
    limited = status(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests")
    leadline.fail("GetLead", limited, pushback_milliseconds=700)
    start = time.monotonic()
    assert client("get_lead", name=stored.name) == "a"
    assert time.monotonic() - start >= 0.69


def test_what_this_version_does_not_know_survives(leadline: FakeLeadline, client: Client) -> None:
    field_of_tomorrow = bytes.fromhex("c2b8020b") + b"of tomorrow"  # number 5000, a text
    wire = Lead(name=LEAD, external_id="a").SerializeToString() + field_of_tomorrow
    leadline.leads = [Lead.FromString(wire)]
    leadline.leads[0].status = 99  # type: ignore[assignment]
    client("change_owner", name=LEAD, owner="kim")
    (returned,) = [request.lead for request in leadline.requests["UpdateLead"]]
    assert (returned.status, returned.owner) == (99, "kim")
    assert field_of_tomorrow in returned.SerializeToString()


def test_the_server_hears_who_calls(leadline: FakeLeadline, stored: Lead, client: Client) -> None:
    client.connect(user_agent="acme-crm/2.1")
    client("get_lead", name=stored.name)
    agent = str(leadline.metadata["GetLead"]["user-agent"])
    assert agent.startswith(f"acme-crm/2.1 {client.agent}/{client('version')}")


def test_no_error_tells_a_secret(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("GetLead", status(grpc.StatusCode.INTERNAL, "it went wrong", "INTERNAL", request_id="7"))
    with pytest.raises(DriverError) as failed:
        client("get_lead", name=LEAD)
    client.connect(api_key="leadline_key_secret")
    with pytest.raises(DriverError) as refused:
        client("get_lead", name=LEAD)
    assert refused.value.kind == "ApiKeyRefused"
    client.connect(token="a-secret-token\nwith-a-line-break")  # noqa: S106 - of the test
    with pytest.raises(DriverError) as unsendable:
        client("get_lead", name=LEAD)
    assert unsendable.value.kind == "Unauthenticated"
    for raised in (failed, refused, unsendable):
        assert "secret" not in str(raised.value.told)
    assert leadline.requests["GetLead"][1:] == []
