"""Outside issuers by OpenID Connect: which ones an organization trusts, and log-in by their word."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.identity.account import IdentityProvider, User, UserState
from server.identity.joining import new_user
from server.identity.ports import IdentityStore, IdentityTransaction, IdTokenVerifier, Throttle
from server.identity.roles import Roles
from server.identity.sessions import Caller, IssuedTokens, Sessions
from server.runtime.audit import concerns, concerns_only
from server.runtime.errors.identity import IdentityProviderNotFound, IdTokenRefused
from server.runtime.identifiers import format_name, new_id
from server.runtime.pages import Pages
from server.runtime.principal import Principal

COLLECTION: Final = "identityProviders"
LONGEST_NAME: Final = 128


@dataclass(frozen=True, slots=True)
class IdentityProviderPage:
    """A page of issuers."""

    providers: list[IdentityProvider]
    next_page_token: str


class KeepIdentityProviders:
    """Says which issuers an organization trusts.

    Args:
        store: Where they are kept.
        roles: What roles permit.
        pages: Page tokens.
        now: Gives the time, UTC.
    """

    def __init__(self, store: IdentityStore, roles: Roles, pages: Pages, now: Callable[[], datetime]) -> None:
        self._store = store
        self._roles = roles
        self._pages = pages
        self._now = now

    async def create(self, caller: Principal, values: dict[str, Any]) -> IdentityProvider:
        """Trusts an issuer.

        Args:
            caller: Who decides.
            values: `display_name`, `issuer`, `client_id` and `role`.

        Raises:
            RoleNotFound: There is no such role.
            PermissionMissing: It permits what the caller may not do.
        """
        now = self._now()
        provider = IdentityProvider(provider_id=new_id(), create_time=now, update_time=now, **values)
        async with self._store.transaction(caller.tenant_id) as transaction:
            await self._check_role(transaction, provider.role, caller)
            await transaction.add_identity_provider(provider)
            await transaction.commit()
        return provider

    async def page(self, tenant_id: UUID, page_size: int, page_token: str) -> IdentityProviderPage:
        """Gives a page of issuers, the newest first.

        Raises:
            InvalidPageToken: The token is not ours.
        """
        position = self._pages.position(tenant_id, COLLECTION, page_size, page_token)
        async with self._store.transaction(tenant_id) as transaction:
            found = await transaction.identity_providers(position.size + 1, position.before)
        return IdentityProviderPage(*self._pages.cut(position, found, lambda provider: provider.provider_id))

    async def update(self, caller: Principal, provider_id: UUID, changes: dict[str, Any]) -> IdentityProvider:
        """Changes an issuer.

        Raises:
            IdentityProviderNotFound: The organization trusts no such issuer.
            RoleNotFound: There is no such role.
            PermissionMissing: It permits what the caller may not do.
        """
        async with self._store.transaction(caller.tenant_id) as transaction:
            known = await transaction.identity_provider(provider_id)
            if known is None:
                raise IdentityProviderNotFound(format_name(COLLECTION, provider_id))
            await self._check_role(transaction, changes.get("role", known.role), caller)
            provider = await transaction.update_identity_provider(provider_id, changes | {"update_time": self._now()})
            await transaction.commit()
        return provider

    async def delete(self, tenant_id: UUID, provider_id: UUID) -> None:
        """Trusts an issuer no more.

        Raises:
            IdentityProviderNotFound: The organization trusts no such issuer.
        """
        async with self._store.transaction(tenant_id) as transaction:
            if not await transaction.delete_identity_provider(provider_id):
                raise IdentityProviderNotFound(format_name(COLLECTION, provider_id))
            await transaction.commit()

    async def _check_role(self, transaction: IdentityTransaction, role: str, caller: Principal) -> None:
        if role:
            await self._roles.find_to_give(transaction, role, caller)


class LogInByIdToken:
    """Logs users in by an outside issuer's word.

    A user is known again by the issuer's `sub`. The first time it is the user with the same e-mail address, if the
    issuer says that it has verified the address and the user has shown Leadline the same; else a new user, where the
    organization lets new ones in.

    Args:
        store: Where users and issuers are kept.
        verifier: Verifies ID tokens.
        sessions: Begins sessions.
        throttle: Counts attempts.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        verifier: IdTokenVerifier,
        sessions: Sessions,
        throttle: Throttle,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._sessions = sessions
        self._throttle = throttle
        self._now = now

    async def __call__(self, provider_id: UUID, id_token: str, nonce: str, caller: Caller) -> IssuedTokens:
        """Logs a user in.

        Raises:
            LogInThrottled: Too many attempts.
            IdTokenRefused: The token is not accepted, or its user has no account here.
        """
        await self._throttle.attempt(str(provider_id), caller.address)
        tenant_id = await self._store.tenant_of_identity_provider(provider_id)
        if tenant_id is None:
            raise IdTokenRefused
        concerns(tenant_id, "")
        async with self._store.transaction(tenant_id) as transaction:
            provider = await transaction.identity_provider(provider_id)
        if provider is None:
            raise IdTokenRefused
        # Asks the issuer over the network, so no transaction is held meanwhile.
        claims = await self._verifier.verify(provider, id_token, nonce)
        async with self._store.transaction(tenant_id) as transaction:
            user = await self._user(transaction, provider, claims)
            concerns_only(tenant_id, format_name("users", user.user_id))
            if user.state is not UserState.ACTIVE:
                raise IdTokenRefused
            issued = await self._sessions.begin(transaction, user, caller)
            await transaction.commit()
        await self._throttle.forgive(str(provider_id), caller.address)
        return issued

    async def _user(self, transaction: IdentityTransaction, provider: IdentityProvider, claims: dict[str, Any]) -> User:
        subject = str(claims["sub"])
        known = await transaction.user_of_subject(provider.provider_id, subject)
        user = await transaction.user(known) if known is not None else None
        if user is not None:
            return user
        email = str(claims.get("email", "")).lower()
        if not email or claims.get("email_verified") is not True:
            raise IdTokenRefused
        user = await transaction.user_of_email(email)
        if user is None:
            if not provider.role:
                raise IdTokenRefused
            name = str(claims.get("name") or email)[:LONGEST_NAME]
            user = new_user(email, name, provider.role, None, self._now())
            await transaction.add_user(user)
            user = await transaction.update_user(user.user_id, {"email_verified": True})
        elif not user.email_verified:
            # Somebody may have signed up with an address that is not theirs, to be linked with its true owner here.
            raise IdTokenRefused
        await transaction.link_subject(provider.provider_id, subject, user.user_id)
        return user
