"""Fits a calibrated model of one kind on leads with an outcome."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from scoring.features.derive import Derivation, derive_features
from scoring.features.feature_set import Matrix
from scoring.features.lead_record import LeadRecord
from scoring.models.algorithm import Algorithm
from scoring.models.blended_trees import BlendedTrees, fit_blended_trees
from scoring.models.calibration import Calibration, fit_calibration, probability_of
from scoring.models.cross_fitting import Outcomes
from scoring.models.interval_table import IntervalTable
from scoring.models.logistic_regression import LogisticRegression, fit_logistic_regression
from scoring.training.holdout import NOTHING_HELD_OUT, HeldOut
from server.runtime.errors import NoUsableField
from tfserving.servable import LARGEST_LOG_ODDS

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Leads with an outcome, as numbers.

    Attributes:
        derivation: The features and the fields left out.
        X: One row a lead, one column a feature.
        outcomes: Each lead's outcome.
    """

    derivation: Derivation
    X: Matrix
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A calibrated model in memory.

    Attributes:
        rows: What it learnt from.
        classifier: The model.
        calibration: The line from its log-odds to calibrated ones.
        out_of_fold: For each row, the calibrated probability by a model of the same kind that has not seen the row.
        intervals: How far its scores may be from the truth; until it was compared with other kinds, nothing is known.
        held_out: What a model of its kind, learnt from the older leads alone, said of the newest; empty until asked.
    """

    rows: TrainingRows
    classifier: LogisticRegression | BlendedTrees
    calibration: Calibration
    out_of_fold: Doubles
    intervals: IntervalTable = field(default_factory=IntervalTable)
    held_out: HeldOut = NOTHING_HELD_OUT

    def probabilities(self, records: Sequence[LeadRecord], as_of: datetime | None = None) -> Doubles:
        """Predict leads.

        Args:
            records: The leads.
            as_of: The moment of scoring, UTC; None takes each lead as of its own moment.

        Returns:
            For each lead the calibrated probability that it converts, strictly between 0 and 1.
        """
        X = self.rows.derivation.feature_set.encode(records, as_of)
        return _calibrated(self.classifier.log_odds(X), self.calibration)


def prepare(records: Sequence[LeadRecord], excluded_fields: Collection[str] = ()) -> TrainingRows:
    """Turn leads with an outcome into numbers.

    Args:
        records: The leads; each has an outcome.
        excluded_fields: Fields that the model must not use.

    Raises:
        NoUsableField: No field makes a feature.
    """
    derivation = derive_features(records, excluded_fields)
    if not len(derivation.feature_set):
        raise NoUsableField
    outcomes = np.array([record.outcome for record in records], dtype=np.bool_)
    return TrainingRows(derivation, derivation.feature_set.encode(records), outcomes)


def fit(rows: TrainingRows, algorithm: Algorithm, check: Callable[[], None] = lambda: None) -> FittedModel:
    """Fit a model and calibrate it on predictions of leads that it had not seen.

    Args:
        rows: What to learn from; at least 4 of each outcome.
        algorithm: The kind of model.
        check: Called now and then; whatever it raises ends the training.
    """
    fitted: tuple[LogisticRegression | BlendedTrees, Doubles]
    if algorithm is Algorithm.LOGISTIC_REGRESSION:
        fitted = fit_logistic_regression(rows.X, rows.outcomes, rows.derivation.feature_set, check)
    else:
        fitted = fit_blended_trees(rows.X, rows.outcomes, rows.derivation.feature_set, check)
    classifier, out_of_fold = fitted
    calibration = fit_calibration(out_of_fold, rows.outcomes)
    return FittedModel(rows, classifier, calibration, _calibrated(out_of_fold, calibration))


def _calibrated(log_odds: Doubles, calibration: Calibration) -> Doubles:
    return probability_of(np.clip(calibration.apply(log_odds), -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS))
