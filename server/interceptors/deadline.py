"""The caller's deadline, kept by the server a moment before the caller gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.interceptors.method_interceptor import Context, Method, SurroundingInterceptor
from server.runtime.errors import DeadlineExceeded

# Time to cancel what runs in the database and for the answer to travel, so that the caller gets the typed error and
# not its own library's: this long, but at most this share of what remains.
MARGIN_SECONDS = 0.2
MARGIN_SHARE = 0.2
# Nobody waits longer for one answer, and nothing is done for so long for who has gone. Streams last as they like.
LONGEST_SECONDS = 120.0


class DeadlineInterceptor(SurroundingInterceptor):
    """Ends a call whose deadline passes. What it has begun in the database is rolled back.

    A call without a deadline gets one, unless it streams.
    """

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


def _streams(method: Method) -> bool:
    descriptor = method.descriptor
    return descriptor is None or descriptor.client_streaming or descriptor.server_streaming
