"""What can't be had at present."""

from typing import Literal

from server.runtime.errors.base import LeadlineError

Dependency = Literal["backend", "postgresql", "redis", "model_server", "key_service", "ray"]


class DependencyUnavailable(LeadlineError):
    """A part that the answer needs can't be reached; it is right to retry.

    Args:
        dependency: Which part.
        retry_after_seconds: When a retry may succeed, in seconds, above 0.
    """

    def __init__(self, dependency: Dependency, retry_after_seconds: float = 1.0) -> None:
        super().__init__(f"{dependency} can't be reached at present; retry", {"dependency": dependency})
        self.dependency = dependency
        self.retry_after_seconds = retry_after_seconds


class DeadlineExceeded(LeadlineError):
    """The caller's deadline passed before the answer was ready, or a message of a stream did not come in time.

    Args:
        message: Which of them.
    """

    def __init__(self, message: str = "the deadline passed before the answer was ready") -> None:
        super().__init__(message)


class Overloaded(LeadlineError):
    """The process has more to do than it can, and the tenant has its share of it already; it is right to retry.

    Args:
        retry_after_seconds: When a retry may succeed, in seconds, above 0.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("there is more to do than can be done at present; retry after the given delay")
        self.retry_after_seconds = retry_after_seconds


class SlowConsumer(LeadlineError):
    """The caller was too slow to take what it watches."""

    def __init__(self) -> None:
        super().__init__("the watch was read too slowly; resume it with the last token")
