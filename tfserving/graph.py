"""Servables as TensorFlow functions made of plain operations, which a stock TensorFlow Serving can run.

Each function takes the feature matrix, float32 [n, features] with NaN for a missing value, and gives log-odds in
float64 [n] and, if asked, attributions in float32 [n, features]. Thresholds are compared in float64, where every
float32 is exact: a row reaches the same leaf as in training.

The log-odds of a row are the same bits in whatever batch it comes. Sums of floats depend on the order of adding, and
kernels choose that by the shape of the batch; so what is added are multiples of 2^-32, whose sums a float64 holds
exactly up to 2^20. Rounding to them moves a term by less than 2e-10.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from tfserving.servable import GRID, LinearServable, TreeServable, on_grid

LANE = 8


class LinearGraph:
    """A `LinearServable` as operations.

    Args:
        servable: The arrays.
    """

    def __init__(self, servable: LinearServable) -> None:
        self.base_log_odds = servable.base_log_odds
        self._servable = servable

    def log_odds(self, features: Any) -> Any:
        """Give the log-odds of each row.

        Args:
            features: Float32 [n, features].
        """
        return _exact_sum(self._contributions(features)) + on_grid(self.base_log_odds)

    def explained(self, features: Any) -> tuple[Any, Any]:
        """Give the log-odds and the attributions of each row.

        Args:
            features: Float32 [n, features].
        """
        contributions = self._contributions(features)
        log_odds = _exact_sum(contributions) + on_grid(self.base_log_odds)
        return log_odds, tf.cast(contributions, tf.float32)

    def _contributions(self, features: Any) -> Any:
        servable = self._servable
        absent = tf.math.is_nan(features)
        known = tf.cast(tf.where(absent, tf.zeros_like(features), features), tf.float64)
        line = tf.constant(servable.weight) * tf.clip_by_value(known, servable.low, servable.high) + servable.offset
        quantities = tf.where(absent, tf.constant(servable.missing), line)
        counts = tf.constant(servable.code_counts)
        codes = tf.cast(tf.clip_by_value(known, np.float64(0), np.maximum(servable.code_counts - 1, 0.0)), tf.int32)
        positions = tf.where(absent, counts, codes) + tf.constant(servable.code_offsets)
        return quantities + tf.gather(tf.constant(servable.code_contributions), positions)


class TreeGraph:
    """A `TreeServable` as operations.

    Args:
        servable: The tables.
    """

    def __init__(self, servable: TreeServable) -> None:
        self.base_log_odds = servable.base_log_odds
        self._intercept = on_grid(servable.intercept)
        self._leaf_count = servable.leaf_count
        self._edges = tf.constant(_padded(servable.edges))
        self._missing_bins = tf.constant([len(edges) + 1 for edges in servable.edges], tf.int32)
        self._bin_offsets = tf.constant(servable.bin_offsets)
        self._masks = tf.constant(_in_lanes(servable.masks))
        self._full_masks = tf.constant(servable.full_masks)
        self._leaf_values = tf.constant(on_grid(servable.leaf_values))
        self._table_offsets = tf.constant(servable.table_offsets)
        self._attributions = tf.constant(servable.attributions)
        self._slots = tf.constant(_slot_indicators(servable))

    def log_odds(self, features: Any) -> Any:
        """Give the log-odds of each row.

        Args:
            features: Float32 [n, features].
        """
        return self._sum_of_leaves(self._row_masks(features))

    def explained(self, features: Any) -> tuple[Any, Any]:
        """Give the log-odds and the attributions of each row.

        Args:
            features: Float32 [n, features].
        """
        masks = self._row_masks(features)
        entries = tf.gather(self._attributions, tf.cast(masks, tf.int32) + self._table_offsets)
        by_slot = tf.reshape(entries, [tf.shape(masks)[0], self._slots.shape[0]])
        return self._sum_of_leaves(masks), tf.matmul(by_slot, self._slots)

    def _bins(self, features: Any) -> Any:
        absent = tf.math.is_nan(features)
        known = tf.cast(tf.where(absent, tf.zeros_like(features), features), tf.float64)
        found = tf.transpose(tf.searchsorted(self._edges, tf.transpose(known), side="left"))
        return tf.where(absent, self._missing_bins, found) + self._bin_offsets

    def _row_masks(self, features: Any) -> Any:
        # Each feature sets bits of its own, so the sum of the features' bytes is their union; and since no byte can
        # overflow into the next, eight leaves are summed at once as one int64.
        lanes = tf.reduce_sum(tf.gather(self._masks, self._bins(features)), axis=1)
        masks = tf.reshape(tf.bitcast(lanes, tf.uint8), [tf.shape(lanes)[0], self._masks.shape[1] * LANE])
        return masks[:, : self._leaf_count]

    def _sum_of_leaves(self, masks: Any) -> Any:
        reached = tf.cast(tf.equal(masks, self._full_masks), tf.float64)
        return tf.linalg.matvec(reached, self._leaf_values) + self._intercept


def _exact_sum(contributions: Any) -> Any:
    return tf.reduce_sum(tf.round(contributions / GRID) * GRID, axis=1)


def _padded(edges: tuple[np.ndarray[Any, np.dtype[np.float64]], ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give the thresholds as one matrix, the shorter rows filled up with infinity."""
    padded = np.full((len(edges), max(1, *(len(row) for row in edges))), np.inf)
    for feature, row in enumerate(edges):
        padded[feature, : len(row)] = row
    return padded


def _in_lanes(masks: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give the masks of eight leaves as one int64."""
    bins, leaves = masks.shape
    filled = np.zeros((bins, -(-leaves // LANE) * LANE), dtype=np.uint8)
    filled[:, :leaves] = masks
    return filled.view("<i8")


def _slot_indicators(servable: TreeServable) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Give a matrix [leaves * slots, features] with a 1 where the slot stands for the feature."""
    slot_features = servable.slot_features.ravel()
    indicators = np.zeros((len(slot_features), servable.feature_count + 1), dtype=np.float32)
    indicators[np.arange(len(slot_features)), slot_features] = 1.0
    return indicators[:, : servable.feature_count]


Graph = LinearGraph | TreeGraph
