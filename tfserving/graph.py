"""Servables as plain TensorFlow operations, which a stock TensorFlow Serving can run.

Each graph takes the feature matrix, float32 [n, features] with NaN for a missing value, and gives log-odds in
float64 [n] and attributions in float32 [n, features]. Thresholds are compared in float64, where every float32 is exact:
a row reaches the same leaf as in training.

The log-odds of a row are the same bits in whatever batch it comes. Sums of floats depend on the order of adding, and
kernels choose that by the shape of the batch; so what is added are multiples of 2^-32, whose sums a float64 holds
exactly up to 2^20. Rounding to them moves a term by less than 2e-10.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from tfserving.joint_tables import JointTables, joint_tables
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
        tables = joint_tables(servable)
        self.base_log_odds = servable.base_log_odds
        self._intercept = on_grid(servable.intercept)
        self._group_count = len(tables.offsets)
        self._edges = tf.constant(_padded(servable.edges))
        self._missing_bins = tf.constant([len(edges) + 1 for edges in servable.edges], tf.int32)
        self._bin_offsets = tf.constant(servable.bin_offsets)
        self._terms = tf.constant(_in_lanes(tables.terms))
        self._offsets = tf.constant(tables.offsets)
        self._values = tf.constant(tables.values)
        self._attributions = tf.constant(tables.attributions)
        self._places = tf.constant(_place_indicators(tables, servable.feature_count))

    def explained(self, features: Any) -> tuple[Any, Any]:
        """Give the log-odds and the attributions of each row.

        Args:
            features: Float32 [n, features].
        """
        cells = self._cells(features)
        entries = tf.reshape(tf.gather(self._attributions, cells), [-1, self._places.shape[0]])
        return self._sum_of_values(cells), tf.matmul(entries, self._places)

    def _bins(self, features: Any) -> Any:
        # The search takes any place for NaN, and the place is not used.
        known = tf.cast(tf.transpose(features), tf.float64)
        found = tf.transpose(tf.searchsorted(self._edges, known, side="left"))
        return tf.where(tf.math.is_nan(features), self._missing_bins, found) + self._bin_offsets

    def _cells(self, features: Any) -> Any:
        # Each group's number of the cell is the sum of the features' bytes; and since no byte can overflow into the
        # next, eight groups are summed at once as one int64.
        lanes = tf.reduce_sum(tf.gather(self._terms, self._bins(features)), axis=1)
        numbers = tf.reshape(tf.bitcast(lanes, tf.uint8), [-1, self._terms.shape[1] * LANE])
        return tf.cast(numbers[:, : self._group_count], tf.int32) + self._offsets

    def _sum_of_values(self, cells: Any) -> Any:
        return tf.reduce_sum(tf.gather(self._values, cells), axis=1) + self._intercept


def _exact_sum(contributions: Any) -> Any:
    return tf.reduce_sum(tf.round(contributions / GRID) * GRID, axis=1)


def _padded(edges: tuple[np.ndarray[Any, np.dtype[np.float64]], ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give the thresholds as one matrix, the shorter rows filled up with infinity."""
    padded = np.full((len(edges), max(1, *(len(row) for row in edges))), np.inf)
    for feature, row in enumerate(edges):
        padded[feature, : len(row)] = row
    return padded


def _in_lanes(terms: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give the bytes of eight groups as one int64."""
    bins, groups = terms.shape
    filled = np.zeros((bins, -(-groups // LANE) * LANE), dtype=np.uint8)
    filled[:, :groups] = terms
    return filled.view("<i8")


def _place_indicators(tables: JointTables, feature_count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Give a matrix [groups * places, features] with a 1 where the place stands for the feature."""
    features = tables.features.ravel()
    indicators = np.zeros((len(features), feature_count + 1), dtype=np.float32)
    indicators[np.arange(len(features)), features] = 1.0
    return indicators[:, :feature_count]


Graph = LinearGraph | TreeGraph
