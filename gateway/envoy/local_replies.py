"""What Envoy itself answers when a request does not reach a backend, in the words of the contract.

Clients then need one way to read errors, whoever gives them: REST gets a `google.rpc.Status` as JSON, gRPC gets the
same as `grpc-status-details-bin`.
"""

import base64
from dataclasses import dataclass, field, replace

from google.protobuf import duration_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from leadline.v1.error_reason_pb2 import ErrorReason

from gateway.contract import API_VERSION

DOMAIN = "leadline.dev"
"""`google.rpc.ErrorInfo.domain` of every error of Leadline."""

_ENVOY_MESSAGE = "%LOCAL_REPLY_BODY%"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalReply:
    """One kind of answer that Envoy gives by itself.

    Attributes:
        http_status: The HTTP status by which Envoy knows the case.
        code: The gRPC status code to answer with.
        reason: Why, as the contract's catalogue names it.
        grpc_code: The code for gRPC clients where HTTP names the case otherwise; None where it is `code`.
        message: The same in words.
        cause: A part of Envoy's response code details that tells this case from others of the same HTTP status;
            empty means any.
        path: A regular expression that the whole path fits where that tells this case from others; empty means any.
        answered_http_status: The HTTP status that REST clients get; None leaves it.
        metadata: `google.rpc.ErrorInfo.metadata`.
        retry_after_seconds: When a retry makes sense; None if it doesn't.
        is_violation: Whether the request itself is wrong, so that the message is also a field violation.
        tells_envoy_message: Whether Envoy's own words follow the message over REST: they name the field or the place.
    """

    http_status: int
    code: int
    reason: "ErrorReason.ValueType"
    message: str
    grpc_code: int | None = None
    cause: str = ""
    path: str = ""
    answered_http_status: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    retry_after_seconds: int | None = None
    is_violation: bool = False
    tells_envoy_message: bool = False

    def grpc_status(self) -> status_pb2.Status:
        """Gives the error as gRPC clients read it, with its typed details."""
        code = self.code if self.grpc_code is None else self.grpc_code
        return self._status(code, self.message)

    def grpc_status_details(self) -> str:
        """Gives the value of the header `grpc-status-details-bin`: the status in base64 without padding."""
        return base64.b64encode(self.grpc_status().SerializeToString()).decode("ascii").rstrip("=")

    def rest_status(self) -> dict[str, object]:
        """Gives the error as REST clients read it, in ProtoJSON."""
        message = f"{self.message} {_ENVOY_MESSAGE}" if self.tells_envoy_message else self.message
        return MessageToDict(self._status(self.code, message), always_print_fields_with_no_presence=True)

    def _status(self, code: int, message: str) -> status_pb2.Status:
        status = status_pb2.Status(code=code, message=message)
        reason = ErrorReason.Name(self.reason).removeprefix("ERROR_REASON_")
        details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=self.metadata)]
        if self.retry_after_seconds is not None:
            delay = duration_pb2.Duration(seconds=self.retry_after_seconds)
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        if self.is_violation:
            violation = error_details_pb2.BadRequest.FieldViolation(description=message)
            details.append(error_details_pb2.BadRequest(field_violations=[violation]))
        for detail in details:
            status.details.add().Pack(detail)
        return status


_TOKEN_INVALID = LocalReply(
    http_status=401,
    code=code_pb2.UNAUTHENTICATED,
    reason=ErrorReason.ERROR_REASON_TOKEN_INVALID,
    message="The token's signature, issuer, audience or form is not accepted.",
)
_NO_BACKEND = LocalReply(
    http_status=503,
    code=code_pb2.UNAVAILABLE,
    reason=ErrorReason.ERROR_REASON_DEPENDENCY_UNAVAILABLE,
    message="No process that could answer can be reached. Retry soon.",
    metadata={"dependency": "backend"},
    retry_after_seconds=1,
)
_TOO_LATE = LocalReply(
    http_status=504,
    code=code_pb2.DEADLINE_EXCEEDED,
    reason=ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
    message="The answer was not ready in time.",
)

_UNKNOWN_METHOD = LocalReply(
    http_status=404,
    code=code_pb2.NOT_FOUND,
    grpc_code=code_pb2.UNIMPLEMENTED,
    reason=ErrorReason.ERROR_REASON_UNKNOWN_METHOD,
    message="No rpc has this path and HTTP method.",
)
_TOO_LARGE = LocalReply(
    http_status=413,
    code=code_pb2.RESOURCE_EXHAUSTED,
    reason=ErrorReason.ERROR_REASON_REQUEST_TOO_LARGE,
    message="The request is larger than 16 MiB.",
)
_RATE_LIMITED = LocalReply(
    http_status=429,
    code=code_pb2.RESOURCE_EXHAUSTED,
    reason=ErrorReason.ERROR_REASON_RATE_LIMITED,
    message="More requests a second than the tenant's plan allows, or than one address may send without a token.",
    retry_after_seconds=1,
)

LOCAL_REPLIES = (
    LocalReply(
        http_status=401,
        cause="Jwt_is_missing",
        code=code_pb2.UNAUTHENTICATED,
        reason=ErrorReason.ERROR_REASON_TOKEN_MISSING,
        message="The request carries no bearer token: send the header `authorization: Bearer <token>`.",
    ),
    LocalReply(
        http_status=401,
        cause="Jwt_is_expired",
        code=code_pb2.UNAUTHENTICATED,
        reason=ErrorReason.ERROR_REASON_TOKEN_EXPIRED,
        message="The token's time is over. Ask for a new one and retry.",
    ),
    # The keys that tokens are verified by: their publisher was never reached since Envoy started.
    replace(
        _NO_BACKEND,
        http_status=401,
        answered_http_status=503,
        cause="Jwks_remote_fetch_is_failed",
        message="The keys that tokens are signed with can't be fetched. Retry soon.",
        metadata={"dependency": "keys"},
    ),
    _TOKEN_INVALID,
    # Access is denied where a token names no tenant or no known plan. Such a token is not accepted: 401, not 403.
    replace(_TOKEN_INVALID, http_status=403, answered_http_status=401, message="The token lacks a tenant or a plan."),
    # A version of the API is asked for that there is not, such as /v2/leads or /leadline.v2.LeadService/GetLead.
    replace(
        _UNKNOWN_METHOD,
        path=r"/(leadline\.)?v([02-9]|[0-9][0-9a-z]+)([/.].*)?",
        reason=ErrorReason.ERROR_REASON_UNKNOWN_API_VERSION,
        message=f"There is no such version of the API; there is {API_VERSION}.",
        metadata={"supported": API_VERSION},
    ),
    _UNKNOWN_METHOD,
    _TOO_LATE,
    replace(_TOO_LATE, http_status=408),
    _TOO_LARGE,
    replace(_TOO_LARGE, http_status=431, message="The request's headers are larger than 32 KiB, or more than 100."),
    # A process has enough calls of the tenant: backoff.lua.
    replace(
        _RATE_LIMITED,
        cause="lua_response",
        message="There is more to do than can be done at present. Retry after the given delay.",
    ),
    _RATE_LIMITED,
    LocalReply(
        http_status=400,
        code=code_pb2.INVALID_ARGUMENT,
        reason=ErrorReason.ERROR_REASON_INVALID_REQUEST,
        message="The request can't be read.",
        is_violation=True,
        tells_envoy_message=True,
    ),
    replace(
        _NO_BACKEND,
        cause="overload",
        message="The edge has more to do than it has memory for. Retry soon.",
        metadata={"dependency": "edge"},
    ),
    _NO_BACKEND,
    replace(_NO_BACKEND, http_status=502),
)
"""The answers; where several have the same HTTP status, the first whose cause fits counts."""
