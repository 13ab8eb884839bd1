"""Joint tables say what the leaves say that they were made of."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.explanation.shapley_tables import build_tree_servable
from scoring.models.calibration import Calibration
from scoring.models.leaves import Leaf, LeafEnsemble
from tests.unit.explanation.shapley import evaluate_tables
from tfserving.joint_tables import MOST_CELLS, MOST_FEATURES, JointTables, joint_tables
from tfserving.servable import GRID, TreeServable, on_grid

FEATURES = 12
EDGES = 5
BINS = EDGES + 2
THRESHOLDS = np.linspace(0.5, EDGES - 0.5, EDGES, dtype=np.float64)
Matrix = npt.NDArray[np.float32]


@st.composite
def ensembles(draw: st.DrawFn, most_features: int = MOST_FEATURES) -> LeafEnsemble:
    """Draw leaves with conditions on up to so many of the features, each condition any set of bins."""
    leaves = []
    for _ in range(draw(st.integers(1, 12))):
        features = draw(st.sets(st.integers(0, FEATURES - 1), max_size=most_features))
        conditions = {
            feature: np.array(draw(st.lists(st.booleans(), min_size=BINS, max_size=BINS))) for feature in features
        }
        leaves.append(Leaf(draw(st.floats(-5, 5)), conditions))
    return LeafEnsemble((THRESHOLDS,) * FEATURES, tuple(leaves), (len(leaves),))


def rows(count: int) -> Matrix:
    """Give rows that meet all bins, the missing value's too."""
    X = np.random.default_rng(5).integers(0, BINS, (count, FEATURES)).astype(np.float32)
    X[X == BINS - 1] = np.nan
    return X


def servable_of(ensemble: LeafEnsemble) -> TreeServable:
    return build_tree_servable(ensemble, Calibration(1.0, 0.0), rows(30)).servable


def look_up(
    tables: JointTables, servable: TreeServable, ensemble: LeafEnsemble, X: Matrix
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Look up log-odds and attributions, as the graph does."""
    bins = ensemble.bins(X).T.astype(int) + servable.bin_offsets
    numbers = tables.terms[bins].astype(int).sum(axis=1)
    assert numbers.max() < MOST_CELLS
    cells = numbers + tables.offsets
    attributions = np.zeros((len(X), FEATURES + 1))
    for row, entries in enumerate(tables.attributions[cells]):
        np.add.at(attributions[row], tables.features, entries)
    assert not attributions[:, FEATURES].any()
    return tables.values[cells].sum(axis=1) + on_grid(servable.intercept), attributions[:, :FEATURES]


@settings(max_examples=60, deadline=None)
@given(ensembles())
def test_they_say_what_the_leaves_say(ensemble: LeafEnsemble) -> None:
    servable, X = servable_of(ensemble), rows(100)
    log_odds, attributions = look_up(joint_tables(servable), servable, ensemble, X)
    expected_log_odds, expected_attributions = evaluate_tables(servable, ensemble, X)
    np.testing.assert_allclose(log_odds, expected_log_odds, atol=1e-8)
    np.testing.assert_allclose(attributions, expected_attributions, atol=2e-5)


@settings(max_examples=60, deadline=None)
@given(ensembles())
def test_log_odds_are_exact_sums_of_the_leaves_on_the_grid(ensemble: LeafEnsemble) -> None:
    servable, X = servable_of(ensemble), rows(100)
    tables = joint_tables(servable)
    np.testing.assert_array_equal(tables.values, np.round(tables.values / GRID) * GRID)
    masks = np.bitwise_or.reduce(servable.masks[ensemble.bins(X).T.astype(int) + servable.bin_offsets], axis=1)
    expected = (masks == servable.full_masks) @ on_grid(servable.leaf_values) + on_grid(servable.intercept)
    assert look_up(tables, servable, ensemble, X)[0].tobytes() == expected.tobytes()


@settings(max_examples=60, deadline=None)
@given(ensembles(most_features=3))
def test_no_group_is_larger_than_a_byte_can_number(ensemble: LeafEnsemble) -> None:
    tables = joint_tables(servable_of(ensemble))
    sizes = np.diff([*tables.offsets.tolist(), len(tables.values)])
    assert sizes.min() >= 1
    assert sizes.max() <= MOST_CELLS
    assert tables.features.shape == (len(sizes), MOST_FEATURES)
    assert tables.terms.shape == (FEATURES * BINS, len(sizes))
    assert len(sizes) <= len(ensemble.leaves)


def test_leaves_that_share_their_conditions_are_one_group() -> None:
    low = np.arange(BINS) < 3
    leaves = tuple(
        Leaf(float(place), {0: low if place & 1 else ~low, 1: low if place & 2 else ~low}) for place in range(4)
    )
    ensemble = LeafEnsemble((THRESHOLDS,) * FEATURES, leaves, (4,))
    tables = joint_tables(servable_of(ensemble))
    # Two cases of each of two features: four cells, in each of which one leaf is reached.
    assert tables.offsets.tolist() == [0]
    assert sorted(tables.values.tolist()) == [0.0, 1.0, 2.0, 3.0]
    assert tables.features.tolist() == [[0, 1, *[FEATURES] * 6]]


@pytest.mark.parametrize(("feature_count", "group_count"), [(4, 1), (5, 2)])
def test_a_leaf_that_would_make_too_many_features_begins_a_group(feature_count: int, group_count: int) -> None:
    low = np.arange(BINS) < 3
    leaves = tuple(
        Leaf(1.0, {first + feature: low for feature in range(feature_count)}) for first in (0, feature_count)
    )
    ensemble = LeafEnsemble((THRESHOLDS,) * FEATURES, leaves, (2,))
    assert len(joint_tables(servable_of(ensemble)).offsets) == group_count


def test_a_leaf_without_conditions_is_one_cell() -> None:
    ensemble = LeafEnsemble((np.empty(0),) * FEATURES, (Leaf(0.25, {}),), (1,))
    tables = joint_tables(servable_of(ensemble))
    assert tables.values.tolist() == [0.25]
    assert not tables.terms.any()
    assert not tables.attributions.any()
