"""What a check of a model has found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from scoring.features.distribution import Distributions
from scoring.features.feature import EVENT_KINDS
from scoring.features.feature_set import FeatureSet, Matrix
from scoring.monitoring.policy import MonitoringPolicy
from scoring.monitoring.score_quality import ScoreQuality


@dataclass(frozen=True, slots=True)
class FeatureStability:
    """How much the leads of now differ from those of the training in one feature.

    Attributes:
        feature: The feature's name.
        stability_index: The population stability index; None with too few leads.
        chance_limit: What the index reaches by chance in 1 of 20 checks where nothing has changed.
        lead_count: Leads looked at.
        drifted: Whether the index is beyond both the policy's threshold and chance.
    """

    feature: str
    stability_index: float | None
    chance_limit: float
    lead_count: int
    drifted: bool


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a check has found.

    Attributes:
        model_id: The model.
        compute_time: When it was checked, UTC.
        start_time: The beginning of the time that the check looked at, UTC.
        features: Each feature, the one that has moved most first; empty if the training's leads are not known.
        score_quality: How right scores were.
    """

    model_id: UUID
    compute_time: datetime
    start_time: datetime
    features: Sequence[FeatureStability]
    score_quality: ScoreQuality

    def to_json(self) -> dict[str, Any]:
        """Gives what was found as plain JSON values."""
        return {
            "features": [asdict(feature) for feature in self.features],
            "score_quality": self.score_quality.to_json(),
        }

    @classmethod
    def from_json(
        cls, model_id: UUID, compute_time: datetime, start_time: datetime, document: Mapping[str, Any]
    ) -> Self:
        """Makes a report from what `to_json` gave, its model and its times."""
        return cls(
            model_id,
            compute_time,
            start_time,
            [FeatureStability(**entry) for entry in document["features"]],
            ScoreQuality.from_json(document["score_quality"]),
        )


def compare_features(
    feature_set: FeatureSet, before: Distributions, received: Matrix, decided: Matrix, policy: MonitoringPolicy
) -> list[FeatureStability]:
    """Compares the leads of now with those of a training.

    Like is compared with like: a training sees events up to the outcome, which a lead that has just arrived has not had
    yet. So features of events are taken from leads that had their outcome lately, and all others from leads that were
    received lately.

    Args:
        feature_set: The model's features.
        before: How the training's leads spread; empty if that is not known.
        received: Features of the leads received lately.
        decided: Features of the leads with an outcome lately, as of just before it.
        policy: How many leads it takes, and what is too far.

    Returns:
        Each feature, the one that has moved most first.
    """
    if not len(before):
        return []
    found = []
    for index, feature in enumerate(feature_set.features):
        X = decided if feature.kind in EVENT_KINDS else received
        if len(X) < policy.minimum_lead_count:
            found.append(FeatureStability(feature.name, None, 0.0, len(X), drifted=False))
            continue
        stability = before.stability(index, X[:, index])
        drifted = stability.index >= policy.maximum_stability_index and stability.index > stability.chance_limit
        found.append(
            FeatureStability(feature.name, stability.index, stability.chance_limit, stability.count, drifted=drifted)
        )
    return sorted(found, key=lambda entry: (-(entry.stability_index or 0.0), entry.feature))
