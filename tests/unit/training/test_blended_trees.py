"""The blend of trees and regression, and the parts that make one ensemble of it."""

import numpy as np
import pytest

from scoring.explanation.shapley_tables import build_tree_servable
from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet, Matrix
from scoring.models.additive_tables import MOST_STEPS, stepped
from scoring.models.blended_trees import SHARE_OF_REGRESSION, fit_blended_trees
from scoring.models.boosted_trees import fit_boosted_trees
from scoring.models.calibration import Calibration
from scoring.models.cross_fitting import Outcomes
from scoring.models.leaves import LeafEnsemble
from scoring.models.logistic_regression import fit_logistic_regression
from scoring.models.target_rates import learn_target_rates
from tests.unit.explanation.shapley import evaluate_tables, shapley_values_by_definition
from tfserving.row_tables import tables_of

ANSWERS = tuple(f"Answer {number}" for number in range(80))
FEATURES = FeatureSet(
    [
        Feature("Size", "Size", FeatureKind.NUMBER),
        Feature("Visits", "Visits", FeatureKind.NUMBER),
        Feature("Source", "Source", FeatureKind.CATEGORY, ANSWERS),
    ]
)
CODE_COUNTS = [feature.code_count for feature in FEATURES.features]


def rows(count: int, seed: int) -> tuple[Matrix, Outcomes]:
    """Give rows of a quantity, a count and a category of many answers, all with gaps, and their outcomes."""
    random = np.random.default_rng(seed)
    X = np.column_stack(
        [random.normal(size=count), random.poisson(2, count), random.integers(0, len(ANSWERS) + 1, count)]
    ).astype(np.float32)
    log_odds = X[:, 0] + 0.3 * X[:, 1] + np.sin(X[:, 2]) - 1
    outcomes = random.random(count) < 1 / (1 + np.exp(-log_odds))
    X[random.random((count, 3)) < 0.1] = np.nan
    return X, outcomes


def log_odds_of(ensemble: LeafEnsemble, X: Matrix) -> np.ndarray:
    """Give the sums of the leaves that the rows reach."""
    bins = ensemble.bins(X)
    sums = np.zeros(len(X))
    for leaf in ensemble.leaves:
        reached = np.ones(len(X), np.bool_)
        for feature, accepted in leaf.accepted.items():
            reached &= accepted[bins[feature]]
        sums += np.where(reached, leaf.value, 0.0)
    return sums


def unseen_rows() -> Matrix:
    """Give rows with absurd numbers and without any value too."""
    X, _ = rows(400, 2)
    X[0] = np.nan
    X[1, :2], X[2, :2] = np.float32(3e38), np.float32(-3e38)
    return X


@pytest.mark.parametrize("by_rates", [False, True], ids=["by sets", "by rates"])
def test_the_leaves_of_an_ensemble_are_the_same_function_however_it_splits_categories(*, by_rates: bool) -> None:
    trees, _ = fit_boosted_trees(*rows(1200, 1), FEATURES, lambda: None, by_rates=by_rates)
    ensemble = trees.leaves(FEATURES)
    assert any(2 in leaf.accepted for leaf in ensemble.leaves)
    np.testing.assert_allclose(log_odds_of(ensemble, unseen_rows()), trees.log_odds(unseen_rows()), atol=1e-12)


def test_the_blend_is_one_ensemble_that_is_explained_exactly() -> None:
    X, outcomes = rows(1200, 1)
    blend, out_of_fold = fit_blended_trees(X, outcomes, FEATURES, lambda: None)
    ensemble, unseen = blend.leaves(FEATURES), unseen_rows()
    np.testing.assert_allclose(log_odds_of(ensemble, unseen), blend.log_odds(unseen), atol=1e-12)
    servable = build_tree_servable(ensemble, Calibration(1.0, 0.0), X[:40]).servable
    log_odds, attributions = evaluate_tables(servable, ensemble, unseen[:5])
    np.testing.assert_allclose(log_odds, blend.log_odds(unseen[:5]), atol=1e-12)
    for row, explained in zip(unseen, attributions, strict=False):
        expected = shapley_values_by_definition(blend.log_odds, row, X[:40])
        np.testing.assert_allclose(explained, expected, atol=1e-5)
    # Scoring in bulk needs every tree to fit into a word, the one of 82 answers too.
    assert tables_of(servable) is not None
    assert out_of_fold.shape == outcomes.shape
    assert out_of_fold[outcomes].mean() > out_of_fold[~outcomes].mean()


def test_a_regression_that_is_clearly_worse_has_no_share() -> None:
    random = np.random.default_rng(3)
    X = random.normal(size=(4000, 3)).astype(np.float32)
    X[:, 2] = 0
    # The first quantity speaks for a conversion, and against one where the second is low: a line is wrong there.
    outcomes = random.random(4000) < np.where((X[:, 0] > 0) == (X[:, 1] > -1.2), 0.9, 0.1)
    blend, out_of_fold = fit_blended_trees(X, outcomes, FEATURES, lambda: None)
    assert (blend.share_of_regression, blend.share_of_each_ensemble) == (0.0, 0.5)
    trees = (blend.by_sets.log_odds(X) + blend.by_rates.log_odds(X)) / 2
    np.testing.assert_array_equal(blend.log_odds(X), trees)
    np.testing.assert_allclose(log_odds_of(blend.leaves(FEATURES), X), trees, atol=1e-12)
    assert out_of_fold[outcomes].mean() > out_of_fold[~outcomes].mean() + 1
    usual, _ = fit_blended_trees(*rows(1200, 1), FEATURES, lambda: None)
    assert usual.share_of_regression == SHARE_OF_REGRESSION


def test_a_regression_in_steps_is_itself_for_counts_and_codes_and_near_it_for_quantities() -> None:
    X, outcomes = rows(1200, 1)
    regression, _ = fit_logistic_regression(X, outcomes, FEATURES, lambda: None)
    tables = stepped(regression, X)
    assert len(tables.edges[0]) == MOST_STEPS - 1
    whole = X.copy()
    whole[:, 0] = np.nan
    np.testing.assert_allclose(tables.log_odds(whole), regression.log_odds(whole), atol=1e-6)
    differences = tables.log_odds(X) - regression.log_odds(X)
    assert np.abs(differences).mean() < 0.05
    assert abs(differences.mean()) < 0.01
    np.testing.assert_allclose(log_odds_of(tables.leaves(), unseen_rows()), tables.log_odds(unseen_rows()), atol=1e-12)


def test_a_quantity_that_no_lead_has_adds_only_what_its_lack_adds() -> None:
    X, outcomes = rows(200, 1)
    X[:, 0] = np.nan
    regression, _ = fit_logistic_regression(X, outcomes, FEATURES, lambda: None)
    tables = stepped(regression, X)
    np.testing.assert_allclose(tables.log_odds(X), regression.log_odds(X), atol=1e-6)
    assert len(tables.edges[0]) == 0


def test_rates_are_those_of_the_leads_drawn_towards_the_rate_of_all() -> None:
    outcomes = np.array([True, False] * 300)
    X = np.full((600, 3), np.nan, np.float32)
    X[:, :2] = 0
    X[:200:2, 2] = 0
    X[1::2, 2] = 1
    rates, rated = learn_target_rates(X, outcomes, FEATURES)
    assert set(rates.tables) == {2}
    table = rates.tables[2]
    assert table[0] > 0.99
    assert table[1] < 0.01
    # An answer that no lead gave is like any lead.
    np.testing.assert_allclose(table[2:-1], 0.5)
    assert table[-1] > 0.99
    np.testing.assert_array_equal(rated[:, :2], X[:, :2])
    assert np.isfinite(rated).all()


def test_no_lead_is_learnt_from_with_its_own_outcome_in_its_rate() -> None:
    X, outcomes = rows(300, 4)
    X[0, 2] = 80
    X[1:, 2] = np.where(X[1:, 2] == 80, 0, X[1:, 2])
    flipped = outcomes.copy()
    flipped[0] = not outcomes[0]
    alone, other = (learn_target_rates(X, labels, FEATURES)[1][0, 2] for labels in (outcomes, flipped))
    # The only lead with its answer has the rate of the leads of other folds, which hardly hangs on its own fold.
    assert abs(alone - outcomes.mean()) < 0.02
    assert abs(alone - other) < 0.02
