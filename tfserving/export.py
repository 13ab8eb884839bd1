"""Writes a servable as a SavedModel that TensorFlow Serving loads as it is."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from tfserving.graph import Graph, LinearGraph, TreeGraph
from tfserving.row_tables import EXTRA, write_tables
from tfserving.servable import LARGEST_LOG_ODDS, LinearServable, Servable

WARM_UP_ROWS = (1, 64)


def export(servable: Servable, folder: Path) -> None:
    """Write the SavedModel with its warm-up requests.

    Both signatures take `features`, float32 [n, features] with NaN for a missing value. `serving_default` gives
    `probability` and `log_odds`, float32 [n]; `explain` gives also `attributions`, float32 [n, features], and
    `base_log_odds`, float32 [n]. In each row `base_log_odds` plus the attributions is `log_odds`.

    The model server takes any folder with a number for a finished version; so it is written beside under a name that
    is none, and renamed when it is whole.

    Args:
        servable: The model.
        folder: The version's folder, such as `<repository>/<model>/3`. It must not exist yet; its parents are made.

    Raises:
        FileExistsError: The folder exists.
        OSError: The folder can't be written.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists; a version is never overwritten")
    partial = folder.with_name(f".{folder.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    graph: Graph = LinearGraph(servable) if isinstance(servable, LinearServable) else TreeGraph(servable)
    module, signatures = _with_signatures(graph, servable.feature_count)
    tf.saved_model.save(module, str(partial), signatures=signatures)
    _write_warm_up(partial / EXTRA, servable.feature_count)
    write_tables(servable, partial / EXTRA)
    partial.rename(folder)


def _with_signatures(graph: Graph, feature_count: int) -> tuple[Any, dict[str, Any]]:
    rows = tf.TensorSpec([None, feature_count], tf.float32, name="features")

    def predict(features: Any) -> dict[str, Any]:
        log_odds = _cut(graph.log_odds(features))
        return {"probability": _probability(log_odds), "log_odds": tf.cast(log_odds, tf.float32)}

    def explain(features: Any) -> dict[str, Any]:
        uncut, attributions = graph.explained(features)
        log_odds = _cut(uncut)
        base = tf.constant(graph.base_log_odds, tf.float64)
        kept = tf.where(tf.equal(uncut, log_odds), tf.ones_like(uncut), (log_odds - base) / (uncut - base))
        return {
            "probability": _probability(log_odds),
            "log_odds": tf.cast(log_odds, tf.float32),
            "attributions": attributions * tf.cast(kept, tf.float32)[:, tf.newaxis],
            "base_log_odds": tf.fill([tf.shape(features)[0]], tf.cast(base, tf.float32)),
        }

    module = tf.Module()
    module.predict = tf.function(predict, input_signature=[rows])
    module.explain = tf.function(explain, input_signature=[rows])
    return module, {"serving_default": module.predict, "explain": module.explain}


def _cut(log_odds: Any) -> Any:
    limit = tf.constant(LARGEST_LOG_ODDS, tf.float64)
    return tf.clip_by_value(log_odds, -limit, limit)


def _probability(log_odds: Any) -> Any:
    return tf.cast(tf.sigmoid(log_odds), tf.float32)


def _write_warm_up(folder: Path, feature_count: int) -> None:
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as writer:
        for signature in ("serving_default", "explain"):
            for row_count in WARM_UP_ROWS:
                request = predict_pb2.PredictRequest()
                request.model_spec.name = "warm-up"
                request.model_spec.signature_name = signature
                rows = np.zeros((row_count, feature_count), dtype=np.float32)
                request.inputs["features"].CopyFrom(tf.make_tensor_proto(rows))
                log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
                writer.write(log.SerializeToString())
