"""The peer of the scoring benchmark: the same trees served the usual way, by FastAPI, joblib and LightGBM.

Of the endpoints `/peer/score` is what tutorials show (a one-row data frame, a prediction, then `pred_contrib`);
`/peer/score-lean` leaves out all that can be left out (no data frame, one call to LightGBM), and
`/peer/predict-lean` the reasons besides.
Started by uvicorn; the environment variable PEER_MODEL names the joblib file that the benchmark made.
"""

import math
import os

import joblib
import numpy as np
import pandas as pd
from blended_trees import BlendedTrees
from fastapi import FastAPI
from pydantic import BaseModel

MODEL = joblib.load(os.environ["PEER_MODEL"])
TREES = BlendedTrees(MODEL)
COLUMNS = MODEL["columns"]
CODES = MODEL["codes"]

app = FastAPI()


class Lead(BaseModel):
    """A lead's fields by name."""

    fields: dict[str, float | str | bool | None]


class Reason(BaseModel):
    """What a feature adds to the log-odds."""

    feature: str
    log_odds: float


class Score(BaseModel):
    """A lead's score with its reasons."""

    probability: float
    log_odds: float
    base_log_odds: float
    reasons: list[Reason]


def _score(contributions: np.ndarray, log_odds: float) -> Score:
    values = (contributions * TREES.slope).tolist()
    reasons = [Reason(feature=name, log_odds=value) for name, value in zip(COLUMNS, values[:-1], strict=True)]
    return Score(
        probability=1 / (1 + math.exp(-log_odds)),
        log_odds=log_odds,
        base_log_odds=values[-1] + TREES.intercept,
        reasons=sorted(reasons, key=lambda reason: -abs(reason.log_odds)),
    )


@app.post("/peer/score")
def score(lead: Lead) -> Score:
    """Score a lead the way tutorials show."""
    frame = pd.DataFrame([lead.fields], columns=COLUMNS)
    for column, codes in CODES.items():
        frame[column] = frame[column].map(codes)
    features = frame.astype("float32").to_numpy()
    return _score(TREES.contributions(features)[0], TREES.log_odds(features)[0])


@app.post("/peer/score-lean")
async def score_lean(lead: Lead) -> Score:
    """Score a lead with the least work that gives the same answer."""
    fields = lead.fields
    row = [
        CODES[name].get(fields.get(name), math.nan) if name in CODES else fields.get(name, math.nan) for name in COLUMNS
    ]
    contributions = TREES.contributions(np.array([row], np.float32))[0]
    return _score(contributions, TREES.slope * contributions.sum() + TREES.intercept)


@app.post("/peer/predict-lean")
async def predict_lean(lead: Lead) -> float:
    """Give a lead's probability, without reasons, with the least work."""
    fields = lead.fields
    row = [
        CODES[name].get(fields.get(name), math.nan) if name in CODES else fields.get(name, math.nan) for name in COLUMNS
    ]
    return TREES.probabilities(np.array([row], np.float32))[0]


class Leads(BaseModel):
    """Many leads' fields by name."""

    leads: list[dict[str, float | str | bool | None]]


@app.post("/peer/score-batch")
def score_batch(leads: Leads) -> list[float]:
    """Score many leads, the way tutorials show, without reasons: the probability of each."""
    frame = pd.DataFrame(leads.leads, columns=COLUMNS)
    for column, codes in CODES.items():
        frame[column] = frame[column].map(codes)
    return TREES.probabilities(frame.astype("float32").to_numpy()).tolist()
