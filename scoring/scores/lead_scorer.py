"""Scores lead records with a given model."""

import math
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt
import structlog

from scoring.features.lead_record import LeadRecord
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet
from scoring.scores.ports import Predictor
from scoring.scores.score import Score
from server.runtime.errors import DependencyUnavailable
from tfserving.errors import ModelServerUnavailable, ServableNotFound
from tfserving.prediction import Explained

# More rows in a call gain nothing: the model server's own work outweighs the call by then.
LARGEST_BATCH = 256

RETRY_AFTER_SECONDS = 1.0

# Beyond it a 64-bit probability can't be told from 1.
LARGEST_LOG_ODDS = 30.0

_log = structlog.get_logger(__name__)


class LeadScorer:
    """Turns records into features and asks the model server.

    Args:
        predictor: The model server.
        rule_sets: The rules at hand; None where no tenant has rules.
    """

    def __init__(self, predictor: Predictor, rule_sets: RuleSetCache | None = None) -> None:
        self._predictor = predictor
        self._rule_sets = rule_sets

    async def rules(self, tenant_id: UUID, rule_set_id: UUID | None) -> CompiledRuleSet | None:
        """Gives the rules of a tenant's scores, ready to be given to `Score.with_rules`.

        Args:
            tenant_id: The tenant.
            rule_set_id: The version that is active; None if none is.

        Returns:
            The rules; None if none are active.

        Raises:
            DependencyUnavailable: They can't be read at present.
        """
        if rule_set_id is None or self._rule_sets is None:
            return None
        return await self._rule_sets.rule_set(tenant_id, rule_set_id)

    async def score(
        self, model: ServedModel, records: Sequence[LeadRecord], as_of: datetime | None, *, explained: bool
    ) -> list[Score]:
        """Scores leads, 256 at a time.

        Args:
            model: The model to score with.
            records: The leads, any number.
            as_of: The moment of scoring, UTC, from which "days since" counts. None takes each lead as of its own
                moment, as a training does.
            explained: Whether to attribute each score to the features.

        Returns:
            One score for each record, in their order.

        Raises:
            DependencyUnavailable: The model server can't be reached, or does not serve the model yet.
        """
        scores: list[Score] = []
        for start in range(0, len(records), LARGEST_BATCH):
            batch = records[start : start + LARGEST_BATCH]
            X = model.feature_set.encode(batch, as_of)
            call = self._predictor.explain if explained else self._predictor.predict
            try:
                predicted = await call(model.name, model.version, X)
            except (ModelServerUnavailable, ServableNotFound) as error:
                _log.warning("model server unavailable", model=model.name, version=model.version, cause=str(error))
                raise DependencyUnavailable("model_server", RETRY_AFTER_SECONDS) from error
            attributions = predicted.attributions if isinstance(predicted, Explained) else [None] * len(batch)
            scores.extend(
                Score(
                    model,
                    record,
                    probability_of(log_odds),
                    log_odds,
                    base_log_odds,
                    row,
                    as_of or record.own_moment(),
                    features,
                )
                for record, log_odds, base_log_odds, row, features in zip(
                    batch, predicted.log_odds, predicted.base_log_odds, attributions, X, strict=True
                )
            )
        return scores


def probability_of(log_odds: float) -> float:
    """Gives the probability, strictly between 0 and 1, of natural log-odds.

    Computed from them in 64 bits, and not taken from the model, so that the two always agree.
    """
    return 1.0 / (1.0 + math.exp(-max(-LARGEST_LOG_ODDS, min(LARGEST_LOG_ODDS, log_odds))))


def probabilities_of(log_odds: npt.ArrayLike) -> list[float]:
    """Gives what `probability_of` gives for each of many log-odds, in less time."""
    # NumPy's own exponential differs from this one by a bit now and then.
    exp = math.exp
    # As `min` and `max` do there, these give the limit for what is no number.
    within = np.fmax(np.fmin(np.asarray(log_odds, dtype=np.float64), LARGEST_LOG_ODDS), -LARGEST_LOG_ODDS)
    return [1.0 / (1.0 + exp(-value)) for value in within.tolist()]
