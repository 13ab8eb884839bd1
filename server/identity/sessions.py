"""Sessions: how they begin, how their tokens are renewed, and what a log-in gives."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from itsdangerous import BadSignature, Signer

from server.identity.account import Organization, User, UserState
from server.identity.permissions import ACCOUNT, of_user
from server.identity.ports import IdentityStore, IdentityTransaction, Session, SessionStore
from server.identity.roles import Roles
from server.identity.secrets import Reference, digest, new_secret
from server.identity.signing_keys import AccessToken, AccessTokens
from server.runtime.audit import concerns
from server.runtime.errors.identity import CredentialsRefused, RefreshTokenRefused, RefreshTokenReused
from server.runtime.identifiers import format_name, new_id

IDLE_LIFETIME: Final = timedelta(days=14)
LONGEST_LIFETIME: Final = timedelta(days=90)
_PREFIX: Final = "leadline_refresh_"
_LONGEST_USER_AGENT: Final = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a call comes from.

    Attributes:
        address: The network address.
        user_agent: The program, as it names itself.
    """

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What a log-in gives.

    Attributes:
        access: The access token.
        refresh_token: Gives new tokens, once.
        session: The session.
        user: Who is logged in.
        organization: Where.
        permissions: What the user may do there.
    """

    access: AccessToken
    refresh_token: str
    session: Session
    user: User
    organization: Organization
    permissions: frozenset[str]


class Sessions:
    """Begins and renews sessions.

    Args:
        store: Users and roles.
        sessions: Where sessions are kept.
        roles: What roles permit.
        tokens: Issues access tokens.
        secret: The process's secret: a refresh token that bears no signature by it was never issued.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        sessions: SessionStore,
        roles: Roles,
        tokens: AccessTokens,
        *,
        secret: str,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._roles = roles
        self._tokens = tokens
        self._signer = Signer(secret, salt="leadline.refresh")
        self._now = now

    async def begin(self, transaction: IdentityTransaction, user: User, caller: Caller) -> IssuedTokens:
        """Begins a session of a user who has shown who they are. The caller commits.

        Args:
            transaction: Of the user's tenant.
            user: The user, active.
            caller: From where they log in.

        Raises:
            CredentialsRefused: The user was deactivated meanwhile.
        """
        now = self._now()
        session = Session(
            session_id=new_id(),
            user_id=user.user_id,
            user_agent=caller.user_agent[:_LONGEST_USER_AGENT],
            address=caller.address,
            create_time=now,
            last_refresh_time=now,
            expire_time=now + IDLE_LIFETIME,
        )
        # Locks the user's row: whoever deactivates the user now waits, and then finds the session.
        user = await transaction.update_user(user.user_id, {"last_log_in_time": now})
        if user.state is not UserState.ACTIVE:
            raise CredentialsRefused
        reference = Reference(transaction.tenant_id, session.session_id, new_secret())
        await self._sessions.begin(transaction.tenant_id, session, digest(reference.secret))
        return await self._issue(transaction, user, session, reference)

    async def renew(self, refresh_token: str) -> IssuedTokens:
        """Gives new tokens for a refresh token and uses it up.

        Raises:
            RefreshTokenRefused: It is unknown, its time is over, or its session has ended.
            RefreshTokenReused: It was used before; its session has ended by that.
        """
        reference = self._read(refresh_token)
        tenant_id = reference.tenant_id
        session = await self._sessions.get(tenant_id, reference.identifier)
        # The token bears our signature, so its tenant is known even if its session is not.
        concerns(tenant_id, format_name("users", session.user_id) if session else "")
        now = self._now()
        if session is None or session.create_time + LONGEST_LIFETIME <= now:
            raise RefreshTokenRefused
        renewed = replace(
            session,
            last_refresh_time=now,
            expire_time=min(now + IDLE_LIFETIME, session.create_time + LONGEST_LIFETIME),
        )
        following = Reference(tenant_id, session.session_id, new_secret())
        async with self._store.transaction(tenant_id) as transaction:
            user = await transaction.user(session.user_id, lock=True)
            if user is None or user.state is not UserState.ACTIVE:
                raise RefreshTokenRefused
            rotated = await self._sessions.rotate(
                tenant_id, renewed, digest(reference.secret), digest(following.secret)
            )
            if not rotated:
                await self._sessions.end(tenant_id, session.user_id, [session.session_id])
                raise RefreshTokenReused
            return await self._issue(transaction, user, renewed, following)

    async def _issue(
        self, transaction: IdentityTransaction, user: User, session: Session, reference: Reference
    ) -> IssuedTokens:
        organization = await transaction.organization()
        if organization is None:
            raise RuntimeError("a user without an organization")
        role = await self._roles.find(transaction, user.role)
        permissions = of_user(role.permissions)
        if organization.second_factor_required and not user.second_factor_enabled:
            permissions = frozenset({ACCOUNT})
        access = await self._tokens.issue(
            organization.organization_id,
            format_name("users", user.user_id),
            organization.plan,
            permissions,
            session.session_id,
        )
        refresh_token = self._signer.sign(reference.text(_PREFIX)).decode()
        return IssuedTokens(access, refresh_token, session, user, organization, permissions)

    def _read(self, refresh_token: str) -> Reference:
        try:
            return Reference.read(self._signer.unsign(refresh_token).decode(), _PREFIX)
        except (BadSignature, ValueError) as error:
            raise RefreshTokenRefused from error


class KeepSessions:
    """Lists and ends a user's sessions.

    Args:
        sessions: Where sessions are kept.
    """

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions

    async def of_user(self, tenant_id: UUID, user_id: UUID) -> list[Session]:
        """Gives a user's sessions, the newest first."""
        return list(await self._sessions.of_user(tenant_id, user_id))

    async def end(self, tenant_id: UUID, user_id: UUID, session_id: UUID) -> bool:
        """Ends one of a user's sessions; False if the user has no such session."""
        session = await self._sessions.get(tenant_id, session_id)
        if session is None or session.user_id != user_id:
            return False
        await self._sessions.end(tenant_id, user_id, [session_id])
        return True

    async def end_all(self, tenant_id: UUID, user_id: UUID, *, but: UUID | None = None) -> None:
        """Ends all sessions of a user, but one if it is named."""
        known = await self._sessions.of_user(tenant_id, user_id)
        await self._sessions.end(tenant_id, user_id, [s.session_id for s in known if s.session_id != but])
