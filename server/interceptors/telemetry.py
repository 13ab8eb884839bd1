"""One log line for each call, under an id by which it can be found."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import structlog
from leadline.v1 import error_reason_pb2

from server.interceptors.errors import code_and_reason
from server.interceptors.method_interceptor import Context, Method, SurroundingInterceptor, metadata_of
from server.runtime.identifiers import new_id
from server.runtime.logging import set_current_request_id
from server.runtime.principal import current_tenant

REQUEST_ID_HEADER = "x-request-id"
_ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_log = structlog.get_logger()


class TelemetryInterceptor(SurroundingInterceptor):
    """Gives each call its request id and logs how it ended."""

    @asynccontextmanager
    async def surround(self, method: Method, context: Context) -> AsyncIterator[None]:
        """Times the call."""
        set_current_request_id(request_id_of(context))
        begin = time.perf_counter()
        code, reason = "OK", None
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            code = grpc.StatusCode.CANCELLED.name
            raise
        except Exception as error:
            status_code, error_reason = code_and_reason(error)
            code = status_code.name
            reason = error_reason_pb2.ErrorReason.Name(error_reason).removeprefix("ERROR_REASON_")
            raise
        finally:
            log_call(method.path, begin, tenant=current_tenant(), code=code, reason=reason)


def log_call(path: str, begin: float, *, tenant: str | None, code: str = "OK", reason: str | None = None) -> None:
    """Logs how a call ended.

    Args:
        path: The rpc.
        begin: When it began, by `time.perf_counter`.
        tenant: Whose call it was; None if nobody knows.
        code: The gRPC code.
        reason: The contract's reason of an error.
    """
    milliseconds = round((time.perf_counter() - begin) * 1000, 3)
    _log.info("call", method=path, code=code, reason=reason, milliseconds=milliseconds, tenant=tenant)


def request_id_of(context: Context) -> str:
    """Gives the id that the edge has given to the request, or a new one."""
    for key, value in metadata_of(context):
        if key == REQUEST_ID_HEADER and isinstance(value, str):
            return accepted_request_id(value)
    return str(new_id())


def accepted_request_id(given: str) -> str:
    """Gives a request id as it was sent, or a new one in place of one that is empty or could forge a log line."""
    return given if _ACCEPTED_REQUEST_ID.fullmatch(given) else str(new_id())
