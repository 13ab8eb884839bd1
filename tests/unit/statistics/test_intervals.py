"""Intervals, against published figures, scipy, scikit-learn and simulation."""

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_ind
from scipy.stats.contingency import relative_risk
from sklearn.metrics import roc_auc_score

from scoring.statistics import intervals

SIMULATIONS = 2_000


@pytest.mark.parametrize(("converted", "count"), [(0, 10), (1, 7), (81, 263), (10, 10)])
def test_wilson_agrees_with_scipy(converted: int, count: int) -> None:
    expected = binomtest(converted, count).proportion_ci(0.95, method="wilson")
    found = intervals.rate(converted, count)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # Newcombe (1998), table II, method 10.
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((10, 10, 0, 20), 0.6791, 1.0000),
    ],
)
def test_newcombe_s_own_figures(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    found = intervals.rate_difference(*counts)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("counts", [(30, 200, 20, 210), (5, 40, 9, 30), (400, 1000, 380, 1000)])
def test_lift_agrees_with_scipy_s_relative_risk(counts: tuple[int, int, int, int]) -> None:
    expected = relative_risk(*counts)
    limits = expected.confidence_interval(0.95)
    found = intervals.lift(*counts)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.relative_risk - 1, limits.low - 1, limits.high - 1), abs=1e-12
    )


@pytest.mark.parametrize("counts", [(0, 50, 5, 50), (5, 50, 0, 50)])
def test_there_is_no_lift_over_or_of_nothing(counts: tuple[int, int, int, int]) -> None:
    assert intervals.lift(*counts) is None


def test_the_difference_of_means_is_welch_s_with_many_values() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(0.3, 1.0, 4_000), random.normal(0.2, 2.0, 9_000)
    limits = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    found = intervals.mean_difference(one, other)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high), abs=1e-4)


def test_auc_agrees_with_scikit_learn_with_ties() -> None:
    random = np.random.default_rng(2)
    outcomes, probabilities = random.random(500) < 0.3, random.integers(1, 20, 500) / 20
    found = intervals.auc(outcomes, probabilities)
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(outcomes, probabilities), abs=1e-12)


@pytest.mark.parametrize("paired", [True, False])
def test_auc_difference_holds_the_truth_19_times_of_20(*, paired: bool) -> None:
    # Two noisy views of the same leads are as good as each other: the true difference is 0.
    random, held = np.random.default_rng(3), 0
    for _ in range(SIMULATIONS):
        placed = []
        outcomes = random.random(120) < 0.4
        signal = random.normal(outcomes * 1.0, 1.0)
        for _ in range(2):
            if not paired:
                outcomes = random.random(120) < 0.4
                signal = random.normal(outcomes * 1.0, 1.0)
            placed.append(intervals.placements(outcomes, signal + random.normal(0.0, 0.7, 120)))
        difference = intervals.auc_difference(*placed, paired=paired)
        assert difference is not None
        held += difference.low <= 0.0 <= difference.high
    assert held / SIMULATIONS == pytest.approx(0.95, abs=0.02)


def test_nothing_is_told_of_too_few() -> None:
    few, many = np.array([0.5]), np.array([0.5, 0.25])
    assert intervals.mean(few) is None
    assert intervals.mean_difference(few, many) is None
    assert intervals.auc(np.array([True, False, False]), np.array([0.5, 0.2, 0.1])) is None
    assert intervals.auc_difference(None, None, paired=True) is None
