"""Learns and predicts with CatBoost and InterpretML's Explainable Boosting Machine as they come, in their own process.

    python tabular_learners.py TASK ANSWER

TASK is a joblib file with `columns` (arrays by name, a row a lead; numbers as float64, categories as objects, None or
NaN where missing), `converted` (a truth value a lead) and `folds` (pairs of places: to learn from, to predict). ANSWER
becomes a joblib file: by the name of each learner a list with the probabilities of each fold.
"""

import sys

import joblib
import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from interpret.glassbox import ExplainableBoostingClassifier

MISSING = "missing"
SEED = 1


def _catboost(frame: pd.DataFrame, converted: np.ndarray, learnt: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    categories = [name for name in frame.columns if frame[name].dtype != np.float64]
    frame = frame.assign(**{name: frame[name].fillna(MISSING).astype(str) for name in categories})
    model = CatBoostClassifier(cat_features=categories, random_seed=SEED, verbose=False, allow_writing_files=False)
    model.fit(frame.iloc[learnt], converted[learnt])
    return model.predict_proba(frame.iloc[held_out])[:, 1]


def _ebm(frame: pd.DataFrame, converted: np.ndarray, learnt: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    kinds = ["continuous" if frame[name].dtype == np.float64 else "nominal" for name in frame.columns]
    model = ExplainableBoostingClassifier(feature_types=kinds, random_state=SEED)
    model.fit(frame.iloc[learnt], converted[learnt])
    return model.predict_proba(frame.iloc[held_out])[:, 1]


def main(task_file: str, answer_file: str) -> None:
    """Do the task."""
    task = joblib.load(task_file)
    converted = np.asarray(task["converted"]).astype(int)
    frame = pd.DataFrame({name: pd.Series(column, dtype=column.dtype) for name, column in task["columns"].items()})
    answer = {
        name: [learner(frame, converted, learnt, held_out) for learnt, held_out in task["folds"]]
        for name, learner in (("CatBoost", _catboost), ("EBM", _ebm))
    }
    joblib.dump(answer, answer_file)


if __name__ == "__main__":
    main(*sys.argv[1:])
