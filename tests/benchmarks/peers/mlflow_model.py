"""Writes the peer MLflow's model: the same trees with their calibration, as `mlflow models serve` takes it.

python mlflow_model.py MODEL.joblib FOLDER
"""

import sys
from pathlib import Path
from typing import Any

import joblib
import mlflow.pyfunc
import numpy as np
from blended_trees import BlendedTrees


class Leads(mlflow.pyfunc.PythonModel):
    """Scores leads."""

    def load_context(self, context: Any) -> None:
        """Load the trees."""
        self.trees = BlendedTrees(joblib.load(context.artifacts["model"]))

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Give the probability of each row."""
        del context, params
        return self.trees.probabilities(np.asarray(model_input, np.float32))


if __name__ == "__main__":
    mlflow.pyfunc.save_model(
        sys.argv[2],
        python_model=Leads(),
        artifacts={"model": sys.argv[1]},
        code_paths=[str(Path(__file__).with_name("blended_trees.py"))],
    )
