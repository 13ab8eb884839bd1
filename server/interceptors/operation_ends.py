"""How an operation ends, as it is kept: its response, or its error."""

from typing import Any

from google.protobuf import any_pb2, json_format
from google.protobuf.message import Message
from leadline.v1 import error_reason_pb2

from server.interceptors.errors import code_and_reason
from server.runtime.errors import LeadlineError


def to_any_json(response: Message) -> dict[str, Any]:
    """Gives the response of an operation as it is kept: the JSON form of `google.protobuf.Any`."""
    packed = any_pb2.Any()
    packed.Pack(response)
    document: dict[str, Any] = json_format.MessageToDict(packed)
    return document


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
