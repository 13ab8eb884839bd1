"""What an experiment shows: each arm, the arms side by side, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from scoring.experiments.experiment import Arm, ExperimentKind, ExperimentPlan
from scoring.statistics import intervals
from scoring.statistics.intervals import Estimate

Doubles = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.bool_]


class Verdict(IntEnum):
    """What follows from an experiment, numbered as in the contract."""

    TOO_FEW_OUTCOMES = 1
    NO_DIFFERENCE = 2
    CHALLENGER_BETTER = 3
    CHALLENGER_WORSE = 4


@dataclass(frozen=True, slots=True)
class ArmLeads:
    """The leads of an arm.

    Attributes:
        lead_count: All that were open while the experiment ran.
        outcomes: What became of those that have an outcome by now; in a shadow, both arms in the same order.
        probabilities: What the arm's model said of each of these last while it was open, strictly between 0 and 1;
            None for the hold-out.
    """

    lead_count: int
    outcomes: Outcomes
    probabilities: Doubles | None

    @property
    def outcome_count(self) -> int:
        """How many have an outcome."""
        return len(self.outcomes)

    @property
    def converted_count(self) -> int:
        """How many converted."""
        return int(self.outcomes.sum())

    @property
    def conversion_rate(self) -> Estimate | None:
        """The share that converted; None without outcomes."""
        return intervals.rate(self.converted_count, self.outcome_count) if self.outcome_count else None

    @property
    def squared_errors(self) -> Doubles | None:
        """The squared error of each probability, whose mean is the Brier score; None for the hold-out."""
        return None if self.probabilities is None else np.square(self.probabilities - self.outcomes)

    @property
    def brier_score(self) -> float | None:
        """The mean squared error; None without outcomes and for the hold-out."""
        errors = self.squared_errors
        return None if errors is None or not len(errors) else float(errors.mean())

    @property
    def log_loss(self) -> float | None:
        """The mean logarithmic loss in nats; None without outcomes and for the hold-out."""
        if self.probabilities is None or not self.outcome_count:
            return None
        return float(-np.log(np.where(self.outcomes, self.probabilities, 1.0 - self.probabilities)).mean())

    @property
    def placements(self) -> intervals.Placements | None:
        """AUC taken apart; None unless there are two leads of each outcome, and for the hold-out."""
        return None if self.probabilities is None else intervals.placements(self.outcomes, self.probabilities)


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """One arm beside another; what can't be told is None.

    Attributes:
        arm: The arm that is judged.
        against: The arm that it is compared with.
        rate_difference: By how much more of its leads converted.
        lift: The same in relation to the other's conversion rate.
        brier_difference: By how much its Brier score is higher; below 0 is better.
        auc_difference: By how much its AUC is higher.
    """

    arm: Arm
    against: Arm
    rate_difference: Estimate | None
    lift: Estimate | None
    brier_difference: Estimate | None
    auc_difference: Estimate | None


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """What an experiment shows.

    Attributes:
        arms: Each arm, the champion's first.
        comparisons: The challenger beside the champion, then both beside the hold-out if there is one.
        verdict: What follows.
        explanation: The same in words, with the figures.
    """

    arms: Mapping[Arm, ArmLeads]
    comparisons: Sequence[ArmComparison]
    verdict: Verdict
    explanation: str


def judge(plan: ExperimentPlan, arms: Mapping[Arm, ArmLeads]) -> ExperimentResult:
    """Says what an experiment shows.

    A shadow is judged by Brier score and AUC on the same leads. A canary is judged by these on different leads, and
    must not cost conversions. A split is judged by conversions alone.

    Args:
        plan: What the experiment is.
        arms: The leads of each arm that it has.
    """
    pairs = [(Arm.CHALLENGER, Arm.CONTROL)]
    if Arm.HOLD_OUT in arms:
        pairs += [(Arm.CONTROL, Arm.HOLD_OUT), (Arm.CHALLENGER, Arm.HOLD_OUT)]
    comparisons = [_compare(plan.kind, arms, arm, against) for arm, against in pairs]
    verdict, explanation = _verdict(plan, arms, comparisons[0])
    return ExperimentResult(arms, comparisons, verdict, explanation)


def _compare(kind: ExperimentKind, arms: Mapping[Arm, ArmLeads], arm: Arm, against: Arm) -> ArmComparison:
    leads, others = arms[arm], arms[against]
    paired = kind is ExperimentKind.SHADOW
    counts = leads.converted_count, leads.outcome_count, others.converted_count, others.outcome_count
    have_rates = not paired and bool(leads.outcome_count) and bool(others.outcome_count)
    errors, other_errors = leads.squared_errors, others.squared_errors
    if errors is None or other_errors is None:
        brier_difference = None
    elif paired:
        brier_difference = intervals.mean(errors - other_errors)
    else:
        brier_difference = intervals.mean_difference(errors, other_errors)
    return ArmComparison(
        arm=arm,
        against=against,
        rate_difference=intervals.rate_difference(*counts) if have_rates else None,
        lift=intervals.lift(*counts) if have_rates else None,
        brier_difference=brier_difference,
        auc_difference=intervals.auc_difference(leads.placements, others.placements, paired=paired),
    )


def _verdict(plan: ExperimentPlan, arms: Mapping[Arm, ArmLeads], comparison: ArmComparison) -> tuple[Verdict, str]:
    short = [
        f"{_ARM_WORDS[arm]} has {leads.outcome_count:,}"
        for arm, leads in arms.items()
        if leads.outcome_count < plan.minimum_outcome_count
    ]
    if short:
        return (
            Verdict.TOO_FEW_OUTCOMES,
            f"each arm needs {plan.minimum_outcome_count:,} leads with an outcome: {' and '.join(short)}",
        )
    better, worse = _signs(plan.kind, comparison)
    figures = _figures(plan.kind, comparison)
    if worse:
        return Verdict.CHALLENGER_WORSE, f"the challenger is worse in {' and '.join(worse)}: {figures}"
    if better:
        return Verdict.CHALLENGER_BETTER, f"the challenger is better in {' and '.join(better)}: {figures}"
    return Verdict.NO_DIFFERENCE, f"chance alone could make as much of a difference: {figures}"


def _signs(kind: ExperimentKind, comparison: ArmComparison) -> tuple[list[str], list[str]]:
    """In what the challenger is better, and in what worse, beyond chance."""
    brier, auc, rate = comparison.brier_difference, comparison.auc_difference, comparison.rate_difference
    better, worse = [], []
    if kind is not ExperimentKind.SPLIT:
        if brier is not None:
            better += ["Brier score"] if brier.is_below_zero else []
            worse += ["Brier score"] if brier.is_above_zero else []
        if auc is not None:
            better += ["AUC"] if auc.is_above_zero else []
            worse += ["AUC"] if auc.is_below_zero else []
    if rate is not None:
        better += ["conversions"] if kind is ExperimentKind.SPLIT and rate.is_above_zero else []
        worse += ["conversions"] if rate.is_below_zero else []
    return better, worse


def _figures(kind: ExperimentKind, comparison: ArmComparison) -> str:
    rate = comparison.rate_difference
    parts = []
    if rate is not None:
        parts.append(
            f"{rate.value * 100:+.1f} percentage points of conversion ({rate.low * 100:+.1f} to {rate.high * 100:+.1f})"
        )
    if kind is not ExperimentKind.SPLIT:
        for name, difference in (
            ("Brier score", comparison.brier_difference),
            ("AUC", comparison.auc_difference),
        ):
            if difference is not None:
                parts.append(f"{name} {difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})")
    return ", ".join(parts) or "nothing could be measured"


_ARM_WORDS = {Arm.CONTROL: "the champion", Arm.CHALLENGER: "the challenger", Arm.HOLD_OUT: "the hold-out"}
