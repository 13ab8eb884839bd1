"""What a model must hand over to be served: plain arrays, without any training library.

Both kinds are already calibrated: their numbers are log-odds of the calibrated probability. In both, a lead's log-odds
are `base_log_odds` plus its attributions, and the base is the mean over the leads that the model learnt from.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

# Beyond this the probability differs from 0 or 1 by less than a millionth, which no training set can tell, and a
# float32 soon can't hold. Log-odds are cut here and attributions shrink in proportion, so that both stay true.
LARGEST_LOG_ODDS = 13.8

# What is added up to log-odds are multiples of this, whose sums a float64 holds exactly up to 2^20, in whatever order.
GRID = 2.0**-32


@dataclass(frozen=True, slots=True)
class LinearServable:
    """A model that adds one contribution a feature.

    A quantity contributes `weight * min(max(x, low), high) + offset`, or `missing` if it is NaN. A code contributes an
    entry of `code_contributions`. A feature has one of the two; the other is zero for it.

    Attributes:
        base_log_odds: Mean log-odds of the training leads.
        low: Smallest value that counts as it is, one a feature; smaller ones count as this one.
        high: Largest value that counts as it is, one a feature.
        weight: Log-odds a unit, one a feature; 0 for codes.
        offset: Log-odds that make the contribution's mean over the training leads 0, one a feature; 0 for codes.
        missing: Contribution where the value is missing, one a feature; 0 for codes.
        code_counts: How many codes each feature has; 0 for a quantity.
        code_offsets: Where in `code_contributions` each feature's entries begin.
        code_contributions: For each feature in turn, the contribution of each code, then of a missing value; for a
            quantity a single 0.
    """

    base_log_odds: float
    low: Doubles
    high: Doubles
    weight: Doubles
    offset: Doubles
    missing: Doubles
    code_counts: Integers
    code_offsets: Integers
    code_contributions: Doubles

    @property
    def feature_count(self) -> int:
        """The number of features that a row has."""
        return len(self.low)


@dataclass(frozen=True, slots=True)
class TreeServable:
    """A tree ensemble as tables over its leaves.

    Each feature's values are sorted into bins by the thresholds of the ensemble itself, and the missing value has a
    bin of its own, the feature's last. A leaf is reached by the rows that satisfy its conditions; those on one
    feature count as one, and are numbered by the slots 0 to `slots - 1`. The byte whose bit `s` tells whether a row
    satisfies slot `s` is the row's mask at the leaf. Prediction and attribution are look-ups by that mask.

    Attributes:
        base_log_odds: Mean log-odds of the training leads.
        intercept: Log-odds before any leaf is added.
        edges: For each feature its thresholds in rising order: `x` is in bin `i` if `edges[i - 1] < x <= edges[i]`.
        bin_offsets: Where in `masks` each feature's bins begin.
        masks: One row a bin, one column a leaf: the bits of the slots that a value in the bin satisfies.
        full_masks: For each leaf, the mask of a row that reaches it.
        leaf_values: What each leaf adds to the log-odds.
        table_offsets: Where in `attributions` each leaf's entries begin.
        attributions: One row a leaf and mask, one column a slot: the slot's exact Shapley value in log-odds.
        slot_features: One row a leaf, one column a slot: the feature that the slot stands for; the number of features
            where the leaf has no such slot.
        tree_offsets: Where in `leaf_values` each tree's leaves begin. A row reaches one leaf of each tree.
    """

    base_log_odds: float
    intercept: float
    edges: tuple[Doubles, ...]
    bin_offsets: Integers
    masks: Bytes
    full_masks: Bytes
    leaf_values: Doubles
    table_offsets: Integers
    attributions: Singles
    slot_features: Integers
    tree_offsets: Integers

    @property
    def feature_count(self) -> int:
        """The number of features that a row has."""
        return len(self.edges)

    @property
    def leaf_count(self) -> int:
        """The number of leaves of all trees."""
        return len(self.leaf_values)


Servable = LinearServable | TreeServable


def on_grid(values: npt.ArrayLike) -> Doubles:
    """Give numbers rounded to multiples of `GRID`, in their shape."""
    return np.asarray(np.round(np.asarray(values, dtype=np.float64) / GRID) * GRID)
