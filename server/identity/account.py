"""Organizations, users and what belongs to them, as the use cases see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant.

    Attributes:
        organization_id: The tenant's id.
        display_name: How it is called.
        plan: `free`, `pro` or `enterprise`.
        second_factor_required: Whether users without a second factor can do nothing but set one up.
        allowed_origins: Whose web pages may call the API with the tenant's tokens.
        create_time: When it was signed up, UTC.
    """

    organization_id: UUID
    display_name: str
    plan: str
    second_factor_required: bool
    allowed_origins: list[str]
    create_time: datetime


class UserState(IntEnum):
    """Whether a user may log in."""

    ACTIVE = 1
    DEACTIVATED = 2


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in to one organization.

    Attributes:
        user_id: The id.
        email: In lower case.
        display_name: How the user is called.
        role: A built-in role's name, or the id of one of the organization's own.
        state: Whether the user may log in.
        password_hash: argon2id; None for one who logs in by another issuer alone.
        email_verified: Whether the address was shown to be the user's.
        second_factor: The sealed seed of one-time codes; None without.
        second_factor_enabled: Whether log-in asks for a code.
        second_factor_step: The newest time step whose code was used: none is taken twice.
        last_log_in_time: UTC; None before the first time.
        create_time: UTC.
        update_time: UTC.
    """

    user_id: UUID
    email: str
    display_name: str
    role: str
    state: UserState
    password_hash: str | None
    email_verified: bool
    second_factor: str | None
    second_factor_enabled: bool
    second_factor_step: int
    last_log_in_time: datetime | None
    create_time: datetime
    update_time: datetime


class InvitationState(IntEnum):
    """Where an invitation stands."""

    PENDING = 1
    ACCEPTED = 2
    REVOKED = 3
    EXPIRED = 4


@dataclass(frozen=True, slots=True)
class Invitation:
    """A person asked to join.

    Attributes:
        invitation_id: The id.
        email: In lower case.
        role: The role that the person gets.
        state: As it is stored; a pending one may have expired.
        inviter: Who has invited.
        token_digest: Of the secret in the message.
        create_time: UTC.
        expire_time: UTC.
    """

    invitation_id: UUID
    email: str
    role: str
    state: InvitationState
    inviter: str
    token_digest: bytes
    create_time: datetime
    expire_time: datetime

    def state_at(self, now: datetime) -> InvitationState:
        """Gives the state at a time."""
        is_over = self.state is InvitationState.PENDING and self.expire_time <= now
        return InvitationState.EXPIRED if is_over else self.state


@dataclass(frozen=True, slots=True)
class Role:
    """What its holders may do.

    Attributes:
        role: A built-in role's name, or the id of one of the organization's own.
        display_name: How it is called.
        permissions: As scope texts.
        built_in: Whether Leadline has made it.
        create_time: UTC; None for a built-in one.
        update_time: UTC; None for a built-in one.
    """

    role: str
    display_name: str
    permissions: frozenset[str]
    built_in: bool = False
    create_time: datetime | None = None
    update_time: datetime | None = None


class CredentialKind(IntEnum):
    """What a program shows."""

    API_KEY = 1
    OAUTH_CLIENT = 2


class CredentialState(IntEnum):
    """Whether a credential may be used."""

    ACTIVE = 1
    REVOKED = 2
    EXPIRED = 3


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or an OAuth 2.0 client.

    Attributes:
        credential_id: The id.
        kind: Which of both.
        display_name: What it is for.
        permissions: What its bearer may do.
        secret_digest: Of the secret.
        previous_digest: Of the secret before, while it is still good; None without.
        previous_expire_time: Until when that is, UTC.
        prefix: The first characters of the secret.
        expire_time: UTC; None means without end.
        revoke_time: UTC; None if it was not revoked.
        creator: Who has made it.
        create_time: UTC.
        rotate_time: UTC; None if never.
        last_used_time: UTC; None if never.
    """

    credential_id: UUID
    kind: CredentialKind
    display_name: str
    permissions: frozenset[str]
    secret_digest: bytes
    previous_digest: bytes | None
    previous_expire_time: datetime | None
    prefix: str
    expire_time: datetime | None
    revoke_time: datetime | None
    creator: str
    create_time: datetime
    rotate_time: datetime | None
    last_used_time: datetime | None

    def state_at(self, now: datetime) -> CredentialState:
        """Gives the state at a time."""
        if self.revoke_time is not None:
            return CredentialState.REVOKED
        is_over = self.expire_time is not None and self.expire_time <= now
        return CredentialState.EXPIRED if is_over else CredentialState.ACTIVE


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OpenID Connect issuer that an organization trusts.

    Attributes:
        provider_id: The id.
        display_name: How users know it.
        issuer: Its address.
        client_id: The audience that its tokens must have.
        role: The role of users who come for the first time; empty lets none in.
        create_time: UTC.
        update_time: UTC.
    """

    provider_id: UUID
    display_name: str
    issuer: str
    client_id: str
    role: str
    create_time: datetime
    update_time: datetime
