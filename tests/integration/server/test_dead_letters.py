"""Events on a stream with an acknowledgement each, and what becomes of those that are refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.rpc import status_pb2
from leadline.v1 import (
    dead_letter_pb2,
    dead_letter_service_pb2,
    dead_letter_service_pb2_grpc,
    event_pb2,
    integration_service_pb2,
    integration_service_pb2_grpc,
    lead_service_pb2,
    lead_service_pb2_grpc,
)

from deploy.local.development_token import DevelopmentKey
from server.runtime.database import Database
from tests.grpc_errors import error_of, read_status
from tests.integration.server.conftest import Bearer

RECORDED, DUPLICATE, REFUSED = (
    integration_service_pb2.EVENT_OUTCOME_RECORDED,
    integration_service_pb2.EVENT_OUTCOME_DUPLICATE,
    integration_service_pb2.EVENT_OUTCOME_REFUSED,
)


@pytest.fixture
def events(channel: grpc.aio.Channel) -> Any:
    return integration_service_pb2_grpc.IntegrationServiceStub(channel)


@pytest.fixture
def dead_letters(channel: grpc.aio.Channel) -> Any:
    return dead_letter_service_pb2_grpc.DeadLetterServiceStub(channel)


@pytest.fixture
async def lead(channel: grpc.aio.Channel, bearer: Bearer) -> str:
    """The name of a stored lead."""
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
    request = lead_service_pb2.CreateLeadRequest(idempotency_key=str(uuid4()))
    request.lead.external_id = "known"
    created = await leads.CreateLead(request, metadata=bearer)
    return str(created.name)


def make_event(event_id: str, **fields: Any) -> event_pb2.Event:
    event = event_pb2.Event(event_id=event_id, **{"type": "call", "lead_external_id": "known"} | fields)
    event.occurred_time.FromSeconds(1_780_000_000)
    return event


def reason_in(status: status_pb2.Status) -> str:
    return read_status(status, grpc.StatusCode.UNKNOWN).reason


def message(number: int, *events: event_pb2.Event) -> integration_service_pb2.PublishEventsRequest:
    return integration_service_pb2.PublishEventsRequest(sequence_number=number, events=events)


def outcomes(response: integration_service_pb2.PublishEventsResponse) -> list[tuple[str, int]]:
    return [(told.event_id, told.outcome) for told in response.acknowledgements]


async def refuse(events: Any, bearer: Bearer, *refused: event_pb2.Event) -> list[str]:
    """Sends events that are refused, and gives the names of their dead letters."""
    request = integration_service_pb2.RecordEventsRequest(events=refused, idempotency_key=str(uuid4()))
    response = await events.RecordEvents(request, metadata=bearer)
    assert response.recorded_count == 0
    return [event.dead_letter for event in response.refused_events]


async def replay(dead_letters: Any, bearer: Bearer, name: str, event: event_pb2.Event | None = None) -> Any:
    request = dead_letter_service_pb2.ReplayDeadLetterRequest(name=name, idempotency_key=str(uuid4()), event=event)
    return await dead_letters.ReplayDeadLetter(request, metadata=bearer)


async def listed(dead_letters: Any, bearer: Bearer, **fields: Any) -> Any:
    return await dead_letters.ListDeadLetters(dead_letter_service_pb2.ListDeadLettersRequest(**fields), metadata=bearer)


@pytest.mark.usefixtures("lead")
async def test_each_event_of_a_stream_is_acknowledged(events: Any, bearer: Bearer) -> None:
    stream = events.PublishEvents(metadata=bearer)

    await stream.write(message(7, make_event("a"), make_event("b", lead_external_id="nobody"), make_event("a")))
    first = await stream.read()
    await stream.write(message(8, make_event("c", type="Not A Type"), make_event("d")))
    second = await stream.read()
    await stream.done_writing()

    assert first.sequence_number == 7
    assert outcomes(first) == [("a", RECORDED), ("b", REFUSED), ("a", DUPLICATE)]
    assert outcomes(second) == [("c", REFUSED), ("d", RECORDED)]
    assert reason_in(first.acknowledgements[1].status) == "LEAD_NOT_FOUND"
    assert reason_in(second.acknowledgements[0].status) == "INVALID_REQUEST"
    assert await stream.read() == grpc.aio.EOF


@pytest.mark.usefixtures("lead")
async def test_messages_that_wait_are_answered_in_their_order(events: Any, bearer: Bearer) -> None:
    async def requests() -> AsyncIterator[integration_service_pb2.PublishEventsRequest]:
        for number in range(300):
            yield message(number, make_event(f"e{number}"), make_event(f"e{number - 1}"))

    answers = [answer async for answer in events.PublishEvents(requests(), metadata=bearer)]

    assert [answer.sequence_number for answer in answers] == list(range(300))
    assert [outcomes(answer)[0][1] for answer in answers] == [RECORDED] * 300
    assert [outcomes(answer)[1][1] for answer in answers] == [RECORDED] + [DUPLICATE] * 299


@pytest.mark.usefixtures("lead")
async def test_a_sender_that_goes_away_leaves_nothing_behind(events: Any, bearer: Bearer) -> None:
    stream = events.PublishEvents(metadata=bearer)
    await stream.write(message(0, make_event("a")))
    assert outcomes(await stream.read()) == [("a", RECORDED)]
    stream.cancel()
    await asyncio.sleep(0.1)

    again = events.PublishEvents(metadata=bearer)
    await again.write(message(0, make_event("a")))
    assert outcomes(await again.read()) == [("a", DUPLICATE)]
    await again.done_writing()


async def test_a_refused_event_is_kept_as_it_was_sent(events: Any, dead_letters: Any, bearer: Bearer) -> None:
    sent = make_event("a", lead_external_id="nobody")
    sent.properties["page"].text = "pricing"
    (name,) = await refuse(events, bearer, sent)

    kept = await dead_letters.GetDeadLetter(dead_letter_service_pb2.GetDeadLetterRequest(name=name), metadata=bearer)

    assert kept.event == sent
    assert kept.kind == dead_letter_pb2.DEAD_LETTER_KIND_EVENT
    assert reason_in(kept.status) == "LEAD_NOT_FOUND"
    assert kept.attempt_count == 1


async def test_what_is_sent_again_is_kept_once(events: Any, dead_letters: Any, bearer: Bearer) -> None:
    first = await refuse(events, bearer, make_event("a", type="Not A Type"))
    second = await refuse(events, bearer, make_event("a", type="Not A Type"), make_event("a", type="Not A Type"))

    assert first * 2 == second
    (kept,) = (await listed(dead_letters, bearer)).dead_letters
    assert kept.attempt_count == 2


async def test_dead_letters_come_in_pages_the_newest_first(events: Any, dead_letters: Any, bearer: Bearer) -> None:
    names = [(await refuse(events, bearer, make_event(str(number), type="Bad")))[0] for number in range(5)]

    first = await listed(dead_letters, bearer, page_size=3)
    second = await listed(dead_letters, bearer, page_size=3, page_token=first.next_page_token)

    assert [kept.name for kept in (*first.dead_letters, *second.dead_letters)] == names[::-1]
    assert second.next_page_token == ""


@pytest.mark.usefixtures("lead")
async def test_a_corrected_event_is_recorded_and_its_dead_letter_is_gone(
    events: Any, dead_letters: Any, bearer: Bearer
) -> None:
    (name,) = await refuse(events, bearer, make_event("a", type="Not A Type"))

    answer = await replay(dead_letters, bearer, name, make_event("a"))

    assert not answer.duplicate
    assert list((await listed(dead_letters, bearer)).dead_letters) == []
    request = integration_service_pb2.RecordEventsRequest(events=[make_event("a")], idempotency_key=str(uuid4()))
    assert (await events.RecordEvents(request, metadata=bearer)).duplicate_count == 1


async def test_an_event_that_came_before_its_lead_is_replayed_as_it_is(
    dead_letters: Any, bearer: Bearer, channel: grpc.aio.Channel, database: Database, tenant_id: UUID
) -> None:
    events = integration_service_pb2_grpc.IntegrationServiceStub(channel)
    (name,) = await refuse(events, bearer, make_event("a"))
    assert (await error_of(replay(dead_letters, bearer, name))).reason == "LEAD_NOT_FOUND"

    leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
    request = lead_service_pb2.CreateLeadRequest(idempotency_key=str(uuid4()))
    request.lead.external_id = "known"
    await leads.CreateLead(request, metadata=bearer)
    await replay(dead_letters, bearer, name)

    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT count(*) FROM events WHERE event_id = 'a'") == 1
    assert list((await listed(dead_letters, bearer)).dead_letters) == []


async def test_what_is_still_wrong_stays(events: Any, dead_letters: Any, bearer: Bearer) -> None:
    (name,) = await refuse(events, bearer, make_event("a", type="Not A Type"))

    assert (await error_of(replay(dead_letters, bearer, name))).reason == "INVALID_REQUEST"
    assert [kept.name for kept in (await listed(dead_letters, bearer)).dead_letters] == [name]


async def test_changed_leads_are_announced_again(
    dead_letters: Any, bearer: Bearer, database: Database, tenant_id: UUID, lead: str
) -> None:
    lead_id, dead_letter_id = UUID(lead.removeprefix("leads/")), uuid4()
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO dead_letters (tenant_id, id, kind, digest, lead_ids, status) VALUES ($1, $2, 2, 'd', $3, '')",
            tenant_id,
            dead_letter_id,
            [lead_id],
        )
    (kept,) = (await listed(dead_letters, bearer)).dead_letters
    assert list(kept.leads) == [lead]
    assert not kept.HasField("event")

    assert not (await replay(dead_letters, bearer, kept.name)).duplicate
    assert list((await listed(dead_letters, bearer)).dead_letters) == []


async def test_a_dead_letter_can_be_deleted_once(events: Any, dead_letters: Any, bearer: Bearer) -> None:
    (name,) = await refuse(events, bearer, make_event("a", type="Not A Type"))

    def request() -> dead_letter_service_pb2.DeleteDeadLetterRequest:
        return dead_letter_service_pb2.DeleteDeadLetterRequest(name=name, idempotency_key=str(uuid4()))

    await dead_letters.DeleteDeadLetter(request(), metadata=bearer)
    assert (await error_of(dead_letters.DeleteDeadLetter(request(), metadata=bearer))).reason == "DEAD_LETTER_NOT_FOUND"


async def test_another_tenant_sees_nothing(
    events: Any, dead_letters: Any, bearer: Bearer, development_key: DevelopmentKey
) -> None:
    (name,) = await refuse(events, bearer, make_event("a", type="Not A Type"))
    stranger = (("authorization", f"Bearer {development_key.mint(uuid4())}"),)

    assert list((await listed(dead_letters, stranger)).dead_letters) == []
    assert (
        await error_of(
            dead_letters.GetDeadLetter(dead_letter_service_pb2.GetDeadLetterRequest(name=name), metadata=stranger)
        )
    ).reason == "DEAD_LETTER_NOT_FOUND"


@pytest.mark.usefixtures("lead")
async def test_an_event_of_more_than_a_mebibyte_is_refused_and_not_kept(
    events: Any, dead_letters: Any, bearer: Bearer
) -> None:
    large = make_event("a")
    for number in range(70):
        large.properties[f"p{number}"].text = "x" * 16_000

    assert await refuse(events, bearer, large) == [""]
    assert list((await listed(dead_letters, bearer)).dead_letters) == []
