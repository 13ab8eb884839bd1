"""Events that are published as they happen, by both clients, over streams that are cut off."""

import itertools
from collections.abc import AsyncIterator, Generator, Iterator

import grpc
import pytest

from leadline_sdk import AsyncClient, Client, Event, EventOutcome, NotFound, PermissionDenied
from leadline_sdk.publishing import MOST_UNANSWERED
from tests.integration.sdk.fake_identity_service import FIRST_KEY
from tests.integration.sdk.fake_leadline_service import FakeLeadline, status

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")
EXPIRED = status(grpc.StatusCode.UNAUTHENTICATED, "its time is over", "TOKEN_EXPIRED")
RECORDED, DUPLICATE = EventOutcome.EVENT_OUTCOME_RECORDED, EventOutcome.EVENT_OUTCOME_DUPLICATE


def event(number: int, lead: str = "somebody") -> Event:
    return Event(event_id=str(number), lead_external_id=lead, type="page_view")


def ids(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_each_event_is_answered_for(client: Client) -> None:
    told = list(client.publish_events([event(0), event(1, "nobody"), event(2), event(2)]))
    assert [found.event_id for found in told] == ["0", "1", "2", "2"]
    assert [found.outcome for found in told] == [RECORDED, EventOutcome.EVENT_OUTCOME_REFUSED, RECORDED, DUPLICATE]
    assert isinstance(told[1].error, NotFound)
    assert told[0].error is None
    assert list(client.publish_events([])) == []


def test_what_was_cut_off_is_sent_again_and_kept_once(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("PublishEvents", UNAVAILABLE, after=3)
    leadline.fail("PublishEvents", UNAVAILABLE)
    leadline.fail("PublishEvents", UNAVAILABLE, after=40)
    told = list(client.publish_events(event(number) for number in range(100)))
    assert [found.event_id for found in told] == ids(100)
    assert leadline.events == ids(100)
    assert next(found.event_id for found in told if found.outcome == DUPLICATE) == "2"
    sent = [[message.sequence_number for message in stream] for stream in leadline.requests["PublishEvents"]]
    assert sent[0] == [0, 1, 2]
    assert sent[-1] == list(range(sent[-1][0], 100))


def test_a_publication_that_can_not_go_on_raises(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("PublishEvents", status(grpc.StatusCode.PERMISSION_DENIED, "no", "PERMISSION_MISSING"))
    with pytest.raises(PermissionDenied):
        list(client.publish_events([event(0)]))
    assert len(leadline.requests["PublishEvents"]) == 1


def test_no_more_is_drawn_than_can_be_on_its_way(client: Client) -> None:
    drawn = itertools.count()
    answers = client.publish_events(event(number) for number in drawn)
    assert [next(answers).event_id for _ in range(10)] == ids(10)
    assert isinstance(answers, Generator)
    answers.close()
    assert next(drawn) <= 10 + 2 * MOST_UNANSWERED


def test_events_that_fail_are_told_after_those_before(leadline: FakeLeadline, client: Client) -> None:
    def broken() -> Iterator[Event]:
        yield event(0)
        raise LookupError("the file is broken")

    answers = client.publish_events(broken())
    assert next(answers).event_id == "0"
    with pytest.raises(LookupError, match="the file is broken"):
        next(answers)
    assert leadline.events == ["0"]


def test_it_goes_on_under_a_new_token(leadline: FakeLeadline) -> None:
    leadline.fail("PublishEvents", EXPIRED, after=2)
    with Client(leadline.address, api_key=FIRST_KEY, tls=False, timeout=5) as client:
        assert [found.event_id for found in client.publish_events(map(event, range(5)))] == ids(5)
    assert leadline.metadata["PublishEvents"]["authorization"] == "Bearer access-2"


async def _events(count: int) -> AsyncIterator[Event]:
    for number in range(count):
        yield event(number)


async def test_events_of_an_asynchronous_source(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    leadline.fail("PublishEvents", UNAVAILABLE, after=3)
    leadline.fail("PublishEvents", UNAVAILABLE, after=40)
    told = [found async for found in async_client.publish_events(_events(400))]
    assert [found.event_id for found in told] == ids(400)
    assert leadline.events == ids(400)
    assert DUPLICATE in {found.outcome for found in told}


async def test_asynchronous_publishing_fails_as_the_other_does(
    leadline: FakeLeadline, async_client: AsyncClient
) -> None:
    async def broken() -> AsyncIterator[Event]:
        yield event(0)
        raise LookupError("the file is broken")

    with pytest.raises(LookupError, match="the file is broken"):
        _ = [found async for found in async_client.publish_events(broken())]
    for _ in range(8):  # one that is refused while its message is being sent is not told why
        leadline.fail("PublishEvents", status(grpc.StatusCode.PERMISSION_DENIED, "no", "PERMISSION_MISSING"))
    with pytest.raises(PermissionDenied):
        _ = [found async for found in async_client.publish_events([event(1)])]
    assert len(leadline.requests["PublishEvents"]) <= 4
