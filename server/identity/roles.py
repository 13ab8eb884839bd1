"""Roles: the built-in ones and an organization's own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from server.identity.account import Role
from server.identity.permissions import ROLE_NAMES, built_in_roles, of_user
from server.identity.ports import IdentityStore, IdentityTransaction, SessionStore
from server.runtime.errors import PermissionMissing
from server.runtime.errors.identity import RoleInUse, RoleNotFound
from server.runtime.identifiers import new_id
from server.runtime.pages import PagePosition, Pages
from server.runtime.principal import Principal

COLLECTION = "roles"


class Roles:
    """What roles permit.

    Args:
        permissions: Every permission of the contract, as scope texts.
    """

    def __init__(self, permissions: Iterable[str]) -> None:
        self.built_in = {
            name: Role(name, ROLE_NAMES[name], allowed, built_in=True)
            for name, allowed in built_in_roles(permissions).items()
        }

    async def find(self, transaction: IdentityTransaction, role: str) -> Role:
        """Gives a role.

        Args:
            transaction: Of the tenant.
            role: A built-in role's name, or the id of one of the organization's own.

        Raises:
            RoleNotFound: There is none.
        """
        found = self.built_in.get(role)
        if found is None and (role_id := _id(role)) is not None:
            found = await transaction.role(role_id)
        if found is None:
            raise RoleNotFound(f"{COLLECTION}/{role}")
        return found

    async def find_to_give(self, transaction: IdentityTransaction, role: str, giver: Principal) -> Role:
        """Gives a role that one principal gives to another.

        Raises:
            RoleNotFound: There is none.
            PermissionMissing: The role permits what its giver may not do.
        """
        found = await self.find(transaction, role)
        refuse_to_give_more(giver, found.permissions)
        return found


def refuse_to_give_more(giver: Principal, permissions: Iterable[str]) -> None:
    """Sees to it that nobody gives what they lack.

    Raises:
        PermissionMissing: The giver lacks one of the permissions.
    """
    for permission in sorted(of_user(permissions) - of_user(giver.permissions)):
        raise PermissionMissing(permission)


@dataclass(frozen=True, slots=True)
class RolePage:
    """A page of roles."""

    roles: list[Role]
    next_page_token: str


class KeepRoles:
    """Makes, gives, changes and deletes roles of an organization's own.

    Args:
        store: Where roles are kept.
        roles: The built-in ones.
        sessions: Revokes the tokens of those whose role changes.
        pages: Page tokens.
        now: Gives the time, UTC.
    """

    def __init__(
        self, store: IdentityStore, roles: Roles, sessions: SessionStore, pages: Pages, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._roles = roles
        self._sessions = sessions
        self._pages = pages
        self._now = now

    async def create(self, caller: Principal, display_name: str, permissions: frozenset[str]) -> Role:
        """Makes a role.

        Raises:
            PermissionMissing: It would permit what the caller may not do.
            RoleAlreadyExists: A role has the display name.
        """
        refuse_to_give_more(caller, permissions)
        now = self._now()
        role = Role(str(new_id()), display_name, permissions, create_time=now, update_time=now)
        async with self._store.transaction(caller.tenant_id) as transaction:
            await transaction.add_role(role)
            await transaction.commit()
        return role

    async def get(self, tenant_id: UUID, role: str) -> Role:
        """Gives a role.

        Raises:
            RoleNotFound: There is none.
        """
        async with self._store.transaction(tenant_id) as transaction:
            return await self._roles.find(transaction, role)

    async def page(self, tenant_id: UUID, page_size: int, page_token: str) -> RolePage:
        """Gives a page of roles: the built-in ones all on the first page, then the organization's own.

        Raises:
            InvalidPageToken: The token is not ours.
        """
        position: PagePosition = self._pages.position(tenant_id, COLLECTION, page_size, page_token)
        async with self._store.transaction(tenant_id) as transaction:
            found = await transaction.roles(position.size + 1, position.before)
        own, token = self._pages.cut(position, found, lambda role: UUID(role.role))
        first = [] if page_token else list(self._roles.built_in.values())
        return RolePage([*first, *own], token)

    async def update(self, caller: Principal, role_id: UUID, changes: dict[str, Any]) -> Role:
        """Changes a role, and revokes the tokens of those who have it.

        Args:
            caller: Who changes it.
            role_id: The role.
            changes: New values of `display_name` and `permissions`.

        Raises:
            RoleNotFound: The organization has no such role.
            PermissionMissing: It permits, or would permit, what the caller may not do.
            RoleAlreadyExists: Another role has the display name.
        """
        values = dict(changes) | {"update_time": self._now()}
        async with self._store.transaction(caller.tenant_id) as transaction:
            known = await self._roles.find(transaction, str(role_id))
            refuse_to_give_more(caller, known.permissions)
            if "permissions" in changes:
                refuse_to_give_more(caller, changes["permissions"])
                values["permissions"] = sorted(changes["permissions"])
                holders = await transaction.users_of_role(str(role_id))
                await self._sessions.revoke_tokens([f"users/{user.user_id}" for user in holders])
            role = await transaction.update_role(role_id, values)
            await transaction.commit()
        return role

    async def delete(self, tenant_id: UUID, role_id: UUID) -> None:
        """Deletes a role that nobody has.

        Raises:
            RoleNotFound: The organization has no such role.
            RoleInUse: Somebody has it.
        """
        async with self._store.transaction(tenant_id) as transaction:
            await self._roles.find(transaction, str(role_id))
            if await transaction.is_role_in_use(str(role_id)):
                raise RoleInUse(f"{COLLECTION}/{role_id}")
            await transaction.delete_role(role_id)
            await transaction.commit()


def _id(role: str) -> UUID | None:
    try:
        return UUID(role)
    except ValueError:
        return None
