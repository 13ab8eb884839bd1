"""The peer BentoML: the same trees as a service that takes encoded numbers and gives probabilities.

The environment variable PEER_MODEL names the joblib file that the benchmark made.
"""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1)
class Leads:
    """Scores leads."""

    def __init__(self) -> None:
        model = joblib.load(os.environ["PEER_MODEL"])
        self.booster, self.slope, self.intercept = model["booster"], model["slope"], model["intercept"]

    @bentoml.api
    def predict(self, features: list[list[float]]) -> list[float]:
        """Give the probability of each row."""
        rows = np.array(features, np.float32)
        log_odds = self.slope * self.booster.predict(rows, raw_score=True, num_threads=1) + self.intercept
        return (1 / (1 + np.exp(-log_odds))).tolist()
