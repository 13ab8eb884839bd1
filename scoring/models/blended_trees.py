"""Two ensembles of trees and a logistic regression, added up in log-odds: the model that wins on most leads.

The mean of models that err differently errs less than they do on average (Krogh and Vedelsby 1995). One ensemble splits
categories by sets of answers, the other by their rates of conversion; the first is right where answers differ in kind,
the second where many answers have few leads each. Trees say the same of every lead beyond the last one they saw,
whereas a line goes on; so a share of regression keeps the order of leads where the market has moved away from them.

A sum of trees is an ensemble again, and so is a regression in steps (`additive_tables`). The blend is served and
explained like any ensemble, exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.features.feature_set import FeatureSet, Matrix
from scoring.models.additive_tables import AdditiveTables, stepped
from scoring.models.algorithm import Algorithm
from scoring.models.boosted_trees import BoostedTrees, fit_boosted_trees
from scoring.models.cross_fitting import Outcomes
from scoring.models.leaves import LeafEnsemble, weighted_sum
from scoring.models.logistic_regression import fit_logistic_regression

# Fixed, since few leads can't tell it: on real leads a quarter and a third ranked alike, two fifths worse.
SHARE_OF_REGRESSION = 0.25
SHARE_OF_EACH_ENSEMBLE = (1 - SHARE_OF_REGRESSION) / 2

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BlendedTrees:
    """A fitted blend.

    Attributes:
        by_sets: The ensemble that splits categories by sets of answers.
        by_rates: The ensemble that splits them by their rates of conversion.
        regression: The regression, in steps.
    """

    by_sets: BoostedTrees
    by_rates: BoostedTrees
    regression: AdditiveTables
    algorithm = Algorithm.GRADIENT_BOOSTED_TREES

    def log_odds(self, X: Matrix) -> Doubles:
        """Give the blend's log-odds, not yet calibrated.

        Args:
            X: One row a lead, one column a feature.
        """
        return _blended(self.by_sets.log_odds(X), self.by_rates.log_odds(X), self.regression.log_odds(X))

    def leaves(self, feature_set: FeatureSet) -> LeafEnsemble:
        """Give the same function as one ensemble, leaf by leaf.

        Args:
            feature_set: What the columns are.
        """
        return weighted_sum(
            [
                (SHARE_OF_EACH_ENSEMBLE, self.by_sets.leaves(feature_set)),
                (SHARE_OF_EACH_ENSEMBLE, self.by_rates.leaves(feature_set)),
                (SHARE_OF_REGRESSION, self.regression.leaves()),
            ]
        )


def fit_blended_trees(
    X: Matrix, outcomes: Outcomes, feature_set: FeatureSet, check: Callable[[], None]
) -> tuple[BlendedTrees, Doubles]:
    """Fit both ensembles and the regression.

    Args:
        X: One row a lead, one column a feature; NaN where missing.
        outcomes: Each lead's outcome.
        feature_set: What the columns are.
        check: Called now and then; whatever it raises ends the training.

    Returns:
        The blend learnt from all rows, and for each row the log-odds by a blend that was learnt without it.
    """
    by_sets, of_sets = fit_boosted_trees(X, outcomes, feature_set, check)
    by_rates, of_rates = fit_boosted_trees(X, outcomes, feature_set, check, by_rates=True)
    regression, of_regression = fit_logistic_regression(X, outcomes, feature_set, check)
    blend = BlendedTrees(by_sets, by_rates, stepped(regression, X))
    return blend, _blended(of_sets, of_rates, of_regression)


def _blended(of_sets: Doubles, of_rates: Doubles, of_regression: Doubles) -> Doubles:
    return SHARE_OF_EACH_ENSEMBLE * (of_sets + of_rates) + SHARE_OF_REGRESSION * of_regression
