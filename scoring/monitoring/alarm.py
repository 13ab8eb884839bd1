"""What is not as it should be about a champion."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from scoring.monitoring.drift_report import DriftReport
from scoring.monitoring.policy import MonitoringPolicy


class AlarmKind(IntEnum):
    """What an alarm is about, numbered as in the contract."""

    FEATURE_DRIFT = 1
    CALIBRATION = 2
    AUC = 3


BREACHES = frozenset({AlarmKind.CALIBRATION, AlarmKind.AUC})
"""Alarms that tell that scores are wrong, and not only that leads are others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check has found to be wrong.

    Attributes:
        kind: What it is about.
        feature: The feature, for a drift of features; else empty.
        value: The figure that is wrong.
        threshold: The threshold of that figure.
        message: In words, with the figures.
    """

    kind: AlarmKind
    feature: str
    value: float
    threshold: float
    message: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding that was told. It stands until a check finds it gone.

    Attributes:
        alarm_id: Its id.
        model_id: The model that it is about.
        finding: What was found.
        rolled_back_to: The model that took over because of it; None if none did.
        training_id: The operation of the training that started because of it; None if none did.
        create_time: When it was raised, UTC.
        end_time: When it was found gone, UTC; None while it stands.
    """

    alarm_id: UUID
    model_id: UUID
    finding: Finding
    rolled_back_to: UUID | None
    training_id: UUID | None
    create_time: datetime
    end_time: datetime | None = None


def findings(report: DriftReport, policy: MonitoringPolicy) -> Iterator[Finding]:
    """Gives what a report shows to be wrong, beyond the policy's thresholds and beyond chance."""
    for feature in report.features:
        if feature.drifted and feature.stability_index is not None:
            yield Finding(
                AlarmKind.FEATURE_DRIFT,
                feature.feature,
                feature.stability_index,
                policy.maximum_stability_index,
                f"{feature.feature} has moved: its stability index is {feature.stability_index:.2f} "
                f"on {feature.lead_count:,} leads, at most {policy.maximum_stability_index:g} is allowed",
            )
    quality = report.score_quality
    error = quality.calibration_error
    if (
        error is not None
        and error.value >= policy.maximum_calibration_error
        and error.value > quality.calibration_chance_limit
    ):
        yield Finding(
            AlarmKind.CALIBRATION,
            "",
            error.value,
            policy.maximum_calibration_error,
            f"scores are off by {error.value * 100:.1f} percentage points "
            f"({error.low * 100:.1f} to {error.high * 100:.1f}), at most {policy.maximum_calibration_error * 100:g} "
            f"are allowed: of {quality.outcome_count:,} leads {quality.observed_rate * 100:.1f} % converted, "
            f"{quality.expected_rate * 100:.1f} % were expected",
        )
    lowest = quality.evaluation_auc - policy.maximum_auc_drop
    if quality.auc is not None and quality.auc.value <= lowest and quality.auc.high < quality.evaluation_auc:
        yield Finding(
            AlarmKind.AUC,
            "",
            quality.auc.value,
            lowest,
            f"AUC has fallen from {quality.evaluation_auc:.3f} to {quality.auc.value:.3f} "
            f"({quality.auc.low:.3f} to {quality.auc.high:.3f}) on {quality.outcome_count:,} leads",
        )
