"""What customers import: a name taken away or renamed breaks their code, so each change here is a decision."""

import leadline_sdk

PUBLIC_NAMES = {
    # Clients
    "AsyncClient",
    "Client",
    "TokenSource",
    "__version__",
    # Messages of the contract
    "Attribution",
    "AttributionGroup",
    "Decay",
    "DryRunRuleSetResponse",
    "DUPLICATE_POLICY_REPLACE",
    "DUPLICATE_POLICY_SKIP",
    "DuplicatePolicy",
    "Event",
    "FieldChange",
    "FieldValue",
    "Grade",
    "ImportRow",
    "LEAD_STATUS_CONVERTED",
    "LEAD_STATUS_LOST",
    "LEAD_STATUS_OPEN",
    "Lead",
    "LeadStatus",
    "Model",
    "OperationMetadata",
    "Plot",
    "PlotKind",
    "ReplayScoreResponse",
    "RescoreLeadsResponse",
    "Rule",
    "RuleContribution",
    "RuleGroup",
    "RuleSet",
    "Score",
    "ScoreBasis",
    "SuggestChangesResponse",
    "Suggestion",
    # Results
    "AsyncOperation",
    "AsyncRuleSetChange",
    "ImportProgress",
    "ImportResult",
    "ImportableRow",
    "Operation",
    "ProgressCallback",
    "RecordEventsResult",
    "RefusedEvent",
    "RefusedRow",
    "RuleSetChange",
    "ScoreUpdate",
    "ScoredLead",
    # Errors
    "AlreadyExists",
    "Cancelled",
    "Conflict",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldViolation",
    "IdempotencyKeyReused",
    "InternalError",
    "InvalidRequest",
    "LeadlineError",
    "NotFound",
    "PermissionDenied",
    "ResourceExhausted",
    "Unauthenticated",
    "Unavailable",
    # Conversions
    "FieldKind",
    "from_field_value",
    "to_field_value",
    "to_fields",
    "to_timestamp",
}

METHODS = {
    "activate_rule_set",
    "batch_create_leads",
    "batch_score_leads",
    "close",
    "create_lead",
    "create_rule_set",
    "deactivate_rule_set",
    "delete_lead",
    "delete_model",
    "delete_rule_set",
    "dry_run_rule_set",
    "get_lead",
    "get_model",
    "get_model_plots",
    "get_operation",
    "get_rule_set",
    "import_leads",
    "list_leads",
    "list_models",
    "list_operations",
    "list_rule_sets",
    "promote_model",
    "record_events",
    "replay_score",
    "rescore_leads",
    "roll_back_model",
    "score_inline_lead",
    "score_lead",
    "suggest_changes",
    "train_model",
    "update_lead",
    "watch_scores",
}


def test_the_public_names_are_these() -> None:
    assert set(leadline_sdk.__all__) == PUBLIC_NAMES
    assert all(hasattr(leadline_sdk, name) for name in PUBLIC_NAMES)


def test_both_clients_have_these_methods() -> None:
    for client in (leadline_sdk.Client, leadline_sdk.AsyncClient):
        assert {name for name in dir(client) if not name.startswith("_")} == METHODS
