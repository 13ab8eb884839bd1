"""What the engine's accuracy is compared with: LightGBM, CatBoost and InterpretML's EBM, each with its own defaults."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt

from tests.benchmarks.scoring_stack import PEERS, peer_python
from tests.plain_lightgbm import Indices, plain_lightgbm
from tests.real_data import RealDataSet

Doubles = npt.NDArray[np.float64]
Folds = Sequence[tuple[Indices, Indices]]


def predictions_of_peers(data_set: RealDataSet, folds: Folds) -> dict[str, list[Doubles]]:
    """Learn and predict with each peer, on the same rows.

    Args:
        data_set: The leads.
        folds: Places of the leads to learn from and of those to predict.

    Returns:
        By the peer's name, for each fold the probabilities of its leads that were held out.

    Raises:
        CalledProcessError: The peers' process failed.
    """
    with tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        task, answer = Path(folder) / "task.joblib", Path(folder) / "answer.joblib"
        joblib.dump({"columns": _columns(data_set), "converted": data_set.converted, "folds": list(folds)}, task)
        subprocess.run([peer_python(), str(PEERS / "tabular_learners.py"), str(task), str(answer)], check=True)
        others: dict[str, list[Doubles]] = joblib.load(answer)
    lightgbm = [plain_lightgbm(data_set, learnt, held_out) for learnt, held_out in folds]
    return {"LightGBM": lightgbm} | others


def _columns(data_set: RealDataSet) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.object_]]:
    """Give all that is known of each lead, events as their counts, as arrays that need no package to be read."""
    known: dict[str, npt.NDArray[np.float64] | npt.NDArray[np.object_]] = {
        str(name): column.to_numpy(np.float64 if column.dtype == np.float64 else object)
        for name, column in data_set.fields.items()
    }
    for event_type in sorted({event_type for counts in data_set.event_counts for event_type in counts}):
        known[f"events.{event_type}"] = np.array([float(of.get(event_type, 0)) for of in data_set.event_counts])
    return known
