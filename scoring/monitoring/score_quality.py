"""How right scores were: those that leads had, beside the outcomes that came later.

The expected calibration error is the mean gap between the mean probability and the conversion rate of ten bins of about
equal count, fewer where many leads have the same probability. It is never 0, not even where every probability is right,
since rates of finitely many leads differ from their probabilities: what it reaches then is found by drawing outcomes
from the probabilities themselves, 1,000 times (Broecker and Smith 2007, Weather and Forecasting 22). Its interval is
the basic bootstrap's (Davison and Hinkley 1997, chapter 5) over 1,000 resamples of the leads: resampling raises the
error, and this interval takes that back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.statistics import intervals
from scoring.statistics.intervals import Estimate

BIN_COUNT = 10
DRAWS = 1_000
SEED = 20_260_101
CHANCE_QUANTILE = 0.95
INTERVAL_QUANTILES = (0.025, 0.975)

Doubles = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Leads of about the same score, and what became of them.

    Attributes:
        expected_rate: The mean of their probabilities, 0 to 1.
        observed_rate: The share that converted, with Wilson's interval.
        count: Leads, 1 or more.
    """

    expected_rate: float
    observed_rate: Estimate
    count: int


@dataclass(frozen=True, slots=True)
class ScoreQuality:
    """How right scores were.

    Attributes:
        outcome_count: Leads with an outcome.
        evaluation_auc: AUC when the model was evaluated.
        expected_rate: The mean of their probabilities, 0 to 1; 0 without leads.
        observed_rate: The share that converted, 0 to 1; 0 without leads.
        calibration_error: The expected calibration error; None for too few outcomes.
        calibration_chance_limit: What that error reaches by chance in 1 of 20 cases where every probability is right.
        auc: Area under the ROC curve with DeLong's interval; None for too few outcomes, or of one kind alone.
        bins: From the lowest probability to the highest; empty for too few outcomes.
    """

    outcome_count: int
    evaluation_auc: float
    expected_rate: float = 0.0
    observed_rate: float = 0.0
    calibration_error: Estimate | None = None
    calibration_chance_limit: float = 0.0
    auc: Estimate | None = None
    bins: Sequence[ScoreBin] = ()

    def to_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values, from which `from_json` makes it again."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Makes it from what `to_json` gave."""
        estimates = {
            name: None if document[name] is None else Estimate(**document[name])
            for name in ("calibration_error", "auc")
        }
        bins = [
            ScoreBin(**{**entry, "observed_rate": Estimate(**entry["observed_rate"])}) for entry in document["bins"]
        ]
        return cls(**{**document, **estimates, "bins": bins})


def measure(outcomes: Outcomes, probabilities: Doubles, evaluation_auc: float, minimum_count: int) -> ScoreQuality:
    """Measures how right scores were.

    Args:
        outcomes: What became of each lead.
        probabilities: What its score said before, strictly between 0 and 1.
        evaluation_auc: AUC when the model was evaluated, 0 to 1.
        minimum_count: Fewer leads are only counted; 1 or more.
    """
    count = len(outcomes)
    if not count:
        return ScoreQuality(0, evaluation_auc)
    rates = float(probabilities.mean()), float(outcomes.mean())
    if count < max(minimum_count, BIN_COUNT):
        return ScoreQuality(count, evaluation_auc, *rates)
    # The same leads give the same figures, in whatever order they come: leads of the same probability share a bin.
    order = np.lexsort((outcomes, probabilities))
    outcomes, probabilities = outcomes[order], probabilities[order]
    firsts = probabilities[np.arange(BIN_COUNT) * count // BIN_COUNT]
    starts = np.unique(np.searchsorted(probabilities, firsts, side="left"))
    return ScoreQuality(
        count,
        evaluation_auc,
        *rates,
        calibration_error=_calibration_error(outcomes, probabilities, starts),
        calibration_chance_limit=_chance_limit(probabilities, starts),
        auc=intervals.auc(outcomes, probabilities),
        bins=[
            ScoreBin(float(said.mean()), intervals.rate(int(became.sum()), len(became)), len(became))
            for said, became in zip(np.split(probabilities, starts[1:]), np.split(outcomes, starts[1:]), strict=True)
        ],
    )


def _calibration_error(outcomes: Outcomes, probabilities: Doubles, starts: npt.NDArray[np.int64]) -> Estimate:
    gaps, count = probabilities - outcomes, len(outcomes)
    generator = np.random.default_rng(SEED)
    draws = [
        _error(gaps * np.bincount(generator.integers(count, size=count), minlength=count), starts) for _ in range(DRAWS)
    ]
    error = _error(gaps, starts)
    low, high = 2 * error - np.quantile(draws, INTERVAL_QUANTILES)[::-1]
    return Estimate(error, max(0.0, min(float(low), error)), max(float(high), error))


def _chance_limit(probabilities: Doubles, starts: npt.NDArray[np.int64]) -> float:
    generator = np.random.default_rng(SEED)
    draws = [
        _error(probabilities - (generator.random(len(probabilities)) < probabilities), starts) for _ in range(DRAWS)
    ]
    return float(np.quantile(draws, CHANCE_QUANTILE))


def _error(gaps: Doubles, starts: npt.NDArray[np.int64]) -> float:
    return float(np.abs(np.add.reduceat(gaps, starts)).sum() / len(gaps))
