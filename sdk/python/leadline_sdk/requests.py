"""The requests of calls that both clients make in the same way. A key is minted here, once for each logical call."""

from collections.abc import Collection, Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1.lead_pb2 import Lead
from leadline.v1.lead_service_pb2 import (
    BatchCreateLeadsRequest,
    CreateLeadRequest,
    DeleteLeadRequest,
    UpdateLeadRequest,
)
from leadline.v1.operation_service_pb2 import CancelOperationRequest, WaitOperationRequest
from leadline.v1.rule_service_pb2 import (
    ActivateRuleSetRequest,
    CreateRuleSetRequest,
    DeactivateRuleSetRequest,
    DeleteRuleSetRequest,
    DryRunRuleSetRequest,
)
from leadline.v1.rule_set_pb2 import RuleSet
from leadline.v1.scoring_service_pb2 import (
    ClearScoreOverrideRequest,
    DeleteModelRequest,
    OverrideScoreRequest,
    PromoteModelRequest,
    RescoreLeadsRequest,
    RollBackModelRequest,
    ScoreInlineLeadRequest,
    TrainModelRequest,
)

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.values import to_fields

WAIT_MARGIN = 10.0
"""Seconds that the answer to a wait may take on the way, above the time that it waits."""


def create_lead(lead: Lead, idempotency_key: str | None) -> CreateLeadRequest:
    """Give the request that creates a lead."""
    return CreateLeadRequest(lead=lead, idempotency_key=idempotency_key or new_idempotency_key())


def batch_create_leads(leads: Collection[Lead], idempotency_key: str | None) -> BatchCreateLeadsRequest:
    """Give the request that creates several leads, all or none."""
    return BatchCreateLeadsRequest(leads=leads, idempotency_key=idempotency_key or new_idempotency_key())


def update_lead(lead: Lead, paths: Collection[str] | None, idempotency_key: str | None) -> UpdateLeadRequest:
    """Give the request that changes a lead."""
    return UpdateLeadRequest(
        lead=lead,
        update_mask=FieldMask(paths=paths) if paths is not None else None,
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def delete_lead(name: str, etag: str, idempotency_key: str | None) -> DeleteLeadRequest:
    """Give the request that deletes a lead."""
    return DeleteLeadRequest(name=name, etag=etag, idempotency_key=idempotency_key or new_idempotency_key())


def score_inline_lead(lead: Lead | Mapping[str, object], *, omit_attributions: bool) -> ScoreInlineLeadRequest:
    """Give the request that scores a lead which is not stored.

    Raises:
        ValueError, TypeError: a field of the mapping can't be held; see `to_fields`.
    """
    inline = lead if isinstance(lead, Lead) else Lead(fields=to_fields(lead))
    return ScoreInlineLeadRequest(lead=inline, omit_attributions=omit_attributions)


def train_model(
    excluded_fields: Collection[str], kept_fields: Collection[str], idempotency_key: str | None
) -> TrainModelRequest:
    """Give the request that trains a model."""
    return TrainModelRequest(
        excluded_fields=excluded_fields,
        kept_fields=kept_fields,
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def rescore_leads(idempotency_key: str | None) -> RescoreLeadsRequest:
    """Give the request that scores every open lead anew."""
    return RescoreLeadsRequest(idempotency_key=idempotency_key or new_idempotency_key())


def override_score(name: str, value: int, idempotency_key: str | None) -> OverrideScoreRequest:
    """Give the request that sets a lead's score by hand."""
    return OverrideScoreRequest(name=name, value=value, idempotency_key=idempotency_key or new_idempotency_key())


def clear_score_override(name: str, idempotency_key: str | None) -> ClearScoreOverrideRequest:
    """Give the request that leaves a lead's score to be computed again."""
    return ClearScoreOverrideRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())


def promote_model(name: str, idempotency_key: str | None, *, override_gate: bool) -> PromoteModelRequest:
    """Give the request that makes a model champion."""
    return PromoteModelRequest(
        name=name, override_gate=override_gate, idempotency_key=idempotency_key or new_idempotency_key()
    )


def roll_back_model(name: str, idempotency_key: str | None) -> RollBackModelRequest:
    """Give the request that makes an earlier champion champion again."""
    return RollBackModelRequest(model=name, idempotency_key=idempotency_key or new_idempotency_key())


def delete_model(name: str, idempotency_key: str | None) -> DeleteModelRequest:
    """Give the request that deletes a model."""
    return DeleteModelRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())


def create_rule_set(rule_set: RuleSet, newest_etag: str, idempotency_key: str | None) -> CreateRuleSetRequest:
    """Give the request that keeps a new version of the rules."""
    return CreateRuleSetRequest(
        rule_set=rule_set, newest_etag=newest_etag, idempotency_key=idempotency_key or new_idempotency_key()
    )


def activate_rule_set(name: str, etag: str, idempotency_key: str | None) -> ActivateRuleSetRequest:
    """Give the request that makes a version the active one."""
    return ActivateRuleSetRequest(name=name, etag=etag, idempotency_key=idempotency_key or new_idempotency_key())


def deactivate_rule_set(name: str, etag: str, idempotency_key: str | None) -> DeactivateRuleSetRequest:
    """Give the request that ends the effect of the active version."""
    return DeactivateRuleSetRequest(name=name, etag=etag, idempotency_key=idempotency_key or new_idempotency_key())


def delete_rule_set(name: str, idempotency_key: str | None) -> DeleteRuleSetRequest:
    """Give the request that deletes a version of the rules."""
    return DeleteRuleSetRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())


def dry_run_rule_set(rule_set: RuleSet, sample_size: int) -> DryRunRuleSetRequest:
    """Give the request that tries rules, without what only a kept version has."""
    tried = RuleSet(rules=rule_set.rules, groups=rule_set.groups)
    return DryRunRuleSetRequest(rule_set=tried, sample_size=sample_size)


def wait_operation(name: str, seconds: float) -> WaitOperationRequest:
    """Give the request that waits for an operation for some seconds."""
    return WaitOperationRequest(name=name, timeout=Duration(nanos=int(seconds % 1 * 1e9), seconds=int(seconds)))


def cancel_operation(name: str) -> CancelOperationRequest:
    """Give the request that cancels an operation."""
    return CancelOperationRequest(name=name, idempotency_key=new_idempotency_key())
