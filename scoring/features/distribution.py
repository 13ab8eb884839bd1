"""How leads spread over the values of each feature, and how far two spreads are apart.

Each feature has bins: ten of about equal count for a quantity, one for each of the most frequent codes, one for all
other codes, and one for missing values. The population stability index of two spreads p and q is the sum of
(p - q) ln(p / q) over the bins (Kullback's divergence, both ways; Siddiqi 2006, Credit Risk Scorecards). Where nothing
has changed, n and m leads make it (1/n + 1/m) times a chi-squared variable with one degree of freedom fewer than there
are bins (Yurdakul and Naranjo 2020, Journal of Risk Model Validation), which tells how much of it chance explains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.features.feature import Feature
from scoring.features.feature_set import FeatureSet, Matrix

QUANTITY_BINS = 10
MOST_CODES = 19
# Added to each count, so that an empty bin does not make the index infinite (Jeffreys' prior).
PRIOR_COUNT = 0.5
# In 1 of 20 checks, chance alone reaches the limit.
CONFIDENCE = 0.95

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stability:
    """How far the leads of now are from those of before in one feature.

    Attributes:
        index: The population stability index, 0 or more.
        chance_limit: What the index reaches by chance in 1 of 20 cases where nothing has changed.
        count: Leads of now.
    """

    index: float
    chance_limit: float
    count: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """How leads spread over the values of one feature.

    Attributes:
        edges: For a quantity, the limits between its bins, rising; a value on a limit is in the lower bin.
        codes: For a feature with codes, those with a bin of their own; None for a quantity.
        counts: Leads in each bin: the quantity's bins or the codes', then those with another code if there are codes,
            then those without a value.
    """

    edges: tuple[float, ...]
    codes: tuple[int, ...] | None
    counts: tuple[int, ...]

    def stability(self, column: npt.NDArray[np.float32]) -> Stability:
        """Compares leads of now with these.

        Args:
            column: Their values, NaN where one is missing; at least one.
        """
        # A tenth of a second to import, which who only scores does without.
        from scipy.stats import chi2  # noqa: PLC0415

        before = np.asarray(self.counts)
        now = _counts(column, self.edges, self.codes)
        used = (before > 0) | (now > 0)
        expected, observed = _shares(before[used]), _shares(now[used])
        index = float(np.sum((observed - expected) * np.log(observed / expected)))
        degrees = int(used.sum()) - 1
        spread = 1.0 / int(before.sum()) + 1.0 / int(now.sum())
        return Stability(index, float(chi2.ppf(CONFIDENCE, degrees)) * spread if degrees else 0.0, len(column))


class Distributions:
    """How leads spread over the values of each feature of a set.

    Args:
        distributions: One for each feature in the order of the columns; none where nothing is known.
    """

    def __init__(self, distributions: Sequence[Distribution]) -> None:
        self._distributions = tuple(distributions)

    def __len__(self) -> int:
        """Give the number of features that something is known of."""
        return len(self._distributions)

    @classmethod
    def observe(cls, feature_set: FeatureSet, X: Matrix) -> Self:
        """Describe the leads of a training.

        Args:
            feature_set: The features.
            X: One row a lead and one column a feature; at least one row.
        """
        return cls([_observe(feature, X[:, index]) for index, feature in enumerate(feature_set.features)])

    def stability(self, index: int, column: npt.NDArray[np.float32]) -> Stability:
        """Compare leads of now with these.

        Args:
            index: The feature's position, 0-based.
            column: The values of the leads of now, NaN where one is missing; at least one.
        """
        return self._distributions[index].stability(column)

    def to_json(self) -> dict[str, Any]:
        """Give them as plain JSON values, from which `from_json` makes them again."""
        return {
            "features": [
                {
                    "edges": list(entry.edges),
                    "codes": None if entry.codes is None else list(entry.codes),
                    "counts": list(entry.counts),
                }
                for entry in self._distributions
            ]
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Make them from what `to_json` gave; from nothing, of a model from before they were kept, none."""
        return cls(
            [
                Distribution(
                    tuple(entry["edges"]),
                    None if entry["codes"] is None else tuple(entry["codes"]),
                    tuple(entry["counts"]),
                )
                for entry in document.get("features", ())
            ]
        )


def _observe(feature: Feature, column: npt.NDArray[np.float32]) -> Distribution:
    present = column[~np.isnan(column)].astype(np.float64)
    edges: tuple[float, ...] = ()
    codes: tuple[int, ...] | None = None
    if feature.code_count:
        found, counts = np.unique(present.astype(np.int64), return_counts=True)
        codes = tuple(int(code) for code in found[np.argsort(-counts, kind="stable")][:MOST_CODES])
    elif len(present):
        quantiles = np.quantile(present, np.arange(1, QUANTITY_BINS) / QUANTITY_BINS, method="inverted_cdf")
        edges = tuple(float(edge) for edge in np.unique(quantiles))
    return Distribution(edges, codes, tuple(_counts(column, edges, codes).tolist()))


def _counts(column: npt.NDArray[np.float32], edges: Sequence[float], codes: Sequence[int] | None) -> Counts:
    missing = np.isnan(column)
    present = column[~missing].astype(np.float64)
    if codes is None:
        bins = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    else:
        by_code = [int(np.count_nonzero(present == code)) for code in codes]
        bins = np.array([*by_code, len(present) - sum(by_code)])
    return np.append(bins, int(missing.sum())).astype(np.int64)


def _shares(counts: Counts) -> npt.NDArray[np.float64]:
    return np.asarray((counts + PRIOR_COUNT) / (counts.sum() + PRIOR_COUNT * len(counts)))
