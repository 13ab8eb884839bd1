"""What rules make of a model's score."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.explanation.grades import Grade, GradeBand, GradeScale
from scoring.features.lead_record import EventCounter, LeadRecord
from scoring.rules.checking import problems
from scoring.rules.compiled_rule_set import CompiledRuleSet, RuleResult
from scoring.rules.rule_set import Decay, DecayCourse, Rule, RuleGroup, RuleSet
from scoring.scores.score import score_value
from tests.lead_records import lead

ID = UUID(int=1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
SCALE = GradeScale(
    [
        GradeBand("A", 0.7, 0.8, 0.75, 0.85, 50),
        GradeBand("B", 0.5, 0.6, 0.55, 0.65, 50),
        GradeBand("C", 0.2, 0.3, 0.25, 0.35, 50),
        GradeBand("D", 0.0, 0.1, 0.05, 0.15, 50),
    ]
)


def visitor(days_ago: float = 0.0) -> LeadRecord:
    return lead(
        {"Lead Source": {"category": "Google"}, "Visits": {"number": 4.0}, "Signed": {"date": "2026-01-05T00:00:00Z"}},
        counters={"demo": EventCounter(2, NOW - days_ago * DAY, 1)},
    )


def result(
    rule_set: RuleSet,
    record: LeadRecord,
    probability: float = 0.4,
    *,
    as_of: datetime = NOW,
    scale: GradeScale = SCALE,
) -> RuleResult:
    compiled = CompiledRuleSet(ID, rule_set)
    findings = compiled.findings(record, probability, scale.grade(probability))
    return compiled.result(findings, probability, score_value(probability), scale, as_of)


def applied(found: RuleResult) -> dict[str, int]:
    return {contribution.rule_id: contribution.applied_points for contribution in found.contributions}


def test_rules_that_hold_add_their_points_and_move_the_grade() -> None:
    rules = RuleSet(
        [
            Rule("google", "From Google", 'fields["Lead Source"] == "Google"', 15),
            Rule("call", "", "event_counts.call > 0", 30),
            Rule("signed", "", 'dates.Signed < timestamp("2026-02-01T00:00:00Z")', -4),
        ]
    )
    found = result(rules, visitor())
    assert applied(found) == {"google": 15, "signed": -4}
    assert [contribution.display_name for contribution in found.contributions] == ["From Google", "signed"]
    assert (found.points, found.grade) == (11, Grade.B)


def test_a_group_is_capped_and_the_score_stays_between_0_and_100() -> None:
    rules = RuleSet(
        [
            Rule("one", "", "true", 20, "engagement"),
            Rule("two", "", "true", 20, "engagement"),
            Rule("three", "", "true", 90),
        ],
        [RuleGroup("engagement", max_points=25)],
    )
    found = result(rules, visitor())
    assert applied(found) == {"one": 20, "two": 5, "three": 35}
    assert [contribution.points for contribution in found.contributions] == [20, 20, 90]
    assert found.points + 40 == 100
    assert applied(result(RuleSet([Rule("never", "", "true", -90)]), visitor())) == {"never": -40}


def test_a_rule_that_fails_on_a_lead_is_told_and_adds_nothing() -> None:
    rules = RuleSet([Rule("broken", "", 'fields["Lead Source"] > 3', 50), Rule("sound", "", "true", 5)])
    found = result(rules, visitor())
    assert applied(found) == {"broken": 0, "sound": 5}
    assert "overload" in found.contributions[0].error
    assert found.contributions[1].error == ""


def test_points_fade_from_the_latest_event_or_from_the_arrival() -> None:
    rules = RuleSet(
        [
            Rule("demo", "", "event_counts.demo >= 2", 20, "", Decay(DecayCourse.HALF_LIFE, 10 * DAY, "demo")),
            Rule("new", "", "true", 20, "", Decay(DecayCourse.LINEAR, 200 * DAY)),
            Rule("call", "", "true", 20, "", Decay(DecayCourse.LINEAR, 10 * DAY, "call")),
        ]
    )
    record = visitor(days_ago=20)
    found = result(rules, record)
    assert applied(found) == {"demo": 5, "new": 14}, "without a call there is nothing from which to fade"
    assert [contribution.anchor for contribution in found.contributions] == [NOW - 20 * DAY, record.received_time]


def test_the_next_grade_is_told_with_its_time() -> None:
    rules = RuleSet([Rule("demo", "", "true", 30, "", Decay(DecayCourse.LINEAR, 30 * DAY, "demo"))])
    found = result(rules, visitor(), 0.45)
    assert (found.grade, found.next_grade) == (Grade.A, Grade.B)
    # 0.45 + 0.25 is still A, 24 points are not: as 24.5 are left.
    assert found.next_grade_time == NOW + 5.5 * DAY
    withheld = result(rules, visitor(), 0.45, scale=GradeScale())
    assert (withheld.grade, withheld.next_grade, withheld.next_grade_time) == (None, None, None)


def test_a_penalty_that_fades_raises_the_grade() -> None:
    rules = RuleSet([Rule("complaint", "", "true", -10, "", Decay(DecayCourse.HALF_LIFE, DAY, "demo"))])
    found = result(rules, visitor(), 0.52)
    assert (found.grade, found.next_grade) == (Grade.C, Grade.B)
    assert found.next_grade_time is not None
    later = result(rules, visitor(), 0.52, as_of=found.next_grade_time)
    assert (later.grade, later.points) == (Grade.B, -2)


def test_what_is_wrong_with_rules_is_told_with_its_place() -> None:
    rules = RuleSet(
        [Rule("one", "", "fields[", 1), Rule("one", "", "true", 1, "nowhere")], [RuleGroup("g"), RuleGroup("g")]
    )
    assert [problem.path for problem in problems(rules)] == [
        "rules[1].id",
        "groups[1].id",
        "rules[1].group",
        "rules[0].expression",
    ]
    assert problems(replace(rules, rules=rules.rules[1:], groups=[RuleGroup("nowhere")])) == []


def test_rules_survive_being_kept_as_json() -> None:
    rules = RuleSet(
        [
            Rule("a", "A", "true", 3, "g", Decay(DecayCourse.HALF_LIFE, timedelta(hours=5), "demo")),
            Rule("b", "", "false", -3),
        ],
        [RuleGroup("g", 5, -5), RuleGroup("h")],
    )
    assert RuleSet.from_json(rules.to_json()) == rules


EXPRESSIONS = ["true", "fields.Visits > 2", "probability < 0.5", 'grade == "A"', "fields.Absent == 1", "1/0 == 1"]
GROUPS = ["", "g", "h"]
some_rules = st.builds(
    lambda rules, groups: RuleSet([replace(rule, rule_id=f"r{i}") for i, rule in enumerate(rules)], groups),
    st.lists(
        st.builds(
            Rule,
            st.just("r"),
            st.just(""),
            st.sampled_from(EXPRESSIONS),
            st.integers(-100, 100),
            st.sampled_from(GROUPS),
            st.none()
            | st.builds(
                Decay,
                st.sampled_from(DecayCourse),
                st.timedeltas(min_value=timedelta(hours=1), max_value=400 * DAY),
                st.sampled_from(["", "demo", "call"]),
            ),
        ),
        max_size=8,
    ),
    st.tuples(
        st.builds(RuleGroup, st.just("g"), st.none() | st.integers(0, 100), st.none() | st.integers(-100, 0)),
        st.builds(RuleGroup, st.just("h"), st.none() | st.integers(0, 100), st.none() | st.integers(-100, 0)),
    ),
)
probabilities = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)


@settings(max_examples=300)
@given(some_rules, probabilities, st.floats(-5, 400))
def test_the_parts_always_add_up_to_a_score_of_0_to_100(rules: RuleSet, probability: float, days: float) -> None:
    found = result(rules, visitor(days_ago=days), probability)
    value = score_value(probability) + sum(contribution.applied_points for contribution in found.contributions)
    assert 0 <= value <= 100
    assert value == score_value(probability) + found.points
    for contribution in found.contributions:
        assert abs(contribution.applied_points) <= abs(contribution.points)
        assert contribution.applied_points * contribution.points >= 0


@settings(max_examples=300)
@given(some_rules, probabilities, st.floats(0, 100))
def test_the_grade_changes_at_the_told_time_and_not_before(rules: RuleSet, probability: float, days: float) -> None:
    record = visitor(days_ago=days)
    found = result(rules, record, probability)
    if found.next_grade_time is None:
        times = [NOW + share * 500 * DAY for share in (0.01, 0.1, 0.5, 1.0, 20.0)]
        assert {result(rules, record, probability, as_of=time).grade for time in times} == {found.grade}
        return
    assert found.next_grade_time > NOW
    before = found.next_grade_time - MICROSECOND
    assert result(rules, record, probability, as_of=before).grade == found.grade
    half_way = NOW + (before - NOW) / 2
    assert result(rules, record, probability, as_of=half_way).grade == found.grade
    after = result(rules, record, probability, as_of=found.next_grade_time).grade
    assert after == found.next_grade != found.grade


@given(some_rules, probabilities)
def test_the_same_findings_and_clock_give_the_same_result(rules: RuleSet, probability: float) -> None:
    compiled = CompiledRuleSet(ID, RuleSet.from_json(rules.to_json()))
    findings = compiled.findings(visitor(), probability, SCALE.grade(probability))
    first = compiled.result(findings, probability, score_value(probability), SCALE, NOW)
    assert first == result(rules, visitor(), probability)


@pytest.mark.parametrize("points", [0, 5])
def test_without_points_the_grade_is_the_models(points: int) -> None:
    found = result(RuleSet([Rule("r", "", "true", points)]), visitor(), 0.4999)
    assert found.grade == (Grade.B if points else Grade.C)
