"""Errors as a dead letter keeps them."""

from google.rpc import code_pb2, error_details_pb2, status_pb2

from server.interceptors.errors import ERROR_DOMAIN


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
