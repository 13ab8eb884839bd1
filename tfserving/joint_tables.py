"""Leaves that are looked up together: the tables of a tree ensemble, few and large in place of many and small.

A row looks each table up once, at a place that hardly any other row's look-up has left in the processor's cache. So few
tables that say much are faster than many that say little.

Neighbouring leaves share most of their conditions. Take a group of leaves and one feature: what a value of the feature
means to the group is which of the leaves' conditions on it the value satisfies. Bins that satisfy the same ones are one
*case*. With `c[f]` cases of feature `f`, a row is in one of `c[1] * c[2] * ...` combinations of cases, the group's
*cells*. A cell's number is written in the mixed radix of the counts,

    case[1] + c[1] * case[2] + c[1] * c[2] * case[3] + ...

which is a sum with one term for each feature, and the term depends on nothing but the feature's bin. So a row finds its
cells of all groups by adding up one row of a matrix for each feature.

In a cell each leaf's mask is known. The log-odds of the group are the sum of the leaves' values, and so are its Shapley
values, feature by feature, since the Shapley value of a sum of functions is the sum of their Shapley values. Nothing is
approximated: the tables say what the leaves say.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfserving.servable import TreeServable, on_grid

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

# The number of a cell is a byte. A leaf alone has at most this many cells, as its mask is a byte.
MOST_CELLS = 256
# Eight float32 are half a cache line. A leaf alone has at most this many features.
MOST_FEATURES = 8


@dataclass(frozen=True, slots=True)
class JointTables:
    """The leaves of a `TreeServable` in groups.

    Attributes:
        terms: One row a bin, one column a group: what a value in the bin adds to the number of the row's cell. The sum
            over the features is at most 255.
        offsets: Where in `values` and `attributions` each group's cells begin.
        values: What the group's leaves add to the log-odds, one a cell; multiples of `GRID`.
        attributions: One row a cell, one column a place: the Shapley value in log-odds of the feature in that place.
        features: One row a group, one column a place: the feature; the number of features where the place is empty.
    """

    terms: Bytes
    offsets: Integers
    values: Doubles
    attributions: Singles
    features: Integers


def joint_tables(servable: TreeServable) -> JointTables:
    """Join the leaves of an ensemble.

    Args:
        servable: The ensemble; it has a leaf at least.

    Returns:
        Tables that say the same as the servable's.
    """
    ends = [*servable.bin_offsets[1:].tolist(), len(servable.masks)]
    bins = [slice(start, end) for start, end in zip(servable.bin_offsets.tolist(), ends, strict=True)]
    leaf_values = on_grid(servable.leaf_values)
    groups = list(_groups(servable, bins))
    terms = np.zeros((len(servable.masks), len(groups)), np.uint8)
    features = np.full((len(groups), MOST_FEATURES), servable.feature_count, np.int32)
    values, attributions = [], []
    for column, group in enumerate(groups):
        radix = 1
        for place, (feature, count) in enumerate(group.counts.items()):
            features[column, place] = feature
            terms[bins[feature], column] = group.cases[feature] * radix
            radix *= count
        cell_values, cell_attributions = _cells(servable, bins, leaf_values, group)
        values.append(cell_values)
        attributions.append(cell_attributions)
    sizes = [len(cells) for cells in values]
    return JointTables(
        terms=terms,
        offsets=np.concatenate([[0], np.cumsum(sizes[:-1])]).astype(np.int32),
        values=np.concatenate(values),
        attributions=np.concatenate(attributions).astype(np.float32),
        features=features,
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Leaves that are looked up together.

    Attributes:
        leaves: Their positions in the ensemble.
        cases: For each feature of theirs the case of each of its bins, numbered from 0.
    """

    leaves: tuple[int, ...]
    cases: Mapping[int, Integers]

    @property
    def counts(self) -> dict[int, int]:
        """How many cases each feature has."""
        return {feature: int(of_bin.max()) + 1 for feature, of_bin in self.cases.items()}


def _groups(servable: TreeServable, bins: Sequence[slice]) -> Iterator[_Group]:
    """Put each leaf to the one before as long as the group stays small enough."""
    none = _Group((), {})
    group = none
    for leaf in range(servable.leaf_count):
        larger = _with_leaf(group, servable, bins, leaf)
        if group.leaves and (len(larger.cases) > MOST_FEATURES or math.prod(larger.counts.values()) > MOST_CELLS):
            yield group
            larger = _with_leaf(none, servable, bins, leaf)
        group = larger
    if group.leaves:
        yield group


def _with_leaf(group: _Group, servable: TreeServable, bins: Sequence[slice], leaf: int) -> _Group:
    """Give the group with one leaf more; each case splits where the leaf's condition divides its bins."""
    cases = dict(group.cases)
    for feature in servable.slot_features[leaf].tolist():
        if feature < servable.feature_count:
            satisfied = servable.masks[bins[feature], leaf] != 0
            finer = 2 * cases.get(feature, 0) + satisfied
            cases[feature] = np.unique(finer, return_inverse=True)[1].astype(np.int32)
    return _Group((*group.leaves, leaf), cases)


def _cells(
    servable: TreeServable, bins: Sequence[slice], leaf_values: Doubles, group: _Group
) -> tuple[Doubles, Doubles]:
    """Give for each cell of a group the sum of its leaves' values, and of their attributions by place."""
    leaves = list(group.leaves)
    masks = np.zeros((1, len(leaves)), np.uint8)
    for feature, of_bin in group.cases.items():
        # All bins of a case set the same bits; the first feature's case changes fastest from cell to cell.
        satisfied = servable.masks[bins[feature]][np.unique(of_bin, return_index=True)[1]][:, leaves]
        masks = (satisfied[:, np.newaxis] + masks[np.newaxis]).reshape(-1, len(leaves))
    values = (masks == servable.full_masks[leaves]) @ leaf_values[leaves]
    attributions = np.zeros((len(masks), MOST_FEATURES))
    places = {feature: place for place, feature in enumerate(group.cases)}
    for column, leaf in enumerate(leaves):
        entries = servable.attributions[servable.table_offsets[leaf] + masks[:, column].astype(np.int64)]
        for slot, feature in enumerate(servable.slot_features[leaf].tolist()):
            if feature < servable.feature_count:
                attributions[:, places[feature]] += entries[:, slot]
    return values, attributions
