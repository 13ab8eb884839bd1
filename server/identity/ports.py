"""What the use cases of identity need of stores and of the outside. Stores raise DependencyUnavailable when away."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from server.identity.account import (
    Credential,
    CredentialKind,
    IdentityProvider,
    Invitation,
    Organization,
    Role,
    User,
)


class IdentityTransaction(Protocol):
    """The identity of one tenant in one transaction. Changes last once `commit` was called."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant."""
        ...

    async def commit(self) -> None:
        """Makes the changes last."""
        ...

    async def add_organization(self, display_name: str) -> None:
        """Makes the tenant itself."""
        ...

    async def organization(self) -> Organization | None:
        """Gives the tenant; None if it is not there."""
        ...

    async def update_organization(self, values: dict[str, Any]) -> None:
        """Changes columns of the tenant."""
        ...

    async def add_user(self, user: User) -> None:
        """Adds a user.

        Raises:
            UserAlreadyExists: A user of the tenant has the e-mail address.
        """
        ...

    async def user(self, user_id: UUID, *, lock: bool = False) -> User | None:
        """Gives a user; with `lock`, nobody else can change it until the transaction ends."""
        ...

    async def user_of_email(self, email: str) -> User | None:
        """Gives the user with an e-mail address in lower case."""
        ...

    async def users(self, size: int, before: UUID | None) -> Sequence[User]:
        """Gives users, the newest first, only those older than `before`."""
        ...

    async def users_of_role(self, role: str) -> Sequence[User]:
        """Gives the users who have a role."""
        ...

    async def update_user(self, user_id: UUID, values: dict[str, Any]) -> User:
        """Changes columns of a user that exists, and gives it as it then is."""
        ...

    async def other_active_owners(self, user_id: UUID) -> int:
        """Counts the active owners besides one user; none of them can change until the transaction ends."""
        ...

    async def replace_recovery_codes(self, user_id: UUID, digests: Sequence[bytes]) -> None:
        """Puts other recovery codes in place of a user's, or none."""
        ...

    async def use_recovery_code(self, user_id: UUID, digest: bytes) -> bool:
        """Takes a recovery code away; False if the user has no such code."""
        ...

    async def add_invitation(self, invitation: Invitation) -> None:
        """Adds an invitation."""
        ...

    async def invitation(self, invitation_id: UUID) -> Invitation | None:
        """Gives an invitation, which nobody else can change until the transaction ends."""
        ...

    async def invitations(self, size: int, before: UUID | None) -> Sequence[Invitation]:
        """Gives invitations, the newest first, only those older than `before`."""
        ...

    async def update_invitation(self, invitation_id: UUID, values: dict[str, Any]) -> Invitation:
        """Changes columns of an invitation that exists, and gives it as it then is."""
        ...

    async def add_role(self, role: Role) -> None:
        """Adds a role of the tenant's own.

        Raises:
            RoleAlreadyExists: A role has the display name.
        """
        ...

    async def role(self, role_id: UUID) -> Role | None:
        """Gives a role of the tenant's own."""
        ...

    async def roles(self, size: int, before: UUID | None) -> Sequence[Role]:
        """Gives roles of the tenant's own, the newest first, only those older than `before`."""
        ...

    async def update_role(self, role_id: UUID, values: dict[str, Any]) -> Role:
        """Changes columns of a role that exists; raises as `add_role` does."""
        ...

    async def delete_role(self, role_id: UUID) -> None:
        """Deletes a role."""
        ...

    async def is_role_in_use(self, role: str) -> bool:
        """Tells whether users, pending invitations or issuers have a role."""
        ...

    async def add_credential(self, credential: Credential) -> None:
        """Adds a credential."""
        ...

    async def credential(self, kind: CredentialKind, credential_id: UUID, *, lock: bool = False) -> Credential | None:
        """Gives a credential of a kind; with `lock`, nobody else can change it until the transaction ends."""
        ...

    async def credentials(self, kind: CredentialKind, size: int, before: UUID | None) -> Sequence[Credential]:
        """Gives credentials of a kind, the newest first, only those older than `before`."""
        ...

    async def update_credential(self, credential_id: UUID, values: dict[str, Any]) -> Credential:
        """Changes columns of a credential that exists, and gives it as it then is."""
        ...

    async def add_identity_provider(self, provider: IdentityProvider) -> None:
        """Adds an issuer."""
        ...

    async def identity_provider(self, provider_id: UUID) -> IdentityProvider | None:
        """Gives an issuer."""
        ...

    async def identity_providers(self, size: int, before: UUID | None) -> Sequence[IdentityProvider]:
        """Gives issuers, the newest first, only those older than `before`."""
        ...

    async def update_identity_provider(self, provider_id: UUID, values: dict[str, Any]) -> IdentityProvider:
        """Changes columns of an issuer that exists, and gives it as it then is."""
        ...

    async def delete_identity_provider(self, provider_id: UUID) -> bool:
        """Deletes an issuer; False if there is none."""
        ...

    async def user_of_subject(self, provider_id: UUID, subject: str) -> UUID | None:
        """Gives the user whom an issuer knows by a subject."""
        ...

    async def link_subject(self, provider_id: UUID, subject: str, user_id: UUID) -> None:
        """Notes by which subject an issuer knows a user."""
        ...


class IdentityStore(Protocol):
    """The identity of all tenants."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[IdentityTransaction]:
        """Opens a transaction that sees one tenant, or joins the one of the rpc."""
        ...

    async def accounts_of_email(self, email: str) -> Sequence[tuple[UUID, UUID]]:
        """Gives tenant and user of each account with an e-mail address in lower case, at most 8."""
        ...

    async def tenant_of_identity_provider(self, provider_id: UUID) -> UUID | None:
        """Gives the tenant that trusts an issuer."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in that has not ended.

    Attributes:
        session_id: The id.
        user_id: Whose it is.
        user_agent: The program that logged in, as it names itself.
        address: From where.
        create_time: When it began, UTC.
        last_refresh_time: When its tokens were renewed last, UTC.
        expire_time: When it ends unless it is renewed, UTC.
    """

    session_id: UUID
    user_id: UUID
    user_agent: str
    address: str
    create_time: datetime
    last_refresh_time: datetime
    expire_time: datetime


class SessionStore(Protocol):
    """The sessions of all tenants. Whatever ends here is refused everywhere within seconds."""

    async def begin(self, tenant_id: UUID, session: Session, refresh_digest: bytes) -> None:
        """Keeps a session until it expires, with the digest of its refresh token."""
        ...

    async def get(self, tenant_id: UUID, session_id: UUID) -> Session | None:
        """Gives a session; None if it has ended."""
        ...

    async def of_user(self, tenant_id: UUID, user_id: UUID) -> Sequence[Session]:
        """Gives a user's sessions, the newest first."""
        ...

    async def rotate(self, tenant_id: UUID, session: Session, old_digest: bytes, new_digest: bytes) -> bool:
        """Puts another refresh token in place of the newest one, and the session's new times with it, in one step.

        Returns:
            Whether the old digest was the newest one's.
        """
        ...

    async def end(self, tenant_id: UUID, user_id: UUID, session_ids: Sequence[UUID]) -> None:
        """Ends sessions of a user and revokes their access tokens."""
        ...

    async def revoke_tokens(self, subjects: Sequence[str]) -> None:
        """Revokes the access tokens that were issued until now to principals; their sessions go on.

        Args:
            subjects: The principals, such as `users/{user}`, `apiKeys/{apiKey}`.
        """
        ...


class OneTimeStore(Protocol):
    """Things that count once and for a time. There is one of a kind for each key: a newer one takes its place."""

    async def put(self, tenant_id: UUID, kind: str, key: UUID, value: str, lifetime: timedelta) -> None:
        """Keeps a value."""
        ...

    async def take(self, tenant_id: UUID, kind: str, key: UUID, value: str) -> bool:
        """Takes a value away if it is the one that is kept; tells whether it was."""
        ...

    async def count(self, tenant_id: UUID, kind: str, key: UUID, lifetime: timedelta) -> int:
        """Counts one more, from 1, until the time is over."""
        ...


class Throttle(Protocol):
    """Counts attempts to guess."""

    async def attempt(self, account: str, address: str) -> None:
        """Counts an attempt.

        Args:
            account: What is attempted, such as an e-mail address.
            address: From where.

        Raises:
            LogInThrottled: There were too many; tells when the next one is taken.
        """
        ...

    async def forgive(self, account: str, address: str) -> None:
        """Forgets the attempts for an account from an address, after one that succeeded."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one person.

    Attributes:
        recipient: The e-mail address.
        subject: One line.
        text: Plain text.
    """

    recipient: str
    subject: str
    text: str


class Mailer(Protocol):
    """Brings messages on their way."""

    def send(self, mail: Mail) -> None:
        """Sends a message beside the call, which does not wait for it and fails not with it."""
        ...


class IdTokenVerifier(Protocol):
    """Verifies what an outside issuer says."""

    async def verify(self, provider: IdentityProvider, id_token: str, nonce: str) -> dict[str, Any]:
        """Gives the claims of an ID token.

        Raises:
            IdTokenRefused: It is not accepted, or the issuer can't be asked for its keys.
        """
        ...
