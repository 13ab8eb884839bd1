"""How well the engine predicts real leads, beside the best of LightGBM, CatBoost and EBM on the same rows.

Two protocols: each third of the rows, drawn at random, predicted by what was learnt from the others; and the newest
fifth predicted by what was learnt from the older rows. The first compares the methods; the second shows what happens to
both when times change, and on some sets it holds few conversions, so that its differences are mostly chance. How much
chance, the standard error beside each difference tells: leads held out are drawn again, for ours and the peer alike.

Each measure has its own best peer, chosen with knowledge of the outcome; that favours the peers. The sets come whole,
with the fields that are written after the outcome; a peer, which would take them, gets the fields that the engine's own
search for leaks has left, in each fold those of that fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from rich.console import Console

from scoring.features.derive import ExclusionKind
from scoring.features.lead_record import LeadRecord
from scoring.training.evaluation import area_under_roc_curve, calibration_error, log_loss, reliability_bins
from scoring.training.train import learn
from tests.benchmarks.accuracy_peers import Doubles, predictions_of_peers
from tests.benchmarks.report import Report, Target
from tests.lead_records import records_of
from tests.plain_lightgbm import Indices
from tests.real_data import DATA_SETS, FOLDER, WHOLE_DATA_SETS, RealDataSet

FOLDS = 3
DRAWS = 200
MOST_AUC_LOST = 0.003
MEASURES = ("auc", "log_loss", "calibration_error")
# Of the AUC more is better, of the others less.
SIGNS = np.array([1.0, -1.0, -1.0])
OURS = "Leadline"

Outcomes = Sequence[npt.NDArray[np.bool_]]


def splits(count: int) -> dict[str, list[tuple[Indices, Indices]]]:
    """Give, for each protocol, the places of the rows to learn from and of those to predict."""
    shuffled = np.random.default_rng(1).permutation(count)
    thirds = [np.sort(shuffled[fold::FOLDS]) for fold in range(FOLDS)]
    everything = np.arange(count)
    return {
        "random thirds": [(np.setdiff1d(everything, third), third) for third in thirds],
        "newest fifth": [(everything[: count * 4 // 5], everything[count * 4 // 5 :])],
    }


def measures(outcomes: Outcomes, predictions: Sequence[Doubles]) -> Doubles:
    """Give AUC, log loss and calibration error, each the mean over the folds."""
    of_folds = [
        (
            area_under_roc_curve(converted, predicted),
            log_loss(converted, predicted),
            calibration_error(reliability_bins(converted, predicted)),
        )
        for converted, predicted in zip(outcomes, predictions, strict=True)
    ]
    return np.asarray(np.mean(of_folds, axis=0), dtype=np.float64)


def _draw(outcomes: Outcomes, random: np.random.Generator) -> list[Indices]:
    """Draw places of each fold's leads anew, with as many conversions as there were."""
    return [
        np.concatenate([random.choice(places, len(places)) for places in (np.flatnonzero(of), np.flatnonzero(~of))])
        for of in outcomes
    ]


def difference_errors(outcomes: Outcomes, predictions: dict[str, list[Doubles]], best: Sequence[str]) -> Doubles:
    """Give the standard error of each measure's difference between ours and a peer, by a paired bootstrap.

    Args:
        outcomes: Of the leads held out, by fold.
        predictions: By the learner's name, for each fold.
        best: The peer of each measure.
    """
    random = np.random.default_rng(2)
    differences = np.empty((DRAWS, len(MEASURES)))
    for draw in range(DRAWS):
        places = _draw(outcomes, random)
        drawn = [of[chosen] for of, chosen in zip(outcomes, places, strict=True)]
        values = {
            name: measures(drawn, [of[chosen] for of, chosen in zip(predictions[name], places, strict=True)])
            for name in {OURS, *best}
        }
        differences[draw] = [values[OURS][place] - values[peer][place] for place, peer in enumerate(best)]
    return np.asarray(differences.std(axis=0, ddof=1), dtype=np.float64)


@dataclass(frozen=True)
class Comparison:
    """One data set by one protocol.

    Attributes:
        values: AUC, log loss and calibration error by the learner's name.
        best: The best peer in each.
        differences: Ours minus the best peer's, in each.
        errors: The standard error of each difference.
    """

    values: dict[str, Doubles]
    best: list[str]
    differences: Doubles
    errors: Doubles


def _ours(records: Sequence[LeadRecord], learnt: Indices, held_out: Indices) -> tuple[Doubles, list[str]]:
    """Learn and predict, and give also the fields that were left out as leaks."""
    model, _ = learn([records[place] for place in learnt])
    excluded = model.rows.derivation.excluded_fields
    leaks = [field.field for field in excluded if field.kind is ExclusionKind.LEAKAGE]
    return model.probabilities([records[place] for place in held_out]), leaks


def compare(data_set: RealDataSet, folds: list[tuple[Indices, Indices]]) -> Comparison:
    """Learn and predict with all learners, and compare ours with the best of the others."""
    records = records_of(data_set)
    predictions: dict[str, list[Doubles]] = {}
    for fold in folds:
        ours, leaks = _ours(records, *fold)
        of_peers = predictions_of_peers(replace(data_set, fields=data_set.fields.drop(columns=leaks)), [fold])
        for name, [predicted] in ({OURS: [ours]} | of_peers).items():
            predictions.setdefault(name, []).append(predicted)
    outcomes = [data_set.converted[held_out] for _, held_out in folds]
    values = {name: measures(outcomes, predicted) for name, predicted in predictions.items()}
    peers = [name for name in values if name != OURS]
    best = [max(peers, key=lambda name: SIGNS[place] * values[name][place]) for place in range(len(MEASURES))]
    differences = np.array([values[OURS][place] - values[peer][place] for place, peer in enumerate(best)])
    return Comparison(values, best, differences, difference_errors(outcomes, predictions, best))


def _rows(title: str, comparison: Comparison) -> list[list[str]]:
    rows = [[title, name, *(f"{value:.4f}" for value in values)] for name, values in comparison.values.items()]
    against = zip(comparison.differences, comparison.errors, comparison.best, strict=True)
    rows.append([title, "Leadline - best", *(f"{value:+.4f} ± {error:.4f} ({peer})" for value, error, peer in against)])
    return rows


async def measure() -> Report:
    """Run the benchmark.

    Raises:
        FileNotFoundError: if the real data sets are not on this machine.
    """
    if not FOLDER.is_dir():
        message = f"the real data sets are not at {FOLDER}; set LEADLINE_REAL_DATA to their folder"
        raise FileNotFoundError(message)
    progress = Console(stderr=True)
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    targets: list[Target] = []
    for name, load in (DATA_SETS | WHOLE_DATA_SETS).items():
        data_set = load()
        for protocol, folds in splits(len(data_set.converted)).items():
            progress.print(f"{name}, {protocol}")
            comparison = compare(data_set, folds)
            rows += _rows(f"{name}, {protocol}", comparison)
            prefix = f"{name}_{protocol.replace(' ', '_')}"
            figures[f"{prefix}_auc"] = comparison.values[OURS][0]
            for place, measured in enumerate(MEASURES):
                figures[f"{prefix}_{measured}_difference"] = comparison.differences[place]
                figures[f"{prefix}_{measured}_difference_error"] = comparison.errors[place]
            targets.append(Target(f"{prefix}_auc_difference", ">=", -MOST_AUC_LOST))
    return Report(
        name="accuracy",
        title="Predicting leads that were held out, beside the best of three peers",
        columns=["data", "model", "AUC", "log loss", "calibration error"],
        rows=rows,
        figures=figures,
        targets=targets,
    )
