"""Errors on the wire: one table from what Leadline raises to what a caller sees, for all rpcs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import structlog
from google.protobuf.any_pb2 import Any as PackedMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from leadline.v1 import error_reason_pb2

from server.interceptors.identity_status_codes import IDENTITY_STATUS_CODES
from server.interceptors.method_interceptor import Context, Method, SurroundingInterceptor
from server.runtime import errors
from server.runtime.errors.identity import LogInThrottled
from server.runtime.logging import current_request_id

ERROR_DOMAIN = "leadline.dev"

# Error details travel as a header, of which clients take 8 KiB in all, after base64.
LARGEST_DETAILS_BYTES = 4096
LONGEST_TEXT = 512

STATUS_CODES: dict[type[errors.LeadlineError], tuple[grpc.StatusCode, error_reason_pb2.ErrorReason.ValueType]] = {
    errors.InvalidRequest: (grpc.StatusCode.INVALID_ARGUMENT, error_reason_pb2.ERROR_REASON_INVALID_REQUEST),
    errors.RuleInvalid: (grpc.StatusCode.INVALID_ARGUMENT, error_reason_pb2.ERROR_REASON_RULE_INVALID),
    errors.InvalidFilter: (grpc.StatusCode.INVALID_ARGUMENT, error_reason_pb2.ERROR_REASON_INVALID_FILTER),
    errors.InvalidPageToken: (grpc.StatusCode.INVALID_ARGUMENT, error_reason_pb2.ERROR_REASON_INVALID_PAGE_TOKEN),
    errors.InvalidFieldMask: (grpc.StatusCode.INVALID_ARGUMENT, error_reason_pb2.ERROR_REASON_INVALID_FIELD_MASK),
    errors.InvalidResumeToken: (
        grpc.StatusCode.INVALID_ARGUMENT,
        error_reason_pb2.ERROR_REASON_INVALID_RESUME_TOKEN,
    ),
    errors.IdempotencyKeyReused: (
        grpc.StatusCode.INVALID_ARGUMENT,
        error_reason_pb2.ERROR_REASON_IDEMPOTENCY_KEY_REUSED,
    ),
    errors.TokenMissing: (grpc.StatusCode.UNAUTHENTICATED, error_reason_pb2.ERROR_REASON_TOKEN_MISSING),
    errors.TokenInvalid: (grpc.StatusCode.UNAUTHENTICATED, error_reason_pb2.ERROR_REASON_TOKEN_INVALID),
    errors.TokenExpired: (grpc.StatusCode.UNAUTHENTICATED, error_reason_pb2.ERROR_REASON_TOKEN_EXPIRED),
    errors.PermissionMissing: (
        grpc.StatusCode.PERMISSION_DENIED,
        error_reason_pb2.ERROR_REASON_PERMISSION_MISSING,
    ),
    errors.OriginNotAllowed: (
        grpc.StatusCode.PERMISSION_DENIED,
        error_reason_pb2.ERROR_REASON_ORIGIN_NOT_ALLOWED,
    ),
    errors.LeadNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_LEAD_NOT_FOUND),
    errors.ModelNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_MODEL_NOT_FOUND),
    errors.OperationNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_OPERATION_NOT_FOUND),
    errors.ScoreNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_SCORE_NOT_FOUND),
    errors.RuleSetNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_RULE_SET_NOT_FOUND),
    errors.RuleSetInUse: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_RULE_SET_IN_USE),
    errors.WorkflowNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_WORKFLOW_NOT_FOUND),
    errors.WebhookDeliveryNotFound: (
        grpc.StatusCode.NOT_FOUND,
        error_reason_pb2.ERROR_REASON_WEBHOOK_DELIVERY_NOT_FOUND,
    ),
    errors.WebhookDeliveryPending: (
        grpc.StatusCode.FAILED_PRECONDITION,
        error_reason_pb2.ERROR_REASON_WEBHOOK_DELIVERY_PENDING,
    ),
    errors.WebhookTargetRefused: (
        grpc.StatusCode.INVALID_ARGUMENT,
        error_reason_pb2.ERROR_REASON_WEBHOOK_TARGET_REFUSED,
    ),
    errors.TooManyWorkflows: (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        error_reason_pb2.ERROR_REASON_TOO_MANY_WORKFLOWS,
    ),
    errors.TrackingKeyNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_TRACKING_KEY_NOT_FOUND),
    errors.TrackingKeyRefused: (
        grpc.StatusCode.PERMISSION_DENIED,
        error_reason_pb2.ERROR_REASON_TRACKING_KEY_REFUSED,
    ),
    errors.TrackingThrottled: (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        error_reason_pb2.ERROR_REASON_TRACKING_THROTTLED,
    ),
    errors.LeadAlreadyExists: (grpc.StatusCode.ALREADY_EXISTS, error_reason_pb2.ERROR_REASON_LEAD_ALREADY_EXISTS),
    errors.EtagMismatch: (grpc.StatusCode.ABORTED, error_reason_pb2.ERROR_REASON_ETAG_MISMATCH),
    errors.NoModel: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_NO_MODEL),
    errors.NotEnoughOutcomes: (
        grpc.StatusCode.FAILED_PRECONDITION,
        error_reason_pb2.ERROR_REASON_NOT_ENOUGH_OUTCOMES,
    ),
    errors.NoUsableField: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_NO_USABLE_FIELD),
    errors.PromotionRefused: (
        grpc.StatusCode.FAILED_PRECONDITION,
        error_reason_pb2.ERROR_REASON_PROMOTION_REFUSED,
    ),
    errors.ModelInUse: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_MODEL_IN_USE),
    errors.ModelBroken: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_MODEL_BROKEN),
    errors.ExperimentNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_EXPERIMENT_NOT_FOUND),
    errors.ExperimentConflict: (
        grpc.StatusCode.FAILED_PRECONDITION,
        error_reason_pb2.ERROR_REASON_EXPERIMENT_CONFLICT,
    ),
    errors.ExperimentOver: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_EXPERIMENT_OVER),
    errors.ExperimentInconclusive: (
        grpc.StatusCode.FAILED_PRECONDITION,
        error_reason_pb2.ERROR_REASON_EXPERIMENT_INCONCLUSIVE,
    ),
    errors.DriftReportNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_DRIFT_REPORT_NOT_FOUND),
    errors.OperationCancelled: (grpc.StatusCode.ABORTED, error_reason_pb2.ERROR_REASON_OPERATION_CANCELLED),
    errors.OperationDone: (grpc.StatusCode.FAILED_PRECONDITION, error_reason_pb2.ERROR_REASON_OPERATION_DONE),
    errors.DeadLetterNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_DEAD_LETTER_NOT_FOUND),
    errors.AuditRecordNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_AUDIT_RECORD_NOT_FOUND),
    errors.ResumeTokenExpired: (grpc.StatusCode.OUT_OF_RANGE, error_reason_pb2.ERROR_REASON_RESUME_TOKEN_EXPIRED),
    errors.TenantKeyNotFound: (grpc.StatusCode.NOT_FOUND, error_reason_pb2.ERROR_REASON_TENANT_KEY_NOT_FOUND),
    errors.TenantKeyRotating: (
        grpc.StatusCode.FAILED_PRECONDITION,
        error_reason_pb2.ERROR_REASON_TENANT_KEY_ROTATING,
    ),
    errors.EncryptedDataBroken: (
        grpc.StatusCode.DATA_LOSS,
        error_reason_pb2.ERROR_REASON_ENCRYPTED_DATA_BROKEN,
    ),
    errors.DependencyUnavailable: (
        grpc.StatusCode.UNAVAILABLE,
        error_reason_pb2.ERROR_REASON_DEPENDENCY_UNAVAILABLE,
    ),
    errors.DeadlineExceeded: (grpc.StatusCode.DEADLINE_EXCEEDED, error_reason_pb2.ERROR_REASON_DEADLINE_EXCEEDED),
    errors.Overloaded: (grpc.StatusCode.RESOURCE_EXHAUSTED, error_reason_pb2.ERROR_REASON_RATE_LIMITED),
    errors.SlowConsumer: (grpc.StatusCode.RESOURCE_EXHAUSTED, error_reason_pb2.ERROR_REASON_SLOW_CONSUMER),
    errors.UnknownMethod: (grpc.StatusCode.UNIMPLEMENTED, error_reason_pb2.ERROR_REASON_UNKNOWN_METHOD),
    **IDENTITY_STATUS_CODES,
}

_INTERNAL = (grpc.StatusCode.INTERNAL, error_reason_pb2.ERROR_REASON_INTERNAL)

_log = structlog.get_logger()


class ErrorsInterceptor(SurroundingInterceptor):
    """Answers whatever is raised inside with a typed status. Outermost, so that nothing escapes it."""

    @asynccontextmanager
    async def surround(self, method: Method, context: Context) -> AsyncIterator[None]:
        """Turns what the call raises into its status."""
        try:
            yield
        except grpc.aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence: everything becomes a typed status
            _log_cause(method, error)
            await context.abort_with_status(rpc_status.to_status(status_of(error)))


def status_of(error: Exception) -> status_pb2.Status:
    """Gives the status that a caller sees for an error, as the answer of an rpc or inside a message.

    Args:
        error: A `LeadlineError`; anything else is told as INTERNAL, without its text.

    Returns:
        The status, always with `google.rpc.ErrorInfo`, and with `BadRequest` or `RetryInfo` where they help.
    """
    code, reason = code_and_reason(error)
    reason_text = error_reason_pb2.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
    info = error_details_pb2.ErrorInfo(reason=reason_text, domain=ERROR_DOMAIN)
    status = status_pb2.Status(code=code.value[0])
    if not isinstance(error, errors.LeadlineError) or type(error) not in STATUS_CODES:
        info.metadata["request_id"] = current_request_id()
        status.message = "Leadline has failed; its log has the cause under the request id"
        status.details.append(_pack(info))
        return status
    status.message = error.message[:LONGEST_TEXT]
    for key, value in error.metadata.items():
        info.metadata[key] = value[:LONGEST_TEXT]
    status.details.append(_pack(info))
    if isinstance(error, errors.InvalidRequest):
        status.details.append(_pack(_bad_request(error)))
    if isinstance(error, (errors.DependencyUnavailable, errors.Overloaded, errors.TrackingThrottled, LogInThrottled)):
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after_seconds * 1000))
        status.details.append(_pack(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status


def code_and_reason(error: BaseException) -> tuple[grpc.StatusCode, error_reason_pb2.ErrorReason.ValueType]:
    """Gives the gRPC code and the contract's reason for an error.

    Args:
        error: A `LeadlineError`; anything else is INTERNAL.
    """
    if isinstance(error, errors.LeadlineError):
        return STATUS_CODES.get(type(error), _INTERNAL)
    return _INTERNAL


def _bad_request(error: errors.InvalidRequest) -> error_details_pb2.BadRequest:
    """Lists the violations, as many as fit."""
    details = error_details_pb2.BadRequest()
    for violation in error.violations:
        details.field_violations.add(
            field=violation.field[:LONGEST_TEXT],
            description=violation.description[:LONGEST_TEXT],
            reason=violation.rule.upper().replace(".", "_"),
        )
        if details.ByteSize() > LARGEST_DETAILS_BYTES and len(details.field_violations) > 1:
            del details.field_violations[-1]
            break
    return details


def _pack(message: Message) -> PackedMessage:
    packed = PackedMessage()
    packed.Pack(message)
    return packed


def _log_cause(method: Method, error: Exception) -> None:
    if not isinstance(error, errors.LeadlineError) or type(error) not in STATUS_CODES:
        _log.error("failed", method=method.path, exc_info=error)
    elif isinstance(error, errors.DependencyUnavailable):
        _log.warning("unavailable", method=method.path, dependency=error.dependency, cause=repr(error.__cause__))
