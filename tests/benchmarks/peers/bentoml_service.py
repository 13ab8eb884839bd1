"""The peer BentoML: the same trees as a service that takes encoded numbers and gives probabilities.

The environment variable PEER_MODEL names the joblib file that the benchmark made.
"""

import os

import bentoml
import joblib
import numpy as np
from blended_trees import BlendedTrees


@bentoml.service(workers=1)
class Leads:
    """Scores leads."""

    def __init__(self) -> None:
        self.trees = BlendedTrees(joblib.load(os.environ["PEER_MODEL"]))

    @bentoml.api
    def predict(self, features: list[list[float]]) -> list[float]:
        """Give the probability of each row."""
        return self.trees.probabilities(np.array(features, np.float32)).tolist()
