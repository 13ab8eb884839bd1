"""Everything that Leadline refuses or can't do, as one tree of exceptions.

Use cases raise them; `server.interceptors.errors` turns each into its gRPC status and reason, once for all rpcs.

    LeadlineError
    ├── InvalidRequest          a field breaks a rule of the contract
    │   └── RuleInvalid         a scoring rule can't be used
    ├── InvalidFilter           filter or order can't be read
    ├── InvalidPageToken        page token of another query, or not ours
    ├── InvalidFieldMask        update mask names what can't be written
    ├── InvalidResumeToken      resume token of another watch, or not ours
    ├── ResumeTokenExpired      what comes after a resume token is not kept any more
    ├── IdempotencyKeyReused    key used before for another request
    ├── TokenMissing, TokenInvalid, TokenExpired
    ├── PermissionMissing, OriginNotAllowed
    ├── LeadNotFound, ModelNotFound, OperationNotFound, DeadLetterNotFound, AuditRecordNotFound
    ├── LeadAlreadyExists
    ├── RuleSetNotFound, RuleSetInUse
    ├── EtagMismatch
    ├── NoModel, NotEnoughOutcomes, NoUsableField
    ├── PromotionRefused, ModelInUse, ModelBroken
    ├── ExperimentNotFound, ExperimentConflict, ExperimentOver, ExperimentInconclusive
    ├── DriftReportNotFound
    ├── WorkflowNotFound, TooManyWorkflows
    ├── WebhookDeliveryNotFound, WebhookDeliveryPending, WebhookTargetRefused
    ├── TrackingKeyNotFound, TrackingKeyRefused, TrackingThrottled
    ├── OperationCancelled, OperationDone
    ├── TenantKeyNotFound, TenantKeyRotating
    ├── EncryptedDataBroken     what is kept encrypted was changed, or its key is gone
    ├── DependencyUnavailable   PostgreSQL, Redis, the model server or the key service can't be reached
    ├── DeadlineExceeded
    ├── Overloaded              there is more to do than can be done
    ├── SlowConsumer
    └── UnknownMethod          no such rpc
"""

from server.runtime.errors.access import (
    AuditRecordNotFound,
    OriginNotAllowed,
    PermissionMissing,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TrackingKeyNotFound,
    TrackingKeyRefused,
    TrackingThrottled,
)
from server.runtime.errors.availability import (
    DeadlineExceeded,
    Dependency,
    DependencyUnavailable,
    Overloaded,
    SlowConsumer,
)
from server.runtime.errors.base import LeadlineError
from server.runtime.errors.encryption import (
    EncryptedDataBroken,
    TenantKeyNotFound,
    TenantKeyRotating,
)
from server.runtime.errors.leads import (
    DeadLetterNotFound,
    LeadAlreadyExists,
    LeadNotFound,
)
from server.runtime.errors.models import (
    DriftReportNotFound,
    ExperimentConflict,
    ExperimentInconclusive,
    ExperimentNotFound,
    ExperimentOver,
    ModelBroken,
    ModelInUse,
    ModelNotFound,
    NoModel,
    NotEnoughOutcomes,
    NoUsableField,
    PromotionRefused,
    RuleSetInUse,
    RuleSetNotFound,
    ScoreNotFound,
)
from server.runtime.errors.operations import (
    OperationCancelled,
    OperationDone,
    OperationNotFound,
)
from server.runtime.errors.requests import (
    EtagMismatch,
    FieldViolation,
    IdempotencyKeyReused,
    InvalidFieldMask,
    InvalidFilter,
    InvalidPageToken,
    InvalidRequest,
    InvalidResumeToken,
    ResumeTokenExpired,
    RuleInvalid,
    UnknownMethod,
)
from server.runtime.errors.workflows import (
    TooManyWorkflows,
    WebhookDeliveryNotFound,
    WebhookDeliveryPending,
    WebhookTargetRefused,
    WorkflowNotFound,
)

__all__ = [
    "AuditRecordNotFound",
    "DeadLetterNotFound",
    "DeadlineExceeded",
    "Dependency",
    "DependencyUnavailable",
    "DriftReportNotFound",
    "EncryptedDataBroken",
    "EtagMismatch",
    "ExperimentConflict",
    "ExperimentInconclusive",
    "ExperimentNotFound",
    "ExperimentOver",
    "FieldViolation",
    "IdempotencyKeyReused",
    "InvalidFieldMask",
    "InvalidFilter",
    "InvalidPageToken",
    "InvalidRequest",
    "InvalidResumeToken",
    "LeadAlreadyExists",
    "LeadNotFound",
    "LeadlineError",
    "ModelBroken",
    "ModelInUse",
    "ModelNotFound",
    "NoModel",
    "NoUsableField",
    "NotEnoughOutcomes",
    "OperationCancelled",
    "OperationDone",
    "OperationNotFound",
    "OriginNotAllowed",
    "Overloaded",
    "PermissionMissing",
    "PromotionRefused",
    "ResumeTokenExpired",
    "RuleInvalid",
    "RuleSetInUse",
    "RuleSetNotFound",
    "ScoreNotFound",
    "SlowConsumer",
    "TenantKeyNotFound",
    "TenantKeyRotating",
    "TokenExpired",
    "TokenInvalid",
    "TokenMissing",
    "TooManyWorkflows",
    "TrackingKeyNotFound",
    "TrackingKeyRefused",
    "TrackingThrottled",
    "UnknownMethod",
    "WebhookDeliveryNotFound",
    "WebhookDeliveryPending",
    "WebhookTargetRefused",
    "WorkflowNotFound",
]
