"""Trains a tenant's model: from leads with an outcome to what the model server serves."""

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from scoring.explanation.conversion_tables import ConversionTables, observe_conversion
from scoring.explanation.grades import GradeBand, choose_grades
from scoring.explanation.linear_values import build_linear_servable
from scoring.explanation.shapley_tables import build_tree_servable
from scoring.features.derive import ExcludedField
from scoring.features.distribution import Distributions
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import LeadRecord
from scoring.models.algorithm import Algorithm
from scoring.models.interval_table import IntervalTable
from scoring.models.logistic_regression import LogisticRegression
from scoring.training.choice import ranked
from scoring.training.evaluation import Evaluation, evaluate, evaluate_candidate
from scoring.training.fit import FittedModel, fit, prepare
from scoring.training.holdout import HeldOut, split_newest_fifth
from scoring.training.intervals import interval_table
from scoring.training.leakage import find_leaks, without
from server.runtime.errors import NotEnoughOutcomes, OperationCancelled
from tfserving.servable import Servable

NEEDED_OF_EACH = 10
# Attributions average over the training leads; beyond this many, over every second, third ... of them.
MOST_BACKGROUND_ROWS = 50_000

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """How much a feature moves scores.

    Attributes:
        feature: The feature's name.
        mean_absolute_log_odds: Mean absolute attribution over the training leads, in log-odds.
    """

    feature: str
    mean_absolute_log_odds: float


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model ready to be exported and registered.

    Attributes:
        feature_set: How leads become numbers for it.
        algorithm: The kind of model that won.
        evaluation: How well that kind, learnt from the older leads, predicts the newest fifth.
        feature_importances: The features, the most important first.
        excluded_fields: Fields that it does not use, with the reason.
        grade_bands: The grades that can be told apart, from the best to the worst.
        conversion: How the leads that it learnt from converted, by their value of each feature.
        intervals: How far its scores may be from the truth.
        distributions: How the leads that it learnt from spread over the values of each feature.
        held_out: What that kind, learnt from the older leads, said of the newest fifth.
        servable: What `tfserving.export` writes for the model server; learnt from all leads.
    """

    feature_set: FeatureSet
    algorithm: Algorithm
    evaluation: Evaluation
    feature_importances: tuple[FeatureImportance, ...]
    excluded_fields: tuple[ExcludedField, ...]
    grade_bands: tuple[GradeBand, ...]
    conversion: ConversionTables
    intervals: IntervalTable
    distributions: Distributions
    held_out: HeldOut
    servable: Servable


def train(
    records: Sequence[LeadRecord],
    *,
    excluded_fields: Collection[str] = (),
    kept_fields: Collection[str] = (),
    progress: Progress = lambda _stage, _percent: None,
    should_cancel: Callable[[], bool] = lambda: False,
) -> TrainedModel:
    """Train a model and prepare its explanations.

    Args:
        records: Leads. Nothing is learnt from those without an outcome, but that a field is filled less often among
            them shows that it is filled in with the outcome.
        excluded_fields: Fields that the model must not use.
        kept_fields: Fields that the model may use though they look as if they were filled in after the outcome.
        progress: Called with what begins now, in words, and how many per cent of the work are done.
        should_cancel: Asked now and then whether to stop.

    Raises:
        NotEnoughOutcomes: Fewer than 10 leads converted, or fewer than 10 were lost.
        NoUsableField: Every field is empty, constant, excluded or filled in after the outcome.
        OperationCancelled: `should_cancel` said so.
    """
    fitted, evaluation = learn(
        records,
        excluded_fields=excluded_fields,
        kept_fields=kept_fields,
        progress=progress,
        should_cancel=should_cancel,
    )
    _begin("preparing explanations", 85, progress, should_cancel)
    servable, mean_absolute = _explained(fitted)
    derivation = fitted.rows.derivation
    _begin("trained", 100, progress, should_cancel)
    return TrainedModel(
        feature_set=derivation.feature_set,
        algorithm=fitted.classifier.algorithm,
        evaluation=evaluation,
        feature_importances=_ranked(derivation.feature_set, mean_absolute),
        excluded_fields=derivation.excluded_fields,
        grade_bands=choose_grades(fitted.out_of_fold, fitted.rows.outcomes),
        conversion=observe_conversion(derivation.feature_set, fitted.rows.X, fitted.rows.outcomes),
        intervals=fitted.intervals,
        distributions=Distributions.observe(derivation.feature_set, fitted.rows.X),
        held_out=fitted.held_out,
        servable=servable,
    )


def learn(
    records: Sequence[LeadRecord],
    *,
    excluded_fields: Collection[str] = (),
    kept_fields: Collection[str] = (),
    progress: Progress = lambda _stage, _percent: None,
    should_cancel: Callable[[], bool] = lambda: False,
) -> tuple[FittedModel, Evaluation]:
    """Fit each kind of model, choose one, and measure how well it predicts leads that come later.

    Cross-validation over all leads chooses (see `ranked`). To tell how good the choice is, every kind is fitted once
    more on the older four fifths and predicts the newest fifth. That fifth does not choose: it may be a handful of
    leads, or a season in which luck decides, and on real leads it chose worse. The same leads give the same model, in
    whatever order they come.

    Args:
        records: As in `train`.
        excluded_fields: As in `train`.
        kept_fields: As in `train`.
        progress: As in `train`.
        should_cancel: As in `train`.

    Returns:
        The model, learnt from all leads, and how well its kind did on the newest fifth.

    Raises:
        NotEnoughOutcomes: Fewer than 10 leads converted, or fewer than 10 were lost.
        NoUsableField: Every field is empty, constant, excluded or filled in after the outcome.
        OperationCancelled: `should_cancel` said so.
    """
    begin = functools.partial(_begin, progress=progress, should_cancel=should_cancel)
    check = functools.partial(_check, should_cancel)
    begin("reading the leads", 0)
    decided = _in_order_of_time(records)
    prepared = prepare(decided, excluded_fields)
    open_leads = prepared.derivation.feature_set.encode([record for record in records if record.outcome is None])
    leaks = find_leaks(prepared, open_leads, kept_fields, check)
    rows = without(prepared, leaks)
    fits = []
    for number, algorithm in enumerate(Algorithm):
        begin(f"training {algorithm.words} on all leads", 10 + 20 * number)
        fits.append(fit(rows, algorithm, check))
    in_order = ranked(fits, rows.outcomes)
    algorithms = [fitted.classifier.algorithm for fitted in in_order]
    unused = {*excluded_fields, *(leak.field for leak in leaks)}
    evaluation, held_out = _evaluation_by_time(decided, algorithms, unused, begin, check)
    return replace(in_order[0], intervals=interval_table(in_order[0], in_order[1:]), held_out=held_out), evaluation


def _check(should_cancel: Callable[[], bool]) -> None:
    if should_cancel():
        raise OperationCancelled


def _begin(stage: str, percent: int, progress: Progress, should_cancel: Callable[[], bool]) -> None:
    _check(should_cancel)
    progress(stage, percent)


def _in_order_of_time(records: Sequence[LeadRecord]) -> list[LeadRecord]:
    decided = [record for record in records if record.outcome is not None]
    converted = sum(record.outcome is True for record in decided)
    if min(converted, len(decided) - converted) < NEEDED_OF_EACH:
        raise NotEnoughOutcomes(converted, len(decided) - converted, NEEDED_OF_EACH)
    return sorted(decided, key=lambda record: (record.received_time, str(record.lead_id)))


def _evaluation_by_time(
    decided: Sequence[LeadRecord],
    algorithms: Sequence[Algorithm],
    excluded_fields: Collection[str],
    begin: Progress,
    check: Callable[[], None],
) -> tuple[Evaluation, HeldOut]:
    outcomes = np.array([record.outcome for record in decided], dtype=np.bool_)
    older, newest = split_newest_fifth(outcomes)
    rows = prepare([decided[index] for index in older], excluded_fields)
    held_out = [decided[index] for index in newest]
    predictions = []
    for number, algorithm in enumerate(algorithms):
        begin(f"predicting the newest fifth by {algorithm.words}", 50 + 15 * number)
        predictions.append(fit(rows, algorithm, check).probabilities(held_out))
    candidates = tuple(
        evaluate_candidate(algorithm, outcomes[newest], predicted)
        for algorithm, predicted in zip(algorithms, predictions, strict=True)
    )
    evaluation = evaluate(rows.outcomes, outcomes[newest], predictions[0], candidates)
    return evaluation, HeldOut(tuple(held_out), predictions[0])


def _explained(fitted: FittedModel) -> tuple[Servable, npt.NDArray[np.float64]]:
    X = fitted.rows.X
    background = X[:: -(-len(X) // MOST_BACKGROUND_ROWS)]
    if isinstance(fitted.classifier, LogisticRegression):
        return build_linear_servable(fitted.classifier, fitted.calibration, background)
    leaves = fitted.classifier.leaves(fitted.rows.derivation.feature_set)
    explained = build_tree_servable(leaves, fitted.calibration, background)
    return explained.servable, explained.mean_absolute


def _ranked(feature_set: FeatureSet, mean_absolute: npt.NDArray[np.float64]) -> tuple[FeatureImportance, ...]:
    importances = [
        FeatureImportance(name, float(value)) for name, value in zip(feature_set.names, mean_absolute, strict=True)
    ]
    return tuple(sorted(importances, key=lambda importance: -importance.mean_absolute_log_odds))
