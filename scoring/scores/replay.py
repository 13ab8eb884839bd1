"""Computes stored scores once more, from what was stored with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.explanation.grades import Grade
from scoring.registry.model_cache import ModelCache
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet, Finding
from scoring.scores.lead_scorer import probability_of
from scoring.scores.ports import Predictor
from scoring.scores.score import ScoreOverride, score_value
from server.runtime.errors import DependencyUnavailable, ModelNotFound
from server.runtime.identifiers import format_name
from tfserving.errors import ModelServerUnavailable, ServableNotFound


@dataclass(frozen=True, slots=True)
class KeptScore:
    """A score in the history.

    Attributes:
        score_id: Its id.
        lead_id: The lead that was scored.
        model_id: The model that made it.
        probability: Calibrated, strictly between 0 and 1.
        log_odds: The probability as natural log-odds.
        base_log_odds: Where the attributions start from.
        compute_time: The clock that it was computed by, UTC; "days since" in `features` counts from it.
        features: The row that the model was given, float32, one entry a feature.
        value: What people looked at, 0 to 100: what the model says and what the rules add.
        grade: The score's class; None if it was withheld, or not kept yet.
        rule_set_id: The version of the rules that was active; None if none was.
        override: What a person had set in its place; None if nobody had.
        findings: What the conditions of these rules said of the lead, and from when on points fade: with the clock, all
            that the points follow from.
    """

    score_id: UUID
    lead_id: UUID
    model_id: UUID
    probability: float
    log_odds: float
    base_log_odds: float
    compute_time: datetime
    features: npt.NDArray[np.float32]
    value: int
    grade: Grade | None = None
    rule_set_id: UUID | None = None
    findings: Sequence[Finding] = ()
    override: ScoreOverride | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored score and its repetition.

    Attributes:
        model: The model that made it.
        stored: The score as it was stored.
        replayed: The score as it comes now.
    """

    model: ServedModel
    stored: KeptScore
    replayed: KeptScore

    @property
    def identical(self) -> bool:
        """Whether both have the same log-odds, bit for bit, and the same value with the points of the rules."""
        return self.stored.log_odds.hex() == self.replayed.log_odds.hex() and self.stored.value == self.replayed.value


class ScoreHistory(Protocol):
    """Where stored scores are read."""

    async def find(self, tenant_id: UUID, score_id: UUID) -> KeptScore:
        """Gives a stored score.

        Raises:
            ScoreNotFound: The tenant has no such score.
            DependencyUnavailable: It can't be read at present.
        """


class ReplayScore:
    """The use case: asks the version of the model that made a score for the same row again.

    The row is asked for alone, while it was computed in a batch; that both give the same bits is a property of the
    exported graph (see `tfserving.graph`).

    Args:
        history: Where stored scores are read.
        models: The models at hand.
        rule_sets: The rules at hand.
        predictor: The model server.
    """

    def __init__(
        self, history: ScoreHistory, models: ModelCache, rule_sets: RuleSetCache, predictor: Predictor
    ) -> None:
        self._history = history
        self._models = models
        self._rule_sets = rule_sets
        self._predictor = predictor

    async def __call__(self, tenant_id: UUID, score_id: UUID) -> Replay:
        """Replays a score.

        Args:
            tenant_id: The caller's tenant.
            score_id: The score.

        Raises:
            ScoreNotFound: The tenant has no such score.
            ModelNotFound: The model that made it is deleted, or the model server does not serve it any more.
            RuleSetNotFound: The rules that were active are deleted.
            DependencyUnavailable: PostgreSQL or the model server can't be reached.
        """
        stored = await self._history.find(tenant_id, score_id)
        model = await self._models.model(tenant_id, stored.model_id)
        try:
            predicted = await self._predictor.predict(model.name, model.version, stored.features[np.newaxis])
        except ServableNotFound as error:
            raise ModelNotFound(format_name("models", stored.model_id)) from error
        except ModelServerUnavailable as error:
            raise DependencyUnavailable("model_server") from error
        rules = None if stored.rule_set_id is None else await self._rule_sets.rule_set(tenant_id, stored.rule_set_id)
        replayed = _replayed(stored, model, rules, predicted.log_odds[0], predicted.base_log_odds[0])
        return Replay(model, stored, replayed)


def _replayed(
    stored: KeptScore, model: ServedModel, rules: CompiledRuleSet | None, log_odds: float, base_log_odds: float
) -> KeptScore:
    """Gives a score as it comes from what the model says now, and from the rules and the clock of then."""
    probability = probability_of(log_odds)
    value, grade = score_value(probability), model.grades.grade(probability)
    if stored.override is not None:
        value = stored.override.value
        grade = model.grades.grade(value / 100)
    elif rules is not None:
        result = rules.result(stored.findings, probability, value, model.grades, stored.compute_time)
        value, grade = value + result.points, result.grade
    return replace(
        stored,
        log_odds=log_odds,
        probability=probability,
        base_log_odds=base_log_odds,
        value=value,
        grade=grade,
    )
