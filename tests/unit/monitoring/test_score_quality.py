"""How right scores were."""

import numpy as np
import pytest

from scoring.monitoring.score_quality import ScoreQuality, measure
from scoring.training.evaluation import area_under_roc_curve, calibration_error, reliability_bins


def draw(seed: int, count: int, *, off: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draws outcomes, and probabilities that are off by something in log-odds."""
    random = np.random.default_rng(seed)
    truth = random.normal(-1.0, 1.2, count)
    return random.random(count) < 1 / (1 + np.exp(-truth)), 1 / (1 + np.exp(-(truth + off)))


def test_the_figures_are_those_of_the_evaluation() -> None:
    outcomes, probabilities = draw(1, 1_003, off=0.5)
    quality = measure(outcomes, probabilities, 0.8, 100)
    assert quality.calibration_error is not None
    assert quality.auc is not None
    assert quality.calibration_error.value == pytest.approx(
        calibration_error(reliability_bins(outcomes, probabilities)), abs=2e-3
    )
    assert quality.auc.value == pytest.approx(area_under_roc_curve(outcomes, probabilities), abs=1e-12)
    assert (quality.expected_rate, quality.observed_rate) == (probabilities.mean(), outcomes.mean())
    assert sum(entry.count for entry in quality.bins) == 1_003
    assert [entry.expected_rate for entry in quality.bins] == sorted(entry.expected_rate for entry in quality.bins)
    assert ScoreQuality.from_json(quality.to_json()) == quality


def test_right_probabilities_are_seldom_beyond_chance_and_wrong_ones_always() -> None:
    def is_beyond(seed: int, off: float) -> bool:
        quality = measure(*draw(seed, 400, off=off), 0.8, 100)
        assert quality.calibration_error is not None
        assert quality.calibration_error.low <= quality.calibration_error.value
        return quality.calibration_error.value > quality.calibration_chance_limit

    assert sum(is_beyond(seed, 0.0) for seed in range(60)) <= 8
    assert all(is_beyond(seed, 1.0) for seed in range(10))


def test_the_order_of_the_leads_does_not_matter() -> None:
    outcomes, probabilities = draw(3, 500)
    assert measure(outcomes[::-1], probabilities[::-1], 0.8, 100) == measure(outcomes, probabilities, 0.8, 100)


def test_leads_of_one_probability_are_not_parted_by_their_outcome() -> None:
    outcomes, probabilities = np.arange(400) % 4 == 0, np.repeat([0.24, 0.26], 200)
    quality = measure(outcomes, probabilities, 0.8, 100)
    assert quality.calibration_error is not None
    assert quality.calibration_error.value == pytest.approx(0.01)
    assert [entry.count for entry in quality.bins] == [200, 200]


def test_too_few_are_only_counted() -> None:
    outcomes, probabilities = draw(4, 99)
    quality = measure(outcomes, probabilities, 0.8, 100)
    assert (quality.outcome_count, quality.calibration_error, quality.auc, quality.bins) == (99, None, None, ())
    assert measure(outcomes[:0], probabilities[:0], 0.8, 100) == ScoreQuality(0, 0.8)


def test_outcomes_of_one_kind_have_no_auc() -> None:
    quality = measure(np.zeros(200, np.bool_), np.linspace(0.1, 0.2, 200), 0.8, 100)
    assert quality.auc is None
    assert quality.calibration_error is not None
