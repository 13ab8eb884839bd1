"""Errors as an operation keeps them."""

from typing import Any

from google.rpc import code_pb2, error_details_pb2, status_pb2
from leadline.v1 import error_reason_pb2

from server.interceptors.errors import ERROR_DOMAIN, code_and_reason
from server.runtime.errors import LeadlineError


def to_error_json(error: BaseException) -> dict[str, Any]:
    """Gives an error as JSON values: `code` of google.rpc.Code, `reason` of ErrorInfo, `message` and `metadata`.

    An error that is not of Leadline's own is INTERNAL, and its text is not told.
    """
    code, reason = code_and_reason(error)
    document: dict[str, Any] = {
        "code": code.value[0],
        "reason": error_reason_pb2.ErrorReason.Name(reason).removeprefix("ERROR_REASON_"),
        "message": "Leadline has failed; the worker's log has the cause",
        "metadata": {},
    }
    if isinstance(error, LeadlineError):
        document |= {"message": error.message, "metadata": error.metadata}
    return document


def to_unscorable_status(entry_id: str) -> bytes:
    """Gives the bytes of the `google.rpc.Status` of leads that could not be scored.

    Args:
        entry_id: The stream entry that named them, by which the worker's log tells the cause.
    """
    status = status_pb2.Status(
        code=code_pb2.INTERNAL, message="the leads could not be scored in several tries; the worker's log has the cause"
    )
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=ERROR_DOMAIN, metadata={"request_id": entry_id})
    status.details.add().Pack(info)
    content: bytes = status.SerializeToString(deterministic=True)
    return content
