# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about an organization, of both clients: its users, invitations and roles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator

from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1.identity_pb2 import Invitation, Organization, Role, User
from leadline.v1.identity_service_pb2 import (
    CreateInvitationRequest,
    CreateRoleRequest,
    DeactivateUserRequest,
    DeleteRoleRequest,
    GetOrganizationRequest,
    GetRoleRequest,
    GetUserRequest,
    ListInvitationsRequest,
    ListRolesRequest,
    ReactivateUserRequest,
    RevokeInvitationRequest,
    UpdateOrganizationRequest,
    UpdateRoleRequest,
    UpdateUserRequest,
)
from leadline.v1.identity_service_pb2_grpc import IdentityServiceStub
from leadline.v1.permission_pb2 import Permission

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection

OWN_ORGANIZATION = "organizations/-"
"""The resource name under which each caller finds the own organization."""


class OrganizationCalls(Caller):
    """What `Client` does with the organization, its users and its roles; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._identity = IdentityServiceStub(self._channel)

    def get_organization(self, *, timeout: float | None = None) -> Organization:
        """Give the caller's organization."""
        request = GetOrganizationRequest(name=OWN_ORGANIZATION)
        return self._call(self._identity.GetOrganization, request, timeout)

    def update_organization(
        self,
        organization: Organization,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Organization:
        """Change the organization.

        Args:
            organization: with its `name` and what it shall be.
            paths: the fields to change; None for those that are set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            InvalidRequest: a path is no field that can be changed.
        """
        request = UpdateOrganizationRequest(
            organization=organization,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return self._call(self._identity.UpdateOrganization, request, timeout)

    def get_user(self, name: str, *, timeout: float | None = None) -> User:
        """Give a user of the organization.

        Raises:
            NotFound: there is no such user.
        """
        request = GetUserRequest(name=name)
        return self._call(self._identity.GetUser, request, timeout)

    def update_user(
        self,
        user: User,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> User:
        """Change a user: the name, or the role.

        Args:
            user: with its `name` and what it shall be.
            paths: the fields to change; None for those that are set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such user.
            PermissionDenied: the role can do what the caller can't.
            FailedPrecondition: it is the last owner.
        """
        request = UpdateUserRequest(
            user=user,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return self._call(self._identity.UpdateUser, request, timeout)

    def deactivate_user(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> User:
        """Keep a user from logging in, and end the sessions.

        Raises:
            NotFound: there is no such user.
            FailedPrecondition: it is the last owner.
        """
        request = DeactivateUserRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._identity.DeactivateUser, request, timeout)

    def reactivate_user(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> User:
        """Let a user log in again.

        Raises:
            NotFound: there is no such user.
        """
        request = ReactivateUserRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._identity.ReactivateUser, request, timeout)

    def create_invitation(
        self, email: str, role: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Invitation:
        """Invite somebody by a message.

        Args:
            email: the address.
            role: what the user may do, `roles/{role}`, such as `roles/sales`.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such role.
            PermissionDenied: the role can do what the caller can't.
            AlreadyExists: the address has a user in the organization.
            FailedPrecondition: the caller's own address is not verified yet.
        """
        request = CreateInvitationRequest(
            invitation=Invitation(email=email, role=role), idempotency_key=idempotency_key or new_idempotency_key()
        )
        return self._call(self._identity.CreateInvitation, request, timeout)

    def list_invitations(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Invitation]:
        """Go through the invitations, the newest first."""
        for page in self._pages(self._identity.ListInvitations, ListInvitationsRequest(page_size=page_size), timeout):
            yield from page.invitations

    def revoke_invitation(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Invitation:
        """Take an invitation back.

        Raises:
            NotFound: there is no such invitation.
            FailedPrecondition: it was accepted already.
        """
        request = RevokeInvitationRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._identity.RevokeInvitation, request, timeout)

    def create_role(
        self,
        display_name: str,
        permissions: Collection[Permission.ValueType],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Role:
        """Make a role of the organization's own.

        Args:
            display_name: how it is called.
            permissions: what its users may do; none that the caller lacks.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            PermissionDenied: the caller lacks one of the permissions.
            AlreadyExists: there is a role of this name.
        """
        request = CreateRoleRequest(
            role=Role(display_name=display_name, permissions=permissions),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return self._call(self._identity.CreateRole, request, timeout)

    def get_role(self, name: str, *, timeout: float | None = None) -> Role:
        """Give a role with its permissions.

        Raises:
            NotFound: there is no such role.
        """
        request = GetRoleRequest(name=name)
        return self._call(self._identity.GetRole, request, timeout)

    def list_roles(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Role]:
        """Go through the roles: those that are built in and those of the organization's own."""
        for page in self._pages(self._identity.ListRoles, ListRolesRequest(page_size=page_size), timeout):
            yield from page.roles

    def update_role(
        self,
        role: Role,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Role:
        """Change a role of the organization's own.

        Args:
            role: with its `name` and what it shall be.
            paths: the fields to change; None for those that are set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such role.
            PermissionDenied: the caller lacks one of the permissions.
            AlreadyExists: another role has the name.
        """
        request = UpdateRoleRequest(
            role=role,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return self._call(self._identity.UpdateRole, request, timeout)

    def delete_role(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """Delete a role of the organization's own.

        Raises:
            NotFound: there is no such role of the organization's own.
            FailedPrecondition: users have it.
        """
        request = DeleteRoleRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        self._call(self._identity.DeleteRole, request, timeout)


class AsyncOrganizationCalls(AsyncCaller):
    """What `AsyncClient` does with the organization: the methods of `OrganizationCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._identity = IdentityServiceStub(self._channel)

    async def get_organization(self, *, timeout: float | None = None) -> Organization:
        """Give the caller's organization."""
        request = GetOrganizationRequest(name=OWN_ORGANIZATION)
        return await self._call(self._identity.GetOrganization, request, timeout)

    async def update_organization(
        self,
        organization: Organization,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Organization:
        """Change the organization; see `Client.update_organization`."""
        request = UpdateOrganizationRequest(
            organization=organization,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return await self._call(self._identity.UpdateOrganization, request, timeout)

    async def get_user(self, name: str, *, timeout: float | None = None) -> User:
        """Give a user of the organization; see `Client.get_user`."""
        request = GetUserRequest(name=name)
        return await self._call(self._identity.GetUser, request, timeout)

    async def update_user(
        self,
        user: User,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> User:
        """Change a user: the name, or the role; see `Client.update_user`."""
        request = UpdateUserRequest(
            user=user,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return await self._call(self._identity.UpdateUser, request, timeout)

    async def deactivate_user(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> User:
        """Keep a user from logging in, and end the sessions; see `Client.deactivate_user`."""
        request = DeactivateUserRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._identity.DeactivateUser, request, timeout)

    async def reactivate_user(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> User:
        """Let a user log in again; see `Client.reactivate_user`."""
        request = ReactivateUserRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._identity.ReactivateUser, request, timeout)

    async def create_invitation(
        self, email: str, role: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Invitation:
        """Invite somebody by a message; see `Client.create_invitation`."""
        request = CreateInvitationRequest(
            invitation=Invitation(email=email, role=role), idempotency_key=idempotency_key or new_idempotency_key()
        )
        return await self._call(self._identity.CreateInvitation, request, timeout)

    async def list_invitations(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[Invitation]:
        """Go through the invitations, the newest first."""
        async for page in self._pages(
            self._identity.ListInvitations, ListInvitationsRequest(page_size=page_size), timeout
        ):
            for found in page.invitations:
                yield found

    async def revoke_invitation(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Invitation:
        """Take an invitation back; see `Client.revoke_invitation`."""
        request = RevokeInvitationRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._identity.RevokeInvitation, request, timeout)

    async def create_role(
        self,
        display_name: str,
        permissions: Collection[Permission.ValueType],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Role:
        """Make a role of the organization's own; see `Client.create_role`."""
        request = CreateRoleRequest(
            role=Role(display_name=display_name, permissions=permissions),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return await self._call(self._identity.CreateRole, request, timeout)

    async def get_role(self, name: str, *, timeout: float | None = None) -> Role:
        """Give a role with its permissions; see `Client.get_role`."""
        request = GetRoleRequest(name=name)
        return await self._call(self._identity.GetRole, request, timeout)

    async def list_roles(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[Role]:
        """Go through the roles: those that are built in and those of the organization's own."""
        async for page in self._pages(self._identity.ListRoles, ListRolesRequest(page_size=page_size), timeout):
            for found in page.roles:
                yield found

    async def update_role(
        self,
        role: Role,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Role:
        """Change a role of the organization's own; see `Client.update_role`."""
        request = UpdateRoleRequest(
            role=role,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return await self._call(self._identity.UpdateRole, request, timeout)

    async def delete_role(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """Delete a role of the organization's own; see `Client.delete_role`."""
        request = DeleteRoleRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        await self._call(self._identity.DeleteRole, request, timeout)
