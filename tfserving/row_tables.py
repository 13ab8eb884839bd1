"""A servable as tables that score many rows in this process, without TensorFlow: the same bits as the SavedModel gives.

Where millions of rows are scored without reasons, what costs is to carry them to a server and to look up each of their
leaves by each of its conditions. Here a bin of a feature has one word a tree, whose bit `k` tells whether a value in
the bin leaves the tree's leaf `k` reachable. The words of a row's bins, combined by "and", keep one bit a tree: the
leaf that the row reaches (after QuickScorer, Lucchese and others 2015). A row takes one pass over all trees at once for
each feature, or for several that have few bins and are taken as one, whose bins are the combinations of theirs. A tree
that asks for one feature alone needs no words: what it adds is told by the bin.

The log-odds are sums of multiples of `GRID`, which are exact in whatever order they are added; so they don't differ
from those of `tfserving.graph` by a single bit.
"""

import zipfile
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tfserving.errors import ServableFailed
from tfserving.servable import GRID, LARGEST_LOG_ODDS, LinearServable, Servable, TreeServable, on_grid

# Folder of a SavedModel that TensorFlow Serving passes over except for what it knows.
EXTRA = "assets.extra"
FILE = "row_tables.npz"

# Rows at a time whose words stay in the processor's cache.
ROWS_AT_ONCE = 256
MOST_LEAVES = 64
# Features are taken together as long as they have no more combinations of bins than this.
MOST_COMBINATIONS = 256
# The exponent of 1.0 as a float32, and the bits after it.
EXPONENT_OF_ONE = 127
FRACTION_BITS = 23

Matrix = npt.NDArray[np.float32]
Singles = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64] | npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class _Group:
    """Features that are taken as one.

    Attributes:
        features: The features.
        bin_counts: How many bins each has.
        words: One row a combination of bins, those of the last feature changing first; one column a tree.
    """

    features: tuple[int, ...]
    bin_counts: tuple[int, ...]
    words: Words


class TreeTables:
    """The tables of a tree ensemble.

    Args:
        base_log_odds: Mean log-odds of the training leads.
        intercept: Log-odds before any leaf is added, on the grid.
        edges: As in `TreeServable`.
        bin_values: For some features, what each bin adds by itself, on the grid.
        words: For each feature one row a bin and one column a tree.
        leaf_values: One row a tree, one column a leaf of it, on the grid; 0 where the tree has no such leaf.
    """

    def __init__(
        self,
        base_log_odds: float,
        intercept: float,
        edges: list[Doubles],
        *,
        bin_values: dict[int, Doubles],
        words: list[Words],
        leaf_values: Doubles,
    ) -> None:
        self.base_log_odds = base_log_odds
        self.feature_count = len(edges)
        self._intercept = intercept
        self._edges = edges
        self._bin_values = bin_values
        self._groups = _grouped(words) if len(leaf_values) else []
        self._leaf_values = leaf_values.ravel()
        self._offsets = np.arange(len(leaf_values)) * leaf_values.shape[1] - EXPONENT_OF_ONE
        self._counts_codes = [np.array_equal(row, np.arange(len(row)) + 0.5) for row in edges]

    def log_odds(self, X: Matrix) -> Singles:
        """Give the log-odds of each row, as `serving_default` does.

        Args:
            X: Float32 [rows, features], NaN for a missing value.
        """
        bins = self._bins(X)
        sums = np.full(len(X), self._intercept)
        for feature, values in self._bin_values.items():
            sums += values[bins[feature]]
        if self._groups:
            sums += self._leaf_sums(bins)
        return _cut(sums)

    def _leaf_sums(self, bins: Integers) -> Doubles:
        """Give for each row the sum of the leaves that it reaches."""
        places = [_combined(bins, group) for group in self._groups]
        sums = np.empty(bins.shape[1])
        shape = ROWS_AT_ONCE, len(self._offsets)
        reached, reachable = np.empty((2, *shape), self._groups[0].words.dtype)
        for start in range(0, len(sums), ROWS_AT_ONCE):
            end = min(start + ROWS_AT_ONCE, len(sums))
            kept, words = reached[: end - start], reachable[: end - start]
            np.take(self._groups[0].words, places[0][start:end], axis=0, out=kept, mode="clip")
            for group, place in zip(self._groups[1:], places[1:], strict=True):
                np.take(group.words, place[start:end], axis=0, out=words, mode="clip")
                np.bitwise_and(kept, words, out=kept)
            sums[start:end] = self._leaf_values.take(_exponents(kept) + self._offsets, mode="clip").sum(axis=1)
        return sums

    def _bins(self, X: Matrix) -> Integers:
        bins = np.empty(X.shape[::-1], dtype=np.int64)
        for feature, edges in enumerate(self._edges):
            column = X[:, feature].astype(np.float64)
            missing = np.isnan(column)
            if self._counts_codes[feature]:
                found = np.clip(np.ceil(np.where(missing, 0.0, column) - 0.5), 0, len(edges))
            else:
                found = np.searchsorted(edges, column, side="left")
            bins[feature] = np.where(missing, len(edges) + 1, found)
        return bins


class LinearTables:
    """The numbers of a model that adds one contribution a feature.

    Args:
        servable: The model.
    """

    def __init__(self, servable: LinearServable) -> None:
        self.base_log_odds = servable.base_log_odds
        self.feature_count = servable.feature_count
        self._servable = servable

    def log_odds(self, X: Matrix) -> Singles:
        """Give the log-odds of each row, as `serving_default` does.

        Args:
            X: Float32 [rows, features], NaN for a missing value.
        """
        servable = self._servable
        missing = np.isnan(X)
        known = np.where(missing, np.float32(0), X).astype(np.float64)
        line = servable.weight * np.clip(known, servable.low, servable.high) + servable.offset
        quantities = np.where(missing, servable.missing, line)
        codes = np.clip(known, 0.0, np.maximum(servable.code_counts - 1, 0.0)).astype(np.int32)
        positions = np.where(missing, servable.code_counts, codes) + servable.code_offsets
        contributions = quantities + servable.code_contributions[positions]
        return _cut((np.round(contributions / GRID) * GRID).sum(axis=1) + on_grid(servable.base_log_odds))


RowTables = TreeTables | LinearTables


def tables_of(servable: Servable) -> RowTables | None:
    """Make the tables of a servable.

    Args:
        servable: The model.

    Returns:
        The tables; None if a tree that asks for several features has more leaves than a word has bits.
    """
    if isinstance(servable, LinearServable):
        return LinearTables(servable)
    leaf_values, satisfied = on_grid(servable.leaf_values), _satisfied(servable)
    bin_values: dict[int, Doubles] = {}
    joined: list[slice] = []
    for leaves in _trees(servable):
        features = np.unique(servable.slot_features[leaves])
        if (features < servable.feature_count).sum() > 1:
            joined.append(leaves)
        else:
            # A tree of one leaf asks for nothing, and every bin of any feature adds the same.
            feature = int(features[0]) % servable.feature_count
            reached = satisfied[_bins_of_feature(servable, feature), leaves].argmax(axis=1)
            bin_values[feature] = bin_values.get(feature, 0.0) + leaf_values[leaves][reached]
    largest = max((leaves.stop - leaves.start for leaves in joined), default=0)
    if largest > MOST_LEAVES:
        return None
    words = np.empty((len(satisfied), len(joined)), dtype=np.uint32 if largest <= MOST_LEAVES // 2 else np.uint64)
    values = np.zeros((len(joined), largest))
    for tree, leaves in enumerate(joined):
        size = leaves.stop - leaves.start
        bits = np.left_shift(1, np.arange(size, dtype=words.dtype), dtype=words.dtype)
        words[:, tree] = np.where(satisfied[:, leaves], bits, 0).sum(axis=1, dtype=words.dtype)
        values[tree, :size] = leaf_values[leaves]
    return TreeTables(
        servable.base_log_odds,
        float(on_grid(servable.intercept)),
        list(servable.edges),
        bin_values=bin_values,
        words=[words[_bins_of_feature(servable, feature)] for feature in range(servable.feature_count)],
        leaf_values=values,
    )


def write_tables(servable: Servable, folder: Path) -> None:
    """Write what `read_tables` needs to make the tables of a servable again.

    Args:
        servable: The model.
        folder: An existing folder.

    Raises:
        OSError: It can't be written.
    """
    left_out = {"attributions", "table_offsets"}
    arrays = {field.name: getattr(servable, field.name) for field in fields(servable) if field.name not in left_out}
    if isinstance(servable, TreeServable):
        arrays["edge_counts"] = np.array([len(row) for row in servable.edges], dtype=np.int32)
        arrays["edges"] = np.concatenate(servable.edges)
    np.savez_compressed(folder / FILE, **arrays)


def read_tables(folder: Path) -> RowTables | None:
    """Make the tables of a model from its files.

    Args:
        folder: The folder of the model's version.

    Returns:
        The tables; None if the model has no file of them, as those from before there were any, or can't have tables.

    Raises:
        ServableFailed: The file is broken.
    """
    try:
        with np.load(folder / EXTRA / FILE) as file:
            arrays = dict(file)
        if "weight" in arrays:
            base = float(arrays.pop("base_log_odds"))
            return tables_of(LinearServable(base_log_odds=base, **arrays))
        edges = np.split(arrays.pop("edges"), np.cumsum(arrays.pop("edge_counts"))[:-1])
        servable = TreeServable(
            base_log_odds=float(arrays.pop("base_log_odds")),
            intercept=float(arrays.pop("intercept")),
            edges=tuple(edges),
            table_offsets=np.empty(0, dtype=np.int32),
            attributions=np.empty((0, 0), dtype=np.float32),
            **arrays,
        )
        return tables_of(servable)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ServableFailed(f"the tables of {folder} can't be read: {error}") from error


def _satisfied(servable: TreeServable) -> npt.NDArray[np.bool_]:
    """Tell for each bin and leaf whether a value in the bin leaves the leaf reachable."""
    bin_features = np.repeat(
        np.arange(servable.feature_count), np.diff([*servable.bin_offsets.tolist(), len(servable.masks)])
    )
    wanted = np.zeros((servable.feature_count + 1, servable.leaf_count), dtype=np.uint8)
    for slot in range(servable.slot_features.shape[1]):
        wanted[servable.slot_features[:, slot], np.arange(servable.leaf_count)] |= np.uint8(1 << slot)
    needed: npt.NDArray[np.uint8] = wanted[bin_features]
    satisfied: npt.NDArray[np.bool_] = (servable.masks & needed) == needed
    return satisfied


def _trees(servable: TreeServable) -> list[slice]:
    """Give where the leaves of each tree are."""
    starts = servable.tree_offsets.tolist()
    return [slice(start, end) for start, end in pairwise([*starts, servable.leaf_count])]


def _bins_of_feature(servable: TreeServable, feature: int) -> slice:
    start = int(servable.bin_offsets[feature])
    return slice(start, start + len(servable.edges[feature]) + 2)


def _grouped(words: list[Words]) -> list[_Group]:
    """Take features together, those with the fewest bins first; features that no tree asks for are left out."""
    groups: list[_Group] = []
    asked = [feature for feature, of_feature in enumerate(words) if (of_feature != of_feature[0]).any()]
    for feature in sorted(asked, key=lambda feature: len(words[feature])):
        of_feature = words[feature]
        group = _Group((feature,), (len(of_feature),), of_feature)
        if groups and len(groups[-1].words) * len(of_feature) <= MOST_COMBINATIONS:
            last = groups.pop()
            both = (last.words[:, np.newaxis] & of_feature).reshape(-1, of_feature.shape[1])
            group = _Group((*last.features, feature), (*last.bin_counts, len(of_feature)), both)
        groups.append(group)
    return groups


def _combined(bins: Integers, group: _Group) -> Integers:
    """Give the combination of bins of each row."""
    first, *others = group.features
    place: Integers = bins[first]
    for feature, count in zip(others, group.bin_counts[1:], strict=True):
        place = place * count + bins[feature]
    return place


def _exponents(words: Words) -> npt.NDArray[np.int32]:
    """Give the exponent, as a number, of the only bit that each word has."""
    return np.asarray(words.astype(np.float32).view(np.int32) >> FRACTION_BITS)


def _cut(log_odds: Doubles) -> Singles:
    return np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS).astype(np.float32)
