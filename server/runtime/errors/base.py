"""What all errors have in common."""


class LeadlineError(Exception):
    """Base of all: catch it to handle whatever Leadline refuses.

    Args:
        message: What is wrong, for the caller to read: plain English, no secrets, no internals.
        metadata: The same for programs, under the keys that the contract's `ErrorReason` names.
    """

    def __init__(self, message: str, metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata or {}


class NotFound(LeadlineError):
    """What was named does not exist in the caller's tenant.

    Args:
        name: The resource name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not exist", {"name": name})
