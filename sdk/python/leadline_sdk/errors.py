"""What can go wrong, as one tree of exceptions. Catch the class that says what you would do about it.

```
LeadlineError
├── InvalidRequest        the request breaks a rule: look at `field_violations`, correct it
│   └── IdempotencyKeyReused   the key belongs to another request: take a new key
├── Unauthenticated       no token, or one that is not accepted: get a new one
│   └── ApiKeyRefused          the API key is unknown, revoked or expired: make a new one
├── PermissionDenied      the token lacks the permission in `metadata["permission"]`
├── NotFound              no such lead, model or operation in the token's tenant
├── AlreadyExists         another lead has this `external_id`
├── Conflict              somebody changed it meanwhile: read it again and repeat
├── FailedPrecondition    something must happen before, such as training a first model
├── ResourceExhausted     too many requests: wait `retry_after`
├── Unavailable           Leadline, or a part that it needs, can't be reached now: try later
├── DeadlineExceeded      no answer within the timeout: it may have been done, repeat under the same key
├── Cancelled             the call or the operation was cancelled
└── InternalError         a defect of Leadline: report it with `metadata["request_id"]`
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that breaks a rule.

    Attributes:
        field: the path of the field, for example `lead.email`.
        description: the rule that it breaks, in words.
    """

    field: str
    description: str


class LeadlineError(Exception):
    """Any failure of a call to Leadline.

    Attributes:
        message: what happened, in words.
        code: the gRPC status code.
        reason: which of Leadline's reasons it is, for example `LEAD_NOT_FOUND` (names of `leadline.v1.ErrorReason`
            without their prefix); empty where the failure did not come from Leadline itself.
        metadata: what the reason tells besides, for example `{"name": "leads/..."}`.
        field_violations: the fields that break a rule; empty for other failures.
        retry_after: how long Leadline asks to wait before the next try; None if it does not say.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        field_violations: Sequence[FieldViolation] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.field_violations = tuple(field_violations)
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Give the message, the reason and each field violation on one line."""
        parts = [self.message or self.code.name]
        if self.reason:
            parts.append(f"[{self.reason}]")
        parts += [f"{violation.field}: {violation.description}" for violation in self.field_violations]
        return " ".join(parts[:2]) + "".join(f"; {part}" for part in parts[2:])


class InvalidRequest(LeadlineError):
    """The request breaks a rule of the contract; repeating it unchanged fails again."""


class IdempotencyKeyReused(InvalidRequest):
    """The idempotency key was used before with another request."""


class Unauthenticated(LeadlineError):
    """The token is missing, expired or not accepted."""


class ApiKeyRefused(Unauthenticated):
    """The API key is not one that may be used: it is unknown, was revoked, or its time is over."""


class PermissionDenied(LeadlineError):
    """The token is good, but does not permit this call."""


class NotFound(LeadlineError):
    """The token's tenant has no such lead, model or operation."""


class AlreadyExists(LeadlineError):
    """What was to be created is there already; `metadata["name"]` says which."""


class Conflict(LeadlineError):
    """Somebody else's change came in between; read again and repeat."""


class FailedPrecondition(LeadlineError):
    """Something else must happen first, such as training a model or recording outcomes."""


class ResourceExhausted(LeadlineError):
    """A limit is reached: too many requests, or a message that is too large."""


class Unavailable(LeadlineError):
    """Leadline, or a part that it needs, can't be reached now."""


class DeadlineExceeded(LeadlineError):
    """No answer came in time. A mutation may have been made: repeat it under the same idempotency key."""


class Cancelled(LeadlineError):
    """The call or the operation was cancelled."""


class InternalError(LeadlineError):
    """A defect on Leadline's side."""


_BY_CODE: dict[grpc.StatusCode, type[LeadlineError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.INTERNAL: InternalError,
    grpc.StatusCode.UNKNOWN: InternalError,
    grpc.StatusCode.DATA_LOSS: InternalError,
    grpc.StatusCode.UNIMPLEMENTED: InternalError,
}
# A reason that asks for something else, or for more, than its status code does.
_BY_REASON: dict[str, type[LeadlineError]] = {
    "API_KEY_REFUSED": ApiKeyRefused,
    "IDEMPOTENCY_KEY_REUSED": IdempotencyKeyReused,
    "OPERATION_CANCELLED": Cancelled,
}
_CODES = {code.value[0]: code for code in grpc.StatusCode}


def error_from_status(status: status_pb2.Status) -> LeadlineError:
    """Give the error that a `google.rpc.Status` tells of: a refused row, a result of a batch, a failed operation."""
    reason = ""
    metadata: dict[str, str] = {}
    violations: list[FieldViolation] = []
    retry_after = None
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        request = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(request):
            violations += [FieldViolation(found.field, found.description) for found in request.field_violations]
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta()
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return _BY_REASON.get(reason, _BY_CODE.get(code, LeadlineError))(
        status.message,
        code=code,
        reason=reason,
        metadata=metadata,
        field_violations=violations,
        retry_after=retry_after,
    )


def error_from_call(failure: Any) -> LeadlineError:
    """Give the error that a failed gRPC call tells of.

    Args:
        failure: the `grpc.RpcError` of a synchronous call or the `grpc.aio.AioRpcError` of an asynchronous one; an
            error that is Leadline's already is given back.
    """
    if isinstance(failure, LeadlineError):
        return failure
    try:
        status = rpc_status.from_call(failure)
    except ValueError:  # a proxy answered with a code or message that contradicts the details it passed on
        status = None
    if status is None:
        status = status_pb2.Status(code=failure.code().value[0], message=failure.details() or "")
    return error_from_status(status)


def stream_ended() -> LeadlineError:
    """Give the error of a stream without an end that ended: its server is going away."""
    return Unavailable("the stream ended", code=grpc.StatusCode.UNAVAILABLE)
