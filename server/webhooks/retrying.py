"""When a webhook is tried again: exponential back-off with jitter, for about a day. Pure."""

import random
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

# The receiver says that nobody listens there any more; Standard Webhooks asks to stop then.
GONE = HTTPStatus.GONE.value


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when a webhook is tried.

    Attributes:
        largest_attempts: After so many failures it is given up.
        first_delay: How long to wait after the first failure, at most.
        growth: How many times longer after each further one.
        longest_delay: The longest wait.
    """

    largest_attempts: int = 12
    first_delay: timedelta = timedelta(seconds=5)
    growth: float = 3.0
    longest_delay: timedelta = timedelta(hours=6)

    def delay(self, attempt_count: int, status_code: int, retry_after: timedelta | None) -> timedelta | None:
        """Tells how long to wait for the next attempt.

        Args:
            attempt_count: Attempts that failed so far, 1 or more.
            status_code: Of the last answer; 0 if there was none.
            retry_after: How long the receiver asks to wait; None if it does not.

        Returns:
            Half to all of the back-off, so that what failed together is not tried together again; None to give up.
        """
        if attempt_count >= self.largest_attempts or status_code == GONE:
            return None
        grown = self.first_delay.total_seconds() * self.growth ** (attempt_count - 1)
        backoff = min(grown, self.longest_delay.total_seconds())
        delay = timedelta(seconds=backoff * random.uniform(0.5, 1.0))  # noqa: S311 - no secret depends on it
        if retry_after is None:
            return delay
        return max(delay, min(retry_after, self.longest_delay))
