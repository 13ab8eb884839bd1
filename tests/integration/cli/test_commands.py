"""The commands that train, score, explain, watch and list."""

import json
from pathlib import Path

import grpc
import pytest
from leadline.v1.scoring_service_pb2 import ScoreChange

from leadline_sdk import LEAD_STATUS_OPEN, Lead, Score
from tests.integration.cli.conftest import Run
from tests.integration.sdk.fake_leadline_service import MODEL, OPERATION, FakeLeadline, lead_name, status, violation


@pytest.fixture
def stored(leadline: FakeLeadline) -> FakeLeadline:
    leadline.leads = [
        Lead(name=lead_name(number), external_id=f"crm-{number}", status=LEAD_STATUS_OPEN) for number in range(3)
    ]
    return leadline


def test_help_teaches_the_usual_way(run: Run) -> None:
    shown = run("--help").shown
    for command in ("leadline import leads.csv", "leadline train", "leadline score --all-open", "leadline explain"):
        assert command in shown


def test_a_model_is_trained_and_shown(leadline: FakeLeadline, run: Run) -> None:
    done = run("train", "--exclude", "Tags", "--keep", "Duration")
    assert done.exit_status == 0
    assert "gradient-boosted trees (chosen) │ 0.870 │ 0.4200" in done.shown
    assert "A │ 60.0% │ 30 │ 70.0% (52.1% to 83.3%)" in done.shown
    assert "Magazine │ constant" in done.shown
    assert "implausibly strong" in done.shown
    assert "train again with `--keep FIELD`" in done.shown
    assert list(leadline.requests["TrainModel"][0].excluded_fields) == ["Tags"]
    assert list(leadline.requests["TrainModel"][0].kept_fields) == ["Duration"]
    assert json.loads(run("train", "--json").output)["name"] == MODEL.name
    assert run("train", "--no-wait").output == f"started {OPERATION}\n"


def test_a_training_without_outcomes_says_what_to_do(leadline: FakeLeadline, run: Run) -> None:
    leadline.operation_error = status(
        grpc.StatusCode.FAILED_PRECONDITION, "2 leads converted, 10 are needed", "NOT_ENOUGH_OUTCOMES"
    )
    done = run("train")
    assert done.exit_status == 1
    assert "2 leads converted, 10 are needed" in done.shown
    assert "leadline import FILE --target COLUMN" in done.shown


def test_leads_are_scored_by_id_and_by_name(stored: FakeLeadline, run: Run) -> None:
    done = run("score", "crm-1", lead_name(2))
    assert done.exit_status == 0
    assert "crm-1 │ B │ 73 │ 64-81 │ + Lead Source is Google - Never viewed a page" in done.shown
    assert list(stored.requests["BatchScoreLeads"][0].names) == [lead_name(1), lead_name(2)]


def test_a_lead_is_found_by_the_uuid_of_its_name(stored: FakeLeadline, run: Run) -> None:
    assert run("score", stored.leads[0].name.removeprefix("leads/")).exit_status == 0
    missing = run("score", "crm-9")
    assert missing.exit_status == 1
    assert "there is no lead with the id 'crm-9'" in missing.shown


def test_all_open_leads_are_scored(stored: FakeLeadline, run: Run) -> None:
    done = run("score", "--all-open", "--top", "2")
    assert "The best 2 of 3 open leads" in done.shown
    answer = json.loads(run("score", "--all-open", "--json").output)
    assert [result["label"] for result in answer] == ["crm-0", "crm-1", "crm-2"]
    assert answer[0]["score"]["attributions"][0] == {
        "feature": "Lead Source",
        "observed": "Google",
        "log_odds": 2.0,
        "group": "ATTRIBUTION_GROUP_FIT",
        "reason": "Lead Source is Google: 40 % convert, 38 % overall",
        "conversion_rate": 0.4,
    }
    stored.leads.clear()
    assert "no open lead" in run("score", "--all-open").shown


def test_a_lead_of_a_file_is_scored_and_explained(leadline: FakeLeadline, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "lead.json"
    file.write_text('{"Lead Source": "Google", "TotalVisits": 4, "Since": {"date": "2026-01-02T00:00:00Z"}}')
    assert "lead 1 of lead.json │ B │ 73" in run("score", "--file", str(file)).shown
    sent = leadline.requests["ScoreInlineLead"][0].lead.fields
    assert sent["TotalVisits"].number == 4
    assert sent["Since"].date.seconds == 1_767_312_000
    assert "score 73" in run("explain", "--file", str(file)).shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold the fields of a lead"),
        ('{"a": []}', "a: a field can't hold a list"),
        ('{"a": ""}', "a: an empty text is no answer"),
        ('{"a": {"colour": 1}}', "colour"),
    ],
)
def test_a_file_that_holds_no_lead_is_told_in_words(run: Run, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "lead.json"
    file.write_text(text)
    done = run("score", "--file", str(file))
    assert done.exit_status == 1
    assert words in done.shown


@pytest.mark.parametrize("arguments", [("score",), ("score", "a", "--all-open"), ("explain",)])
def test_what_to_score_must_be_clear(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_status == 1
    assert "which lead" in done.shown


def test_an_explanation_leads_from_the_average_lead_to_this_one(stored: FakeLeadline, run: Run) -> None:
    done = run("explain", "crm-1")
    assert done.exit_status == 0, done.shown
    assert "crm-1 grade B, score 73 of 100 (64-81), from 5,254 outcomes" in done.shown
    assert "From the average lead, 37.8%, to this one" in done.shown
    assert "who the lead is │ │ +2.000 │ │" in done.shown
    assert "Lead Source is Google: 40 % convert, 38 % overall │ │██████████ │ +2.000 │ 81.8%" in done.shown
    assert "Never viewed a page │ ██│ │ -0.500 │ 73.1%" in done.shown
    assert json.loads(run("explain", "crm-1", "--json").output)["value"] == 73
    assert "2 other features" not in done.shown
    assert "1 other features" in run("explain", "crm-1", "--features", "1").shown
    assert len(stored.requests["ScoreLead"]) == 3


def test_an_explanation_says_what_would_raise_the_score(stored: FakeLeadline, run: Run) -> None:
    done = run("explain", "crm-1", "--can-change", "events.page_view.count")
    assert "What would raise this score" in done.shown
    assert "page view: 2 → 4 times │ 73 │ A │ 73.1%" in done.shown
    asked = stored.requests["SuggestChanges"][0]
    assert (asked.name, list(asked.actionable_fields)) == (lead_name(1), ["events.page_view.count"])
    told = json.loads(run("explain", "crm-1", "--json").output)
    assert told["suggestions"][0]["changes"] == [{"field": "events.page_view.count", "observed": "2", "proposed": "4"}]


def test_a_watch_shows_each_new_score(leadline: FakeLeadline, run: Run) -> None:
    leadline.changes = [
        ScoreChange(score=Score(lead=lead_name(1), probability=0.3, value=30)),
        ScoreChange(score=Score(lead=lead_name(1), probability=0.4, value=40, model="m"), previous_probability=0.3),
    ]
    done = run("watch", "--count", "2")
    assert "30 30.0% (first score)" in done.shown
    assert "40 30.0% → 40.0%" in done.shown
    line = json.loads(run("watch", "--count", "1", "--json", "--resume", "1").output)
    assert (line["score"]["value"], line["previous_probability"], line["resume_token"]) == (40, 0.3, "2")


def test_models_are_shown_promoted_rolled_back_and_deleted(stored: FakeLeadline, run: Run, tmp_path: Path) -> None:
    assert "the first model" in run("models", "show", "1").shown
    assert "model 1 is champion" in run("models", "promote", "1", "--override-gate").shown
    assert stored.requests["PromoteModel"][0].override_gate
    assert "model 1 is champion" in run("models", "roll-back").shown
    assert stored.requests["RollBackModel"][0].model == ""
    assert json.loads(run("models", "roll-back", MODEL.name, "--json").output)["version"] == "1"
    assert "model 1 is deleted" in run("models", "delete", "1").shown
    assert stored.requests["DeleteModel"][0].name == MODEL.name
    assert run("models", "plots", "1", "--to", str(tmp_path / "plots")).exit_status == 0
    assert (tmp_path / "plots" / "roc.png").read_bytes() == b"picture"
    assert "there is no model 7" in run("models", "show", "7").shown


def test_leads_and_models_are_listed(stored: FakeLeadline, run: Run) -> None:
    assert "crm-0" in run("leads", "list", "--limit", "2").shown
    assert len(json.loads(run("leads", "list", "--limit", "2", "--json").output)) == 2
    run("leads", "list", "--filter", "status = OPEN", "--order-by", "score desc")
    asked = stored.requests["ListLeads"][-1]
    assert (asked.filter, asked.order_by) == ("status = OPEN", "score desc")
    assert "1 │ champion │ gradient-boosted trees │ 80 │ 0.870" in run("models").shown
    assert json.loads(run("models", "list", "--json").output)[0]["version"] == "1"


def test_failures_are_told_in_words(leadline: FakeLeadline, run: Run) -> None:
    leadline.fail(
        "ListLeads",
        status(
            grpc.StatusCode.INVALID_ARGUMENT,
            "the filter can't be read",
            "INVALID_FILTER",
            violation("filter", "unknown field: size"),
        ),
    )
    invalid = run("leads", "list", "--filter", "size = 3")
    assert invalid.exit_status == 1
    assert "error: the filter can't be read filter: unknown field: size" in invalid.shown
    leadline.fail("ListModels", status(grpc.StatusCode.INTERNAL, "defect", "INTERNAL", request_id="r-1"))
    assert "its log has the cause under r-1" in run("models").shown
    leadline.fail("ListModels", status(grpc.StatusCode.FAILED_PRECONDITION, "no model yet", "NO_MODEL"))
    assert "train one with `leadline train`" in run("models").shown


def test_nobody_listening_is_told_in_words(run: Run) -> None:
    done = run("--address", "127.0.0.1:1", "--token", "x", "models")
    assert done.exit_status == 1
    assert "Leadline can't be reached" in done.shown


def test_the_environment_goes_before_the_profile(leadline: FakeLeadline, run: Run) -> None:
    assert run("models", LEADLINE_TOKEN="other").exit_status == 0  # noqa: S106
    assert leadline.metadata["ListModels"]["authorization"] == "Bearer other"
    assert "user-agent" in leadline.metadata["ListModels"]
    assert leadline.metadata["ListModels"]["user-agent"].startswith("leadline-cli")


def test_open_leads_are_scored_anew(stored: FakeLeadline, run: Run) -> None:
    assert run("rescore").shown.endswith(f"{len(stored.leads)} open leads are scored anew.")
    assert json.loads(run("rescore", "--json").output) == {"scored_count": "3"}
    assert run("rescore", "--no-wait").output == f"started {OPERATION}\n"


def test_a_score_is_set_by_hand_and_let_go_again(stored: FakeLeadline, run: Run) -> None:
    assert "crm-1 has the score 90 until it is cleared" in run("override", "crm-1", "90").shown
    assert stored.requests["OverrideScore"][0].value == 90
    assert "crm-1 has the computed score again" in run("override", "crm-1").shown
    assert json.loads(run("override", "crm-1", "0", "--json").output)["override"]["value"] == 0
    assert run("override", "crm-1", "101").exit_status == 2


def test_a_stored_score_is_replayed(stored: FakeLeadline, run: Run) -> None:
    stored.leads[1].score.name = "scores/7"
    done = run("replay", "crm-1")
    assert done.exit_status == 0
    assert "The same score, bit for bit." in done.shown
    assert stored.requests["ReplayScore"][0].name == "scores/7"
    assert json.loads(run("replay", "scores/8", "--json").output)["identical"] is True
    unscored = run("replay", "crm-2")
    assert unscored.exit_status == 1
    assert "crm-2 has no stored score" in unscored.shown
