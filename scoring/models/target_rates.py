"""Categories as numbers: what share of the leads with an answer converted.

An answer's rate is drawn towards the rate of all leads, the more so the fewer leads give it (empirical Bayes,
Micci-Barreca 2001). Trees then split answers by a threshold as they split numbers, which needs far fewer leads than
searching for the best set of answers at each node. A lead's own outcome must not be in the rate that it is learnt with,
or the rate of a rare answer would simply tell the outcome; so a model learns with rates of the leads of other folds
(Prokhorenkova and others 2018 tell why, and order leads in time to the same end).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import TargetEncoder

from scoring.features.feature_set import FeatureSet, Matrix
from scoring.models.cross_fitting import Outcomes, folds_of
from scoring.models.logistic_regression import code_positions

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TargetRates:
    """The number that stands for each code.

    Attributes:
        tables: By the column of each feature with codes: the rate of each code, then that of a missing value, 0 to 1.
    """

    tables: Mapping[int, Doubles]

    def of(self, X: Matrix) -> Doubles:
        """Give the rows with rates in place of codes.

        Args:
            X: One row a lead, one column a feature.
        """
        rated = X.astype(np.float64)
        for column, table in self.tables.items():
            rated[:, column] = table[code_positions(X[:, column], len(table) - 1)]
        return rated


NO_RATES = TargetRates({})


def learn_target_rates(X: Matrix, outcomes: Outcomes, feature_set: FeatureSet) -> tuple[TargetRates, Doubles]:
    """Find each code's rate.

    Args:
        X: One row a lead, one column a feature.
        outcomes: Each lead's outcome; at least 4 of each.
        feature_set: What the columns are.

    Returns:
        The rates among all leads; and the rows to learn from, each with the rates among the leads of other folds.
    """
    rated = X.astype(np.float64)
    for others, held_out in folds_of(outcomes):
        rated[held_out] = _rates(X[others], outcomes[others], feature_set).of(X[held_out])
    return _rates(X, outcomes, feature_set), rated


def _rates(X: Matrix, outcomes: Outcomes, feature_set: FeatureSet) -> TargetRates:
    tables = {}
    for column, feature in enumerate(feature_set.features):
        if feature.code_count:
            positions = code_positions(X[:, column], feature.code_count)[:, np.newaxis]
            every_position = np.arange(feature.code_count + 1)[:, np.newaxis]
            encoder = TargetEncoder(target_type="binary").fit(positions, outcomes)
            tables[column] = np.asarray(encoder.transform(every_position)[:, 0], dtype=np.float64)
    return TargetRates(tables)
