"""Two ensembles of trees and a logistic regression, added up in log-odds: the model that wins on most leads.

The mean of models that err differently errs less than they do on average (Krogh and Vedelsby 1995). One ensemble splits
categories by sets of answers, the other by their rates of conversion; the first is right where answers differ in kind,
the second where many answers have few leads each. Trees say the same of every lead beyond the last one they saw,
whereas a line goes on; so a share of regression keeps the order of leads where the market has moved away from them,
unless leads that were not learnt from show that it is clearly worse.

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
from scoring.models.calibration import fit_calibration
from scoring.models.cross_fitting import Outcomes
from scoring.models.leaves import LeafEnsemble, weighted_sum
from scoring.models.logistic_regression import fit_logistic_regression

# Few leads can't tell it: on real leads a quarter and a third ranked alike, two fifths worse.
SHARE_OF_REGRESSION = 0.25
CLEAR_STANDARD_ERRORS = 2.0

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BlendedTrees:
    """A fitted blend.

    Attributes:
        by_sets: The ensemble that splits categories by sets of answers.
        by_rates: The ensemble that splits them by their rates of conversion.
        regression: The regression, in steps.
        share_of_regression: What part of the log-odds is the regression's, 0 to 1; each ensemble has half of the rest.
    """

    by_sets: BoostedTrees
    by_rates: BoostedTrees
    regression: AdditiveTables
    share_of_regression: float
    algorithm = Algorithm.GRADIENT_BOOSTED_TREES

    def log_odds(self, X: Matrix) -> Doubles:
        """Give the blend's log-odds, not yet calibrated.

        Args:
            X: One row a lead, one column a feature.
        """
        trees = (self.by_sets.log_odds(X) + self.by_rates.log_odds(X)) / 2
        return _blended(trees, self.regression.log_odds(X), self.share_of_regression)

    @property
    def share_of_each_ensemble(self) -> float:
        """What part of the log-odds is that of either ensemble, 0 to 1/2."""
        return (1 - self.share_of_regression) / 2

    def leaves(self, feature_set: FeatureSet) -> LeafEnsemble:
        """Give the same function as one ensemble, leaf by leaf.

        Args:
            feature_set: What the columns are.
        """
        shares = [
            (self.share_of_each_ensemble, self.by_sets.leaves(feature_set)),
            (self.share_of_each_ensemble, self.by_rates.leaves(feature_set)),
            (self.share_of_regression, self.regression.leaves()),
        ]
        return weighted_sum([(share, leaves) for share, leaves in shares if share])


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
    of_trees = (of_sets + of_rates) / 2
    of_blend = _blended(of_trees, of_regression, SHARE_OF_REGRESSION)
    share = 0.0 if _is_clearly_worse(of_blend, of_trees, outcomes) else SHARE_OF_REGRESSION
    blend = BlendedTrees(by_sets, by_rates, stepped(regression, X), share)
    return blend, _blended(of_trees, of_regression, share)


def _blended(of_trees: Doubles, of_regression: Doubles, share_of_regression: float) -> Doubles:
    return (1 - share_of_regression) * of_trees + share_of_regression * of_regression


def _is_clearly_worse(of_blend: Doubles, of_trees: Doubles, outcomes: Outcomes) -> bool:
    """Tell whether the log loss of out-of-fold log-odds, calibrated, is higher by more than chance explains."""
    lost = _losses(of_blend, outcomes) - _losses(of_trees, outcomes)
    return bool(lost.mean() > CLEAR_STANDARD_ERRORS * lost.std() / len(lost) ** 0.5)


def _losses(out_of_fold: Doubles, outcomes: Outcomes) -> Doubles:
    calibrated = fit_calibration(out_of_fold, outcomes).apply(out_of_fold)
    return np.asarray(np.logaddexp(0.0, np.where(outcomes, -calibrated, calibrated)), dtype=np.float64)
