"""Scoring rules between the contract and the scorer's own terms."""

from leadline.v1 import rule_service_pb2, rule_set_pb2, score_pb2

from scoring.conversions.scores import to_timestamp
from scoring.registry.rule_set_version import RuleSetVersion
from scoring.rules.observed_conversion import ObservedConversion
from scoring.rules.rule_set import Decay, DecayCourse, Rule, RuleGroup, RuleSet
from scoring.scores.dry_run import MOST_CHANGES, DryRun, Tried
from server.runtime.identifiers import format_name

_COURSES = {"linear_period": DecayCourse.LINEAR, "half_life": DecayCourse.HALF_LIFE}


def from_rule_set(message: rule_set_pb2.RuleSet) -> RuleSet:
    """Gives the rules and groups of a valid message."""
    return RuleSet(
        [
            Rule(
                rule_id=rule.id,
                display_name=rule.display_name,
                expression=rule.expression,
                points=rule.points,
                group=rule.group,
                decay=_from_decay(rule.decay) if rule.HasField("decay") else None,
            )
            for rule in message.rules
        ],
        [
            RuleGroup(
                group.id,
                group.max_points if group.HasField("max_points") else None,
                group.min_points if group.HasField("min_points") else None,
            )
            for group in message.groups
        ],
    )


def _from_decay(message: rule_set_pb2.Decay) -> Decay:
    course = message.WhichOneof("course") or ""
    time = message.linear_period if course == "linear_period" else message.half_life
    return Decay(_COURSES[course], time.ToTimedelta(), message.anchor_event_type)


def to_rule_set(version: RuleSetVersion) -> rule_set_pb2.RuleSet:
    """Gives a version of the rules as a message."""
    message = rule_set_pb2.RuleSet(
        name=format_name("ruleSets", version.rule_set_id),
        version=version.version,
        display_name=version.display_name,
        rules=[_to_rule(rule) for rule in version.rule_set.rules],
        groups=[
            rule_set_pb2.RuleGroup(id=group.group_id, max_points=group.max_points, min_points=group.min_points)
            for group in version.rule_set.groups
        ],
        active=version.active,
        etag=version.etag,
        create_time=to_timestamp(version.create_time),
    )
    if version.activate_time is not None:
        message.activate_time.CopyFrom(to_timestamp(version.activate_time))
    return message


def _to_rule(rule: Rule) -> rule_set_pb2.Rule:
    message = rule_set_pb2.Rule(
        id=rule.rule_id,
        display_name=rule.display_name,
        expression=rule.expression,
        points=rule.points,
        group=rule.group,
    )
    if rule.decay is not None:
        message.decay.anchor_event_type = rule.decay.anchor_event_type
        linear = rule.decay.course is DecayCourse.LINEAR
        time = message.decay.linear_period if linear else message.decay.half_life
        time.FromTimedelta(rule.decay.time)
    return message


def to_dry_run(dry_run: DryRun) -> rule_service_pb2.DryRunRuleSetResponse:
    """Gives what rules would do as a message."""
    response = rule_service_pb2.DryRunRuleSetResponse(
        open_count=dry_run.open_count,
        changed_count=len(dry_run.changed),
        changes=[_to_change(tried) for tried in dry_run.changed[:MOST_CHANGES]],
        decided_count=dry_run.decided_count,
        learnt_count=dry_run.learnt_count,
        grades=[
            rule_service_pb2.GradeOutcome(
                grade=grade,  # type: ignore[arg-type]  # numbered alike
                before=_to_observed(comparison.before),
                after=_to_observed(comparison.after),
            )
            for grade, comparison in dry_run.grades
        ],
        rules=[
            rule_service_pb2.RuleOutcome(
                rule=outcome.rule_id,
                open_matched_count=outcome.open_matched,
                decided_matched_count=outcome.decided_matched,
                error_count=outcome.errors,
                error=outcome.error,
            )
            for outcome in dry_run.rules
        ],
    )
    if dry_run.top_tenth is not None:
        response.top_tenth.before.CopyFrom(_to_observed(dry_run.top_tenth.before))
        response.top_tenth.after.CopyFrom(_to_observed(dry_run.top_tenth.after))
    return response


def _to_change(tried: Tried) -> rule_service_pb2.GradeChange:
    lead_id = tried.after.record.lead_id
    return rule_service_pb2.GradeChange(
        lead="" if lead_id is None else format_name("leads", lead_id),
        grade_before=tried.before.grade or score_pb2.GRADE_UNSPECIFIED,  # type: ignore[arg-type]  # numbered alike
        grade_after=tried.after.grade or score_pb2.GRADE_UNSPECIFIED,  # type: ignore[arg-type]
        value_before=tried.before.value,
        value_after=tried.after.value,
    )


def _to_observed(observed: ObservedConversion) -> rule_service_pb2.ObservedConversion:
    return rule_service_pb2.ObservedConversion(
        count=observed.count,
        converted_count=observed.converted,
        precision=observed.precision,
        lift=observed.lift,
    )
