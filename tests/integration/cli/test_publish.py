"""The commands that publish events and show what moved a lead's score."""

import json
from pathlib import Path

import grpc
import pytest
from leadline.v1.event_pb2 import Event
from leadline.v1.lead_history_service_pb2 import RecordedEvent

from leadline_sdk import Grade, Lead, Score
from tests.integration.cli.conftest import Run
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name, status

UNAVAILABLE = status(grpc.StatusCode.UNAVAILABLE, "restarting")
CALL = """{"event_id": "1", "lead": "crm-1", "type": "call", "occurred_time": "2026-01-02T03:04:05Z",
"properties": {"minutes": 4}}""".replace("\n", " ")
LINES = f"""
{CALL}
{{"event_id": "2", "lead": "nobody", "type": "call", "occurred_time": "2026-01-02T03:04:05Z"}}
{{"lead": "leads/00000000-0000-7000-8000-000000000001", "type": "page_view"}}
{CALL}
"""


def published(leadline: FakeLeadline) -> list[Event]:
    return [event for stream in leadline.requests["PublishEvents"] for message in stream for event in message.events]


def test_each_event_from_standard_input_is_answered_for(leadline: FakeLeadline, run: Run) -> None:
    done = run("publish", stdin=LINES)
    assert done.exit_status == 1
    assert "1 event was not taken" in done.shown
    first, refused, third, again = done.output.splitlines()
    assert (first, refused, again) == ("1  recorded", "2  refused: no such lead", "1  known already")
    call, _, viewed, _ = published(leadline)
    assert (call.lead_external_id, call.properties["minutes"].number) == ("crm-1", 4)
    assert viewed.lead == lead_name(1)
    assert viewed.HasField("occurred_time")
    assert third == f"{viewed.event_id}  recorded"


def test_a_file_is_published_over_a_lost_connection(leadline: FakeLeadline, run: Run, tmp_path: Path) -> None:
    leadline.fail("PublishEvents", UNAVAILABLE, after=1)
    file = tmp_path / "events.jsonl"
    line = '{"lead": "crm-1", "type": "call", "occurred_time": "2026-01-02T03:04:05Z"}'
    file.write_text(f"{line}\n{line}\n")
    done = run("publish", str(file), "--json")
    assert done.exit_status == 0
    told = [json.loads(shown) for shown in done.output.splitlines()]
    assert [found["outcome"] for found in told] == ["DUPLICATE", "DUPLICATE"]
    assert len(leadline.events) == 1
    assert told[0] == {"event_id": leadline.events[0], "outcome": "DUPLICATE", "error": None, "dead_letter": ""}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("call", "unexpected character"),
        ("[]", "is not a JSON object"),
        ('{"lead": "crm-1", "type": "call", "kind": 1}', 'no field named "kind"'),
        ('{"lead": "crm-1", "type": "call", "properties": 1}', "properties: is not a JSON object"),
        ('{"lead": "crm-1", "type": "call", "properties": {"a": [1]}}', "a: "),
    ],
)
def test_a_line_that_can_not_be_read_is_passed_over(leadline: FakeLeadline, run: Run, line: str, reason: str) -> None:
    done = run("publish", stdin=f'{line}\n{{"event_id": "7", "lead": "crm-1", "type": "call"}}\n')
    assert done.exit_status == 1
    assert "line 1: " in done.shown
    assert reason in done.shown
    assert leadline.events == ["7"]


def test_a_file_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    done = run("publish", str(tmp_path / "missing.jsonl"))
    assert (done.exit_status, "No such file" in done.shown) == (1, True)


def score(seconds: int, value: int, grade: Grade.ValueType) -> Score:
    made = Score(lead=lead_name(0), value=value, probability=value / 100, grade=grade)
    made.compute_time.FromSeconds(seconds)
    return made


def recorded(seconds: int, event_type: str) -> RecordedEvent:
    made = RecordedEvent(event=Event(type=event_type, lead=lead_name(0)))
    made.record_time.FromSeconds(seconds)
    return made


def test_the_history_of_a_lead_tells_what_moved_its_score(leadline: FakeLeadline, run: Run) -> None:
    leadline.leads = [Lead(name=lead_name(0), external_id="crm-0")]
    assert "The lead has no score yet." in run("history", "crm-0").shown
    leadline.others.scores = [
        score(300, 71, Grade.GRADE_A),
        score(200, 40, Grade.GRADE_B),
        score(100, 45, Grade.GRADE_B),
    ]
    leadline.others.history = [recorded(at, "page_view") for at in (300, 290)] + [
        recorded(201, "email_opened"),
        recorded(200, "unsubscribed"),
        recorded(50, "call"),
    ]
    done = run("history", "crm-0")
    assert done.exit_status == 0
    assert "1970-01-01 00:05:00 │ 71 │ +31 │ A │ 71.0% │ page view (2), email opened" in done.shown
    assert "1970-01-01 00:03:20 │ 40 │ -5 │ B │ 40.0% │ unsubscribed" in done.shown
    assert "1970-01-01 00:01:40 │ 45 │ first │ B │ 45.0% │" in done.shown
    (latest,) = json.loads(run("history", "crm-0", "--limit", "1", "--json").output)
    assert (latest["points"], len(latest["events"]), latest["score"]["value"]) == (31, 3, 71)
