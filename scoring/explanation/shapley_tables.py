r"""Exact Shapley values of a tree ensemble, worked out before any lead comes.

The Shapley value of a feature is its mean effect over all orders in which the features of a lead could become known
(Shapley 1953; Lundberg and Lee 2017). While only the features in a set `S` are known, the model's output is taken as

    v(S) = mean over the training leads z of f(x on S, z elsewhere),

the *interventional* form (Janzing, Minorics and Bloebaum 2020). So a feature that the model does not use gets exactly
0, the base is the mean log-odds of the training leads, and the meaning is the same as in logistic regression.

Why tables suffice. A sum of trees is a sum of leaves, and Shapley values of a sum are the sums of Shapley values, so
one leaf at a time is enough. A leaf's conditions concern d features at most (d <= depth = 6). Let bit `s` of the mask
`m(x)` tell whether lead `x` satisfies the leaf's condition on its `s`-th feature. The mixed lead (x on S, z elsewhere)
reaches the leaf if each condition is satisfied by the one whose turn it is; so the leaf's output depends on `x` and
`z` only through their masks. If some condition is satisfied by neither, the mixed lead never reaches the leaf and all
values are 0. Otherwise let

    A = conditions that x alone satisfies,  a = |A|;    B = conditions that z alone satisfies,  b = |B|.

The mixed lead reaches the leaf if S contains all of A and nothing of B. Counting the orders in which a feature tips
that, a feature in A gets `value * (a - 1)! b! / (a + b)!` and one in B gets `-value * a! (b - 1)! / (a + b)!`
(Laberge and Pequignot 2022). Averaged over the masks that the training leads have at the leaf, that leaves one number
for each of the 2^d masks of `x` and each slot: the table. Serving then only looks up, whatever the number of
training leads.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.models.calibration import Calibration
from scoring.models.leaves import Leaf, LeafEnsemble
from tfserving.servable import TreeServable

Doubles = npt.NDArray[np.float64]
MOST_SLOTS = 8


@dataclass(frozen=True, slots=True)
class ExplainedTraining:
    """A servable together with what it says about the leads it was learnt from.

    Attributes:
        servable: What is exported.
        mean_absolute: For each feature its mean absolute attribution over these leads, in log-odds.
    """

    servable: TreeServable
    mean_absolute: Doubles


@functools.cache
def interventional_weights(slots: int) -> Doubles:
    """Give the Shapley values of a leaf of value 1 for every pair of masks.

    Args:
        slots: How many features the leaf's conditions concern, 0 or more.

    Returns:
        Shape [2^slots, 2^slots, slots]: by the mask of the explained lead, the mask of the other lead, and the slot.
    """
    size = 1 << slots
    weights = np.zeros((size, size, slots))
    for mask in range(size):
        for other in range(size):
            if mask | other != size - 1:
                continue
            alone = [slot for slot in range(slots) if mask >> slot & 1 and not other >> slot & 1]
            against = [slot for slot in range(slots) if other >> slot & 1 and not mask >> slot & 1]
            a, b = len(alone), len(against)
            if a:
                weights[mask, other, alone] = math.factorial(a - 1) * math.factorial(b) / math.factorial(a + b)
            if b:
                weights[mask, other, against] = -math.factorial(a) * math.factorial(b - 1) / math.factorial(a + b)
    return weights


def build_tree_servable(
    ensemble: LeafEnsemble, calibration: Calibration, background: npt.NDArray[np.float32]
) -> ExplainedTraining:
    """Make the tables of an ensemble.

    Calibration is a straight line in log-odds, and Shapley values are linear in the model: scaling each leaf by the
    slope scales its attributions, and the intercept goes to the base.

    Args:
        ensemble: The ensemble, leaf by leaf.
        calibration: The line from its log-odds to calibrated ones.
        background: The training leads over which attributions average, one row a lead; at least one.

    Returns:
        The servable, and the mean absolute attributions of the background leads.

    Raises:
        ValueError: A leaf's conditions concern more features than a mask has bits.
    """
    bins = ensemble.bins(background)
    feature_count, row_count = bins.shape
    widest = max((len(leaf.accepted) for leaf in ensemble.leaves), default=0)
    if widest > MOST_SLOTS:
        raise ValueError(f"a leaf depends on {widest} features, and at most {MOST_SLOTS} can be tabulated")
    sizes = [1 << len(leaf.accepted) for leaf in ensemble.leaves]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    table = np.zeros((int(offsets[-1]), max(widest, 1)))
    slot_features = np.full((len(ensemble.leaves), max(widest, 1)), feature_count, dtype=np.int32)
    attributions = np.zeros((feature_count, row_count))
    base = calibration.intercept
    for index, leaf in enumerate(ensemble.leaves):
        slots = list(leaf.accepted)
        masks = _masks_of(leaf, bins)
        share = np.bincount(masks, minlength=sizes[index]) / row_count
        value = calibration.slope * leaf.value
        base += value * float(share[-1])
        block = value * np.einsum("xzs,z->xs", interventional_weights(len(slots)), share)
        table[offsets[index] : offsets[index + 1], : len(slots)] = block
        slot_features[index, : len(slots)] = slots
        for slot, feature in enumerate(slots):
            attributions[feature] += block[masks, slot]
    servable = TreeServable(
        base_log_odds=base,
        intercept=calibration.intercept,
        edges=ensemble.edges,
        bin_offsets=_bin_offsets(ensemble),
        masks=_bin_masks(ensemble),
        full_masks=np.array([size - 1 for size in sizes], dtype=np.uint8),
        leaf_values=np.array([calibration.slope * leaf.value for leaf in ensemble.leaves]),
        table_offsets=offsets[:-1],
        attributions=table.astype(np.float32),
        slot_features=slot_features,
        tree_offsets=np.cumsum([0, *ensemble.tree_sizes[:-1]]).astype(np.int32),
    )
    return ExplainedTraining(servable, np.abs(attributions).mean(axis=1))


def _masks_of(leaf: Leaf, bins: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    masks = np.zeros(bins.shape[1], dtype=np.uint8)
    for slot, (feature, accepted) in enumerate(leaf.accepted.items()):
        masks |= (accepted.astype(np.uint8) << slot)[bins[feature]]
    return masks


def _bin_offsets(ensemble: LeafEnsemble) -> npt.NDArray[np.int32]:
    counts = [len(edges) + 2 for edges in ensemble.edges]
    return np.concatenate([[0], np.cumsum(counts)])[:-1].astype(np.int32)


def _bin_masks(ensemble: LeafEnsemble) -> npt.NDArray[np.uint8]:
    offsets = _bin_offsets(ensemble)
    masks = np.zeros((sum(len(edges) + 2 for edges in ensemble.edges), len(ensemble.leaves)), dtype=np.uint8)
    for index, leaf in enumerate(ensemble.leaves):
        for slot, (feature, accepted) in enumerate(leaf.accepted.items()):
            first = offsets[feature]
            masks[first : first + len(accepted), index] |= accepted.astype(np.uint8) << slot
    return masks
