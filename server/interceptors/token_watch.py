"""No stream outlives its token: it ends soon after the token has expired or was revoked."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2

from server.interceptors.errors import status_of
from server.interceptors.method_interceptor import Context, Handler, Method, behavior_of, with_behavior
from server.runtime.errors import LeadlineError

# With the second in which a process hears of a revocation, a stream ends within about three seconds.
LOOK_SECONDS: Final = 2.0

Verify = Callable[[Context], object]


def bounded_by_token(method: Method, handler: Handler, verify: Verify) -> Handler:
    """Gives a handler of a stream that ends once its token is refused, with the error that says why.

    Args:
        method: The rpc, which streams in at least one direction.
        handler: What handles it.
        verify: Raises a `LeadlineError` if the token of a call is not, or no longer, accepted.
    """
    inner = behavior_of(handler)
    as_message = _status_message(method.descriptor)

    if handler.response_streaming:

        async def behavior(request: Any, context: Context) -> Any:
            watch = TokenWatch(lambda: verify(context))
            try:
                async with watch:
                    async for response in inner(request, context):
                        watch.is_sending = True
                        yield response
                        watch.is_sending = False
                        watch.check()
            except LeadlineError as error:
                # Over HTTP/1.1 a status after the first message is invisible, so it also comes as a message.
                if error is watch.refusal and as_message is not None:
                    yield as_message(status=status_of(error))
                raise

        return with_behavior(handler, behavior)

    async def unary_behavior(requests: Any, context: Context) -> Any:
        async with TokenWatch(lambda: verify(context)):
            return await inner(requests, context)

    return with_behavior(handler, unary_behavior)


class TokenWatch:
    """Ends what runs in its block once a token is refused.

    Attributes:
        refusal: Why the token is refused; None while it is good.
        is_sending: Whether the task is busy with a message on its way out. It is then not interrupted at once, so that
            the caller still gets a typed error; only one that takes nothing for long is.

    Args:
        verify: Raises a `LeadlineError` if the token is refused.
    """

    def __init__(self, verify: Callable[[], object]) -> None:
        self._verify = verify
        self._limit = asyncio.timeout(None)
        self._loop = asyncio.get_running_loop()
        self.refusal: LeadlineError | None = None
        self.is_sending = False

    async def __aenter__(self) -> Self:
        """Begins to look."""
        await self._limit.__aenter__()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends looking.

        Raises:
            LeadlineError: The token was refused meanwhile.
        """
        self._timer.cancel()
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            self.check()
            raise

    def check(self) -> None:
        """Raises why the token is refused, if it is."""
        if self.refusal is not None:
            raise self.refusal

    def _look(self) -> None:
        was_refused = self.refusal is not None
        try:
            self._verify()
        except LeadlineError as error:
            self.refusal = self.refusal or error
            if was_refused or not self.is_sending:
                self._limit.reschedule(self._loop.time())
                return
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)


def _status_message(method: MethodDescriptor | None) -> "type[Message] | None":
    """Gives the message in which an rpc's stream tells how it ended; None if it has no place for that."""
    field = None if method is None else method.output_type.fields_by_name.get("status")
    if method is None or field is None or field.message_type is not status_pb2.Status.DESCRIPTOR:
        return None
    return GetMessageClass(method.output_type)
