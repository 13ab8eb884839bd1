"""Writes the peer MLflow's model: the same trees with their calibration, as `mlflow models serve` takes it.

python mlflow_model.py MODEL.joblib FOLDER
"""

import sys
from typing import Any

import joblib
import mlflow.pyfunc
import numpy as np


class Leads(mlflow.pyfunc.PythonModel):
    """Scores leads."""

    def load_context(self, context: Any) -> None:
        """Load the trees."""
        model = joblib.load(context.artifacts["model"])
        self.booster, self.slope, self.intercept = model["booster"], model["slope"], model["intercept"]

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Give the probability of each row."""
        del context, params
        rows = np.asarray(model_input, np.float32)
        log_odds = self.slope * self.booster.predict(rows, raw_score=True, num_threads=1) + self.intercept
        return 1 / (1 + np.exp(-log_odds))


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[2], python_model=Leads(), artifacts={"model": sys.argv[1]})
