"""What can't be done with workflows and their webhooks."""

from server.runtime.errors.base import LeadlineError, NotFound


class WorkflowNotFound(NotFound):
    """No such workflow in the caller's tenant."""


class TooManyWorkflows(LeadlineError):
    """The tenant has as many workflows as it can have.

    Args:
        limit: How many.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"there are {limit} workflows already; delete one first", {"limit": str(limit)})


class WebhookDeliveryNotFound(NotFound):
    """No such webhook delivery in the caller's tenant."""


class WebhookDeliveryPending(LeadlineError):
    """A webhook delivery is still being tried.

    Args:
        name: The delivery's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is still being tried; it can be replayed once it is over", {"name": name})


class WebhookTargetRefused(LeadlineError):
    """A webhook's URL leads to where none may be sent.

    Args:
        host: The URL's host.
        reason: Why it is refused, in words.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"no webhook is sent to {host!r}: {reason}", {"host": host})
