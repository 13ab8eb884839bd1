"""What every SDK does over several calls and streams: pages, batches, imports, watches, tokens, operations."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from leadline.v1.lead_pb2 import Lead
from leadline.v1.scoring_service_pb2 import ScoreChange
from leadline.v1.value_pb2 import FieldValue

from leadline_sdk import Score
from tests.integration.sdk.fake_identity_service import FIRST_KEY
from tests.integration.sdk.fake_leadline_service import MODEL, FakeLeadline, lead_name, status
from tests.sdk.conftest import Client
from tests.sdk.drivers import DriverError

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")
BROKEN = status(grpc.StatusCode.INTERNAL, "the connection broke")
SLOW = status(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow", "SLOW_CONSUMER")
LEAD = lead_name(0)
OLD_TOKEN = "1"  # noqa: S105 - it resumes a watch
FIELD_VALUES = json.loads(Path(__file__).with_name("field_values.json").read_text(encoding="utf-8"))


def changes(*numbers: int) -> list[ScoreChange]:
    """Give new scores of the leads with these numbers; one that comes twice is the same score announced twice."""
    made = []
    for number in numbers:
        score = Score(lead=lead_name(number), model=MODEL.name, probability=number / 10)
        score.compute_time.seconds = 1_700_000_000 + number
        made.append(ScoreChange(score=score))
    return made


def leads_of(updates: list[dict[str, Any]]) -> list[str]:
    """Give the leads of updates."""
    return [update["lead"] for update in updates]


def names(*numbers: int) -> list[str]:
    """Give the names of leads."""
    return [lead_name(number) for number in numbers]


def test_a_list_goes_on_to_its_end(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(external_id=str(number)) for number in range(25)]
    assert client("list_leads", page_size=10) == [str(number) for number in range(25)]
    assert [request.page_token for request in leadline.requests["ListLeads"]] == ["", "10", "20"]


def test_an_empty_page_in_between_ends_nothing(leadline: FakeLeadline, client: Client) -> None:
    leadline.pages = [[], [Lead(external_id="a")], [], [], [Lead(external_id="b")], []]
    assert client("list_leads") == ["a", "b"]
    assert len(leadline.requests["ListLeads"]) == 6


def test_scores_of_many_leads_are_asked_for_in_chunks(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(name=name) for name in names(*range(520))]
    asked = names(*range(521))
    results = client("batch_score_leads", names=asked)
    assert [result["name"] for result in results] == asked
    assert all(result["value"] == 73 for result in results[:520])
    assert results[520]["reason"] == "LEAD_NOT_FOUND"
    assert [len(request.names) for request in leadline.requests["BatchScoreLeads"]] == [250, 250, 21]


def test_events_are_sent_in_chunks_under_keys_that_are_kept(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("RecordEvents", UNAVAILABLE)
    result = client("record_events", count=2_300, bad=[7, 2_100])
    assert result == {"recorded": 2_298, "refused": [[7, "LEAD_NOT_FOUND"], [2_100, "LEAD_NOT_FOUND"]]}
    first, repeated, *others = leadline.requests["RecordEvents"]
    assert first == repeated
    assert [len(request.events) for request in (repeated, *others)] == [1_000, 1_000, 300]
    assert len({request.idempotency_key for request in (repeated, *others)}) == 3


def test_an_import_that_was_cut_off_is_sent_again_as_it_was(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("ImportLeads", UNAVAILABLE, after=2)
    result = client("import_leads", count=10_500, bad=[3, 10_400])
    assert result == {"created": 10_498, "refused": [[3, "INVALID_REQUEST"], [10_400, "INVALID_REQUEST"]]}
    assert len(leadline.leads) == 10_498
    cut_off, repeated, last = leadline.requests["ImportLeads"]
    assert [message.sequence_number for message in repeated] == [0, 1, 2, 3, 4]
    assert repeated[:2] == cut_off
    assert [len(message.rows) for message in last] == [500]
    assert last[0].idempotency_key != repeated[0].idempotency_key


def test_a_watch_goes_on_after_cuts_without_loss_or_repetition(leadline: FakeLeadline, client: Client) -> None:
    # Announcing a score is at least once: 2 and 1 come again after the first cut.
    leadline.changes = changes(0, 1, 2, 2, 1, 3, 4, 5, 6, 7)
    leadline.fail("WatchScores", UNAVAILABLE, after=3)
    leadline.fail("WatchScores", BROKEN, after=4)
    leadline.fail("WatchScores", SLOW, after=1)
    updates = client("watch_scores", count=8)
    assert leads_of(updates) == names(*range(8))
    assert [request.resume_token for request in leadline.requests["WatchScores"]] == ["", "3", "7", "8"]
    assert [update["resume_token"] for update in updates] == ["1", "2", "3", "6", "7", "8", "9", "10"]


def test_a_watch_waits_as_long_as_leadline_asks(leadline: FakeLeadline, client: Client) -> None:
    leadline.changes = changes(0, 1)
    retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1))
    away = status(grpc.StatusCode.UNAVAILABLE, "away", "DEPENDENCY_UNAVAILABLE", retry, dependency="redis")
    leadline.fail("WatchScores", away, after=1)
    start = time.monotonic()
    assert leads_of(client("watch_scores", count=2)) == names(0, 1)
    assert time.monotonic() - start >= 0.99


def test_a_watch_goes_on_in_another_process(leadline: FakeLeadline, client: Client) -> None:
    leadline.changes = changes(0, 1, 2, 3)
    token = client("watch_scores", count=2)[-1]["resume_token"]
    client.connect()
    assert leads_of(client("watch_scores", count=2, resume_token=token, names=names(2, 3))) == names(2, 3)
    assert list(leadline.requests["WatchScores"][-1].names) == names(2, 3)


def test_a_watch_begins_with_a_snapshot_where_its_token_has_expired(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(name=name) for name in names(0, 1)]
    leadline.changes = changes(0, 1, 2, 3)
    leadline.first_kept_change = 3
    updates = client("watch_scores", count=3, resume_token=OLD_TOKEN, snapshot=True)
    assert [(update["lead"], update["snapshot"]) for update in updates] == [
        (lead_name(0), True),
        (lead_name(1), True),
        (lead_name(3), False),
    ]


def test_without_a_snapshot_an_expired_token_is_told(leadline: FakeLeadline, client: Client) -> None:
    leadline.first_kept_change = 3
    with pytest.raises(DriverError) as raised:
        client("watch_scores", count=1, resume_token=OLD_TOKEN)
    assert (raised.value.kind, raised.value.told["reason"]) == ("InvalidRequest", "RESUME_TOKEN_EXPIRED")
    assert len(leadline.requests["WatchScores"]) == 1


def test_calls_at_the_same_time_share_one_token_and_one_renewal(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(name=LEAD)]
    client.connect(api_key=FIRST_KEY)
    assert client("get_leads_at_once", name=LEAD, count=8) == 8
    assert len(leadline.authentication.exchange_metadata) == 1
    leadline.expired_tokens = {"access-1"}
    assert client("get_leads_at_once", name=LEAD, count=8) == 8
    assert len(leadline.authentication.exchange_metadata) == 2
    assert leadline.metadata["GetLead"]["authorization"] == "Bearer access-2"
    assert "authorization" not in leadline.authentication.exchange_metadata[1]
    assert FIRST_KEY not in str(leadline.metadata) + str(leadline.requests)


def test_an_exchange_of_a_key_is_repeated(leadline: FakeLeadline, client: Client) -> None:
    leadline.leads = [Lead(name=LEAD, external_id="a")]
    leadline.authentication.failures = 2
    client.connect(api_key=FIRST_KEY)
    assert client("get_lead", name=LEAD) == "a"


@pytest.mark.parametrize("reason", ["TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED"])
def test_a_mutation_under_a_renewed_token_keeps_its_key(leadline: FakeLeadline, client: Client, reason: str) -> None:
    client.connect(api_key=FIRST_KEY)
    leadline.fail("CreateLead", status(grpc.StatusCode.UNAUTHENTICATED, "refused", reason))
    client("create_lead", external_id="a")
    refused, renewed = leadline.requests["CreateLead"]
    assert refused == renewed
    assert leadline.metadata["CreateLead"]["authorization"] == "Bearer access-2"


def test_streams_go_on_under_a_renewed_token(leadline: FakeLeadline, client: Client) -> None:
    leadline.changes = changes(0, 1, 2)
    client.connect(api_key=FIRST_KEY)
    client("create_lead", external_id="a")
    leadline.expired_tokens = {"access-1"}
    assert leads_of(client("watch_scores", count=3)) == names(0, 1, 2)
    leadline.expired_tokens = {"access-1", "access-2"}
    assert client("import_leads", count=3, bad=[])["created"] == 3
    assert leadline.metadata["ImportLeads"]["authorization"] == "Bearer access-3"


def test_an_operation_is_followed_to_its_result(leadline: FakeLeadline, client: Client) -> None:
    leadline.fail("WaitOperation", BROKEN)
    result = client("train_model")
    assert result["model"] == MODEL.name
    assert result["stages"][-1] == "step 3"
    leadline.requests.clear()
    leadline.operation_error = status(grpc.StatusCode.FAILED_PRECONDITION, "too few", "NOT_ENOUGH_OUTCOMES", lost="1")
    with pytest.raises(DriverError) as raised:
        client("train_model")
    assert (raised.value.kind, raised.value.told["metadata"]) == ("FailedPrecondition", {"lost": "1"})


@pytest.mark.parametrize(
    "vector", FIELD_VALUES, ids=lambda vector: f"{vector['value']!r:.20}*{vector.get('repeat', 1)}"
)
def test_values_become_the_same_fields(client: Client, vector: dict[str, Any]) -> None:
    times = vector.get("repeat", 1)
    value = vector["value"] * times if isinstance(vector["value"], str) else vector["value"]
    if vector["wire"] is None:
        with pytest.raises(DriverError):
            client("field_value", value=value)
        return
    ((kind, plain),) = vector["wire"].items()
    wire = {kind: plain * times if isinstance(plain, str) and kind != "date" else plain}
    assert FieldValue.FromString(base64.b64decode(client("field_value", value=value))) == json_format.ParseDict(
        wire, FieldValue()
    )
