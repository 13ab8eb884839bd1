"""Callers who may not do what they ask for."""

from server.runtime.errors.base import LeadlineError, NotFound
from server.runtime.principal import Principal


class TokenMissing(LeadlineError):
    """The request carries no bearer token."""

    def __init__(self) -> None:
        super().__init__("send a token: authorization: Bearer <token>")


class TokenInvalid(LeadlineError):
    """The token's signature, issuer, audience or form is not accepted."""

    def __init__(self) -> None:
        super().__init__("the token is not accepted")


class TokenExpired(LeadlineError):
    """The token's time is over.

    Args:
        bearer: Whose token it was, for the audit log.
    """

    def __init__(self, bearer: Principal | None = None) -> None:
        super().__init__("the token has expired; ask for a new one")
        self.bearer = bearer


class PermissionMissing(LeadlineError):
    """The principal lacks the permission that the rpc needs.

    Args:
        permission: The contract's scope text, such as `leads.write`.
    """

    def __init__(self, permission: str) -> None:
        super().__init__(f"the token lacks the permission {permission}", {"permission": permission})


class OriginNotAllowed(LeadlineError):
    """The call comes from a web page of an origin that the caller's organization does not allow.

    Args:
        origin: Of the page, such as `https://crm.example`.
    """

    def __init__(self, origin: str) -> None:
        super().__init__(f"your organization does not allow calls from web pages of {origin}", {"origin": origin})


class TrackingKeyNotFound(LeadlineError):
    """No such tracking key in the tenant.

    Args:
        name: Resource name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not exist", {"name": name})


class TrackingKeyRefused(LeadlineError):
    """A web page's write key is unknown, or not for the page's origin.

    Args:
        origin: The page's origin; empty if the browser told none.
    """

    def __init__(self, origin: str) -> None:
        super().__init__("the write key is not good for pages of this origin", {"origin": origin})


class TrackingThrottled(LeadlineError):
    """A web page's write key was used for too many events in this minute.

    Args:
        retry_after_seconds: When the next events are taken, in seconds, above 0.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("too many events by this write key in this minute")
        self.retry_after_seconds = retry_after_seconds


class AuditRecordNotFound(NotFound):
    """No such audit record in the caller's tenant."""
