"""What can't be done with keys and what they protect."""

from server.runtime.errors.base import LeadlineError, NotFound


class TenantKeyNotFound(NotFound):
    """The caller's tenant has no such version of its key."""


class TenantKeyRotating(LeadlineError):
    """The tenant's key is being rotated already.

    Args:
        name: The resource name of the operation that does it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the key is being rotated already by {name}", {"name": name})


class EncryptedDataBroken(LeadlineError):
    """What is kept encrypted can't be read: it was changed or moved, or its key was destroyed.

    Args:
        name: The resource name of what it belongs to.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the encrypted data of {name} can't be read", {"name": name})
