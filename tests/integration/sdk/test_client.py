"""The synchronous client against a Leadline that fails on demand."""

import itertools
from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from leadline.v1.scoring_service_pb2 import ScoreChange

from leadline_sdk import (
    Cancelled,
    Client,
    DeadlineExceeded,
    Event,
    FailedPrecondition,
    FieldValue,
    IdempotencyKeyReused,
    ImportableRow,
    ImportResult,
    ImportRow,
    InvalidRequest,
    Lead,
    NotFound,
    OperationMetadata,
    PlotKind,
    Score,
    Unavailable,
    to_timestamp,
)
from tests.integration.sdk.fake_leadline_service import MODEL, OPERATION, FakeLeadline, lead_name, status, violation

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")


def test_calls_carry_the_token_and_say_who_calls(leadline: FakeLeadline) -> None:
    tokens = itertools.count()
    with Client(
        leadline.address, token=lambda: f"token-{next(tokens)}", tls=False, user_agent="acme-crm/2.1"
    ) as client:
        client.score_lead(lead_name(0))
        assert leadline.metadata["ScoreLead"]["authorization"] == "Bearer token-0"
        client.score_lead(lead_name(0))
    assert leadline.metadata["ScoreLead"]["authorization"] == "Bearer token-1"
    assert leadline.metadata["ScoreLead"]["user-agent"].startswith("acme-crm/2.1 leadline-python/")


def test_a_read_is_repeated_while_leadline_restarts(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("ScoreLead", UNAVAILABLE)
    leadline.fail("ScoreLead", UNAVAILABLE)
    assert client.score_lead(lead_name(0)).value == 73
    assert len(leadline.requests["ScoreLead"]) == 3


def test_a_mutation_is_repeated_under_the_same_key_and_done_once(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("CreateLead", UNAVAILABLE)
    created = client.create_lead(Lead(external_id="a"))
    first, second = leadline.requests["CreateLead"]
    assert first.idempotency_key == second.idempotency_key != ""
    assert created.name == lead_name(0)
    client.create_lead(Lead(external_id="b"))
    assert leadline.requests["CreateLead"][-1].idempotency_key != first.idempotency_key


def test_a_limit_is_waited_out_as_the_server_asks(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail(
        "ScoreLead", status(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests"), pushback_milliseconds=20
    )
    assert client.score_lead(lead_name(0)).value == 73


def test_what_can_not_help_is_not_repeated(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("ScoreLead", status(grpc.StatusCode.FAILED_PRECONDITION, "no model yet", "NO_MODEL"))
    with pytest.raises(FailedPrecondition) as raised:
        client.score_lead(lead_name(0))
    assert raised.value.reason == "NO_MODEL"
    assert len(leadline.requests["ScoreLead"]) == 1


def test_errors_carry_all_that_leadline_says(leadline: FakeLeadline, client: Client) -> None:
    with pytest.raises(NotFound) as missing:
        client.get_lead(lead_name(7))
    assert missing.value.metadata == {"name": lead_name(7)}
    leadline.fail(
        "CreateLead",
        status(
            grpc.StatusCode.INVALID_ARGUMENT,
            "a field breaks a rule",
            "INVALID_REQUEST",
            violation("lead.email", "must be an e-mail address"),
        ),
    )
    with pytest.raises(InvalidRequest) as invalid:
        client.create_lead(Lead(email="x"))
    assert [(found.field, found.description) for found in invalid.value.field_violations] == [
        ("lead.email", "must be an e-mail address")
    ]
    assert str(invalid.value) == "a field breaks a rule [INVALID_REQUEST]; lead.email: must be an e-mail address"
    leadline.fail("CreateLead", status(grpc.StatusCode.INVALID_ARGUMENT, "used before", "IDEMPOTENCY_KEY_REUSED"))
    with pytest.raises(IdempotencyKeyReused):
        client.create_lead(Lead(), idempotency_key="k")


def test_retry_information_is_told(leadline: FakeLeadline, client: Client) -> None:
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=2))
    down = status(grpc.StatusCode.UNAVAILABLE, "redis is down", "DEPENDENCY_UNAVAILABLE", retry, dependency="redis")
    for _ in range(5):
        leadline.fail("GetModel", down)
    with pytest.raises(Unavailable) as raised:
        client.get_model(MODEL.name)
    assert raised.value.retry_after is not None
    assert raised.value.retry_after.total_seconds() == 2
    assert raised.value.metadata == {"dependency": "redis"}


def test_nobody_listening_is_unavailable_within_the_deadline() -> None:
    with Client("127.0.0.1:1", token="secret", tls=False, timeout=2) as client, pytest.raises(Unavailable):  # noqa: S106
        client.get_model(MODEL.name)


def test_pages_follow_each_other(leadline: FakeLeadline, client: Client) -> None:
    client.batch_create_leads([Lead(external_id=str(number)) for number in range(7)])
    assert [lead.external_id for lead in client.list_leads(page_size=3)] == [str(number) for number in range(7)]
    assert [request.page_token for request in leadline.requests["ListLeads"]] == ["", "3", "6"]


def test_a_lead_is_changed_and_deleted(leadline: FakeLeadline, client: Client) -> None:
    lead = client.create_lead(Lead(external_id="a"))
    lead.owner = "sales"
    assert client.update_lead(lead, ["owner"]).owner == "sales"
    assert list(leadline.requests["UpdateLead"][0].update_mask.paths) == ["owner"]
    client.delete_lead(lead.name, etag="3")
    assert leadline.leads == []
    assert leadline.requests["DeleteLead"][0].etag == "3"


def test_an_import_goes_on_after_a_lost_connection_and_stores_nothing_twice(
    leadline: FakeLeadline, client: Client
) -> None:
    leadline.fail("ImportLeads", UNAVAILABLE, after=2)
    reported: list[int] = []
    result = client.import_leads(
        (Lead(external_id=str(number)) for number in range(12_345)),
        progress=lambda so_far: reported.append(so_far.row_count),
    )
    assert (result.created_count, result.duplicate_count, result.refused_count) == (12_345, 0, 0)
    assert len(leadline.leads) == 12_345
    assert reported == [10_000, 12_345]
    cut_off, repeated, last = leadline.requests["ImportLeads"]
    assert [message.sequence_number for message in cut_off] == [0, 1]
    assert [message.sequence_number for message in repeated] == list(range(5))
    assert {message.idempotency_key for message in cut_off} == {message.idempotency_key for message in repeated}
    assert {message.idempotency_key for message in last} == {f"{result.idempotency_key}.1"}
    assert [len(message.rows) for message in last] == [2_000, 345]


def test_an_import_reports_refused_rows_with_their_line(client: Client) -> None:
    rows: list[ImportableRow] = [
        ImportRow(line_number=2, lead=Lead(email="a@example.com")),
        ImportRow(line_number=3, lead=Lead(email="nonsense")),
        (4, Lead(external_id="x").SerializeToString()),
    ]
    result = client.import_leads(rows)
    assert (result.created_count, result.refused_count) == (2, 1)
    refused = result.refused_rows[0]
    assert refused.line_number == 3
    assert isinstance(refused.error, InvalidRequest)
    assert refused.error.field_violations[0].field == "lead.email"


def test_an_import_that_can_not_go_on_raises(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("ImportLeads", status(grpc.StatusCode.PERMISSION_DENIED, "no", "PERMISSION_MISSING"))
    with pytest.raises(Exception, match="PERMISSION_MISSING"):
        client.import_leads([Lead()])
    assert len(leadline.requests["ImportLeads"]) == 1


def test_rows_encoded_beforehand_are_the_rows_that_arrive(leadline: FakeLeadline, client: Client) -> None:
    lead = Lead(external_id="x", fields={"Note": FieldValue(text="n" * 300), "Visits": FieldValue(number=0.0)})
    result: ImportResult = client.import_leads([(1_000_000, lead.SerializeToString())])
    row = leadline.requests["ImportLeads"][0][0].rows[0]
    assert result.created_count == 1
    assert row.line_number == 1_000_000
    assert row.lead == lead


def test_events_are_recorded_in_batches_and_counted(leadline: FakeLeadline, client: Client) -> None:
    moment = to_timestamp(datetime(2026, 1, 2, tzinfo=UTC))
    events = [
        Event(event_id=str(number), lead_external_id="a", type="page_view", occurred_time=moment)
        for number in range(1_500)
    ]
    events[1_200].lead_external_id = "nobody"
    events[1_300].event_id = "1"
    leadline.fail("RecordEvents", UNAVAILABLE)
    result = client.record_events(events)
    assert (result.recorded_count, result.duplicate_count) == (1_498, 1)
    assert [(event.event_id, event.index) for event in result.refused_events] == [("1200", 1_200)]
    assert isinstance(result.refused_events[0].error, NotFound)
    keys = [request.idempotency_key for request in leadline.requests["RecordEvents"]]
    assert keys == [f"{result.idempotency_key}.{place}" for place in (0, 0, 1)]


def test_an_inline_lead_is_scored_from_python_values(leadline: FakeLeadline, client: Client) -> None:
    score = client.score_inline_lead({"Lead Source": "Google", "TotalVisits": 4, "Referred": True, "City": None})
    assert score.log_odds == score.base_log_odds + sum(part.log_odds for part in score.attributions) + 0.0
    sent = leadline.requests["ScoreInlineLead"][0].lead.fields
    assert {name: value.WhichOneof("kind") for name, value in sent.items()} == {
        "Lead Source": "category",
        "TotalVisits": "number",
        "Referred": "boolean",
    }


def test_many_leads_are_scored_in_chunks_and_the_missing_ones_named(leadline: FakeLeadline, client: Client) -> None:
    client.batch_create_leads([Lead() for _ in range(600)])
    names = [lead_name(number) for number in range(601)]
    results = list(client.batch_score_leads(names, omit_attributions=True))
    assert [result.name for result in results] == names
    assert all(result.score is not None for result in results[:600])
    assert isinstance(results[600].error, NotFound)
    assert [len(request.names) for request in leadline.requests["BatchScoreLeads"]] == [250, 250, 101]


def _change(number: int, previous: float | None = None) -> ScoreChange:
    score = Score(lead=lead_name(number), probability=number / 10, model=MODEL.name)
    score.compute_time.seconds = 1_700_000_000 + number
    return ScoreChange(score=score, previous_probability=previous)


def test_a_watch_goes_on_where_it_was_cut_off_and_repeats_nothing(leadline: FakeLeadline, client: Client) -> None:
    leadline.changes = [_change(1), _change(2, 0.5), _change(2, 0.5), _change(3), _change(4)]
    leadline.fail("WatchScores", UNAVAILABLE, after=2)
    leadline.fail("WatchScores", status(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow", "SLOW_CONSUMER"), after=2)
    updates = list(itertools.islice(client.watch_scores([lead_name(1)]), 4))
    assert [update.score.lead for update in updates] == [lead_name(number) for number in (1, 2, 3, 4)]
    assert [update.previous_probability for update in updates] == [None, 0.5, None, None]
    assert [request.resume_token for request in leadline.requests["WatchScores"]] == ["", "2", "4"]
    assert list(leadline.requests["WatchScores"][2].names) == [lead_name(1)]


def test_a_watch_goes_on_in_another_process(leadline: FakeLeadline, client: Client) -> None:
    leadline.changes = [_change(1), _change(2), _change(3)]
    first = next(client.watch_scores())
    again = client.watch_scores(resume_token=first.resume_token)
    assert [update.score.lead for update in itertools.islice(again, 2)] == [lead_name(2), lead_name(3)]


def test_a_watch_ends_with_an_error_that_a_new_stream_would_not_mend(leadline: FakeLeadline, client: Client) -> None:
    refused = status(grpc.StatusCode.INVALID_ARGUMENT, "not of this tenant", "INVALID_RESUME_TOKEN")
    leadline.fail("WatchScores", refused)
    with pytest.raises(InvalidRequest, match="INVALID_RESUME_TOKEN"):
        next(client.watch_scores(resume_token="9"))  # noqa: S106
    leadline.fail("WatchScores", refused, after=99)
    with pytest.raises(InvalidRequest, match="INVALID_RESUME_TOKEN"):
        next(client.watch_scores())


def test_a_watch_gives_up_after_too_many_failures(leadline: FakeLeadline, client: Client) -> None:
    for _ in range(3):
        leadline.fail("WatchScores", UNAVAILABLE)
    with pytest.raises(Unavailable, match="restarting"):
        next(client.watch_scores(most_failures=2))


def test_training_is_waited_for_with_progress(leadline: FakeLeadline, client: Client) -> None:
    operation = client.train_model(excluded_fields=["Tags"], kept_fields=["Stage"])
    assert operation.name == OPERATION
    assert not operation.done
    with pytest.raises(FailedPrecondition, match="not done"):
        operation.result()
    leadline.fail("WaitOperation", status(grpc.StatusCode.INTERNAL, "stream reset"))
    reported: list[OperationMetadata] = []
    assert operation.wait(progress=reported.append) == MODEL
    assert [metadata.progress_percent for metadata in reported] == [66, 100]
    assert list(leadline.requests["TrainModel"][0].excluded_fields) == ["Tags"]
    assert list(leadline.requests["TrainModel"][0].kept_fields) == ["Stage"]


def test_a_failed_training_raises_its_reason(leadline: FakeLeadline, client: Client) -> None:
    leadline.operation_error = status(
        grpc.StatusCode.FAILED_PRECONDITION, "too few outcomes", "NOT_ENOUGH_OUTCOMES", converted="1"
    )
    with pytest.raises(FailedPrecondition) as raised:
        client.train_model().wait()
    assert raised.value.reason == "NOT_ENOUGH_OUTCOMES"
    assert raised.value.metadata == {"converted": "1"}


def test_a_wait_that_takes_too_long_ends_but_the_operation_goes_on(leadline: FakeLeadline, client: Client) -> None:
    leadline.steps = 1_000_000
    with pytest.raises(DeadlineExceeded, match="not done yet"):
        client.train_model().wait(timeout=0.2)


def test_an_operation_is_found_again_and_cancelled(leadline: FakeLeadline, client: Client) -> None:
    leadline.steps = 1
    operation = client.get_operation(OPERATION)
    operation.cancel()
    with pytest.raises(Cancelled):
        operation.wait()
    assert leadline.requests["CancelOperation"][0].idempotency_key
    assert [found.name for found in client.list_operations()] == [OPERATION]


def test_models_are_listed_and_read(client: Client) -> None:
    assert list(client.list_models()) == [MODEL]
    assert client.get_model(MODEL.name).version == 1


def test_models_are_promoted_rolled_back_and_deleted(leadline: FakeLeadline, client: Client) -> None:
    assert client.promote_model(MODEL.name, override_gate=True) == MODEL
    assert client.roll_back_model() == MODEL
    client.delete_model(MODEL.name)
    promotion, roll_back, deletion = (
        leadline.requests[rpc][0] for rpc in ("PromoteModel", "RollBackModel", "DeleteModel")
    )
    assert (promotion.name, promotion.override_gate) == (MODEL.name, True)
    assert (roll_back.model, deletion.name) == ("", MODEL.name)
    assert all(request.idempotency_key for request in (promotion, roll_back, deletion))


def test_a_models_pictures(client: Client) -> None:
    assert [(plot.kind, plot.png) for plot in client.get_model_plots(MODEL.name)] == [
        (PlotKind.PLOT_KIND_ROC, b"picture")
    ]


def test_all_open_leads_are_scored_anew(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(name=lead_name(number)) for number in range(3)]
    assert client.rescore_leads().wait().scored_count == 3
    assert leadline.requests["RescoreLeads"][0].idempotency_key


def test_what_would_raise_a_score(leadline: FakeLeadline, client: Client) -> None:
    answer = client.suggest_changes(lead_name(1), ["events.page_view.count"])
    assert answer.current.lead == lead_name(1)
    assert answer.suggestions[0].changes[0].proposed == "4"
    assert list(leadline.requests["SuggestChanges"][0].actionable_fields) == ["events.page_view.count"]


def test_a_score_is_set_by_hand_under_one_key(leadline: FakeLeadline, client: Client) -> None:
    assert client.override_score(lead_name(1), 90, idempotency_key="mine").override.value == 90
    assert not client.clear_score_override(lead_name(1)).HasField("override")
    [request] = leadline.requests["OverrideScore"]
    assert (request.name, request.value, request.idempotency_key) == (lead_name(1), 90, "mine")
    assert leadline.requests["ClearScoreOverride"][0].idempotency_key


def test_a_stored_score_is_replayed(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(name=lead_name(0))]
    replay = client.replay_score("scores/1")
    assert replay.identical
    assert replay.stored.name == "scores/1"
