"""What identity refuses: log-ins, tokens, users, roles and credentials. Part of the tree in `server.runtime.errors`.

LeadlineError
├── CredentialsRefused, SecondFactorRefused, PasswordRefused, LogInThrottled
├── RefreshTokenRefused, RefreshTokenReused, TokenRevoked, OneTimeTokenRefused, ApiKeyRefused, IdTokenRefused
├── UserNotFound, InvitationNotFound, RoleNotFound, ApiKeyNotFound, OauthClientNotFound, IdentityProviderNotFound
├── SessionNotFound, OrganizationNotFound
├── UserAlreadyExists, RoleAlreadyExists
├── InvitationClosed, RoleInUse, LastOwner, EmailNotVerified, OrganizationAmbiguous
└── SecondFactorEnabled, SecondFactorNotEnrolled
"""

from collections.abc import Sequence
from typing import Literal

from server.runtime.errors import LeadlineError
from server.runtime.principal import Principal

PasswordRule = Literal["too_short", "too_long", "known_from_breaches", "easily_guessed", "resembles_account"]

_PASSWORD_RULES: dict[PasswordRule, str] = {
    "too_short": "the password needs at least 12 characters",
    "too_long": "the password may have 256 characters at most",
    "known_from_breaches": "this password is known from breaches; choose another",
    "easily_guessed": "this password is easily guessed; choose another, such as four unrelated words",
    "resembles_account": "the password may not resemble your name, your e-mail address or your organization",
}


class CredentialsRefused(LeadlineError):
    """No account has this e-mail address and password, or it is deactivated."""

    def __init__(self) -> None:
        super().__init__("no account has this e-mail address and password")


class SecondFactorRefused(LeadlineError):
    """A code of the second factor is wrong or was used, or its challenge is over."""

    def __init__(self) -> None:
        super().__init__("the code is wrong or was used before, or the log-in took too long; log in again")


class PasswordRefused(LeadlineError):
    """A password can't be taken.

    Args:
        rule: What it breaks.
    """

    def __init__(self, rule: PasswordRule) -> None:
        super().__init__(_PASSWORD_RULES[rule], {"rule": rule})


class LogInThrottled(LeadlineError):
    """There were too many attempts for the account or from the address.

    Args:
        retry_after_seconds: When the next attempt is taken, in seconds, above 0.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__("too many attempts; try again later")
        self.retry_after_seconds = retry_after_seconds


class RefreshTokenRefused(LeadlineError):
    """A refresh token is unknown, its time is over, or its session has ended."""

    def __init__(self) -> None:
        super().__init__("the refresh token is not good any more; log in again")


class RefreshTokenReused(LeadlineError):
    """A refresh token was used before, so its session has ended."""

    def __init__(self) -> None:
        super().__init__("the refresh token was used before, so its session has ended; log in again")


class TokenRevoked(LeadlineError):
    """What the access token stands for has ended or was changed since.

    Args:
        bearer: Whose token it was, for the audit log.
    """

    def __init__(self, bearer: Principal | None = None) -> None:
        super().__init__("the token was revoked; renew it, or log in again")
        self.bearer = bearer


class OneTimeTokenRefused(LeadlineError):
    """The token of a message is unknown, was used, or its time is over."""

    def __init__(self) -> None:
        super().__init__("the token is unknown, was used before, or its time is over; ask for a new message")


class UserAlreadyExists(LeadlineError):
    """A user of the organization has this e-mail address.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"a user of the organization has this e-mail address: {name}", {"name": name})


class UserNotFound(LeadlineError):
    """The organization has no such user.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no user {name}", {"name": name})


class InvitationNotFound(LeadlineError):
    """The organization has no such invitation.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no invitation {name}", {"name": name})


class InvitationClosed(LeadlineError):
    """An invitation does not wait for its answer any more.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not wait for its answer any more", {"name": name})


class RoleNotFound(LeadlineError):
    """There is no such role.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no role {name}", {"name": name})


class RoleAlreadyExists(LeadlineError):
    """A role of the organization has this display name.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"a role has this display name: {name}", {"name": name})


class RoleInUse(LeadlineError):
    """Somebody has the role.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"users, invitations or issuers have {name}", {"name": name})


class LastOwner(LeadlineError):
    """The organization would be left without an active owner.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the last active owner; make another user owner first", {"name": name})


class ApiKeyNotFound(LeadlineError):
    """The organization has no such API key.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no API key {name}", {"name": name})


class ApiKeyRefused(LeadlineError):
    """An API key is unknown, revoked, or its time is over."""

    def __init__(self) -> None:
        super().__init__("the API key is not good, or not any more")


class OauthClientNotFound(LeadlineError):
    """The organization has no such OAuth 2.0 client.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no OAuth client {name}", {"name": name})


class IdentityProviderNotFound(LeadlineError):
    """The organization has no such OpenID Connect issuer.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no identity provider {name}", {"name": name})


class IdTokenRefused(LeadlineError):
    """An ID token is not accepted, or its user has no account here."""

    def __init__(self) -> None:
        super().__init__("the ID token is not accepted, or its user has no account here")


class SessionNotFound(LeadlineError):
    """The caller has no such session.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"you have no session {name}", {"name": name})


class SecondFactorEnabled(LeadlineError):
    """The caller has a second factor already."""

    def __init__(self) -> None:
        super().__init__("you have a second factor already; disable it first")


class SecondFactorNotEnrolled(LeadlineError):
    """The caller has no second factor, or has not begun to set one up."""

    def __init__(self) -> None:
        super().__init__("enrol a second factor first")


class EmailNotVerified(LeadlineError):
    """The caller has to verify their e-mail address first."""

    def __init__(self) -> None:
        super().__init__("verify your e-mail address first")


class OrganizationAmbiguous(LeadlineError):
    """An e-mail address and password have accounts in several organizations.

    Args:
        names: The organizations' resource names.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("you have accounts in several organizations; name one", {"organizations": ",".join(names)})


class OrganizationNotFound(LeadlineError):
    """This is not the caller's organization.

    Args:
        name: The resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not your organization", {"name": name})
