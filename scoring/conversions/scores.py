"""Scores as messages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from leadline.v1 import score_pb2

from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import RuleResult
from scoring.scores.cold_start import ColdScore
from scoring.scores.replay import KeptScore
from scoring.scores.score import Score, ScoreOverride, override_points, score_value
from server.runtime.identifiers import format_name

# What the score of a tenant without a model is attributed to.
CONVERSION_RATE = "conversion rate"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_timestamp(moment: datetime) -> Timestamp:
    """Gives a UTC time as a message."""
    elapsed = moment - _EPOCH
    return Timestamp(seconds=elapsed.days * 86400 + elapsed.seconds, nanos=elapsed.microseconds * 1000)


def to_score(score: Score | ColdScore) -> score_pb2.Score:
    """Gives a computed score as a message, the strongest attribution first."""
    return to_model_score(score) if isinstance(score, Score) else to_cold_score(score)


def to_model_score(score: Score) -> score_pb2.Score:
    """Gives a score of a model as a message, the strongest attribution first."""
    lead_id = score.record.lead_id
    probability_low, probability_high = score.interval
    message = score_pb2.Score(
        lead=format_name("leads", lead_id) if lead_id is not None else "",
        probability=score.probability,
        log_odds=score.log_odds,
        value=score.value,
        base_log_odds=score.base_log_odds,
        model=format_name("models", score.model.model_id),
        compute_time=to_timestamp(score.compute_time),
        grade=score.grade or score_pb2.GRADE_UNSPECIFIED,  # type: ignore[arg-type]  # numbered alike
        basis=score_pb2.SCORE_BASIS_MODEL,
        evidence_count=score.model.evidence_count,
        probability_low=probability_low,
        probability_high=probability_high,
        model_value=score.model_value,
    )
    if score.rules is not None:
        _add_rules(message, score.rules, explained=score.attributions is not None)
    if score.override is not None:
        _add_override(message, score.override)
    if score.attributions is not None:
        _add_attributions(message, score, score.attributions)
    return message


def to_cold_score(score: ColdScore) -> score_pb2.Score:
    """Gives a score that no model made as a message: from the prior, what the tenant's outcomes add."""
    lead_id, estimate = score.record.lead_id, score.estimate
    counts = estimate.counts
    message = score_pb2.Score(
        lead=format_name("leads", lead_id) if lead_id is not None else "",
        probability=score.probability,
        log_odds=score.log_odds,
        value=score.value,
        base_log_odds=score.base_log_odds,
        compute_time=to_timestamp(score.compute_time),
        basis=score_pb2.SCORE_BASIS_SHRUNKEN if counts.total else score_pb2.SCORE_BASIS_PRIOR,
        evidence_count=counts.total,
        probability_low=estimate.low,
        probability_high=estimate.high,
        model_value=score.model_value,
    )
    if score.rules is not None:
        _add_rules(message, score.rules, explained=score.explained)
    if score.override is not None:
        _add_override(message, score.override)
    for log_odds in score.attributions or ():
        message.attributions.add(
            feature=CONVERSION_RATE,
            observed=f"{counts.converted} of {counts.total}",
            log_odds=log_odds,
            group=score_pb2.ATTRIBUTION_GROUP_FIT,
            reason=f"{counts.converted} of the {counts.total} leads with an outcome converted",
        )
    return message


def _add_rules(message: score_pb2.Score, rules: RuleResult, *, explained: bool) -> None:
    message.rule_points = rules.points
    message.rule_set = format_name("ruleSets", rules.rule_set_id)
    if rules.next_grade_time is not None:
        message.next_grade_time.CopyFrom(to_timestamp(rules.next_grade_time))
        message.next_grade = rules.next_grade or score_pb2.GRADE_UNSPECIFIED  # type: ignore[assignment]
    for contribution in rules.contributions if explained else ():
        told = message.rule_contributions.add(
            rule=contribution.rule_id,
            display_name=contribution.display_name,
            points=contribution.points,
            applied_points=contribution.applied_points,
            error=contribution.error,
        )
        if contribution.anchor is not None:
            told.decay_anchor_time.CopyFrom(to_timestamp(contribution.anchor))


def _add_override(message: score_pb2.Score, override: ScoreOverride) -> None:
    message.override.value = override.value
    message.override.principal = override.principal
    message.override.create_time.CopyFrom(to_timestamp(override.create_time))
    message.override_points = override_points(override, message.model_value)


def _add_attributions(message: score_pb2.Score, score: Score, values: Sequence[float]) -> None:
    feature_set, reasons, record = score.model.feature_set, score.model.reasons, score.record
    row = score.features.tolist()
    # Filled in place: made one by one and handed over, each would be copied.
    add = message.attributions.add
    for index in sorted(range(len(values)), key=[-abs(value) for value in values].__getitem__):
        attribution = add()
        attribution.feature = feature_set.features[index].name
        attribution.observed = observed = feature_set.observed(record, index)
        attribution.log_odds = values[index]
        attribution.group = reasons.groups[index]  # type: ignore[assignment]  # numbered alike
        attribution.reason, conversion_rate = reasons.reason(index, row[index], observed)
        if conversion_rate is not None:
            attribution.conversion_rate = conversion_rate


def to_stored_score(change: Mapping[str, Any]) -> score_pb2.Score:
    """Gives an entry of a `score.changed` message as a message, without attributions."""
    score_id, compute_time = change.get("score_id"), change["compute_time"]
    rule_set_id, next_grade_time = change.get("rule_set_id"), change.get("next_grade_time")
    model_value = score_value(change["probability"])
    message = score_pb2.Score(
        name=format_name("scores", UUID(str(score_id))) if score_id else "",
        lead=format_name("leads", UUID(str(change["lead_id"]))),
        probability=change["probability"],
        log_odds=change["log_odds"],
        value=change["value"],
        base_log_odds=change["base_log_odds"],
        model=format_name("models", UUID(str(change["model_id"]))),
        compute_time=to_timestamp(_moment(compute_time)),
        grade=change.get("grade") or score_pb2.GRADE_UNSPECIFIED,
        basis=score_pb2.SCORE_BASIS_MODEL,
        evidence_count=change.get("evidence_count", 0),
        probability_low=change.get("probability_low", 0.0),
        probability_high=change.get("probability_high", 1.0),
        model_value=model_value,
        rule_points=change["value"] - model_value if change.get("override_value") is None else 0,
        rule_set=format_name("ruleSets", UUID(rule_set_id)) if rule_set_id else "",
        next_grade_time=to_timestamp(datetime.fromisoformat(next_grade_time)) if next_grade_time else None,
        next_grade=change.get("next_grade") or score_pb2.GRADE_UNSPECIFIED,
    )
    override_value = change.get("override_value")
    if override_value is not None:
        override_time = _moment(change["override_time"])
        _add_override(message, ScoreOverride(override_value, change["override_principal"], override_time))
    return message


def _moment(told: datetime | str) -> datetime:
    """Gives a time, as it is read from the database or from a message."""
    return told if isinstance(told, datetime) else datetime.fromisoformat(told)


def to_kept_score(kept: KeptScore, model: ServedModel) -> score_pb2.Score:
    """Gives a score of the history as a message, without attributions.

    Args:
        kept: The score.
        model: The model that made it.
    """
    probability_low, probability_high = model.intervals.interval(kept.log_odds)
    model_value = score_value(kept.probability)
    message = score_pb2.Score(
        name=format_name("scores", kept.score_id),
        lead=format_name("leads", kept.lead_id),
        probability=kept.probability,
        log_odds=kept.log_odds,
        value=kept.value,
        base_log_odds=kept.base_log_odds,
        model=format_name("models", kept.model_id),
        compute_time=to_timestamp(kept.compute_time),
        grade=kept.grade or score_pb2.GRADE_UNSPECIFIED,  # type: ignore[arg-type]  # numbered alike
        basis=score_pb2.SCORE_BASIS_MODEL,
        evidence_count=model.evidence_count,
        probability_low=probability_low,
        probability_high=probability_high,
        model_value=model_value,
        rule_points=kept.value - model_value if kept.override is None else 0,
        rule_set=format_name("ruleSets", kept.rule_set_id) if kept.rule_set_id else "",
    )
    if kept.override is not None:
        _add_override(message, kept.override)
    return message
