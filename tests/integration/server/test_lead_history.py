"""What happened to a lead, as the server tells it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from leadline.v1 import (
    event_pb2,
    integration_service_pb2,
    integration_service_pb2_grpc,
    lead_history_service_pb2,
    lead_history_service_pb2_grpc,
    lead_service_pb2,
    lead_service_pb2_grpc,
    score_pb2,
)

from deploy.local.development_token import DevelopmentKey
from server.runtime.database import Database
from server.runtime.identifiers import new_id, parse_name
from tests.grpc_errors import error_of
from tests.integration.server.conftest import Bearer

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def history(channel: grpc.aio.Channel) -> Any:
    return lead_history_service_pb2_grpc.LeadHistoryServiceStub(channel)


@pytest.fixture
async def lead(channel: grpc.aio.Channel, bearer: Bearer) -> str:
    """The name of a stored lead."""
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
    request = lead_service_pb2.CreateLeadRequest(idempotency_key=str(uuid4()))
    request.lead.external_id = "known"
    return str((await leads.CreateLead(request, metadata=bearer)).name)


async def record(channel: grpc.aio.Channel, bearer: Bearer, hours: list[int]) -> None:
    """Records an event of the lead for each hour after BEGIN."""
    events = []
    for hour in hours:
        event = event_pb2.Event(event_id=f"e{hour}", lead_external_id="known", type="page_view")
        event.occurred_time.FromDatetime(BEGIN + timedelta(hours=hour))
        event.properties["url"].text = f"/pricing/{hour}"
        events.append(event)
    stub: Any = integration_service_pb2_grpc.IntegrationServiceStub(channel)
    request = integration_service_pb2.RecordEventsRequest(events=events, idempotency_key=str(uuid4()))
    assert (await stub.RecordEvents(request, metadata=bearer)).recorded_count == len(hours)


async def score(database: Database, tenant_id: UUID, lead: str, probabilities: list[float]) -> None:
    """Stores scores of a lead, one an hour from BEGIN on."""
    async with database.transaction(tenant_id) as connection:
        for hour, probability in enumerate(probabilities):
            await connection.execute(
                "INSERT INTO scores (tenant_id, id, lead_id, model_id, probability, log_odds, base_log_odds, "
                "compute_time, value, grade) VALUES ($1, $2, $3, $4, $5, 0, 0, $6, $7, 2)",
                tenant_id,
                new_id(),
                parse_name(lead, "leads"),
                new_id(),
                probability,
                BEGIN + timedelta(hours=hour),
                round(probability * 100) + 3,
            )


async def events_of(history: Any, bearer: Bearer, parent: str, **fields: Any) -> Any:
    request = lead_history_service_pb2.ListLeadEventsRequest(parent=parent, **fields)
    return await history.ListLeadEvents(request, metadata=bearer)


async def scores_of(history: Any, bearer: Bearer, parent: str, **fields: Any) -> Any:
    request = lead_history_service_pb2.ListLeadScoresRequest(parent=parent, **fields)
    return await history.ListLeadScores(request, metadata=bearer)


async def test_events_come_page_by_page_the_latest_first(
    channel: grpc.aio.Channel, history: Any, bearer: Bearer, lead: str
) -> None:
    # Three of one moment: a page may end between them.
    await record(channel, bearer, [5, 1, 3])
    for number in range(3):
        event = event_pb2.Event(event_id=f"same{number}", lead_external_id="known", type="call")
        event.occurred_time.FromDatetime(BEGIN)
        stub: Any = integration_service_pb2_grpc.IntegrationServiceStub(channel)
        request = integration_service_pb2.RecordEventsRequest(events=[event], idempotency_key=str(uuid4()))
        await stub.RecordEvents(request, metadata=bearer)

    found, token = [], ""
    while page := await events_of(history, bearer, lead, page_size=2, page_token=token):
        found += page.events
        token = page.next_page_token
        if not token:
            break

    assert [recorded.event.event_id for recorded in found] == ["e5", "e3", "e1", "same2", "same1", "same0"]
    assert {recorded.event.lead for recorded in found} == {lead}
    assert found[0].event.properties["url"].text == "/pricing/5"
    assert abs(found[0].record_time.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=5)


async def test_scores_come_page_by_page_the_latest_first(
    database: Database, tenant_id: UUID, history: Any, bearer: Bearer, lead: str
) -> None:
    await score(database, tenant_id, lead, [0.1, 0.5, 0.25])

    first = await scores_of(history, bearer, lead, page_size=2)
    second = await scores_of(history, bearer, lead, page_size=2, page_token=first.next_page_token)

    assert [(past.value, past.model_value, past.rule_points) for past in first.scores] == [(28, 25, 3), (53, 50, 3)]
    assert [past.probability for past in second.scores] == [0.1]
    assert second.next_page_token == ""
    assert (second.scores[0].lead, second.scores[0].grade) == (lead, score_pb2.GRADE_B)
    assert second.scores[0].compute_time.ToDatetime(UTC) == BEGIN


async def test_a_lead_to_which_nothing_happened_has_an_empty_history(history: Any, bearer: Bearer, lead: str) -> None:
    assert list((await events_of(history, bearer, lead)).events) == []
    assert list((await scores_of(history, bearer, lead)).scores) == []


async def test_the_history_of_another_tenants_lead_is_not_found(
    history: Any, development_key: DevelopmentKey, lead: str
) -> None:
    stranger = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
    for answer in (events_of(history, stranger, lead), scores_of(history, stranger, lead)):
        assert (await error_of(answer)).reason == "LEAD_NOT_FOUND"


async def test_a_page_token_is_good_for_its_list_alone(
    channel: grpc.aio.Channel, history: Any, bearer: Bearer, lead: str
) -> None:
    await record(channel, bearer, [1, 2])
    token = (await events_of(history, bearer, lead, page_size=1)).next_page_token

    assert (await error_of(scores_of(history, bearer, lead, page_token=token))).reason == "INVALID_PAGE_TOKEN"
