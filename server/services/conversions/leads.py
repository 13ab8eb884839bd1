"""Leads between the contract and the domain."""

from collections.abc import Iterable
from typing import Final

from leadline.v1 import lead_pb2, score_pb2

from server.leads.field_mask import LeadChange, masked_change, unmasked_change
from server.leads.lead import Lead, LeadProfile, LeadStatus, StoredScore
from server.runtime.identifiers import format_name
from server.services.conversions.field_values import values_from_proto, values_to_proto
from server.services.conversions.times import time_from_proto, time_to_proto

STATUSES: Final = {lead_pb2.LEAD_STATUS_UNSPECIFIED: LeadStatus.OPEN} | {
    lead_pb2.LeadStatus.Value(f"LEAD_STATUS_{status.name}"): status for status in LeadStatus
}
_NUMBERS: Final = {status: number for number, status in STATUSES.items() if number != lead_pb2.LEAD_STATUS_UNSPECIFIED}
_PROFILE_ATTRIBUTES: Final = frozenset(LeadProfile._fields)


def profile_from_proto(lead: lead_pb2.Lead) -> LeadProfile:
    """Gives what a caller tells of a lead.

    Args:
        lead: A valid lead; what only Leadline sets is left out.
    """
    return LeadProfile(
        external_id=lead.external_id,
        email=lead.email,
        display_name=lead.display_name,
        company=lead.company,
        phone=lead.phone,
        owner=lead.owner,
        status=STATUSES[lead.status],
        outcome_time=time_from_proto(lead.outcome_time) if lead.HasField("outcome_time") else None,
        received_time=time_from_proto(lead.received_time) if lead.HasField("received_time") else None,
        fields=values_from_proto(lead.fields),
    )


def change_from_proto(lead: lead_pb2.Lead, mask: Iterable[str]) -> LeadChange:
    """Gives the change that an update asks for.

    Args:
        lead: The lead with its new values, valid.
        mask: The paths of the update mask; none means every field that is set.

    Raises:
        InvalidFieldMask: A path can't be written.
    """
    profile, paths = profile_from_proto(lead), tuple(mask)
    if paths:
        return masked_change(profile, paths)
    given = {descriptor.name for descriptor, _ in lead.ListFields()}
    return unmasked_change(profile, given & _PROFILE_ATTRIBUTES)


def lead_to_proto(lead: Lead) -> lead_pb2.Lead:
    """Gives a lead as the contract has it, its score without attributions."""
    profile = lead.profile
    message = lead_pb2.Lead(
        name=lead.name,
        external_id=profile.external_id,
        email=profile.email,
        display_name=profile.display_name,
        company=profile.company,
        phone=profile.phone,
        owner=profile.owner,
        status=_NUMBERS[profile.status],
        outcome_time=time_to_proto(profile.outcome_time) if profile.outcome_time else None,
        received_time=time_to_proto(profile.received_time) if profile.received_time else None,
        score=score_to_proto(lead.name, lead.score) if lead.score else None,
        create_time=time_to_proto(lead.create_time),
        update_time=time_to_proto(lead.update_time),
        etag=lead.etag,
    )
    values_to_proto(profile.fields, message.fields)
    return message


def score_to_proto(name: str, score: StoredScore) -> score_pb2.Score:
    """Gives a lead's stored score as the contract has it, without attributions.

    Args:
        name: The lead's resource name.
        score: The score.
    """
    model_value = int(score.probability * 100 + 0.5)
    message = score_pb2.Score(
        name=format_name("scores", score.score_id) if score.score_id else "",
        lead=name,
        probability=score.probability,
        log_odds=score.log_odds,
        value=score.value,
        base_log_odds=score.base_log_odds,
        model=format_name("models", score.model_id),
        compute_time=time_to_proto(score.compute_time),
        grade=score.grade or score_pb2.GRADE_UNSPECIFIED,  # type: ignore[arg-type]  # numbered alike
        basis=score_pb2.SCORE_BASIS_MODEL,
        evidence_count=score.evidence_count,
        probability_low=score.probability_low,
        probability_high=score.probability_high,
        model_value=model_value,
        rule_points=score.value - model_value if score.override is None else 0,
        rule_set=format_name("ruleSets", score.rule_set_id) if score.rule_set_id else "",
        next_grade_time=time_to_proto(score.next_grade_time) if score.next_grade_time else None,
        next_grade=score.next_grade or score_pb2.GRADE_UNSPECIFIED,  # type: ignore[arg-type]  # numbered alike
    )
    if score.override is not None:
        message.override_points = score.value - model_value
        message.override.value = score.value
        message.override.principal = score.override.principal
        message.override.create_time.CopyFrom(time_to_proto(score.override.create_time))
    return message
