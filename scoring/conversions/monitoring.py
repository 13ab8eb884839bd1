"""Policies, reports and alarms as messages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from leadline.v1 import experiment_pb2, monitoring_pb2

from scoring.conversions.experiments import to_estimate
from scoring.conversions.scores import to_timestamp
from scoring.monitoring.alarm import Alarm
from scoring.monitoring.drift_report import DriftReport, FeatureStability
from scoring.monitoring.policy import MonitoringPolicy
from scoring.monitoring.score_quality import ScoreBin, ScoreQuality
from server.runtime.errors import InvalidFieldMask
from server.runtime.identifiers import format_name

POLICY_NAME = "monitoring/policy"

_DURATIONS = frozenset({"check_interval", "window", "retrain_interval"})
_NUMBERS = frozenset(
    {
        "minimum_lead_count",
        "minimum_outcome_count",
        "maximum_stability_index",
        "maximum_calibration_error",
        "maximum_auc_drop",
    }
)
_SWITCHES = frozenset({"roll_back_on_breach", "retrain_on_drift"})
_AT_FIRST = MonitoringPolicy()


def to_policy(policy: MonitoringPolicy) -> monitoring_pb2.MonitoringPolicy:
    """Gives a policy as a message."""
    message = monitoring_pb2.MonitoringPolicy(
        name=POLICY_NAME, **{name: getattr(policy, name) for name in _NUMBERS | _SWITCHES}
    )
    for name in _DURATIONS:
        value = getattr(policy, name)
        if value is not None:
            getattr(message, name).FromTimedelta(value)
    for name in ("next_check_time", "next_training_time"):
        moment = getattr(policy, name)
        if moment is not None:
            getattr(message, name).CopyFrom(to_timestamp(moment))
    return message


def changed_policy(
    policy: MonitoringPolicy, message: monitoring_pb2.MonitoringPolicy, paths: Sequence[str]
) -> MonitoringPolicy:
    """Gives a policy with the fields of a message that a mask selects.

    Args:
        policy: As it is.
        message: The new values.
        paths: The fields to take; one that the message lacks becomes what it is at first. Without any, all that are set
            are taken.

    Raises:
        InvalidFieldMask: A path names what does not exist or can't be written.
    """
    writable = _DURATIONS | _NUMBERS | _SWITCHES
    for path in paths:
        if path not in writable:
            raise InvalidFieldMask(path)
    given = {field.name for field, _ in message.ListFields()} & writable
    values: dict[str, Any] = {
        name: _value(message, name) if name in given else getattr(_AT_FIRST, name) for name in paths or given
    }
    return replace(policy, **values)


def to_report(report: DriftReport) -> monitoring_pb2.DriftReport:
    """Gives what a check has found as a message."""
    return monitoring_pb2.DriftReport(
        model=format_name("models", report.model_id),
        compute_time=to_timestamp(report.compute_time),
        start_time=to_timestamp(report.start_time),
        features=map(_stability, report.features),
        score_quality=_quality(report.score_quality),
    )


def to_alarm(alarm: Alarm) -> monitoring_pb2.Alarm:
    """Gives an alarm as a message."""
    finding = alarm.finding
    message = monitoring_pb2.Alarm(
        name=format_name("alarms", alarm.alarm_id),
        kind=int(finding.kind),  # type: ignore[arg-type]  # numbered alike
        model=format_name("models", alarm.model_id),
        feature=finding.feature,
        value=finding.value,
        threshold=finding.threshold,
        message=finding.message,
        rolled_back_to=format_name("models", alarm.rolled_back_to) if alarm.rolled_back_to else "",
        training=format_name("operations", alarm.training_id) if alarm.training_id else "",
        create_time=to_timestamp(alarm.create_time),
    )
    if alarm.end_time is not None:
        message.end_time.CopyFrom(to_timestamp(alarm.end_time))
    return message


def _value(message: monitoring_pb2.MonitoringPolicy, name: str) -> timedelta | float | bool:
    value: Duration | float | bool = getattr(message, name)
    return value.ToTimedelta() if isinstance(value, Duration) else value


def _stability(entry: FeatureStability) -> monitoring_pb2.FeatureStability:
    return monitoring_pb2.FeatureStability(
        feature=entry.feature,
        stability_index=entry.stability_index,
        chance_limit=entry.chance_limit,
        lead_count=entry.lead_count,
        drifted=entry.drifted,
    )


def _quality(quality: ScoreQuality) -> monitoring_pb2.ScoreQuality:
    return monitoring_pb2.ScoreQuality(
        outcome_count=quality.outcome_count,
        expected_rate=quality.expected_rate,
        observed_rate=quality.observed_rate,
        calibration_error=to_estimate(quality.calibration_error),
        calibration_chance_limit=quality.calibration_chance_limit,
        auc=to_estimate(quality.auc),
        evaluation_auc=quality.evaluation_auc,
        bins=map(_bin, quality.bins),
    )


def _bin(entry: ScoreBin) -> monitoring_pb2.ScoreBin:
    rate = entry.observed_rate
    return monitoring_pb2.ScoreBin(
        expected_rate=entry.expected_rate,
        observed_rate=experiment_pb2.Estimate(value=rate.value, low=rate.low, high=rate.high),
        count=entry.count,
    )
