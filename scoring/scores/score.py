"""A computed score, and the lead it was computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.explanation.grades import Grade
from scoring.features.lead_record import LeadRecord
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet, RuleResult, moved_probability

# Below this, two probabilities of one model differ by the rounding of 32-bit floats alone.
SMALLEST_CHANGE = 1e-6


class ScoreOverride(NamedTuple):
    """A lead's score as a person set it; it stands in place of what is computed.

    Attributes:
        value: The score, 0 to 100.
        principal: Who set it.
        create_time: When, UTC.
    """

    value: int
    principal: str
    create_time: datetime


class ScoreMakers(NamedTuple):
    """What makes a tenant's scores.

    Attributes:
        champion_id: The model; None if there is none yet.
        rule_set_id: The version of the rules that is active; None if none is.
    """

    champion_id: UUID | None
    rule_set_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredLead:
    """A lead as it was read to be scored.

    Attributes:
        lead_id: The lead's id.
        record: What the model may see of it.
        is_open: Whether it is still being worked on; only then its score is kept fresh.
        champion_id: The model that makes its score: the tenant's champion, or the challenger of an experiment that has
            the lead. None if the tenant has no model yet, or an experiment holds the lead out.
        read_time: When it was read, by the database's clock, UTC.
        rule_set_id: The version of the rules that is active; None if none is.
        override: The score that a person set for it; None if nobody did.
    """

    lead_id: UUID
    record: LeadRecord
    is_open: bool
    champion_id: UUID | None
    read_time: datetime
    rule_set_id: UUID | None = None
    override: ScoreOverride | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """How probable it is that a lead converts, and why.

    Attributes:
        model: The model that says so.
        record: The lead as it was.
        probability: Calibrated, strictly between 0 and 1.
        log_odds: The probability as natural log-odds.
        base_log_odds: Where the attributions start from.
        attributions: What each feature of the model adds, in log-odds; with `base_log_odds` they make `log_odds`.
            None if they were not asked for.
        compute_time: The moment as of which the lead was scored, UTC.
        features: The row that the model was given, float32: from it the same score comes again.
        rules: What the tenant's rules make of it; None if none are active.
        override: What a person set in its place; None if nobody did.
    """

    model: ServedModel
    record: LeadRecord
    probability: float
    log_odds: float
    base_log_odds: float
    attributions: Sequence[float] | None
    compute_time: datetime
    features: npt.NDArray[np.float32]
    rules: RuleResult | None = None
    override: ScoreOverride | None = None

    def with_rules(self, rules: CompiledRuleSet | None) -> Self:
        """Gives the score with what rules make of it; without rules, itself."""
        if rules is None:
            return self
        findings = rules.findings(self.record, self.probability, self.model.grades.grade(self.probability))
        result = rules.result(findings, self.probability, self.model_value, self.model.grades, self.compute_time)
        return replace(self, rules=result)

    def with_override(self, override: ScoreOverride | None) -> Self:
        """Gives the score with a person's value in place of what rules make of it; without one, itself."""
        return self if override is None else replace(self, rules=overruled(self.rules), override=override)

    @property
    def model_value(self) -> int:
        """What the model says: the probability as 0 to 100, rounded to the nearest integer."""
        return score_value(self.probability)

    @property
    def rule_points(self) -> int:
        """What the rules add to it."""
        return 0 if self.rules is None else self.rules.points

    @property
    def override_points(self) -> int:
        """What a person's value adds to it."""
        return override_points(self.override, self.model_value)

    @property
    def value(self) -> int:
        """What people look at, 0 to 100: what the model says, what the rules add, and what a person's value adds."""
        return self.model_value + self.rule_points + self.override_points

    @property
    def standing(self) -> float:
        """The probability moved by the rules, 0 to 1: what grades go by."""
        return moved_probability(self.probability, self.rule_points)

    @property
    def grade(self) -> Grade | None:
        """The score's class; None if the model's grades are withheld."""
        if self.override is not None:
            return self.model.grades.grade(self.override.value / 100)
        return self.model.grades.grade(self.probability) if self.rules is None else self.rules.grade

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of where the probability lies with 90 % confidence, 0 to 1."""
        return self.model.intervals.interval(self.log_odds)


def overruled(rules: RuleResult | None) -> RuleResult | None:
    """Gives what is left of rules while a person's value stands: their version and findings, and no points."""
    if rules is None:
        return None
    return replace(rules, contributions=(), points=0, next_grade_time=None, next_grade=None)


def override_points(override: ScoreOverride | None, model_value: int) -> int:
    """Gives what a person's value adds to the model's (0 to 100): their difference, 0 without one."""
    return 0 if override is None else override.value - model_value


def score_value(probability: float) -> int:
    """Gives a probability (0 to 1) as 0 to 100, rounded to the nearest integer, halves up."""
    return int(probability * 100 + 0.5)
