"""Tables for many rows: how they are kept with a model, and which models can't have them."""

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from scoring.explanation.shapley_tables import build_tree_servable
from scoring.models.calibration import Calibration
from scoring.models.leaves import Leaf, LeafEnsemble
from tfserving.errors import ServableFailed
from tfserving.row_tables import EXTRA, FILE, RowTables, read_tables, tables_of, write_tables
from tfserving.servable import TreeServable


def stairs(leaf_count: int, *, of_two_features: bool) -> TreeServable:
    """Make one tree with a leaf for each step of a feature, worth the step's number, then one for a missing value.

    Of two features, it has one leaf more, worth the next number: for rows whose second feature is above a half.
    """
    step_count = leaf_count - 1 - of_two_features
    bins = np.eye(step_count + 1, dtype=np.bool_)
    edges = [np.arange(0.25, step_count - 1)]
    low: dict[int, npt.NDArray[np.bool_]] = {}
    leaves: list[Leaf] = []
    if of_two_features:
        edges.append(np.array([0.5]))
        low = {1: np.array([True, False, False])}
        leaves = [Leaf(float(step_count + 1), {1: ~low[1]})]
    leaves = [*(Leaf(float(step), {0: bins[step]} | low) for step in range(step_count + 1)), *leaves]
    ensemble = LeafEnsemble(tuple(edges), tuple(leaves), (len(leaves),))
    background = np.zeros((3, len(edges)), np.float32)
    return build_tree_servable(ensemble, Calibration(1.0, 0.0), background).servable


def kept_and_read(servable: TreeServable, folder: Path) -> list[RowTables | None]:
    """Give the tables of a servable, and those made from its file."""
    (folder / EXTRA).mkdir()
    write_tables(servable, folder / EXTRA)
    return [tables_of(servable), read_tables(folder)]


@pytest.mark.parametrize("leaf_count", [3, 32, 33, 64])
def test_every_leaf_of_a_tree_is_found(leaf_count: int, tmp_path: Path) -> None:
    steps = [*range(leaf_count - 2), np.nan]
    rows = np.array([*([step, 0] for step in steps), [0, 1], [np.nan, np.nan]], np.float32)
    values = [*range(leaf_count), leaf_count - 1]
    for tables in kept_and_read(stairs(leaf_count, of_two_features=True), tmp_path):
        assert tables is not None
        np.testing.assert_array_equal(tables.log_odds(rows), np.minimum(values, 13.8).astype(np.float32))


@pytest.mark.parametrize("leaf_count", [2, 64, 65, 300])
def test_every_leaf_of_a_tree_that_asks_for_one_feature_is_found(leaf_count: int, tmp_path: Path) -> None:
    rows = np.array([*range(leaf_count - 1), np.nan], np.float32)[:, np.newaxis]
    for tables in kept_and_read(stairs(leaf_count, of_two_features=False), tmp_path):
        assert tables is not None
        np.testing.assert_array_equal(tables.log_odds(rows), np.minimum(np.arange(leaf_count), 13.8).astype(np.float32))


def test_trees_that_ask_for_nothing_for_one_and_for_some_features_add_up() -> None:
    """Of five features with three bins each, four are asked for together, in each order; one by no tree."""
    some = np.array([True, False, False])
    leaves: list[Leaf] = [Leaf(0.5, {}), Leaf(1.0, {3: some}), Leaf(2.0, {3: ~some})]
    for number, (first, second) in enumerate(itertools.permutations(range(4), 2)):
        leaves += [
            Leaf(0.1 * number, {first: some}),
            Leaf(-0.2, {first: ~some, second: some}),
            Leaf(0.3 * number, {first: ~some, second: ~some}),
        ]
    ensemble = LeafEnsemble((np.array([0.5]),) * 5, tuple(leaves), (1, 2, *[3] * 12))
    rows = np.array(list(itertools.product([0, 1, np.nan], repeat=5)), np.float32)
    servable = build_tree_servable(ensemble, Calibration(1.0, -1.0), rows).servable
    bins = ensemble.bins(rows)
    expected = np.full(len(rows), -1.0)
    for leaf in leaves:
        expected += leaf.value * np.all([flags[bins[feature]] for feature, flags in leaf.accepted.items()], axis=0)
    tables = tables_of(servable)
    assert tables is not None
    np.testing.assert_allclose(tables.log_odds(rows), np.clip(expected, -13.8, 13.8), rtol=1e-6)


def test_no_rows_give_no_scores() -> None:
    tables = tables_of(stairs(4, of_two_features=True))
    assert tables is not None
    assert tables.log_odds(np.empty((0, 2), np.float32)).shape == (0,)


def test_a_tree_with_more_leaves_than_a_word_has_bits_has_no_tables() -> None:
    assert tables_of(stairs(65, of_two_features=True)) is None


def test_a_model_from_before_there_were_tables_has_none(tmp_path: Path) -> None:
    assert read_tables(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"PK not a file of arrays", b"\x93NUMPY"])
def test_broken_files_are_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / EXTRA).mkdir()
    (tmp_path / EXTRA / FILE).write_bytes(content)
    with pytest.raises(ServableFailed):
        read_tables(tmp_path)


def test_a_file_without_all_arrays_is_told(tmp_path: Path) -> None:
    (tmp_path / EXTRA).mkdir()
    np.savez(tmp_path / EXTRA / FILE, weight=np.zeros(3), base_log_odds=1.0)
    with pytest.raises(ServableFailed):
        read_tables(tmp_path)
