"""The catalogue of errors as every SDK has to tell it, read from the contract itself so that no reason is forgotten."""

import re
from dataclasses import dataclass
from pathlib import Path

import grpc

CONTRACT = Path(__file__).parents[2] / "proto" / "leadline" / "v1" / "error_reason.proto"
KINDS = {
    "INVALID_ARGUMENT": "InvalidRequest",
    "OUT_OF_RANGE": "InvalidRequest",
    "UNAUTHENTICATED": "Unauthenticated",
    "PERMISSION_DENIED": "PermissionDenied",
    "NOT_FOUND": "NotFound",
    "ALREADY_EXISTS": "AlreadyExists",
    "ABORTED": "Conflict",
    "FAILED_PRECONDITION": "FailedPrecondition",
    "RESOURCE_EXHAUSTED": "ResourceExhausted",
    "UNAVAILABLE": "Unavailable",
    "DEADLINE_EXCEEDED": "DeadlineExceeded",
    "CANCELLED": "Cancelled",
    "INTERNAL": "InternalError",
    "UNKNOWN": "InternalError",
    "DATA_LOSS": "InternalError",
    "UNIMPLEMENTED": "InternalError",
}
KINDS_OF_REASONS = {
    "API_KEY_REFUSED": "ApiKeyRefused",
    "IDEMPOTENCY_KEY_REUSED": "IdempotencyKeyReused",
    "OPERATION_CANCELLED": "Cancelled",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason of the catalogue.

    Attributes:
        name: the name in `ErrorInfo.reason`.
        code: the status code that it comes with.
        kind: what an SDK raises.
    """

    name: str
    code: grpc.StatusCode
    kind: str


def reasons() -> list[Reason]:
    """Give every reason; its comment in the contract begins with its code."""
    text = CONTRACT.read_text(encoding="utf-8")
    values = re.findall(r"((?:^ *//.*\n)+) *ERROR_REASON_([A-Z0-9_]+) = [1-9]", text, re.MULTILINE)
    found = []
    for comment, name in values:
        code = re.sub(r"^ *// ", "", comment).split(":")[0].removeprefix("NOT_FOUND over REST, ").split(" over ")[0]
        found.append(Reason(name, grpc.StatusCode[code], KINDS_OF_REASONS.get(name, KINDS[code])))
    return found
