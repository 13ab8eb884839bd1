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
    _write_saved_model(servable, partial)
    _write_warm_up(partial / EXTRA, servable.feature_count)
    write_tables(servable, partial / EXTRA)
    partial.rename(folder)


def _write_saved_model(servable: Servable, folder: Path) -> None:
    """Write the operations of both signatures as one plain graph.

    `tf.saved_model.save` would wrap them in functions, and a server runs the whole of a function at each call, whatever
    outputs it is asked for. Of a plain graph it runs what the outputs need, with the tables as constants.
    """
    with tf.Graph().as_default() as operations:
        graph: Graph = LinearGraph(servable) if isinstance(servable, LinearServable) else TreeGraph(servable)
        features = tf.compat.v1.placeholder(tf.float32, [None, servable.feature_count], name="features")
        explained = _outputs(graph, features)
        predicted = {name: explained[name] for name in ("probability", "log_odds")}
        signatures = {
            name: tf.compat.v1.saved_model.predict_signature_def({"features": features}, outputs)
            for name, outputs in (("serving_default", predicted), ("explain", explained))
        }
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        with tf.compat.v1.Session(graph=operations) as session:
            builder.add_meta_graph_and_variables(
                session, [tf.saved_model.SERVING], signature_def_map=signatures, strip_default_attrs=True
            )
        builder.save()


def _outputs(graph: Graph, features: Any) -> dict[str, Any]:
    uncut, attributions = graph.explained(features)
    log_odds = _cut(uncut)
    base = tf.constant(graph.base_log_odds, tf.float64)
    kept = tf.where(tf.equal(uncut, log_odds), tf.ones_like(uncut), (log_odds - base) / (uncut - base))
    return {
        "probability": tf.cast(tf.sigmoid(log_odds), tf.float32),
        "log_odds": tf.cast(log_odds, tf.float32),
        "attributions": attributions * tf.cast(kept, tf.float32)[:, tf.newaxis],
        "base_log_odds": tf.fill([tf.shape(features)[0]], tf.cast(base, tf.float32)),
    }


def _cut(log_odds: Any) -> Any:
    limit = tf.constant(LARGEST_LOG_ODDS, tf.float64)
    return tf.clip_by_value(log_odds, -limit, limit)


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
