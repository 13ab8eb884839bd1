"""What all interceptors share: each wraps an rpc's behaviour once, when the rpc is called first, not at every call.

A behaviour is what a handler does with a request (or an iterator of requests) and the context of the call. Behaviours
of rpcs with one answer are coroutine functions; those of rpcs with a stream of answers are asynchronous generator
functions.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from server.runtime.errors import UnknownMethod

Behavior: TypeAlias = Callable[[Any, Any], Any]
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]

_metadata: ContextVar[Metadata | None] = ContextVar("metadata", default=None)

# Asked by load balancers and tools, which hold no token.
OPEN_SERVICES = ("/grpc.health.v1.Health/", "/grpc.reflection.v1alpha.ServerReflection/")


@dataclass(frozen=True, slots=True)
class Method:
    """An rpc that is called.

    Attributes:
        path: As it is on the wire, such as `/leadline.v1.LeadService/GetLead`.
        descriptor: What the contract says of it; None if it is not in the contract.
    """

    path: str
    descriptor: MethodDescriptor | None

    @classmethod
    def of_path(cls, path: str) -> "Method":
        """Looks a method up in the contract."""
        try:
            descriptor = descriptor_pool.Default().FindMethodByName(path.removeprefix("/").replace("/", "."))
        except KeyError:
            return cls(path, None)
        return cls(path, descriptor)


class MethodInterceptor(grpc.aio.ServerInterceptor, ABC):
    """Base of the interceptors. Health and reflection pass by untouched."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Gives the wrapped handler of the rpc that is called."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is not None:
            return handler
        inner = await continuation(handler_call_details)
        if path.startswith(OPEN_SERVICES):
            return inner
        method = Method.of_path(path)
        handler = self.wrap(method, _refuse_unknown(path) if inner is None else inner)
        if method.descriptor is not None:
            # Only paths of the contract are kept, so that callers can't fill the memory with made-up ones.
            self._handlers[path] = handler
        return handler

    @abstractmethod
    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Gives the handler to use in place of another.

        Args:
            method: The rpc.
            handler: What would handle it.
        """


class SurroundingInterceptor(MethodInterceptor):
    """Base of the interceptors that do something before and after a call, whatever its kind."""

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Runs the handler inside `surround`."""
        inner = behavior_of(handler)
        surround = self.surround

        if handler.response_streaming:

            async def behavior(request: Any, context: Context) -> Any:
                async with surround(method, context):
                    async for response in inner(request, context):
                        yield response

            return with_behavior(handler, behavior)

        async def unary_behavior(request: Any, context: Context) -> Any:
            async with surround(method, context):
                return await inner(request, context)

        return with_behavior(handler, unary_behavior)

    @abstractmethod
    def surround(self, method: Method, context: Context) -> AbstractAsyncContextManager[None]:
        """Gives the context manager inside which the call runs."""


class GuardInterceptor(MethodInterceptor):
    """Base of the interceptors that only decide whether a call may go on."""

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Runs `check` before the handler."""
        inner = behavior_of(handler)
        check = self.check

        if handler.response_streaming:

            async def behavior(request: Any, context: Context) -> Any:
                pending = check(method, context)
                if pending is not None:
                    await pending
                async for response in inner(request, context):
                    yield response

            return with_behavior(handler, behavior)

        async def unary_behavior(request: Any, context: Context) -> Any:
            pending = check(method, context)
            if pending is not None:
                await pending
            return await inner(request, context)

        return with_behavior(handler, unary_behavior)

    @abstractmethod
    def check(self, method: Method, context: Context) -> Awaitable[None] | None:
        """Raises a `LeadlineError` if the call may not go on.

        Returns:
            None if that is decided; else what is awaited for it, and raises in its turn.
        """


def hold_metadata(metadata: Metadata | None) -> None:
    """Holds the metadata of the call that this task handles, for all who ask for it.

    gRPC gives it when the call is taken on, and makes it anew whenever its context is asked.
    """
    _metadata.set(metadata or ())


def metadata_of(context: Context) -> Metadata:
    """Gives the metadata that a call came with."""
    held = _metadata.get()
    return context.invocation_metadata() or () if held is None else held


def behavior_of(handler: Handler) -> Behavior:
    """Gives what a handler does."""
    for behavior in (handler.unary_unary, handler.unary_stream, handler.stream_unary, handler.stream_stream):
        if behavior is not None:
            return behavior
    raise TypeError("a handler without behaviour")


def with_behavior(
    handler: Handler,
    behavior: Behavior,
    *,
    request_deserializer: Callable[[bytes], Any] | None = None,
    response_serializer: Callable[[Any], bytes] | None = None,
) -> Handler:
    """Gives a handler of the same kind that does something else.

    Args:
        handler: The handler to follow.
        behavior: What the new one does.
        request_deserializer: Reads requests; None keeps the handler's.
        response_serializer: Writes answers; None keeps the handler's.
    """
    make: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    made: Handler = make(
        behavior,
        request_deserializer=request_deserializer or handler.request_deserializer,
        response_serializer=response_serializer or handler.response_serializer,
    )
    return made


def _refuse_unknown(path: str) -> Handler:
    async def behavior(_requests: Any, _context: Any) -> Any:
        raise UnknownMethod(path)

    # Of the kinds, this one does not wait for a request.
    return grpc.stream_unary_rpc_method_handler(behavior)
