"""What can't be done with leads and their events."""

from server.runtime.errors.base import LeadlineError, NotFound


class LeadNotFound(NotFound):
    """No such lead in the caller's tenant."""


class LeadAlreadyExists(LeadlineError):
    """Another lead of the tenant has this external id.

    Args:
        external_id: The external id.
        name: Resource name of the lead that has it; empty if that was deleted meanwhile.
    """

    def __init__(self, external_id: str, name: str) -> None:
        super().__init__(
            f"{name or 'another lead'} has the external_id {external_id!r} already",
            {"external_id": external_id, "name": name},
        )


class DeadLetterNotFound(LeadlineError):
    """The caller's tenant has no such dead letter.

    Args:
        name: The resource name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no dead letter {name}", {"name": name})
