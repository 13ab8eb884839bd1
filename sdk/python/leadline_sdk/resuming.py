"""When a stream that failed is opened again. gRPC never repeats a stream that has begun, so the clients do."""

import random

import grpc

from leadline_sdk.errors import LeadlineError

LONGEST_WAIT = 30.0


def is_resumable(error: LeadlineError) -> bool:
    """Tell whether a new stream may fare better than the one that failed with this error."""
    if error.code is grpc.StatusCode.UNAVAILABLE:
        return True
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:  # without a time to retry it is a message that is too large
        return error.retry_after is not None or error.reason == "SLOW_CONSUMER"
    return _broke_on_the_way(error)


def hesitation_after(error: LeadlineError) -> float:
    """Give the seconds in which the next asynchronous stream sends nothing.

    Where Leadline ends a stream while a message is being sent, `grpc.aio` tells of that message in place of Leadline's
    own status. A stream that waits before its first message learns why it is refused.
    """
    return 1.0 if _broke_on_the_way(error) else 0.0


def _broke_on_the_way(error: LeadlineError) -> bool:
    # Leadline gives each of its own failures a reason.
    return error.code is grpc.StatusCode.INTERNAL and not error.reason


class Resumption:
    """Counts the failures in a row and tells how long to wait after each."""

    def __init__(self, most_failures: int) -> None:
        self._most_failures = most_failures
        self._failures = 0

    def progressed(self) -> None:
        """Note that the stream got further, so that failures are counted from 0 again."""
        self._failures = 0

    def wait_after(self, error: LeadlineError, *, renewable: bool = False) -> float:
        """Give the seconds to wait before the next stream: random, so that clients don't come back all at once.

        At least as long as Leadline asks for, and longer the more often it failed: else an outage of seconds would use
        up all tries.

        Args:
            error: what the stream failed with.
            renewable: whether the next stream will have another access token than the one that was refused.

        Raises:
            LeadlineError: the error itself, where a new stream would not help or too many failed in a row.
        """
        if not (renewable or is_resumable(error)) or self._failures >= self._most_failures:
            raise error
        self._failures += 1
        asked = error.retry_after.total_seconds() if error.retry_after is not None else 0.0
        backoff = min(LONGEST_WAIT, 0.2 * 2.0**self._failures)
        return max(asked, random.uniform(0.0, backoff))  # noqa: S311 -- jitter is no secret


class EndlessResumption(Resumption):
    """Counts the failures of streams without an end, each of which is kept for a while and then opened anew."""

    def wait_after(self, error: LeadlineError, *, renewable: bool = False) -> float:
        """Give the seconds to wait before the next stream; see `Resumption.wait_after`."""
        if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:  # the stream's own time is over, as intended
            return 0.1
        return super().wait_after(error, renewable=renewable)
