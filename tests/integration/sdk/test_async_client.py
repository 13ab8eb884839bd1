"""The asynchronous client against a Leadline that fails on demand."""

import grpc
import pytest
from leadline.v1.scoring_service_pb2 import ScoreChange

from leadline_sdk import (
    AsyncClient,
    Cancelled,
    Event,
    FailedPrecondition,
    InvalidRequest,
    Lead,
    NotFound,
    OperationMetadata,
    PermissionDenied,
    Score,
    Unavailable,
)
from tests.integration.sdk.fake_leadline_service import MODEL, OPERATION, FakeLeadline, lead_name, status

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")


async def test_leads_are_created_listed_changed_and_deleted(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    leadline.fail("CreateLead", UNAVAILABLE)
    lead = await async_client.create_lead(Lead(external_id="a"))
    first, second = leadline.requests["CreateLead"]
    assert first.idempotency_key == second.idempotency_key != ""
    assert await async_client.get_lead(lead.name) == lead
    await async_client.batch_create_leads([Lead(external_id="b"), Lead(external_id="c")])
    assert [found.external_id async for found in async_client.list_leads(page_size=2)] == ["a", "b", "c"]
    lead.owner = "sales"
    assert (await async_client.update_lead(lead)).owner == "sales"
    assert not leadline.requests["UpdateLead"][0].HasField("update_mask")
    await async_client.delete_lead(lead.name)
    with pytest.raises(NotFound):
        await async_client.get_lead(lead.name)
    assert leadline.metadata["GetLead"]["authorization"] == "Bearer secret"


async def test_an_import_goes_on_after_a_lost_connection(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    leadline.fail("ImportLeads", UNAVAILABLE, after=1)
    reported: list[int] = []
    result = await async_client.import_leads(
        (Lead(external_id=str(number)) for number in range(10_500)),
        progress=lambda so_far: reported.append(so_far.row_count),
    )
    assert result.created_count == len(leadline.leads) == 10_500
    assert reported == [10_000, 10_500]


async def test_an_import_that_is_refused_says_why(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    for _ in range(5):  # one that is refused while its message is being sent is not told why
        leadline.fail("ImportLeads", status(grpc.StatusCode.PERMISSION_DENIED, "no", "PERMISSION_MISSING"))
    with pytest.raises(PermissionDenied):
        await async_client.import_leads(Lead(external_id=str(n)) for n in range(3000))
    assert len(leadline.requests["ImportLeads"]) <= 3


async def test_events_are_recorded(async_client: AsyncClient) -> None:
    result = await async_client.record_events(Event(event_id=str(number % 1_400)) for number in range(1_500))
    assert (result.recorded_count, result.duplicate_count, result.event_count) == (1_400, 100, 1_500)


async def test_leads_are_scored(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    lead = await async_client.create_lead(Lead())
    assert (await async_client.score_lead(lead.name)).value == 73
    assert not (await async_client.score_inline_lead({"Visits": 3}, omit_attributions=True)).attributions
    results = [result async for result in async_client.batch_score_leads([lead.name, lead_name(9)])]
    assert results[0].score is not None
    assert isinstance(results[1].error, NotFound)
    leadline.fail("ScoreLead", status(grpc.StatusCode.FAILED_PRECONDITION, "no model yet", "NO_MODEL"))
    with pytest.raises(FailedPrecondition):
        await async_client.score_lead(lead.name)


async def test_a_watch_goes_on_where_it_was_cut_off(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    leadline.changes = [
        ScoreChange(score=Score(lead=lead_name(number), probability=number / 10)) for number in range(4)
    ]
    leadline.fail("WatchScores", UNAVAILABLE, after=2)
    leadline.fail("WatchScores", UNAVAILABLE)
    seen = []
    async for update in async_client.watch_scores():
        seen.append(update.score.lead)
        if len(seen) == 4:
            break
    assert seen == [lead_name(number) for number in range(4)]
    assert [request.resume_token for request in leadline.requests["WatchScores"]] == ["", "2", "2"]


async def test_a_watch_ends_with_what_a_new_stream_would_not_mend(
    leadline: FakeLeadline, async_client: AsyncClient
) -> None:
    leadline.fail("WatchScores", status(grpc.StatusCode.INVALID_ARGUMENT, "foreign", "INVALID_RESUME_TOKEN"), after=9)
    with pytest.raises(InvalidRequest):
        await anext(async_client.watch_scores())
    for _ in range(2):
        leadline.fail("WatchScores", UNAVAILABLE)
    with pytest.raises(Unavailable):
        await anext(async_client.watch_scores(most_failures=1))


async def test_training_is_waited_for_and_cancelled(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    operation = await async_client.train_model()
    leadline.fail("WaitOperation", status(grpc.StatusCode.INTERNAL, "stream reset"))
    reported: list[OperationMetadata] = []
    assert await operation.wait(progress=reported.append) == MODEL
    assert [metadata.progress_percent for metadata in reported] == [66, 100]
    again = await async_client.get_operation(OPERATION)
    await again.cancel()
    with pytest.raises(Cancelled):
        await again.wait()
    assert [found.name async for found in async_client.list_operations()] == [OPERATION]


async def test_models_are_listed_and_read(async_client: AsyncClient) -> None:
    assert [model async for model in async_client.list_models()] == [MODEL]
    assert (await async_client.get_model(MODEL.name)).version == 1


async def test_models_are_promoted_rolled_back_and_deleted(leadline: FakeLeadline, async_client: AsyncClient) -> None:
    assert await async_client.promote_model(MODEL.name) == MODEL
    assert await async_client.roll_back_model(MODEL.name) == MODEL
    await async_client.delete_model(MODEL.name)
    assert not leadline.requests["PromoteModel"][0].override_gate
    assert [plot.png for plot in await async_client.get_model_plots(MODEL.name)] == [b"picture"]


async def test_all_open_leads_are_scored_anew_and_a_score_is_replayed(
    leadline: FakeLeadline, async_client: AsyncClient
) -> None:
    leadline.leads = [Lead(name=lead_name(0))]
    operation = await async_client.rescore_leads()
    assert (await operation.wait()).scored_count == 1
    assert (await async_client.override_score("leads/1", 90)).override.value == 90
    assert not (await async_client.clear_score_override("leads/1")).HasField("override")
    assert (await async_client.replay_score("scores/1")).identical


async def test_what_would_raise_a_score(async_client: AsyncClient) -> None:
    assert len((await async_client.suggest_changes(lead_name(1))).suggestions) == 1
