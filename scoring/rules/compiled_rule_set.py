"""Rules made ready to score with: conditions compiled, times of fading computed, groups resolved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from scoring.explanation.grades import Grade, GradeScale
from scoring.features.lead_record import LeadRecord
from scoring.rules.expression import LONGEST_TEXT, Condition, ConditionFailed, SeenLead
from scoring.rules.fading import Fading
from scoring.rules.points import held, trim
from scoring.rules.rule_set import RuleGroup, RuleSet

HIGHEST_VALUE = 100

_STATUSES = {None: "OPEN", True: "CONVERTED", False: "LOST"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule whose condition holds on a lead, or could not be evaluated on it: all that its points follow from.

    Attributes:
        index: The rule's position in its set, 0-based.
        anchor: From when on its points fade, UTC; None if they don't.
        error: Why the condition could not be evaluated; empty if it could.
    """

    index: int
    anchor: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class RuleContribution:
    """What one rule adds to a score.

    Attributes:
        rule_id: The rule.
        display_name: What people call it.
        points: What is left of its points, before caps.
        applied_points: What of them counts.
        anchor: From when on they fade, UTC; None if they don't.
        error: Why the condition could not be evaluated; empty if it could.
    """

    rule_id: str
    display_name: str
    points: int
    applied_points: int
    anchor: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What rules make of a model's score.

    Attributes:
        rule_set_id: The version of the rules.
        findings: The rules that matter for the lead.
        contributions: What each of them adds; their `applied_points` add up to `points`.
        points: What they add together: the model's value and they give the score, 0 to 100.
        grade: The score's grade; None if grades are withheld.
        next_grade_time: When fading points first lead to another grade if nothing else changes, UTC; None for never.
        next_grade: The grade then.
    """

    rule_set_id: UUID
    findings: Sequence[Finding]
    contributions: Sequence[RuleContribution]
    points: int
    grade: Grade | None
    next_grade_time: datetime | None
    next_grade: Grade | None


class CompiledRuleSet:
    """A version of the rules, ready to score with.

    Args:
        rule_set_id: Its id.
        rule_set: The rules, valid.

    Raises:
        ExpressionInvalid: A rule's expression is no condition.
    """

    def __init__(self, rule_set_id: UUID, rule_set: RuleSet) -> None:
        self.rule_set_id = rule_set_id
        self.rules = tuple(rule_set.rules)
        self._conditions = [Condition(rule.expression) for rule in self.rules]
        self._fadings = [None if rule.decay is None else Fading(rule.points, rule.decay) for rule in self.rules]
        bounds = {group.group_id: group for group in rule_set.groups}
        self._groups = [bounds.get(rule.group, _UNBOUNDED) for rule in self.rules]

    def findings(self, record: LeadRecord, probability: float, grade: Grade | None) -> list[Finding]:
        """Evaluate all conditions on a lead.

        Args:
            record: The lead.
            probability: What the model says, 0 to 1.
            grade: The grade that the model alone gives; None if it is withheld.

        Returns:
            The rules whose condition holds and whose anchor there is, and those that failed, in their order.
        """
        seen = SeenLead(_seen_values(record, probability, grade))
        found: list[Finding] = []
        for index, (condition, fading) in enumerate(zip(self._conditions, self._fadings, strict=True)):
            try:
                if not condition.holds(seen):
                    continue
            except ConditionFailed as failure:
                found.append(Finding(index, error=str(failure)))
                continue
            if fading is None:
                found.append(Finding(index))
                continue
            anchor = _anchor(record, fading.decay.anchor_event_type)
            if anchor is not None:
                found.append(Finding(index, anchor))
        return found

    def result(
        self, findings: Sequence[Finding], probability: float, model_value: int, grades: GradeScale, as_of: datetime
    ) -> RuleResult:
        """Give what the rules make of a model's score at a moment.

        Args:
            findings: What `findings` gave for the lead.
            probability: What the model says, 0 to 1.
            model_value: The same as 0 to 100.
            grades: The model's grades.
            as_of: The moment, UTC.
        """
        left = [self._left(finding, as_of) for finding in findings]
        applied = left.copy()
        members: dict[RuleGroup, list[int]] = {}
        for place, finding in enumerate(findings):
            members.setdefault(self._groups[finding.index], []).append(place)
        for group, places in members.items():
            trim(applied, places, group.min_points, group.max_points)
        trim(applied, range(len(applied)), -model_value, HIGHEST_VALUE - model_value)
        points = sum(applied)
        grade = moved_grade(grades, probability, points)
        next_grade_time, next_grade = self._next_grade(
            findings, left, model_value, as_of, lambda total: moved_grade(grades, probability, total)
        )
        return RuleResult(
            self.rule_set_id,
            findings,
            [
                RuleContribution(
                    rule.rule_id, rule.display_name or rule.rule_id, before, after, finding.anchor, finding.error
                )
                for finding, before, after in zip(findings, left, applied, strict=True)
                for rule in (self.rules[finding.index],)
            ],
            points,
            grade,
            next_grade_time,
            next_grade,
        )

    def _left(self, finding: Finding, as_of: datetime) -> int:
        if finding.error:
            return 0
        fading = self._fadings[finding.index]
        if fading is None or finding.anchor is None:
            return self.rules[finding.index].points
        return fading.left(finding.anchor, as_of)

    def _next_grade(
        self,
        findings: Sequence[Finding],
        left: Sequence[int],
        model_value: int,
        as_of: datetime,
        grade_of: Callable[[int], Grade | None],
    ) -> tuple[datetime | None, Grade | None]:
        """Give when the grade first changes as points fade, and to which grade.

        Args:
            findings: The rules that matter for the lead.
            left: What is left of the points of each, before caps.
            model_value: What the model says, 0 to 100.
            as_of: From when on to look, UTC.
            grade_of: Gives the grade for what the rules add together.
        """
        sums: dict[RuleGroup, int] = {}
        lowest: dict[RuleGroup, int] = {}
        highest: dict[RuleGroup, int] = {}
        fading: list[tuple[Finding, Fading, int, RuleGroup]] = []
        for finding, points in zip(findings, left, strict=True):
            group, course = self._groups[finding.index], self._fadings[finding.index]
            fades = course is not None and finding.anchor is not None and points != 0
            sums[group] = sums.get(group, 0) + points
            lowest[group] = lowest.get(group, 0) + (min(points, 0) if fades else points)
            highest[group] = highest.get(group, 0) + (max(points, 0) if fades else points)
            if course is not None and fades:
                fading.append((finding, course, points, group))
        present = grade_of(_total(sums, model_value))
        # Whatever fades first, the sum stays between these two.
        if all(grade_of(_total(bound, model_value)) == present for bound in (lowest, highest)):
            return None, None
        changes = [
            (microseconds, 1 if points < 0 else -1, group)
            for finding, course, points, group in fading
            if finding.anchor is not None
            for microseconds in course.changes(finding.anchor, as_of)
        ]
        changes.sort(key=_moment)
        for place, (moment, change, group) in enumerate(changes, start=1):
            sums[group] += change
            if place < len(changes) and changes[place][0] == moment:
                continue
            grade = grade_of(_total(sums, model_value))
            if grade != present:
                return as_of + timedelta(microseconds=moment), grade
        return None, None


def moved_grade(grades: GradeScale, probability: float, points: int) -> Grade | None:
    """Give the grade of a score: that of the probability, moved by a hundredth for each point; None if withheld."""
    return grades.grade(moved_probability(probability, points))


def moved_probability(probability: float, points: int) -> float:
    """Give a probability moved by a hundredth for each point, 0 to 1: what grades and orders go by."""
    return min(1.0, max(0.0, probability + points / HIGHEST_VALUE)) if points else probability


_UNBOUNDED = RuleGroup("")


def _moment(change: tuple[int, int, RuleGroup]) -> int:
    return change[0]


def _total(sums: dict[RuleGroup, int], model_value: int) -> int:
    """Give what groups add together, each held between its bounds, and all so that the score stays in 0 to 100."""
    total = sum(held(points, group.min_points, group.max_points) for group, points in sums.items())
    return held(total, -model_value, HIGHEST_VALUE - model_value)


def _anchor(record: LeadRecord, event_type: str) -> datetime | None:
    if not event_type:
        return record.received_time
    counter = record.counters.get(event_type)
    return None if counter is None else counter.last_time


def _seen_values(record: LeadRecord, probability: float, grade: Grade | None) -> dict[str, Any]:
    """Give what conditions see of a lead, by the variables of `scoring.rules.expression`."""
    fields: dict[str, Any] = {}
    dates: dict[str, datetime] = {}
    for name, answer in record.fields.items():
        for kind, value in answer.items():
            if kind == "date":
                dates[name] = datetime.fromisoformat(str(value))
            elif kind == "text":
                fields[name] = str(value)[:LONGEST_TEXT]
            elif kind == "number":
                fields[name] = float(value)  # type: ignore[arg-type]  # the kind says so
            else:
                fields[name] = value
    counters = record.counters
    return {
        "fields": fields,
        "dates": dates,
        "event_counts": {event_type: counter.count for event_type, counter in counters.items()},
        "event_days": {
            event_type: counter.active_days
            for event_type, counter in counters.items()
            if counter.active_days is not None
        },
        "event_times": {event_type: counter.last_time for event_type, counter in counters.items()},
        "status": _STATUSES[record.outcome],
        "received_time": record.received_time,
        "probability": probability,
        "grade": grade.name if grade else "",
    }
