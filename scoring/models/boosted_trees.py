"""Gradient-boosted decision trees (LightGBM).

Each split chooses among a part of the features, drawn anew (random forests, Breiman 2001): trees that differ err less
together than trees that all begin with the same strongest feature, most of all where times have changed what it tells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from scoring.features.feature_set import FeatureSet, Matrix
from scoring.models.cross_fitting import SEED, THREADS, Outcomes, folds_of
from scoring.models.leaves import LeafEnsemble, leaves_of
from scoring.models.target_rates import NO_RATES, TargetRates, learn_target_rates

DEPTH = 6
LARGEST_TREE_COUNT = 300
PATIENCE = 30
SHARE_OF_FEATURES = 0.5
# Among fewer, the best of a split would often be none.
FEWEST_FEATURES_A_SPLIT = 5

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BoostedTrees:
    """A fitted ensemble.

    Attributes:
        booster: LightGBM's own object.
        rates: The numbers that it sees in place of codes; none if it splits codes by sets of them.
    """

    booster: lightgbm.Booster
    rates: TargetRates = NO_RATES

    def log_odds(self, X: Matrix) -> Doubles:
        """Give the ensemble's log-odds, not yet calibrated.

        Args:
            X: One row a lead, one column a feature.
        """
        return _predicted(self.booster, self.rates.of(X))

    def leaves(self, feature_set: FeatureSet) -> LeafEnsemble:
        """Give the same function, leaf by leaf.

        Args:
            feature_set: What the columns are.
        """
        code_counts = [feature.code_count for feature in feature_set.features]
        return leaves_of(self.booster, code_counts, self.rates.tables)


def fit_boosted_trees(
    X: Matrix, outcomes: Outcomes, feature_set: FeatureSet, check: Callable[[], None], *, by_rates: bool = False
) -> tuple[BoostedTrees, Doubles]:
    """Fit an ensemble with as many trees as cross-validation finds best.

    Args:
        X: One row a lead, one column a feature; NaN where missing.
        outcomes: Each lead's outcome.
        feature_set: What the columns are.
        check: Called before each tree; whatever it raises ends the training.
        by_rates: Whether it splits categories by their rates of conversion instead of by sets of codes.

    Returns:
        The ensemble learnt from all rows, and for each row the log-odds by an ensemble of the same size that was
        learnt without it.
    """
    codes = [index for index, feature in enumerate(feature_set.features) if feature.code_count]
    rates, rows = learn_target_rates(X, outcomes, feature_set) if by_rates else (NO_RATES, X)
    parameters = _parameters(len(X), X.shape[1], SEED + by_rates)
    folds = folds_of(outcomes)

    def dataset() -> lightgbm.Dataset:
        return lightgbm.Dataset(
            rows,
            label=outcomes.astype(np.float32),
            categorical_feature=[] if by_rates else codes,
            params={"verbosity": -1, "feature_pre_filter": False},
            free_raw_data=False,
        )

    def check_before_tree(_environment: Any) -> None:
        check()

    check_before_tree.before_iteration = True  # type: ignore[attr-defined]
    found = lightgbm.cv(
        parameters,
        dataset(),
        num_boost_round=LARGEST_TREE_COUNT,
        folds=folds,
        callbacks=[check_before_tree, lightgbm.early_stopping(PATIENCE, verbose=False)],
        return_cvbooster=True,
    )
    cross_validated: Any = found["cvbooster"]
    tree_count = cross_validated.best_iteration
    out_of_fold = np.empty(len(X))
    for booster, (_, held_out) in zip(cross_validated.boosters, folds, strict=True):
        out_of_fold[held_out] = _predicted(booster, rows[held_out], tree_count)
    booster = lightgbm.train(parameters, dataset(), num_boost_round=tree_count, callbacks=[check_before_tree])
    return BoostedTrees(booster, rates), out_of_fold


def _predicted(booster: lightgbm.Booster, rows: Matrix | Doubles, tree_count: int | None = None) -> Doubles:
    predicted = booster.predict(rows, raw_score=True, num_iteration=tree_count, num_threads=THREADS)
    return np.asarray(predicted, dtype=np.float64)


def _parameters(row_count: int, feature_count: int, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 31,
        "max_depth": DEPTH,
        "lambda_l2": 5.0,
        "feature_fraction_bynode": max(SHARE_OF_FEATURES, min(1.0, FEWEST_FEATURES_A_SPLIT / feature_count)),
        # A fiftieth of a small set, so that there are splits at all.
        "min_data_in_leaf": min(40, max(3, row_count // 50)),
        "min_data_per_group": min(100, max(3, row_count // 50)),
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "verbosity": -1,
    }
