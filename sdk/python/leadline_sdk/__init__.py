"""Python client of Leadline: score leads, see why, and hear of every new score.

```python
from leadline_sdk import Client

with Client("leadline.example.com:443", token="...") as leadline:
    score = leadline.score_inline_lead({"Lead Source": "Google", "TotalVisits": 4})
    print(score.value, [(reason.feature, reason.log_odds) for reason in score.attributions])
```

`Client` is for ordinary code, `AsyncClient` for asyncio. Messages (`Lead`, `Event`, `Score`, `Model`) are those of the
contract, `leadline.v1`.
"""

from leadline.v1.audit_record_pb2 import AuditCredential, AuditDoor, AuditKind, AuditRecord
from leadline.v1.audit_service_pb2 import AuditAnchor, BrokenAuditRecord, VerifyAuditLogResponse
from leadline.v1.authentication_service_pb2 import LogInResponse, TokenSet
from leadline.v1.crm_queue_service_pb2 import CrmQueueItem, CrmQueueItemState
from leadline.v1.dead_letter_pb2 import DeadLetter, DeadLetterKind
from leadline.v1.encryption_key_pb2 import KeyServiceKind, TenantKey, TenantKeyState
from leadline.v1.encryption_key_service_pb2 import RotateTenantKeyResponse
from leadline.v1.event_pb2 import Event
from leadline.v1.experiment_pb2 import (
    Experiment,
    ExperimentArm,
    ExperimentKind,
    ExperimentResult,
    ExperimentState,
    ExperimentVerdict,
)
from leadline.v1.identity_pb2 import ApiKey, User
from leadline.v1.integration_service_pb2 import EventOutcome
from leadline.v1.lead_history_service_pb2 import RecordedEvent
from leadline.v1.lead_pb2 import LEAD_STATUS_CONVERTED, LEAD_STATUS_LOST, LEAD_STATUS_OPEN, Lead, LeadStatus
from leadline.v1.lead_service_pb2 import DUPLICATE_POLICY_REPLACE, DUPLICATE_POLICY_SKIP, DuplicatePolicy, ImportRow
from leadline.v1.model_pb2 import Model, Plot, PlotKind
from leadline.v1.monitoring_pb2 import Alarm, AlarmKind, DriftReport, MonitoringPolicy
from leadline.v1.notification_pb2 import Notification
from leadline.v1.operation_pb2 import OperationMetadata
from leadline.v1.permission_pb2 import Permission
from leadline.v1.rule_service_pb2 import DryRunRuleSetResponse
from leadline.v1.rule_set_pb2 import Decay, Rule, RuleGroup, RuleSet
from leadline.v1.score_pb2 import Attribution, AttributionGroup, Grade, RuleContribution, Score, ScoreBasis
from leadline.v1.scoring_service_pb2 import (
    FieldChange,
    ReplayScoreResponse,
    RescoreLeadsResponse,
    SuggestChangesResponse,
    Suggestion,
)
from leadline.v1.tracking_pb2 import TrackingKey
from leadline.v1.value_pb2 import FieldValue
from leadline.v1.workflow_pb2 import (
    AddToCrmQueueAction,
    AssignOwnerAction,
    Direction,
    GradeCrossing,
    LeadCondition,
    NotifyAction,
    OwnerCapacity,
    ScoreCrossing,
    ScoreMovement,
    SetFieldAction,
    WebhookAction,
    WebhookAttempt,
    WebhookDelivery,
    WebhookDeliveryState,
    Workflow,
    WorkflowAction,
    WorkflowActionResult,
    WorkflowRun,
    WorkflowRunState,
    WorkflowTrigger,
)
from leadline.v1.workflow_service_pb2 import DryRunWorkflowResponse, RotateWebhookSecretResponse

from leadline_sdk.async_client import AsyncClient
from leadline_sdk.channel import TokenSource
from leadline_sdk.client import Client
from leadline_sdk.errors import (
    AlreadyExists,
    ApiKeyRefused,
    Cancelled,
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    FieldViolation,
    IdempotencyKeyReused,
    InternalError,
    InvalidRequest,
    LeadlineError,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from leadline_sdk.importing import ImportableRow, ImportProgress, ImportResult, RefusedRow
from leadline_sdk.notification_calls import NotificationUpdate
from leadline_sdk.operations import AsyncOperation, Operation, ProgressCallback
from leadline_sdk.publishing import PublishedEvent
from leadline_sdk.recording import RecordEventsResult, RefusedEvent
from leadline_sdk.rule_set_changes import AsyncRuleSetChange, RuleSetChange
from leadline_sdk.scoring import ScoredLead
from leadline_sdk.values import FieldKind, from_field_value, to_field_value, to_fields, to_timestamp
from leadline_sdk.version import __version__
from leadline_sdk.watching import ScoreUpdate

__all__ = [
    "DUPLICATE_POLICY_REPLACE",
    "DUPLICATE_POLICY_SKIP",
    "LEAD_STATUS_CONVERTED",
    "LEAD_STATUS_LOST",
    "LEAD_STATUS_OPEN",
    "AddToCrmQueueAction",
    "Alarm",
    "AlarmKind",
    "AlreadyExists",
    "ApiKey",
    "ApiKeyRefused",
    "AssignOwnerAction",
    "AsyncClient",
    "AsyncOperation",
    "AsyncRuleSetChange",
    "Attribution",
    "AttributionGroup",
    "AuditAnchor",
    "AuditCredential",
    "AuditDoor",
    "AuditKind",
    "AuditRecord",
    "BrokenAuditRecord",
    "Cancelled",
    "Client",
    "Conflict",
    "CrmQueueItem",
    "CrmQueueItemState",
    "DeadLetter",
    "DeadLetterKind",
    "DeadlineExceeded",
    "Decay",
    "Direction",
    "DriftReport",
    "DryRunRuleSetResponse",
    "DryRunWorkflowResponse",
    "DuplicatePolicy",
    "Event",
    "EventOutcome",
    "Experiment",
    "ExperimentArm",
    "ExperimentKind",
    "ExperimentResult",
    "ExperimentState",
    "ExperimentVerdict",
    "FailedPrecondition",
    "FieldChange",
    "FieldKind",
    "FieldValue",
    "FieldViolation",
    "Grade",
    "GradeCrossing",
    "IdempotencyKeyReused",
    "ImportProgress",
    "ImportResult",
    "ImportRow",
    "ImportableRow",
    "InternalError",
    "InvalidRequest",
    "KeyServiceKind",
    "Lead",
    "LeadCondition",
    "LeadStatus",
    "LeadlineError",
    "LogInResponse",
    "Model",
    "MonitoringPolicy",
    "NotFound",
    "Notification",
    "NotificationUpdate",
    "NotifyAction",
    "Operation",
    "OperationMetadata",
    "OwnerCapacity",
    "Permission",
    "PermissionDenied",
    "Plot",
    "PlotKind",
    "ProgressCallback",
    "PublishedEvent",
    "RecordEventsResult",
    "RecordedEvent",
    "RefusedEvent",
    "RefusedRow",
    "ReplayScoreResponse",
    "RescoreLeadsResponse",
    "ResourceExhausted",
    "RotateTenantKeyResponse",
    "RotateWebhookSecretResponse",
    "Rule",
    "RuleContribution",
    "RuleGroup",
    "RuleSet",
    "RuleSetChange",
    "Score",
    "ScoreBasis",
    "ScoreCrossing",
    "ScoreMovement",
    "ScoreUpdate",
    "ScoredLead",
    "SetFieldAction",
    "SuggestChangesResponse",
    "Suggestion",
    "TenantKey",
    "TenantKeyState",
    "TokenSet",
    "TokenSource",
    "TrackingKey",
    "Unauthenticated",
    "Unavailable",
    "User",
    "VerifyAuditLogResponse",
    "WebhookAction",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookDeliveryState",
    "Workflow",
    "WorkflowAction",
    "WorkflowActionResult",
    "WorkflowRun",
    "WorkflowRunState",
    "WorkflowTrigger",
    "__version__",
    "from_field_value",
    "to_field_value",
    "to_fields",
    "to_timestamp",
]
