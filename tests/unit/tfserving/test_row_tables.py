"""Tables for many rows: how they are kept with a model, and which models can't have them."""

from pathlib import Path

import numpy as np
import pytest

from scoring.explanation.shapley_tables import build_tree_servable
from scoring.models.calibration import Calibration
from scoring.models.leaves import Leaf, LeafEnsemble
from tfserving.errors import ServableFailed
from tfserving.row_tables import EXTRA, FILE, read_tables, tables_of, write_tables
from tfserving.servable import TreeServable


def stairs(step_count: int) -> TreeServable:
    """Make one tree with a leaf for each of so many steps of the only feature, and one more for a missing value."""
    edges = np.arange(0.25, step_count - 1)
    bins = np.eye(step_count + 1, dtype=np.bool_)
    leaves = tuple(Leaf(float(step), {0: bins[step]}) for step in range(step_count + 1))
    return build_tree_servable(
        LeafEnsemble((edges,), leaves, (len(leaves),)), Calibration(1.0, 0.0), np.zeros((3, 1), np.float32)
    ).servable


@pytest.mark.parametrize("leaf_count", [2, 32, 33, 64])
def test_every_leaf_of_a_tree_is_found(leaf_count: int, tmp_path: Path) -> None:
    servable = stairs(leaf_count - 1)
    (tmp_path / EXTRA).mkdir()
    write_tables(servable, tmp_path / EXTRA)
    rows = np.array([*range(leaf_count - 1), np.nan], np.float32)[:, np.newaxis]
    for tables in (tables_of(servable), read_tables(tmp_path)):
        assert tables is not None
        np.testing.assert_array_equal(tables.log_odds(rows), np.minimum(np.arange(leaf_count), 13.8).astype(np.float32))


def test_no_rows_give_no_scores() -> None:
    tables = tables_of(stairs(3))
    assert tables is not None
    assert tables.log_odds(np.empty((0, 1), np.float32)).shape == (0,)


def test_a_tree_with_more_leaves_than_a_word_has_bits_has_no_tables() -> None:
    assert tables_of(stairs(64)) is None


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
