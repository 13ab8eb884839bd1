"""A logistic regression as steps, so that it can be added to trees leaf by leaf."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.features.feature_set import Matrix
from scoring.models.leaves import Leaf, LeafEnsemble, bins_of
from scoring.models.logistic_regression import CodeTerm, LogisticRegression

Doubles = npt.NDArray[np.float64]

# A quantity with more values than this is cut into so many steps that hold about equally many leads.
MOST_STEPS = 32
STEP_ENDS = np.arange(1, MOST_STEPS + 1) / MOST_STEPS
# A tree of the served tables has at most 64 leaves; one of these stands for the codes that the others don't name.
MOST_CODES_A_TREE = 63


@dataclass(frozen=True, slots=True)
class AdditiveTables:
    """A sum of one table a feature.

    Attributes:
        intercept: Log-odds before any table is looked up.
        edges: For each feature the thresholds of its bins, as in `LeafEnsemble`.
        values: For each feature what each of its bins adds to the log-odds, then what a missing value adds.
    """

    intercept: float
    edges: tuple[Doubles, ...]
    values: tuple[Doubles, ...]

    def log_odds(self, X: Matrix) -> Doubles:
        """Give the sums.

        Args:
            X: One row a lead, one column a feature.
        """
        bins = bins_of(X, self.edges)
        looked_up = [table[of_feature] for table, of_feature in zip(self.values, bins, strict=True)]
        return np.asarray(np.sum(looked_up, axis=0) + self.intercept, dtype=np.float64)

    def leaves(self) -> LeafEnsemble:
        """Give the same function as trees, each of which asks for one feature."""
        trees: list[tuple[Leaf, ...]] = [(Leaf(self.intercept, {}),)]
        for feature, table in enumerate(self.values):
            for start in range(0, len(table), MOST_CODES_A_TREE):
                named = range(start, min(start + MOST_CODES_A_TREE, len(table)))
                bins = np.arange(len(table))
                leaves = [Leaf(float(table[place]), {feature: bins == place}) for place in named]
                if len(named) < len(table):
                    leaves.append(Leaf(0.0, {feature: ~np.isin(bins, named)}))
                trees.append(tuple(leaves))
        return LeafEnsemble.of_trees(self.edges, trees)


def stepped(regression: LogisticRegression, X: Matrix) -> AdditiveTables:
    """Cut a regression into steps.

    What a quantity adds is taken at the mean of the leads in a step, so that it stays right on average. A quantity that
    has few values, such as a count, has a step for each of them and loses nothing.

    Args:
        regression: The regression.
        X: The rows that it was learnt from.
    """
    edges: list[Doubles] = []
    values: list[Doubles] = []
    for column, term in enumerate(regression.terms):
        if isinstance(term, CodeTerm):
            edges.append(np.arange(len(term.values) - 2, dtype=np.float64) + 0.5)
            values.append(term.values)
            continue
        thresholds, means = _steps(X[:, column])
        edges.append(thresholds)
        values.append(term.contributions(np.append(means, np.nan).astype(np.float32)))
    return AdditiveTables(regression.intercept, tuple(edges), tuple(values))


def _steps(column: npt.NDArray[np.float32]) -> tuple[Doubles, Doubles]:
    """Give the thresholds between steps, and the mean of the values in each step."""
    known = np.sort(column[~np.isnan(column)].astype(np.float64))
    if not len(known):
        return np.empty(0), np.zeros(1)
    distinct = np.unique(known)
    # The upper ends of the steps are values that occur, so that no value lies between two steps.
    ends = distinct if len(distinct) <= MOST_STEPS else np.unique(np.quantile(known, STEP_ENDS, method="lower"))
    step_of = np.searchsorted(ends[:-1], known, side="left")
    counts = np.bincount(step_of, minlength=len(ends))
    means = np.bincount(step_of, known, minlength=len(ends)) / counts
    return np.asarray(ends[:-1], dtype=np.float64), np.asarray(means, dtype=np.float64)
