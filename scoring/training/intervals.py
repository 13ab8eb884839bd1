"""Finds out how far a model's scores may be from the truth.

The error of a score, in log-odds, has two parts, and their variances add up (Draper 1995):

- **Too few leads.** Had other leads been drawn, the same kind of model would have come out differently. How much, is
  told by the posterior variance of a logistic regression on the same features with the prior that its penalty is
  (Laplace's approximation, MacKay 1992). It is taken as if the lead had not been learnt from. With few leads the
  prior dominates: what a feature might mean counts although no lead has shown it yet.
- **The wrong kind of model.** Two kinds that predict equally well and yet disagree can't both be right. If each is as
  likely to be, the variance of the truth about the chosen one is half of the squared disagreement of predictions
  that neither kind has learnt from. The kinds are regression and trees without their share of regression.

The sum is averaged over leads with about the same score, so that the score alone tells the interval.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import cholesky, solve_triangular
from scipy.special import logit

from scoring.models.blended_trees import BlendedTrees
from scoring.models.interval_table import IntervalTable
from scoring.models.logistic_regression import PRIOR_PRECISION, design_of
from scoring.training.fit import FittedModel

# The average over leads of like score needs no more of them, spread evenly over the leads.
MOST_ROWS = 5_000
# From here on the columns are nearly all codes of categories, few of which occur together: each is taken by itself.
MOST_COLUMNS = 1_500
LARGEST_BIN_COUNT = 20
FEWEST_IN_BIN = 50
# The intercept has a prior so wide that it tells nothing.
INTERCEPT_PRECISION = 1e-6

Doubles = npt.NDArray[np.float64]


def interval_table(chosen: FittedModel, others: Sequence[FittedModel]) -> IntervalTable:
    """Tell how far the chosen model's scores may be from the truth.

    Args:
        chosen: The model whose scores are meant.
        others: The other kinds of model, fitted on the same rows; at least one.
    """
    rows = _spread_evenly(len(chosen.out_of_fold))
    log_odds = np.asarray(logit(chosen.out_of_fold), dtype=np.float64)
    # A share of what the blend says is the regression's: its trees alone disagree with the regression by more.
    kinds = [fitted.classifier for fitted in (chosen, *others)]
    share = sum(kind.share_of_regression for kind in kinds if isinstance(kind, BlendedTrees))
    differences = [(logit(other.out_of_fold) - log_odds) / (1 - share) for other in others]
    disagreement = np.mean(np.square(differences), axis=0)
    variances = _posterior_variances(chosen, rows) + disagreement[rows] / 2
    order = np.argsort(log_odds[rows], kind="stable")
    bin_count = min(LARGEST_BIN_COUNT, max(1, len(rows) // FEWEST_IN_BIN))
    bins = np.array_split(order, bin_count)
    return IntervalTable(
        [float(log_odds[rows][members].mean()) for members in bins],
        [float(np.sqrt(variances[members].mean())) for members in bins],
    )


def _spread_evenly(count: int) -> npt.NDArray[np.intp]:
    return np.arange(0, count, -(-count // MOST_ROWS))


def _posterior_variances(chosen: FittedModel, rows: npt.NDArray[np.intp]) -> Doubles:
    """Give the variance of log-odds for some rows, each as if it had not been learnt from."""
    columns, _ = design_of(chosen.rows.X, chosen.rows.derivation.feature_set)
    design = sparse.hstack([np.ones((columns.shape[0], 1)), columns], format="csr")
    weights = chosen.out_of_fold * (1 - chosen.out_of_fold)
    prior = np.full(design.shape[1], PRIOR_PRECISION)
    prior[0] = INTERCEPT_PRECISION
    if design.shape[1] > MOST_COLUMNS:
        precisions = prior + np.asarray(design.power(2).T @ weights)
        variances = np.asarray(design[rows].power(2) @ (1 / precisions))
    else:
        information = (design.T @ sparse.diags_array(weights) @ design).toarray() + np.diag(prior)
        factor = cholesky(information, lower=True)
        variances = np.square(solve_triangular(factor, design[rows].toarray().T, lower=True)).sum(axis=0)
    # Without the row itself the variance is larger by what the row has told (Sherman and Morrison 1950).
    return np.asarray(variances / (1 - np.minimum(weights[rows] * variances, 0.99)), dtype=np.float64)
