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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.runtime.principal import Principal

Dependency = Literal["backend", "postgresql", "redis", "model_server", "key_service", "ray"]


class LeadlineError(Exception):
    """Base of all: catch it to handle whatever Leadline refuses.

    Args:
        message: What is wrong, for the caller to read: plain English, no secrets, no internals.
        metadata: The same for programs, under the keys that the contract's `ErrorReason` names.
    """

    def __init__(self, message: str, metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata or {}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A rule that a field of a request breaks.

    Attributes:
        field: The path of the field, such as `lead.fields["Total Visits"].number`.
        description: What the rule asks for, in words.
        rule: The rule's identifier, such as `string.min_len`.
    """

    field: str
    description: str
    rule: str


class InvalidRequest(LeadlineError):
    """Fields of the request break rules of the contract.

    Args:
        violations: At least one broken rule.
    """

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(f"{first.field or 'request'}: {first.description}{more}")
        self.violations = tuple(violations)


class RuleInvalid(InvalidRequest):
    """Scoring rules can't be used: an expression can't be read, or names don't fit together."""


class InvalidFilter(LeadlineError):
    """A filter or an order can't be read.

    Args:
        reason: What is wrong with it.
        position: 0-based character where it goes wrong.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} (at character {position})", {"position": str(position)})


class InvalidPageToken(LeadlineError):
    """A page token was not made by this service, or was made for another query."""

    def __init__(self) -> None:
        super().__init__("the page token was not made by this service for this query; begin with the first page")


class InvalidResumeToken(LeadlineError):
    """A resume token was not made by this service, or was made for another tenant or filter."""

    def __init__(self) -> None:
        super().__init__("the resume token was not made by this service for this watch; begin without one")


class ResumeTokenExpired(LeadlineError):
    """What comes after a resume token is not kept any more."""

    def __init__(self) -> None:
        super().__init__("what comes after the resume token is not kept any more; begin with a snapshot")


class DeadLetterNotFound(LeadlineError):
    """The caller's tenant has no such dead letter.

    Args:
        name: The resource name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no dead letter {name}", {"name": name})


class InvalidFieldMask(LeadlineError):
    """An update mask names a field that does not exist or can't be written.

    Args:
        path: The path in the mask.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"update_mask: {path!r} can't be written", {"path": path})


class IdempotencyKeyReused(LeadlineError):
    """An idempotency key was used before with another request.

    Args:
        key: The key as the caller sent it.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key!r} was used before with another request", {"idempotency_key": key})


class TokenMissing(LeadlineError):
    """The request carries no bearer token."""

    def __init__(self) -> None:
        super().__init__("send a token: authorization: Bearer <token>")


class TokenInvalid(LeadlineError):
    """The token's signature, issuer, audience or form is not accepted."""

    def __init__(self) -> None:
        super().__init__("the token is not accepted")


class TokenExpired(LeadlineError):
    """The token's time is over.

    Args:
        bearer: Whose token it was, for the audit log.
    """

    def __init__(self, bearer: Principal | None = None) -> None:
        super().__init__("the token has expired; ask for a new one")
        self.bearer = bearer


class PermissionMissing(LeadlineError):
    """The principal lacks the permission that the rpc needs.

    Args:
        permission: The contract's scope text, such as `leads.write`.
    """

    def __init__(self, permission: str) -> None:
        super().__init__(f"the token lacks the permission {permission}", {"permission": permission})


class _NotFound(LeadlineError):
    """What was named does not exist in the caller's tenant.

    Args:
        name: The resource name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not exist", {"name": name})


class OriginNotAllowed(LeadlineError):
    """The call comes from a web page of an origin that the caller's organization does not allow.

    Args:
        origin: Of the page, such as `https://crm.example`.
    """

    def __init__(self, origin: str) -> None:
        super().__init__(f"your organization does not allow calls from web pages of {origin}", {"origin": origin})


class AuditRecordNotFound(_NotFound):
    """No such audit record in the caller's tenant."""


class LeadNotFound(_NotFound):
    """No such lead in the caller's tenant."""


class TenantKeyNotFound(_NotFound):
    """The caller's tenant has no such version of its key."""


class TenantKeyRotating(LeadlineError):
    """The tenant's key is being rotated already.

    Args:
        name: The resource name of the operation that does it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the key is being rotated already by {name}", {"name": name})


class ModelNotFound(_NotFound):
    """No such model in the caller's tenant."""


class OperationNotFound(_NotFound):
    """No such operation in the caller's tenant."""


class ScoreNotFound(_NotFound):
    """No such stored score in the caller's tenant."""


class RuleSetNotFound(_NotFound):
    """No such rule set in the caller's tenant, or none is active."""


class RuleSetInUse(LeadlineError):
    """The rule set was active once and can't be deleted.

    Args:
        name: The rule set's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was active once and is kept for the scores that were made with it", {"name": name})


class WorkflowNotFound(_NotFound):
    """No such workflow in the caller's tenant."""


class WebhookDeliveryNotFound(_NotFound):
    """No such webhook delivery in the caller's tenant."""


class WebhookDeliveryPending(LeadlineError):
    """A webhook delivery is still being tried.

    Args:
        name: The delivery's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is still being tried; it can be replayed once it is over", {"name": name})


class WebhookTargetRefused(LeadlineError):
    """A webhook's URL leads to where none may be sent.

    Args:
        host: The URL's host.
        reason: Why it is refused, in words.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"no webhook is sent to {host!r}: {reason}", {"host": host})


class TooManyWorkflows(LeadlineError):
    """The tenant has as many workflows as it can have.

    Args:
        limit: How many.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"there are {limit} workflows already; delete one first", {"limit": str(limit)})


class LeadAlreadyExists(LeadlineError):
    """Another lead of the tenant has this external id.

    Args:
        external_id: The external id.
        name: Resource name of the lead that has it; empty if that was deleted meanwhile.
    """

    def __init__(self, external_id: str, name: str) -> None:
        super().__init__(
            f"{name or 'another lead'} has the external_id {external_id!r} already",
            {"external_id": external_id, "name": name},
        )


class EtagMismatch(LeadlineError):
    """What the caller changes was changed since the caller read it.

    Args:
        etag: Its present etag.
        what: What it is, in words.
    """

    def __init__(self, etag: str, what: str = "the lead") -> None:
        super().__init__(f"{what} was changed since it was read; read it again and repeat", {"etag": etag})


class NoModel(LeadlineError):
    """The tenant has no model yet."""

    def __init__(self) -> None:
        super().__init__("there is no model yet; train one first")


class PromotionRefused(LeadlineError):
    """The model did not pass the promotion gate.

    Args:
        name: The model's resource name.
        reason: What the gate found, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is not promoted: {reason}", {"name": name})


class ModelInUse(LeadlineError):
    """The model is champion and can't be deleted.

    Args:
        name: The model's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is champion; make another model champion before", {"name": name})


class ModelBroken(LeadlineError):
    """The model server can't load the model's files.

    Args:
        name: The model's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the files of {name} can't be loaded; the champion stays", {"name": name})


class NotEnoughOutcomes(LeadlineError):
    """Leads with an outcome are too few, or all have the same one.

    Args:
        converted: Leads that converted.
        lost: Leads that were lost.
        needed_of_each: How many of each a training needs.
    """

    def __init__(self, converted: int, lost: int, needed_of_each: int) -> None:
        super().__init__(
            f"training needs at least {needed_of_each} converted and {needed_of_each} lost leads; "
            f"there are {converted} and {lost}",
            {"converted": str(converted), "lost": str(lost), "needed_of_each": str(needed_of_each)},
        )


class NoUsableField(LeadlineError):
    """No field of the leads tells anything of the outcome."""

    def __init__(self) -> None:
        super().__init__("there is nothing to learn from: every field of the leads is empty, constant or excluded")


class ExperimentNotFound(LeadlineError):
    """The tenant has no such experiment.

    Args:
        name: The experiment's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", {"name": name})


class ExperimentConflict(LeadlineError):
    """An experiment can't begin beside what runs already.

    Args:
        name: The resource name of the experiment or the model that is in the way.
        reason: Why, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason, {"name": name})


class ExperimentOver(LeadlineError):
    """The experiment has ended.

    Args:
        name: The experiment's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has ended", {"name": name})


class ExperimentInconclusive(LeadlineError):
    """Too few outcomes are known to conclude an experiment from.

    Args:
        name: The experiment's resource name.
        reason: What is missing, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason, {"name": name})


class DriftReportNotFound(LeadlineError):
    """A model has not been checked yet.

    Args:
        name: The model's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} has not been checked yet; only a champion is, within its policy's interval", {"name": name}
        )


class TrackingKeyNotFound(LeadlineError):
    """No such tracking key in the tenant.

    Args:
        name: Resource name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not exist", {"name": name})


class TrackingKeyRefused(LeadlineError):
    """A web page's write key is unknown, or not for the page's origin.

    Args:
        origin: The page's origin; empty if the browser told none.
    """

    def __init__(self, origin: str) -> None:
        super().__init__("the write key is not good for pages of this origin", {"origin": origin})


class TrackingThrottled(LeadlineError):
    """A web page's write key was used for too many events in this minute.

    Args:
        retry_after_seconds: When the next events are taken, in seconds, above 0.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("too many events by this write key in this minute")
        self.retry_after_seconds = retry_after_seconds


class OperationCancelled(LeadlineError):
    """The operation was cancelled before it ended."""

    def __init__(self) -> None:
        super().__init__("the operation was cancelled")


class OperationDone(LeadlineError):
    """The operation is over and can't be cancelled any more.

    Args:
        name: The operation's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is over already", {"name": name})


class EncryptedDataBroken(LeadlineError):
    """What is kept encrypted can't be read: it was changed or moved, or its key was destroyed.

    Args:
        name: The resource name of what it belongs to.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the encrypted data of {name} can't be read", {"name": name})


class DependencyUnavailable(LeadlineError):
    """A part that the answer needs can't be reached; it is right to retry.

    Args:
        dependency: Which part.
        retry_after_seconds: When a retry may succeed, in seconds, above 0.
    """

    def __init__(self, dependency: Dependency, retry_after_seconds: float = 1.0) -> None:
        super().__init__(f"{dependency} can't be reached at present; retry", {"dependency": dependency})
        self.dependency = dependency
        self.retry_after_seconds = retry_after_seconds


class DeadlineExceeded(LeadlineError):
    """The caller's deadline passed before the answer was ready, or a message of a stream did not come in time.

    Args:
        message: Which of them.
    """

    def __init__(self, message: str = "the deadline passed before the answer was ready") -> None:
        super().__init__(message)


class Overloaded(LeadlineError):
    """The process has more to do than it can, and the tenant has its share of it already; it is right to retry.

    Args:
        retry_after_seconds: When a retry may succeed, in seconds, above 0.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("there is more to do than can be done at present; retry after the given delay")
        self.retry_after_seconds = retry_after_seconds


class SlowConsumer(LeadlineError):
    """The caller was too slow to take what it watches."""

    def __init__(self) -> None:
        super().__init__("the watch was read too slowly; resume it with the last token")


class UnknownMethod(LeadlineError):
    """The service has no such rpc.

    Args:
        method: The path that was called, such as `/leadline.v1.LeadService/GetLead`.
    """

    def __init__(self, method: str) -> None:
        super().__init__(f"there is no method {method}", {"method": method})
