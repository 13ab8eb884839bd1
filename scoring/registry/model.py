"""A trained model as it is kept and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID


class ModelState(IntEnum):
    """What a model is used for, numbered as in the contract."""

    CANDIDATE = 1
    CHAMPION = 2
    RETIRED = 3
    SHADOW = 4
    CANARY = 5


IN_EXPERIMENT = frozenset({ModelState.SHADOW, ModelState.CANARY})
"""States of a model that is tried beside the champion."""


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What a training found, as JSON values.

    Attributes:
        algorithm: The kind of model, numbered as in the contract.
        feature_set: The features, as `FeatureSet.to_json` gives them.
        evaluation: How good it is, with the names of the contract's `Evaluation`.
        feature_importances: The features, the most important first, with the names of `FeatureImportance`.
        excluded_fields: Fields that it does not use, with the names of `ExcludedField`.
        grade_bands: The grades that can be told apart, with the names of `GradeBand`.
        conversion_tables: How its training leads converted, as `ConversionTables.to_json` gives it; empty for a model
            that was trained before these were kept.
        score_intervals: How far its scores may be from the truth, as `IntervalTable.to_json` gives it; empty for a
            model that was trained before these were kept.
        distributions: How its training leads spread over the values of each feature, as `Distributions.to_json` gives
            it; empty for a model that was trained before these were kept.
        promotion_gate: How it compares with the champion and the best ever, with the names of `PromotionGate`; empty
            for a model that was trained before there was a gate.
        tracking_run: The run in the experiment tracker; empty if there is none.
    """

    algorithm: int
    feature_set: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    feature_importances: Sequence[Mapping[str, Any]]
    excluded_fields: Sequence[Mapping[str, Any]]
    grade_bands: Sequence[Mapping[str, Any]] = ()
    conversion_tables: Mapping[str, Any] = field(default_factory=dict)
    score_intervals: Mapping[str, Any] = field(default_factory=dict)
    distributions: Mapping[str, Any] = field(default_factory=dict)
    promotion_gate: Mapping[str, Any] = field(default_factory=dict)
    tracking_run: str = ""

    @property
    def evidence_count(self) -> int:
        """How many leads with an outcome it was learnt from."""
        return int(self.evaluation["training_count"]) + int(self.evaluation["holdout_count"])

    @property
    def may_be_promoted(self) -> bool:
        """Whether it passed the promotion gate; a model from before there was one has."""
        return bool(self.promotion_gate.get("passed", True))


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a tenant.

    Attributes:
        model_id: Its id.
        version: Its version in the model server, 1 or more.
        state: What it is used for.
        description: What its training found.
        create_time: When its training ended, UTC.
        champion_time: When it last became champion, UTC; None if it never did.
    """

    model_id: UUID
    version: int
    state: ModelState
    description: ModelDescription
    create_time: datetime
    champion_time: datetime | None = None
