"""What can't be done with long-running operations."""

from server.runtime.errors.base import LeadlineError, NotFound


class OperationNotFound(NotFound):
    """No such operation in the caller's tenant."""


class OperationCancelled(LeadlineError):
    """The operation was cancelled before it ended."""

    def __init__(self) -> None:
        super().__init__("the operation was cancelled")


class OperationDone(LeadlineError):
    """The operation is over and can't be cancelled any more.

    Args:
        name: The operation's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is over already", {"name": name})
