"""The SavedModel says the same as the model it was made from."""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.explanation.linear_values import build_linear_servable
from scoring.explanation.shapley_tables import build_tree_servable
from scoring.models.algorithm import Algorithm
from scoring.models.calibration import Calibration
from scoring.models.leaves import Leaf, LeafEnsemble
from scoring.models.logistic_regression import LogisticRegression
from scoring.training.fit import FittedModel, fit, prepare
from tests.lead_records import simulated_leads
from tests.unit.explanation.shapley import evaluate_tables, evaluate_terms
from tfserving.row_tables import read_tables
from tfserving.servable import LARGEST_LOG_ODDS, Servable

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Exported:
    """A model, its rows, what the SavedModel answers for them, and what it should."""

    fitted: FittedModel
    rows: np.ndarray
    answers: dict[str, Any]
    folder: Path
    log_odds: np.ndarray
    attributions: np.ndarray


def answers_of(servable: Servable, rows: np.ndarray, folder: Path) -> dict[str, Any]:
    """Export a servable and run it in a process of its own."""
    (folder / "case.pickle").write_bytes(pickle.dumps((servable, rows)))
    subprocess.run(
        [sys.executable, "-m", "tests.integration.export.evaluate_saved_model", str(folder)],
        check=True,
        cwd=REPOSITORY,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    with np.load(folder / "answers.npz") as answers:
        return dict(answers)


@pytest.fixture(scope="module", params=list(Algorithm), ids=lambda algorithm: algorithm.name.lower())
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Either kind of model, fitted on simulated leads and run on others, on gaps and on absurd numbers."""
    fitted = fit(prepare(simulated_leads(2500)[0]), request.param)
    feature_set = fitted.rows.derivation.feature_set
    rows = feature_set.encode(simulated_leads(1000, seed=5)[0])
    rows[:20] = np.nan
    quantities = [index for index, feature in enumerate(feature_set.features) if not feature.code_count]
    rows[20:40, quantities] = np.float32(3e38)
    rows[40:60, quantities] = -1.0
    folder = tmp_path_factory.mktemp("export")
    if isinstance(fitted.classifier, LogisticRegression):
        linear, _ = build_linear_servable(fitted.classifier, fitted.calibration, fitted.rows.X)
        return Exported(fitted, rows, answers_of(linear, rows, folder), folder, *evaluate_terms(linear, rows))
    ensemble = fitted.classifier.leaves(feature_set)
    trees = build_tree_servable(ensemble, fitted.calibration, fitted.rows.X).servable
    return Exported(fitted, rows, answers_of(trees, rows, folder), folder, *evaluate_tables(trees, ensemble, rows))


def test_log_odds_are_those_of_the_calibrated_model(exported: Exported) -> None:
    expected = exported.fitted.calibration.apply(exported.fitted.classifier.log_odds(exported.rows))
    np.testing.assert_allclose(exported.answers["explain_log_odds"], expected, atol=2e-6)
    np.testing.assert_array_equal(exported.answers["default_log_odds"], exported.answers["explain_log_odds"])


@pytest.mark.parametrize("size", [1, 3, 64, 256])
def test_log_odds_are_the_same_bits_in_whatever_batch(exported: Exported, size: int) -> None:
    in_batches = exported.answers[f"in_batches_of_{size}"]
    assert in_batches.tobytes() == exported.answers["explain_log_odds"].tobytes()


def test_the_tables_beside_it_give_the_same_bits_in_whatever_batch(exported: Exported) -> None:
    tables = read_tables(exported.folder / "model" / "1")
    assert tables is not None
    together = tables.log_odds(exported.rows)
    assert together.dtype == np.float32
    assert together.tobytes() == exported.answers["default_log_odds"].tobytes()
    assert np.concatenate([tables.log_odds(row[np.newaxis]) for row in exported.rows]).tobytes() == together.tobytes()
    assert np.float32(tables.base_log_odds) == exported.answers["explain_base_log_odds"][0]


def test_base_and_attributions_add_up_to_the_log_odds(exported: Exported) -> None:
    answers = exported.answers
    total = answers["explain_base_log_odds"] + answers["explain_attributions"].sum(axis=1)
    assert np.abs(total - answers["explain_log_odds"]).max() < 1e-5


def test_attributions_are_those_of_the_tables(exported: Exported) -> None:
    assert exported.answers["explain_attributions"].dtype == np.float32
    np.testing.assert_allclose(exported.answers["explain_attributions"], exported.attributions, atol=1e-5)


def test_probabilities_are_strictly_between_zero_and_one_and_belong_to_the_log_odds(exported: Exported) -> None:
    probabilities = exported.answers["default_probability"]
    assert probabilities.min() > 0
    assert probabilities.max() < 1
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-exported.log_odds)), atol=1e-6)


def test_a_stock_model_server_has_every_operation(exported: Exported) -> None:
    operations = set(exported.answers["operations"])
    assert "GatherV2" in operations
    assert not {"PyFunc", "EagerPyFunc", "NumpyFunction"} & operations


def test_warm_up_requests_cover_both_signatures(exported: Exported) -> None:
    assert set(exported.answers["warm_up"]) == {"serving_default", "explain"}
    assert {shape[1] for shape in exported.answers["warm_up_shapes"]} == {exported.rows.shape[1]}


def test_nothing_half_written_is_left_beside_the_version(exported: Exported) -> None:
    assert [path.name for path in (exported.folder / "model").iterdir()] == ["1"]


def test_log_odds_beyond_any_training_are_cut_and_attributions_still_add_up(tmp_path: Path) -> None:
    low = np.array([True, False, False])
    ensemble = LeafEnsemble((np.array([0.5]),), (Leaf(-40.0, {0: low}), Leaf(40.0, {0: ~low})))
    background = np.array([[0], [1], [1], [1]], np.float32)
    servable = build_tree_servable(ensemble, Calibration(1.0, -15.0), background).servable
    answers = answers_of(servable, np.array([[0], [1], [0], [1], [1]], np.float32), tmp_path)
    np.testing.assert_allclose(answers["explain_log_odds"][:2], [-LARGEST_LOG_ODDS, LARGEST_LOG_ODDS], rtol=1e-6)
    total = answers["explain_base_log_odds"] + answers["explain_attributions"].sum(axis=1)
    np.testing.assert_allclose(total, answers["explain_log_odds"], atol=1e-5)
    tables = read_tables(tmp_path / "model" / "1")
    assert tables is not None
    assert tables.log_odds(np.array([[0], [1]], np.float32)).tobytes() == answers["explain_log_odds"][:2].tobytes()
    assert 0 < answers["explain_probability"].min() < answers["explain_probability"].max() < 1


def test_an_ensemble_without_a_split_is_served_too(tmp_path: Path) -> None:
    ensemble = LeafEnsemble((np.empty(0), np.empty(0)), (Leaf(0.25, {}),))
    servable = build_tree_servable(ensemble, Calibration(1.0, 0.5), np.zeros((4, 2), np.float32)).servable
    answers = answers_of(servable, np.zeros((5, 2), np.float32), tmp_path)
    np.testing.assert_allclose(answers["explain_log_odds"], [0.75] * 5)
    np.testing.assert_array_equal(answers["explain_attributions"], np.zeros((5, 2)))
    tables = read_tables(tmp_path / "model" / "1")
    assert tables is not None
    np.testing.assert_array_equal(tables.log_odds(np.zeros((5, 2), np.float32)), answers["explain_log_odds"])
