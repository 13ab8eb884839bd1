"""What follows from an experiment."""

import numpy as np
import pytest

from scoring.experiments.experiment import Arm, ExperimentKind, ExperimentPlan
from scoring.experiments.result import ArmLeads, Verdict, judge
from server.runtime.identifiers import new_id


def plan(kind: ExperimentKind, hold_out_share: float = 0.0) -> ExperimentPlan:
    return ExperimentPlan(kind, new_id(), 0.4, hold_out_share, 100)


def leads(random: np.random.Generator, count: int, rate: float, noise: float) -> ArmLeads:
    """Gives leads whose model is off by some noise in log-odds."""
    truth = random.normal(np.log(rate / (1 - rate)), 1.5, count)
    outcomes = random.random(count) < 1 / (1 + np.exp(-truth))
    said = 1 / (1 + np.exp(-(truth + random.normal(0.0, noise, count))))
    return ArmLeads(count + 5, outcomes, said)


def shadow(noise: float, challenger_noise: float) -> dict[Arm, ArmLeads]:
    """Gives the same leads with two models."""
    random = np.random.default_rng(4)
    control = leads(random, 800, 0.3, noise)
    challenger = leads(np.random.default_rng(4), 800, 0.3, challenger_noise)
    np.testing.assert_array_equal(control.outcomes, challenger.outcomes)
    return {Arm.CONTROL: control, Arm.CHALLENGER: challenger}


@pytest.mark.parametrize(
    ("noise", "challenger_noise", "verdict"),
    [
        (1.5, 0.1, Verdict.CHALLENGER_BETTER),
        (0.1, 1.5, Verdict.CHALLENGER_WORSE),
        (0.5, 0.5, Verdict.NO_DIFFERENCE),
    ],
)
def test_a_shadow_is_judged_by_its_predictions(noise: float, challenger_noise: float, verdict: Verdict) -> None:
    result = judge(plan(ExperimentKind.SHADOW), shadow(noise, challenger_noise))
    assert result.verdict is verdict
    (comparison,) = result.comparisons
    assert comparison.rate_difference is None
    assert comparison.lift is None


def test_a_model_that_is_better_in_one_figure_and_worse_in_another_is_worse() -> None:
    arms = shadow(0.3, 0.3)
    control = arms[Arm.CONTROL]
    assert control.probabilities is not None
    # The order of the leads stays, so AUC does; but all probabilities are far too low.
    arms[Arm.CHALLENGER] = ArmLeads(control.lead_count, control.outcomes, control.probabilities / 3)
    result = judge(plan(ExperimentKind.SHADOW), arms)
    assert result.verdict is Verdict.CHALLENGER_WORSE
    assert result.explanation.startswith("the challenger is worse in Brier score: ")


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(0.45, Verdict.CHALLENGER_BETTER), (0.3, Verdict.NO_DIFFERENCE), (0.15, Verdict.CHALLENGER_WORSE)],
)
def test_a_split_is_judged_by_conversions(rate: float, verdict: Verdict) -> None:
    random = np.random.default_rng(5)
    arms = {Arm.CONTROL: leads(random, 900, 0.3, 0.1), Arm.CHALLENGER: leads(random, 900, rate, 0.1)}
    arms[Arm.HOLD_OUT] = ArmLeads(300, random.random(300) < 0.2, None)
    result = judge(plan(ExperimentKind.SPLIT, 0.2), arms)
    assert result.verdict is verdict
    assert [(pair.arm, pair.against) for pair in result.comparisons] == [
        (Arm.CHALLENGER, Arm.CONTROL),
        (Arm.CONTROL, Arm.HOLD_OUT),
        (Arm.CHALLENGER, Arm.HOLD_OUT),
    ]
    assert result.comparisons[1].brier_difference is None
    rate_difference = result.comparisons[1].rate_difference
    assert rate_difference is not None
    assert rate_difference.value == pytest.approx(
        arms[Arm.CONTROL].outcomes.mean() - arms[Arm.HOLD_OUT].outcomes.mean()
    )


def test_a_canary_that_costs_conversions_is_worse_however_well_it_predicts() -> None:
    random = np.random.default_rng(6)
    arms = {Arm.CONTROL: leads(random, 900, 0.5, 2.0), Arm.CHALLENGER: leads(random, 900, 0.2, 0.0)}
    result = judge(plan(ExperimentKind.CANARY), arms)
    assert result.verdict is Verdict.CHALLENGER_WORSE
    assert "conversions" in result.explanation


@pytest.mark.parametrize("few", [Arm.CONTROL, Arm.CHALLENGER])
def test_an_arm_with_too_few_outcomes_concludes_nothing(few: Arm) -> None:
    random = np.random.default_rng(7)
    arms = {arm: leads(random, 99 if arm is few else 500, 0.3, 0.1) for arm in (Arm.CONTROL, Arm.CHALLENGER)}
    result = judge(plan(ExperimentKind.CANARY), arms)
    assert result.verdict is Verdict.TOO_FEW_OUTCOMES
    assert "has 99" in result.explanation


def test_no_outcome_at_all_is_told_without_figures() -> None:
    nothing = ArmLeads(3, np.zeros(0, np.bool_), np.zeros(0))
    result = judge(plan(ExperimentKind.SHADOW), {Arm.CONTROL: nothing, Arm.CHALLENGER: nothing})
    assert result.verdict is Verdict.TOO_FEW_OUTCOMES
    assert (nothing.conversion_rate, nothing.brier_score, nothing.log_loss, nothing.placements) == (None,) * 4
