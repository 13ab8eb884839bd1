"""The caller's deadline, kept by the server a moment before the caller gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server.interceptors.method_interceptor import (
    Context,
    Handler,
    Method,
    SurroundingInterceptor,
    behavior_of,
    with_behavior,
)
from server.runtime.errors import DeadlineExceeded

# Time to cancel what runs in the database and for the answer to travel, so that the caller gets the typed error and
# not its own library's: this long, but at most this share of what remains.
MARGIN_SECONDS = 0.2
MARGIN_SHARE = 0.2
# Nobody waits longer for one answer, and nothing is done for so long for who has gone. Streams last as they like.
LONGEST_SECONDS = 120.0
# A stream of requests whose next message does not come as a whole is held for nobody, however its bytes trickle in.
MESSAGE_SECONDS = 300.0


class DeadlineInterceptor(SurroundingInterceptor):
    """Ends a call whose deadline passes. What it has begun in the database is rolled back.

    A call without a deadline gets one, unless it streams. A call that is answered once after a stream of requests ends
    when the next of them is too long in coming. Where answers stream too, silence is nothing unusual.
    """

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Runs the handler within its time, and waits for each message of a stream no longer than is sensible."""
        if handler.request_streaming and not handler.response_streaming:
            inner = behavior_of(handler)

            async def behavior(requests: AsyncIterator[Any], context: Context) -> Any:
                return await inner(_in_time(requests), context)

            handler = with_behavior(handler, behavior)
        return super().wrap(method, handler)

    @asynccontextmanager
    async def surround(self, method: Method, context: Context) -> AsyncIterator[None]:
        """Runs the call within its time.

        Raises:
            DeadlineExceeded: The time is over.
        """
        remaining: float | None = context.time_remaining()
        if remaining is None and not _streams(method):
            remaining = LONGEST_SECONDS
        if remaining is None:
            yield
            return
        try:
            async with asyncio.timeout(remaining - min(MARGIN_SECONDS, remaining * MARGIN_SHARE)) as limit:
                yield
        except TimeoutError as error:
            if limit.expired():
                raise DeadlineExceeded from error
            raise


async def _in_time(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    iterator = aiter(requests)
    while True:
        try:
            async with asyncio.timeout(MESSAGE_SECONDS) as limit:
                message = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            if limit.expired():
                raise DeadlineExceeded("the next message of the stream did not come in time") from error
            raise
        yield message


def _streams(method: Method) -> bool:
    descriptor = method.descriptor
    return descriptor is None or descriptor.client_streaming or descriptor.server_streaming
