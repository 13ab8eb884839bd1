"""Intervals, at 95 % confidence, of rates, means and areas, and of what two groups differ in.

- A conversion rate: Wilson's score interval (1927).
- The difference of two rates: Newcombe's hybrid score interval (1998, Statistics in Medicine 17, method 10), which puts
  two Wilson intervals together and keeps its word for small counts.
- The ratio of two rates: Katz's logarithmic interval (1978, Biometrics 34).
- A mean, or the difference of two means: the normal interval by the standard error (Welch 1947 for two groups).
- AUC, and the difference of two: DeLong's (1988, Biometrics 44), on the same leads or on different ones.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# The 97.5th percentile of the normal distribution: 95 % of it lie within so many standard deviations.
DEVIATIONS = 1.959963984540054

# Below this many of a group there is no standard error.
FEWEST = 2

Doubles = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and where it lies with 95 % confidence.

    Attributes:
        value: The figure as observed.
        low: Lower end of its interval.
        high: Upper end of its interval.
    """

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether it is above 0 beyond chance."""
        return self.low > 0.0

    @property
    def is_below_zero(self) -> bool:
        """Whether it is below 0 beyond chance."""
        return self.high < 0.0


def rate(converted: int, count: int) -> Estimate:
    """Gives a rate with Wilson's interval.

    Args:
        converted: How many converted, 0 to `count`.
        count: Of how many, 1 or more.
    """
    share, squared = converted / count, DEVIATIONS * DEVIATIONS
    center = (share + squared / (2 * count)) / (1 + squared / count)
    half = DEVIATIONS * math.sqrt(share * (1 - share) / count + squared / (4 * count * count)) / (1 + squared / count)
    return Estimate(share, max(0.0, center - half), min(1.0, center + half))


def rate_difference(converted: int, count: int, other_converted: int, other_count: int) -> Estimate:
    """Gives by how much a rate is higher than another, with Newcombe's interval.

    Args:
        converted: How many converted of the first group.
        count: Of how many, 1 or more.
        other_converted: How many converted of the second group.
        other_count: Of how many, 1 or more.
    """
    first, second = rate(converted, count), rate(other_converted, other_count)
    difference = first.value - second.value
    return Estimate(
        difference,
        difference - math.hypot(first.value - first.low, second.high - second.value),
        difference + math.hypot(first.high - first.value, second.value - second.low),
    )


def lift(converted: int, count: int, other_converted: int, other_count: int) -> Estimate | None:
    """Gives by how much a rate is higher in relation to another, with Katz's interval: 0.1 stands for 10 % more.

    Args:
        converted: How many converted of the first group.
        count: Of how many, 1 or more.
        other_converted: How many converted of the second group.
        other_count: Of how many, 1 or more.

    Returns:
        The lift, -1 or more; None if nobody converted in one of the groups.
    """
    if not converted or not other_converted:
        return None
    ratio = converted / count * other_count / other_converted
    deviation = math.sqrt(1 / converted - 1 / count + 1 / other_converted - 1 / other_count)
    factor = math.exp(DEVIATIONS * deviation)
    return Estimate(ratio - 1, ratio / factor - 1, ratio * factor - 1)


def mean(values: Doubles) -> Estimate | None:
    """Gives a mean; None for fewer than two values."""
    if len(values) < FEWEST:
        return None
    return _normal(float(values.mean()), float(values.var(ddof=1)) / len(values))


def mean_difference(values: Doubles, other: Doubles) -> Estimate | None:
    """Gives by how much the mean of a group is higher than that of another; None for fewer than two of one."""
    if min(len(values), len(other)) < FEWEST:
        return None
    variance = values.var(ddof=1) / len(values) + other.var(ddof=1) / len(other)
    return _normal(float(values.mean() - other.mean()), float(variance))


@dataclass(frozen=True, slots=True)
class Placements:
    """AUC of some predictions, taken apart by lead as DeLong does.

    Attributes:
        converted: For each converted lead the share of the lost ones that it is ranked above, ties half.
        lost: For each lost lead the share of the converted ones that are ranked above it, ties half.
    """

    converted: Doubles
    lost: Doubles

    @property
    def auc(self) -> float:
        """The area under the ROC curve."""
        return float(self.converted.mean())

    @property
    def variance(self) -> float:
        """The variance of the area."""
        return float(self.converted.var(ddof=1) / len(self.converted) + self.lost.var(ddof=1) / len(self.lost))


def placements(outcomes: Outcomes, probabilities: Doubles) -> Placements | None:
    """Takes AUC apart; None unless there are two leads of each outcome.

    Args:
        outcomes: What became of each lead.
        probabilities: What was predicted.
    """
    converted, lost = probabilities[outcomes], probabilities[~outcomes]
    if min(len(converted), len(lost)) < FEWEST:
        return None
    ranks = _ranks(probabilities)
    return Placements(
        (ranks[outcomes] - _ranks(converted)) / len(lost),
        1.0 - (ranks[~outcomes] - _ranks(lost)) / len(converted),
    )


def auc(outcomes: Outcomes, probabilities: Doubles) -> Estimate | None:
    """Gives AUC with DeLong's interval, within 0 to 1; None unless there are two leads of each outcome."""
    placed = placements(outcomes, probabilities)
    if placed is None:
        return None
    estimate = _normal(placed.auc, placed.variance)
    return Estimate(estimate.value, max(0.0, estimate.low), min(1.0, estimate.high))


def auc_difference(placed: Placements | None, other: Placements | None, *, paired: bool) -> Estimate | None:
    """Gives by how much an AUC is higher than another.

    Args:
        placed: The first; None if there is none.
        other: The second; None if there is none.
        paired: Whether both are of the same leads in the same order.

    Returns:
        The difference; None if one of them is missing.
    """
    if placed is None or other is None:
        return None
    difference = placed.auc - other.auc
    if not paired:
        return _normal(difference, placed.variance + other.variance)
    return _normal(difference, Placements(placed.converted - other.converted, placed.lost - other.lost).variance)


def _ranks(values: Doubles) -> Doubles:
    """Gives each value's rank from 1 on, equal values the mean of theirs."""
    _, positions, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[positions], dtype=np.float64)


def _normal(value: float, variance: float) -> Estimate:
    half = DEVIATIONS * math.sqrt(variance)
    return Estimate(value, value - half, value + half)
