"""What every SDK does with events that are published as they happen: none gets lost, none is kept twice."""

import grpc
import pytest

from tests.integration.sdk.fake_identity_service import FIRST_KEY
from tests.integration.sdk.fake_leadline_service import TOKEN_EXPIRED, FakeLeadline, status
from tests.sdk.conftest import Client
from tests.sdk.drivers import DriverError
from tests.sdk.test_flows import UNAVAILABLE

REFUSED = status(grpc.StatusCode.PERMISSION_DENIED, "no", "PERMISSION_MISSING")


@pytest.fixture(autouse=True)
def _has_streams_both_ways(client: Client) -> None:
    if "publish_events" in client.lacks:
        pytest.skip("browsers send no stream bit by bit: they record events in batches")


def ids(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_each_event_is_answered_for(client: Client) -> None:
    assert client("publish_events", count=3, bad=[1]) == [
        ["0", "RECORDED", ""],
        ["1", "REFUSED", "LEAD_NOT_FOUND"],
        ["2", "RECORDED", ""],
    ]
    assert client("publish_events", count=1, bad=[]) == [["0", "DUPLICATE", ""]]
    assert client("publish_events", count=0, bad=[]) == []


def test_what_was_cut_off_is_sent_again_and_kept_once(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("PublishEvents", UNAVAILABLE, after=3)
    leadline.fail("PublishEvents", UNAVAILABLE)
    leadline.fail("PublishEvents", UNAVAILABLE, after=40)
    told = client("publish_events", count=600, bad=[])  # more than may be on their way at once
    assert [event_id for event_id, _, _ in told] == ids(600)
    assert leadline.events == ids(600)
    assert next(event_id for event_id, outcome, _ in told if outcome == "DUPLICATE") == "2"
    sent = [[message.sequence_number for message in stream] for stream in leadline.requests["PublishEvents"]]
    assert sent[0] == [0, 1, 2]
    assert sent[-1] == list(range(sent[-1][0], 600))


def test_a_publication_that_can_not_go_on_fails(leadline: FakeLeadline, client: Client) -> None:
    for _ in range(8):  # where a message is just being sent, gRPC may tell of a broken stream in place of the status
        leadline.fail("PublishEvents", REFUSED)
    with pytest.raises(DriverError) as raised:
        client("publish_events", count=2, bad=[])
    assert (raised.value.kind, raised.value.told["reason"]) == ("PermissionDenied", "PERMISSION_MISSING")
    assert leadline.events == []


def test_publishing_goes_on_under_a_renewed_token(leadline: FakeLeadline, client: Client) -> None:
    client.connect(api_key=FIRST_KEY)
    leadline.fail("PublishEvents", TOKEN_EXPIRED, after=2)
    assert [event_id for event_id, _, _ in client("publish_events", count=5, bad=[])] == ids(5)
    assert leadline.metadata["PublishEvents"]["authorization"] == "Bearer access-2"
