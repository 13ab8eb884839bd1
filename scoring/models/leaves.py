"""Reads a tree ensemble as its leaves and the conditions under which a row reaches each."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a tree.

    Attributes:
        value: What it adds to the log-odds.
        accepted: For each feature on the leaf's path, which of the feature's bins lead towards the leaf: boolean,
            one entry a bin, the last one for a missing value.
    """

    value: float
    accepted: dict[int, Flags]


@dataclass(frozen=True, slots=True)
class LeafEnsemble:
    """An ensemble as the list of the leaves of all its trees.

    Attributes:
        edges: For each feature its thresholds in rising order: `x` is in bin `i` if `edges[i - 1] < x <= edges[i]`.
            There is one bin more than edges, and then one for a missing value.
        leaves: The leaves of all trees. A row reaches one leaf of each tree; their values add up to its log-odds.
        tree_sizes: How many of the leaves each tree has, in their order; empty if all are of one tree.
    """

    edges: tuple[Doubles, ...]
    leaves: tuple[Leaf, ...]
    tree_sizes: tuple[int, ...] = ()

    @classmethod
    def of_trees(cls, edges: tuple[Doubles, ...], trees: Sequence[tuple[Leaf, ...]]) -> "LeafEnsemble":
        """Make an ensemble of the leaves of each tree."""
        return cls(edges, tuple(itertools.chain(*trees)), tuple(map(len, trees)))

    def bins(self, X: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
        """Give the bin of each value.

        Args:
            X: One row a lead, one column a feature.

        Returns:
            One row a feature, one column a lead.
        """
        return bins_of(X, self.edges)


def bins_of(X: npt.NDArray[np.float32], all_edges: Sequence[Doubles]) -> npt.NDArray[np.uint16]:
    """Give the bin of each value.

    Args:
        X: One row a lead, one column a feature.
        all_edges: For each feature its thresholds, as in `LeafEnsemble`.

    Returns:
        One row a feature, one column a lead.
    """
    binned = np.empty(X.shape[::-1], dtype=np.uint16)
    for feature, edges in enumerate(all_edges):
        column = X[:, feature].astype(np.float64)
        found = np.searchsorted(edges, column, side="left")
        binned[feature] = np.where(np.isnan(column), len(edges) + 1, found)
    return binned


def weighted_sum(parts: Sequence[tuple[float, LeafEnsemble]]) -> LeafEnsemble:
    """Add ensembles up to one.

    Args:
        parts: At least one ensemble and the weight of its log-odds; all on the same features.
    """
    edges = tuple(
        np.unique(np.concatenate(of_feature)) for of_feature in zip(*(e.edges for _, e in parts), strict=True)
    )
    leaves: list[Leaf] = []
    for weight, ensemble in parts:
        old_bins = [_bins_in(old, new) for old, new in zip(ensemble.edges, edges, strict=True)]
        leaves += [_scaled(leaf, weight, old_bins) for leaf in ensemble.leaves]
    return LeafEnsemble(edges, tuple(leaves), tuple(size for _, ensemble in parts for size in ensemble.tree_sizes))


def _bins_in(old: Doubles, new: Doubles) -> npt.NDArray[np.intp]:
    """Give for each bin of the finer edges, and for a missing value, the bin of the coarser ones that it lies in."""
    return np.append(np.searchsorted(old, np.append(new, np.inf), side="left"), len(old) + 1)


def _scaled(leaf: Leaf, weight: float, old_bins: Sequence[npt.NDArray[np.intp]]) -> Leaf:
    accepted = {feature: flags[old_bins[feature]] for feature, flags in leaf.accepted.items()}
    return Leaf(weight * leaf.value, accepted)


def leaves_of(
    booster: lightgbm.Booster, code_counts: Sequence[int], numbers: Mapping[int, Doubles] = MappingProxyType({})
) -> LeafEnsemble:
    """Read a LightGBM ensemble.

    Args:
        booster: The ensemble; its trees split on float32 numbers, with NaN for missing, and on codes.
        code_counts: For each feature how many codes it has; 0 for a quantity.
        numbers: For features that the ensemble saw as numbers in place of their codes: the number of each code, then
            that of a missing value.

    Returns:
        The same function, leaf by leaf.
    """
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    thresholds: list[set[float]] = [{code + 0.5 for code in range(count - 1)} for count in code_counts]
    for tree in trees:
        for node in _splits(tree):
            if node["decision_type"] == "<=" and node["split_feature"] not in numbers:
                thresholds[node["split_feature"]].add(float(node["threshold"]))
    edges = tuple(np.array(sorted(found), dtype=np.float64) for found in thresholds)
    return LeafEnsemble.of_trees(edges, [tuple(_leaves_below(tree, {}, edges, numbers)) for tree in trees])


def _splits(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "split_feature" in node:
        yield node
        yield from _splits(node["left_child"])
        yield from _splits(node["right_child"])


def _leaves_below(
    node: dict[str, Any], accepted: dict[int, Flags], edges: tuple[Doubles, ...], numbers: Mapping[int, Doubles]
) -> Iterator[Leaf]:
    if "split_feature" not in node:
        yield Leaf(float(node["leaf_value"]), accepted)
        return
    feature = int(node["split_feature"])
    known = feature in numbers
    goes_left = numbers[feature] <= float(node["threshold"]) if known else _goes_left(node, edges[feature])
    for child, goes in (("left_child", goes_left), ("right_child", ~goes_left)):
        narrowed = goes & accepted[feature] if feature in accepted else goes
        yield from _leaves_below(node[child], accepted | {feature: narrowed}, edges, numbers)


def _goes_left(node: dict[str, Any], edges: Doubles) -> Flags:
    """Give which bins of the node's feature go to the left, as LightGBM decides."""
    goes = np.zeros(len(edges) + 2, dtype=np.bool_)
    if node["decision_type"] == "==":
        # Codes that the node does not name, and missing ones, go right.
        goes[[int(code) for code in node["threshold"].split("||")]] = True
        return goes
    threshold = float(node["threshold"])
    goes[: int(np.searchsorted(edges, threshold)) + 1] = True
    # Where a feature was never missing in training, LightGBM takes a missing value as 0.
    goes[-1] = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0.0
    return goes
