"""IdentityService: users, roles, invitations, credentials and outside issuers of an organization."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from google.protobuf import empty_pb2
from leadline.v1 import identity_pb2, identity_service_pb2_grpc
from leadline.v1 import identity_service_pb2 as messages

from server.identity.account import CredentialKind
from server.identity.credentials import KeepCredentials
from server.identity.identity_providers import KeepIdentityProviders
from server.identity.joining import Invitations
from server.identity.roles import KeepRoles
from server.identity.users import KeepOrganization, KeepUsers
from server.interceptors.method_interceptor import Context
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions import identity as convert
from server.services.conversions.times import time_from_proto

_API_KEY, _CLIENT = CredentialKind.API_KEY, CredentialKind.OAUTH_CLIENT
_ORGANIZATION = {"display_name": str, "second_factor_required": bool, "allowed_origins": list}
_USER = {"display_name": str, "role": convert.role_from_name}
_ROLE = {"display_name": str, "permissions": convert.scopes_from_proto}
_PROVIDER = {"display_name": str, "issuer": str, "client_id": str, "role": convert.role_from_name}


@dataclass(frozen=True, slots=True)
class IdentityUseCases:
    """What the service calls."""

    organization: KeepOrganization
    users: KeepUsers
    invitations: Invitations
    roles: KeepRoles
    credentials: KeepCredentials
    providers: KeepIdentityProviders
    now: Callable[[], datetime]


class IdentityService(identity_service_pb2_grpc.IdentityServiceServicer):
    """Converts each request, calls its use case, and converts the answer. The rpcs are told in the contract.

    Args:
        use_cases: What it calls.
    """

    def __init__(self, use_cases: IdentityUseCases) -> None:
        self._do = use_cases

    async def GetOrganization(
        self, request: messages.GetOrganizationRequest, context: Context
    ) -> identity_pb2.Organization:
        """Gives the caller's organization."""
        named = None if request.name == "organizations/-" else parse_name(request.name, "organizations")
        return convert.organization_to_proto(await self._do.organization.get(current_principal().tenant_id, named))

    async def UpdateOrganization(
        self, request: messages.UpdateOrganizationRequest, context: Context
    ) -> identity_pb2.Organization:
        """Changes the caller's organization."""
        changes = convert.changes_from_proto(request.organization, request.update_mask.paths, _ORGANIZATION)
        organization_id = parse_name(request.organization.name, "organizations")
        changed = await self._do.organization.update(current_principal().tenant_id, organization_id, changes)
        return convert.organization_to_proto(changed)

    async def GetUser(self, request: messages.GetUserRequest, context: Context) -> identity_pb2.User:
        """Gives one user."""
        user = await self._do.users.get(current_principal().tenant_id, parse_name(request.name, "users"))
        return convert.user_to_proto(user)

    async def ListUsers(self, request: messages.ListUsersRequest, context: Context) -> messages.ListUsersResponse:
        """Gives a page of users."""
        page = await self._do.users.page(current_principal().tenant_id, request.page_size, request.page_token)
        users = map(convert.user_to_proto, page.users)
        return messages.ListUsersResponse(users=users, next_page_token=page.next_page_token)

    async def UpdateUser(self, request: messages.UpdateUserRequest, context: Context) -> identity_pb2.User:
        """Changes a user."""
        changes = convert.changes_from_proto(request.user, request.update_mask.paths, _USER)
        user_id = parse_name(request.user.name, "users")
        return convert.user_to_proto(await self._do.users.update(current_principal(), user_id, changes))

    async def DeactivateUser(self, request: messages.DeactivateUserRequest, context: Context) -> identity_pb2.User:
        """Keeps a user out."""
        user = await self._do.users.deactivate(current_principal(), parse_name(request.name, "users"))
        return convert.user_to_proto(user)

    async def ReactivateUser(self, request: messages.ReactivateUserRequest, context: Context) -> identity_pb2.User:
        """Lets a user in again."""
        user = await self._do.users.reactivate(current_principal(), parse_name(request.name, "users"))
        return convert.user_to_proto(user)

    async def CreateInvitation(
        self, request: messages.CreateInvitationRequest, context: Context
    ) -> identity_pb2.Invitation:
        """Invites a person."""
        role = convert.role_from_name(request.invitation.role)
        invitation = await self._do.invitations.create(current_principal(), request.invitation.email, role)
        return convert.invitation_to_proto(invitation, self._do.now())

    async def ListInvitations(
        self, request: messages.ListInvitationsRequest, context: Context
    ) -> messages.ListInvitationsResponse:
        """Gives a page of invitations."""
        page = await self._do.invitations.page(current_principal().tenant_id, request.page_size, request.page_token)
        now = self._do.now()
        invitations = [convert.invitation_to_proto(invitation, now) for invitation in page.invitations]
        return messages.ListInvitationsResponse(invitations=invitations, next_page_token=page.next_page_token)

    async def RevokeInvitation(
        self, request: messages.RevokeInvitationRequest, context: Context
    ) -> identity_pb2.Invitation:
        """Takes an invitation back."""
        invitation_id = parse_name(request.name, "invitations")
        revoked = await self._do.invitations.revoke(current_principal().tenant_id, invitation_id)
        return convert.invitation_to_proto(revoked, self._do.now())

    async def CreateRole(self, request: messages.CreateRoleRequest, context: Context) -> identity_pb2.Role:
        """Makes a role."""
        permissions = convert.scopes_from_proto(request.role.permissions)
        role = await self._do.roles.create(current_principal(), request.role.display_name, permissions)
        return convert.role_to_proto(role)

    async def GetRole(self, request: messages.GetRoleRequest, context: Context) -> identity_pb2.Role:
        """Gives one role."""
        name = convert.role_from_name(request.name)
        return convert.role_to_proto(await self._do.roles.get(current_principal().tenant_id, name))

    async def ListRoles(self, request: messages.ListRolesRequest, context: Context) -> messages.ListRolesResponse:
        """Gives a page of roles."""
        page = await self._do.roles.page(current_principal().tenant_id, request.page_size, request.page_token)
        roles = map(convert.role_to_proto, page.roles)
        return messages.ListRolesResponse(roles=roles, next_page_token=page.next_page_token)

    async def UpdateRole(self, request: messages.UpdateRoleRequest, context: Context) -> identity_pb2.Role:
        """Changes a role."""
        changes = convert.changes_from_proto(request.role, request.update_mask.paths, _ROLE)
        role_id = parse_name(request.role.name, "roles")
        return convert.role_to_proto(await self._do.roles.update(current_principal(), role_id, changes))

    async def DeleteRole(self, request: messages.DeleteRoleRequest, context: Context) -> empty_pb2.Empty:
        """Deletes a role."""
        await self._do.roles.delete(current_principal().tenant_id, parse_name(request.name, "roles"))
        return empty_pb2.Empty()

    async def CreateApiKey(self, request: messages.CreateApiKeyRequest, context: Context) -> identity_pb2.ApiKey:
        """Makes an API key."""
        asked = request.api_key
        expire_time = time_from_proto(asked.expire_time) if asked.HasField("expire_time") else None
        permissions = convert.scopes_from_proto(asked.permissions)
        made = await self._do.credentials.create(
            current_principal(), _API_KEY, asked.display_name, permissions, expire_time
        )
        return convert.api_key_to_proto(made.credential, self._do.now(), made.secret)

    async def ListApiKeys(self, request: messages.ListApiKeysRequest, context: Context) -> messages.ListApiKeysResponse:
        """Gives a page of API keys."""
        tenant_id, now = current_principal().tenant_id, self._do.now()
        page = await self._do.credentials.page(tenant_id, _API_KEY, request.page_size, request.page_token)
        keys = [convert.api_key_to_proto(credential, now) for credential in page.credentials]
        return messages.ListApiKeysResponse(api_keys=keys, next_page_token=page.next_page_token)

    async def RotateApiKey(self, request: messages.RotateApiKeyRequest, context: Context) -> identity_pb2.ApiKey:
        """Replaces an API key's secret."""
        key_id, overlap = parse_name(request.name, "apiKeys"), request.overlap.ToTimedelta()
        made = await self._do.credentials.rotate(current_principal(), _API_KEY, key_id, overlap)
        return convert.api_key_to_proto(made.credential, self._do.now(), made.secret)

    async def RevokeApiKey(self, request: messages.RevokeApiKeyRequest, context: Context) -> identity_pb2.ApiKey:
        """Ends an API key."""
        key_id = parse_name(request.name, "apiKeys")
        revoked = await self._do.credentials.revoke(current_principal().tenant_id, _API_KEY, key_id)
        return convert.api_key_to_proto(revoked, self._do.now())

    async def CreateOauthClient(
        self, request: messages.CreateOauthClientRequest, context: Context
    ) -> identity_pb2.OauthClient:
        """Makes an OAuth 2.0 client."""
        principal, asked = current_principal(), request.oauth_client
        permissions = convert.scopes_from_proto(asked.permissions)
        made = await self._do.credentials.create(principal, _CLIENT, asked.display_name, permissions)
        return convert.oauth_client_to_proto(made.credential, principal.tenant_id, self._do.now(), made.secret)

    async def ListOauthClients(
        self, request: messages.ListOauthClientsRequest, context: Context
    ) -> messages.ListOauthClientsResponse:
        """Gives a page of OAuth 2.0 clients."""
        tenant_id, now = current_principal().tenant_id, self._do.now()
        page = await self._do.credentials.page(tenant_id, _CLIENT, request.page_size, request.page_token)
        clients = [convert.oauth_client_to_proto(credential, tenant_id, now) for credential in page.credentials]
        return messages.ListOauthClientsResponse(oauth_clients=clients, next_page_token=page.next_page_token)

    async def RotateOauthClient(
        self, request: messages.RotateOauthClientRequest, context: Context
    ) -> identity_pb2.OauthClient:
        """Replaces a client's secret."""
        principal, client_id = current_principal(), parse_name(request.name, "oauthClients")
        made = await self._do.credentials.rotate(principal, _CLIENT, client_id, request.overlap.ToTimedelta())
        return convert.oauth_client_to_proto(made.credential, principal.tenant_id, self._do.now(), made.secret)

    async def RevokeOauthClient(
        self, request: messages.RevokeOauthClientRequest, context: Context
    ) -> identity_pb2.OauthClient:
        """Ends a client."""
        tenant_id, client_id = current_principal().tenant_id, parse_name(request.name, "oauthClients")
        revoked = await self._do.credentials.revoke(tenant_id, _CLIENT, client_id)
        return convert.oauth_client_to_proto(revoked, tenant_id, self._do.now())

    async def CreateIdentityProvider(
        self, request: messages.CreateIdentityProviderRequest, context: Context
    ) -> identity_pb2.IdentityProvider:
        """Trusts an issuer."""
        values = convert.changes_from_proto(request.identity_provider, list(_PROVIDER), _PROVIDER)
        return convert.identity_provider_to_proto(await self._do.providers.create(current_principal(), values))

    async def ListIdentityProviders(
        self, request: messages.ListIdentityProvidersRequest, context: Context
    ) -> messages.ListIdentityProvidersResponse:
        """Gives a page of issuers."""
        page = await self._do.providers.page(current_principal().tenant_id, request.page_size, request.page_token)
        providers = map(convert.identity_provider_to_proto, page.providers)
        return messages.ListIdentityProvidersResponse(
            identity_providers=providers, next_page_token=page.next_page_token
        )

    async def UpdateIdentityProvider(
        self, request: messages.UpdateIdentityProviderRequest, context: Context
    ) -> identity_pb2.IdentityProvider:
        """Changes an issuer."""
        changes = convert.changes_from_proto(request.identity_provider, request.update_mask.paths, _PROVIDER)
        provider_id = parse_name(request.identity_provider.name, "identityProviders")
        changed = await self._do.providers.update(current_principal(), provider_id, changes)
        return convert.identity_provider_to_proto(changed)

    async def DeleteIdentityProvider(
        self, request: messages.DeleteIdentityProviderRequest, context: Context
    ) -> empty_pb2.Empty:
        """Trusts an issuer no more."""
        provider_id = parse_name(request.name, "identityProviders")
        await self._do.providers.delete(current_principal().tenant_id, provider_id)
        return empty_pb2.Empty()
