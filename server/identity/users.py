"""Users and the organization, as those who manage them see them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.identity.account import Organization, User, UserState
from server.identity.permissions import OWNER
from server.identity.ports import IdentityStore, IdentityTransaction, SessionStore
from server.identity.roles import Roles, refuse_to_give_more
from server.identity.sessions import KeepSessions
from server.runtime.errors.identity import LastOwner, OrganizationNotFound, UserNotFound
from server.runtime.identifiers import format_name
from server.runtime.pages import Pages
from server.runtime.principal import Principal

COLLECTION: Final = "users"


@dataclass(frozen=True, slots=True)
class UserPage:
    """A page of users."""

    users: list[User]
    next_page_token: str


class KeepUsers:
    """Gives and changes the users of an organization.

    Args:
        store: Where users are kept.
        roles: What roles permit.
        sessions: Ends sessions.
        revocations: Revokes tokens.
        pages: Page tokens.
        now: Gives the time, UTC.
    """

    def __init__(
        self,
        store: IdentityStore,
        roles: Roles,
        sessions: KeepSessions,
        revocations: SessionStore,
        *,
        pages: Pages,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._roles = roles
        self._sessions = sessions
        self._revocations = revocations
        self._pages = pages
        self._now = now

    async def get(self, tenant_id: UUID, user_id: UUID) -> User:
        """Gives a user.

        Raises:
            UserNotFound: The organization has no such user.
        """
        async with self._store.transaction(tenant_id) as transaction:
            return await _found(transaction, user_id)

    async def page(self, tenant_id: UUID, page_size: int, page_token: str) -> UserPage:
        """Gives a page of users, the newest first.

        Raises:
            InvalidPageToken: The token is not ours.
        """
        position = self._pages.position(tenant_id, COLLECTION, page_size, page_token)
        async with self._store.transaction(tenant_id) as transaction:
            found = await transaction.users(position.size + 1, position.before)
        return UserPage(*self._pages.cut(position, found, lambda user: user.user_id))

    async def update(self, caller: Principal, user_id: UUID, changes: dict[str, Any]) -> User:
        """Changes a user.

        Args:
            caller: Who changes it.
            user_id: The user.
            changes: New values of `display_name` and `role`.

        Raises:
            UserNotFound: The organization has no such user.
            RoleNotFound: There is no such role.
            PermissionMissing: The user may, or would, do what the caller may not.
            LastOwner: No active owner would be left.
        """
        async with self._store.transaction(caller.tenant_id) as transaction:
            user = await self._to_manage(transaction, user_id, caller)
            role = changes.get("role", user.role)
            if role != user.role:
                await self._roles.find_to_give(transaction, role, caller)
                await _keep_an_owner(transaction, user)
                await self._revocations.revoke_tokens([format_name(COLLECTION, user_id)])
            user = await transaction.update_user(user_id, changes | {"update_time": self._now()})
            await transaction.commit()
        return user

    async def deactivate(self, caller: Principal, user_id: UUID) -> User:
        """Keeps a user out and ends their sessions.

        Raises:
            UserNotFound: The organization has no such user.
            PermissionMissing: The user may do what the caller may not.
            LastOwner: No active owner would be left.
        """
        async with self._store.transaction(caller.tenant_id) as transaction:
            user = await self._to_manage(transaction, user_id, caller)
            await _keep_an_owner(transaction, user)
            changes = {"state": UserState.DEACTIVATED.value, "update_time": self._now()}
            user = await transaction.update_user(user_id, changes)
            await self._revocations.revoke_tokens([format_name(COLLECTION, user_id)])
            await self._sessions.end_all(caller.tenant_id, user_id)
            await transaction.commit()
        return user

    async def reactivate(self, caller: Principal, user_id: UUID) -> User:
        """Lets a user log in again.

        Raises:
            UserNotFound: The organization has no such user.
            PermissionMissing: The user may do what the caller may not.
        """
        async with self._store.transaction(caller.tenant_id) as transaction:
            await self._to_manage(transaction, user_id, caller)
            changes = {"state": UserState.ACTIVE.value, "update_time": self._now()}
            user = await transaction.update_user(user_id, changes)
            await transaction.commit()
        return user

    async def _to_manage(self, transaction: IdentityTransaction, user_id: UUID, caller: Principal) -> User:
        """Gives a user whom the caller may change: nobody changes those who may do more."""
        user = await _found(transaction, user_id, lock=True)
        role = await self._roles.find(transaction, user.role)
        refuse_to_give_more(caller, role.permissions)
        return user


class KeepOrganization:
    """Gives and changes the organization.

    Args:
        store: Where it is kept.
    """

    def __init__(self, store: IdentityStore) -> None:
        self._store = store

    async def get(self, tenant_id: UUID, organization_id: UUID | None) -> Organization:
        """Gives the caller's organization.

        Args:
            tenant_id: The caller's.
            organization_id: As it was named; None means the caller's.

        Raises:
            OrganizationNotFound: It is not the caller's.
        """
        async with self._store.transaction(tenant_id) as transaction:
            organization = await transaction.organization()
        if organization is None or organization_id not in (None, tenant_id):
            raise OrganizationNotFound(format_name("organizations", organization_id or tenant_id))
        return organization

    async def update(self, tenant_id: UUID, organization_id: UUID, changes: dict[str, Any]) -> Organization:
        """Changes the caller's organization: `display_name`, `second_factor_required`, `allowed_origins`.

        Raises:
            OrganizationNotFound: It is not the caller's.
        """
        if organization_id != tenant_id:
            raise OrganizationNotFound(format_name("organizations", organization_id))
        async with self._store.transaction(tenant_id) as transaction:
            await transaction.update_organization(changes)
            organization = await transaction.organization()
            await transaction.commit()
        if organization is None:
            raise OrganizationNotFound(format_name("organizations", organization_id))
        return organization


async def _found(transaction: IdentityTransaction, user_id: UUID, *, lock: bool = False) -> User:
    user = await transaction.user(user_id, lock=lock)
    if user is None:
        raise UserNotFound(format_name(COLLECTION, user_id))
    return user


async def _keep_an_owner(transaction: IdentityTransaction, user: User) -> None:
    if user.role == OWNER and user.state is UserState.ACTIVE:
        others = await transaction.other_active_owners(user.user_id)
        if not others:
            raise LastOwner(format_name(COLLECTION, user.user_id))
