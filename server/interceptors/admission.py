"""Lets in as many calls as the process can answer in good time, of each tenant its share, and refuses the others."""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc
import structlog
from grpc_status import rpc_status

from server.interceptors.admission_probe import Probe
from server.interceptors.authentication import token_in
from server.interceptors.errors import status_of
from server.interceptors.method_interceptor import (
    OPEN_SERVICES,
    Behavior,
    Context,
    Handler,
    Method,
    MethodInterceptor,
    behavior_of,
    hold_metadata,
    metadata_of,
    with_behavior,
)
from server.interceptors.tokens import TokenVerifier
from server.runtime.admission import LOWEST_LIMIT, PATIENCE_SECONDS, AdmissionControl, Tenant, overloaded
from server.runtime.errors import LeadlineError, Overloaded

LOG_SECONDS: Final = 1.0
BACKOFF_HEADER: Final = "leadline-backoff"
"""Tells the edge to send no call of a tenant for some milliseconds, of which this process has enough waiting
(gateway/envoy/backoff.lua)."""
# A refused tenant's queue holds what is done in PATIENCE_SECONDS: it does not run dry in so much less.
BACKOFF_SECONDS: Final = PATIENCE_SECONDS / 4
_REFUSALS: Final = 32

_log = structlog.get_logger()


class AdmissionInterceptor(MethodInterceptor):
    """Asks for each call whether it may run. The outermost interceptor: what is refused costs little.

    A call that is answered once runs from its beginning to its end. Of a stream of requests each message does, from its
    arrival until the next is asked for, so that streams which wait keep nobody out; none is refused in the middle, but
    waits, and so does whoever sends it. Streams of answers alone only begin when their tenant is not overloading the
    process, and so do calls that wait for something as long as they are asked to. Health and reflection are always
    answered.

    Args:
        verifier: Tells whose call it is.
        longest_wait: Gives the longest wait for a connection to PostgreSQL since it was asked last, in seconds.
        lowest_limit: How many calls run at once even if others wait for too long, 1 or more.
    """

    def __init__(
        self, verifier: TokenVerifier, longest_wait: Callable[[], float], lowest_limit: float = LOWEST_LIMIT
    ) -> None:
        super().__init__()
        self._control = AdmissionControl(lowest_limit)
        self._probe = Probe(self._control, longest_wait)
        self._verifier = verifier
        self._refusals = [rpc_status.to_status(status_of(overloaded())) for _ in range(_REFUSALS)]
        self._refused = 0
        self._logged_time = 0.0

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Gives the handler, or one that refuses the call before its request is read."""
        if handler_call_details.method == self._probe.path:
            self._probe.note_arrival()
            return _refusing(self._refusals[0])
        hold_metadata(handler_call_details.invocation_metadata)
        if self._control.is_full and not handler_call_details.method.startswith(OPEN_SERVICES):
            tenant = self._tenant(handler_call_details.invocation_metadata)
            if self._control.refuses(tenant):
                self._note_refusal()
                return _refusing(self._refusals[self._refused % _REFUSALS], tenant)
        return await super().intercept_service(continuation, handler_call_details)

    def watch(self, server: grpc.aio.Server) -> None:
        """Lets the control see how long calls wait until this server takes them on; to be called before it starts."""
        self._probe.add_door(server)

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Lets calls run inside the control."""
        if _waits_as_asked(method):
            return handler
        inner = behavior_of(handler)
        if handler.request_streaming:
            behavior = self._receiving(inner, answers_stream=handler.response_streaming)
        elif handler.response_streaming:
            return handler
        else:
            behavior = self._unary(inner)
        return with_behavior(handler, behavior)

    def _unary(self, inner: Behavior) -> Behavior:
        control = self._control

        async def behavior(request: Any, context: Context) -> Any:
            tenant = self._caller(context)
            if not control.try_enter(tenant):
                try:
                    await control.enter(tenant)
                except Overloaded as error:
                    self._note_refusal()
                    await context.abort_with_status(rpc_status.to_status(status_of(error)))
            try:
                return await inner(request, context)
            finally:
                control.leave(tenant)

        return behavior

    def _receiving(self, inner: Behavior, *, answers_stream: bool) -> Behavior:
        if answers_stream:

            async def streaming_behavior(requests: AsyncIterator[Any], context: Context) -> Any:
                async for response in inner(self._admitted(requests, context), context):
                    yield response

            return streaming_behavior

        async def behavior(requests: AsyncIterator[Any], context: Context) -> Any:
            return await inner(self._admitted(requests, context), context)

        return behavior

    async def _admitted(self, requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        control, tenant = self._control, self._caller(context)
        async for request in requests:
            await control.enter(tenant, math.inf)
            try:
                yield request
            finally:
                control.leave(tenant)

    def _caller(self, context: Context) -> Tenant:
        if not self._probe.is_running:
            self._probe.start()
        return self._tenant(metadata_of(context))

    def _tenant(self, metadata: Any) -> Tenant:
        """Gives whose call it is; nobody's if it shows no good token, or whose bearer is not known yet."""
        try:
            return self._verifier.verify(token_in(metadata or ())).tenant_id
        except LeadlineError:
            return None

    def _note_refusal(self) -> None:
        self._refused += 1
        now = time.monotonic()
        if now - self._logged_time > LOG_SECONDS:
            _log.warning("overloaded", refused=self._refused, limit=round(self._control.limit, 1))
            self._logged_time = now


def _waits_as_asked(method: Method) -> bool:
    """Tells whether an rpc does nothing but wait, for a time that its request tells."""
    return method.descriptor is not None and "timeout" in method.descriptor.input_type.fields_by_name


def _refusing(status: Any, tenant: Tenant = None) -> Handler:
    """Gives what refuses a call with a status, and keeps the edge from sending the tenant's next ones for a moment."""
    if tenant is not None:
        backoff = (BACKOFF_HEADER, f"{tenant} {round(BACKOFF_SECONDS * 1000)}")
        status = status._replace(trailing_metadata=(*status.trailing_metadata, backoff))

    async def behavior(_requests: Any, context: Context) -> None:
        await context.abort_with_status(status)

    # Of the kinds, this one does not wait for a request.
    return grpc.stream_unary_rpc_method_handler(behavior)
