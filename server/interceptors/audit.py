"""Has each change, each read of personal data, and each refusal recorded in the audit log.

Which rpcs are recorded, the contract says (see `audit_facts.kind_of`); a token or a permission that is refused is
recorded for every rpc. A change is recorded by its own transaction, all else through the trail.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import structlog
from leadline.v1 import error_reason_pb2

from server.interceptors.audit_facts import CREDENTIALS, kind_of, note_answer, note_request
from server.interceptors.call_origin import origin_of
from server.interceptors.errors import code_and_reason
from server.interceptors.method_interceptor import (
    Behavior,
    Context,
    Handler,
    Method,
    SurroundingInterceptor,
    behavior_of,
    with_behavior,
)
from server.interceptors.permissions import is_public
from server.runtime.audit import Account, AuditCredential, AuditedCall, AuditKind, set_audited_call
from server.runtime.audit_trail import AuditTrail
from server.runtime.errors import DependencyUnavailable, OriginNotAllowed, PermissionMissing, TokenExpired
from server.runtime.errors.identity import TokenRevoked
from server.runtime.logging import current_request_id

# Whoever meets these is known, and kept out.
_REFUSALS: Final = (TokenExpired, TokenRevoked, PermissionMissing, OriginNotAllowed)

_log = structlog.get_logger()


class AuditInterceptor(SurroundingInterceptor):
    """Records calls. Around authentication, so that it sees what is refused there.

    Args:
        trail: Where records go that no transaction carries.
    """

    def __init__(self, trail: AuditTrail) -> None:
        super().__init__()
        self._trail = trail

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Records each call of the rpcs that are to be recorded, and what is refused of all others."""
        kind = None if method.descriptor is None else kind_of(method.descriptor)
        if kind is None:
            return super().wrap(method, handler)
        inner = behavior_of(handler)
        if handler.response_streaming:
            return with_behavior(handler, self._streaming(method, kind, inner))
        return with_behavior(handler, self._unary(method, kind, inner, is_stream=handler.request_streaming))

    @asynccontextmanager
    async def surround(self, method: Method, context: Context) -> AsyncIterator[None]:
        """Records the call if its token or permission is refused."""
        try:
            yield
        except _REFUSALS as error:
            self._record_failure(_call(method, None, context), error)
            raise

    def _unary(self, method: Method, kind: AuditKind, inner: Behavior, *, is_stream: bool) -> Behavior:
        has_key = method.descriptor is not None and "idempotency_key" in method.descriptor.input_type.fields_by_name

        async def behavior(request: Any, context: Context) -> Any:
            call = _call(method, kind, context, is_stream=is_stream)
            with self._recorded(call, has_key=has_key):
                if is_stream:
                    request = _counted(call, request)
                else:
                    note_request(call, request)
                response = await inner(request, context)
                # Of what is stored for repetitions, the answer is noted before it is stored.
                note_answer(call, response)
                return response

        return behavior

    def _streaming(self, method: Method, kind: AuditKind, inner: Behavior) -> Behavior:
        async def behavior(request: Any, context: Context) -> Any:
            call = _call(method, kind, context, is_stream=True)
            call.counts["response_count"] = 0
            with self._recorded(call, has_key=False):
                if isinstance(request, AsyncIterator):
                    request = _counted(call, request)
                else:
                    note_request(call, request)
                async for response in inner(request, context):
                    if kind is AuditKind.READ and not call.recorded:
                        self._add(call, partial=True)
                        call.recorded = True
                    call.counts["response_count"] += 1
                    yield response

        return behavior

    @contextmanager
    def _recorded(self, call: AuditedCall, *, has_key: bool) -> Iterator[None]:
        set_audited_call(call)
        try:
            yield
        except BaseException as error:
            self._record_failure(call, error)
            raise
        if _is_to_be_recorded(call, has_key=has_key):
            self._add(call)

    def _add(self, call: AuditedCall, *, partial: bool = False) -> None:
        for account in call.whose():
            self._trail.add(account.tenant_id, call.content(account, partial=partial))

    def _record_failure(self, call: AuditedCall, error: BaseException) -> None:
        code, reason = _ending(error)
        accounts = call.whose()
        if isinstance(error, (TokenExpired, TokenRevoked)) and error.bearer is not None:
            accounts = [Account.of_token(error.bearer)]
        if isinstance(error, _REFUSALS):
            call.kind = AuditKind.ACCESS
        for account in accounts:
            try:
                self._trail.add(account.tenant_id, call.content(account, code=code, reason=reason))
            except DependencyUnavailable:
                # The call has failed already, and its caller is told why.
                _log.error("an audit record is lost", method=call.method, code=code, reason=reason)


def _call(method: Method, kind: AuditKind | None, context: Context, *, is_stream: bool = False) -> AuditedCall:
    origin = origin_of(context)
    return AuditedCall(
        kind=kind or AuditKind.ACCESS,
        method=method.path[1:],
        door=origin.door,
        address=origin.address,
        request_id=current_request_id(),
        credential=_credential(method),
        is_stream=is_stream,
    )


def _is_to_be_recorded(call: AuditedCall, *, has_key: bool) -> bool:
    """Tells whether a call that has succeeded is to be recorded now."""
    if call.kind is AuditKind.READ:
        return True
    # A stream whose first change is recorded is told once more with its counts; one without has only repeated.
    if call.is_stream:
        return call.recorded
    # What a transaction has recorded is done, and a repetition has changed nothing.
    return not (call.recorded or has_key)


def _credential(method: Method) -> AuditCredential | None:
    if method.descriptor is None or not is_public(method.descriptor):
        return None
    return CREDENTIALS.get(method.descriptor.name, AuditCredential.NONE)


async def _counted(call: AuditedCall, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    call.counts["request_count"] = 0
    async for request in requests:
        call.counts["request_count"] += 1
        yield request


def _ending(error: BaseException) -> tuple[str, str]:
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        return "CANCELLED", ""
    code, reason = code_and_reason(error)
    return code.name, error_reason_pb2.ErrorReason.Name(reason).removeprefix("ERROR_REASON_")
