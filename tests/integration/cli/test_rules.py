"""`leadline rules`, and what rules add where a score is explained."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from leadline.v1.scoring_service_pb2 import RescoreLeadsResponse

from clients.cli.rule_points import next_grade, points_table
from leadline_sdk import Grade, RuleContribution, Score
from tests.integration.cli.conftest import Run
from tests.integration.sdk.fake_leadline_service import FakeLeadline

RULES = """
display_name = "First"

[[rules]]
id = "referral"
expression = 'fields["Lead Source"] == "Referral"'
points = 20
group = "fit"

[[rules]]
id = "visited"
display_name = "Visited lately"
expression = "event_counts.page_view >= 2"
points = -10
decay = { half_life = "7d", anchor_event_type = "page_view" }

[[groups]]
id = "fit"
max_points = 30
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


def test_rules_are_kept_shown_and_activated(leadline: FakeLeadline, run: Run, file: Path) -> None:
    leadline.operation_result = RescoreLeadsResponse(scored_count=1234)
    assert "There are no rules yet" in run("rules").shown
    assert "version 1 is kept" in run("rules", "create", str(file)).shown

    [kept] = leadline.rules.rule_sets
    assert kept.rules[1].decay.half_life.ToTimedelta().days == 7
    assert (kept.groups[0].max_points, kept.groups[0].HasField("min_points")) == (30, False)
    shown = run("rules", "show", "1").shown
    assert "Visited lately │ -10 │ by half each 7 days since the last page_view" in shown
    assert "group fit: at most +30" in shown
    done = run("rules", "activate", "1")
    assert done.exit_status == 0
    assert "version 1 is active" in done.shown
    assert "1,234 open leads are scored anew" in done.shown
    assert "1 │ active │ First │ 2" in run("rules", "list").shown
    assert json.loads(run("rules", "show", "--json").output)["version"] == "1"
    assert "version 1 is not active" in run("rules", "deactivate", "1").shown
    assert "version 1 is deleted" in run("rules", "delete", "1").shown
    assert leadline.rules.rule_sets == []


def test_what_is_shown_as_json_can_be_kept_again(leadline: FakeLeadline, run: Run, file: Path, tmp_path: Path) -> None:
    run("rules", "create", str(file))
    changed = tmp_path / "rules.json"
    changed.write_text(run("rules", "show", "1", "--json").output, encoding="utf-8")

    assert run("rules", "create", str(changed)).exit_status == 0

    newest, first = leadline.rules.rule_sets
    assert (newest.version, list(newest.rules)) == (2, list(first.rules))


def test_rules_are_tried_without_being_kept(leadline: FakeLeadline, run: Run, file: Path) -> None:
    shown = run("rules", "try", str(file), "--sample", "200").shown

    assert "1 of 40 open leads would change grade" in shown
    assert "C to B │ 48 to 68" in shown
    assert "grade B │ 100 │ 50.0% │ 80 │ 60.0% │ 1.50" in shown
    assert "best tenth │ 20 │ 60.0% │ 20 │ 75.0% │ 1.88" in shown
    assert "trained on 150 of the 200 decided leads" in shown
    assert "referral │ 7 │ 0 │ 2: no such overload" in shown
    assert leadline.rules.rule_sets == []
    assert leadline.rules.tried[0].rules[0].id == "referral"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("rules = [", "is not TOML"),
        ("[[rules]]\nname = 'x'", 'no field named "name"'),
        ("[[rules]]\npoints = 'many'", "points"),
        ("rules = [1]", "rules.toml: "),
    ],
)
def test_a_file_without_rules_is_told(run: Run, file: Path, content: str, problem: str) -> None:
    file.write_text(content, encoding="utf-8")
    done = run("rules", "create", str(file))
    assert done.exit_status == 1
    assert problem in done.shown


def test_a_version_that_there_is_not(run: Run) -> None:
    done = run("rules", "activate", "7")
    assert (done.exit_status, "there is no version 7" in done.shown) == (1, True)


def test_an_explained_score_shows_its_points() -> None:
    score = Score(
        value=68,
        model_value=48,
        rule_points=20,
        rule_contributions=[
            RuleContribution(rule="referral", display_name="Referral", points=25, applied_points=20),
            RuleContribution(rule="broken", error="no such overload"),
        ],
        next_grade=Grade.GRADE_C,
    )
    score.next_grade_time.FromDatetime(datetime(2026, 3, 1, tzinfo=UTC))
    rows = list(zip(*(column.cells for column in points_table(score).columns), strict=True))
    assert [str(cell) for cell in rows[0]] == ["Referral", "+25", "+20", ""]
    assert [str(cell) for cell in rows[1]] == ["broken  no such overload", "0", "0", ""]
    assert str(rows[-1][2]) == "68"
    assert next_grade(score) == "As points fade, the grade will be C from 2026-03-01 00:00:00 UTC on."
    assert next_grade(Score()) == ""
