"""Identity's resources as the contract has them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from leadline.v1 import authentication_service_pb2, identity_pb2, permission_pb2

from server.identity.account import (
    Credential,
    IdentityProvider,
    Invitation,
    Organization,
    Role,
    User,
)
from server.identity.credentials import client_id_of
from server.identity.ports import Session
from server.identity.sessions import IssuedTokens
from server.identity.signing_keys import AccessToken
from server.runtime.errors import InvalidFieldMask
from server.runtime.identifiers import format_name
from server.services.conversions.times import time_to_proto

SCOPES: dict[int, str] = {
    value.number: value.GetOptions().Extensions[permission_pb2.scope]
    for value in permission_pb2.Permission.DESCRIPTOR.values
    if value.number
}
_NUMBERS = {scope: number for number, scope in SCOPES.items()}


def scopes_from_proto(permissions: Iterable[int]) -> frozenset[str]:
    """Reads permissions."""
    return frozenset(SCOPES[permission] for permission in permissions)


def permissions_to_proto(scopes: Iterable[str]) -> list[Any]:
    """Writes permissions, in the contract's order; scopes that it does not know any more are left out."""
    return sorted(_NUMBERS[scope] for scope in scopes if scope in _NUMBERS)


def organization_to_proto(organization: Organization) -> identity_pb2.Organization:
    """Writes an organization."""
    return identity_pb2.Organization(
        name=format_name("organizations", organization.organization_id),
        display_name=organization.display_name,
        plan=organization.plan,
        second_factor_required=organization.second_factor_required,
        allowed_origins=organization.allowed_origins,
        create_time=_time(organization.create_time),
    )


def user_to_proto(user: User) -> identity_pb2.User:
    """Writes a user, without what is secret."""
    return identity_pb2.User(
        name=format_name("users", user.user_id),
        email=user.email,
        display_name=user.display_name,
        role=f"roles/{user.role}",
        state=user.state.value,  # type: ignore[arg-type]
        email_verified=user.email_verified,
        second_factor_enabled=user.second_factor_enabled,
        last_log_in_time=_time(user.last_log_in_time),
        create_time=_time(user.create_time),
        update_time=_time(user.update_time),
    )


def role_to_proto(role: Role) -> identity_pb2.Role:
    """Writes a role."""
    return identity_pb2.Role(
        name=f"roles/{role.role}",
        display_name=role.display_name,
        permissions=permissions_to_proto(role.permissions),
        built_in=role.built_in,
        create_time=_time(role.create_time),
        update_time=_time(role.update_time),
    )


def invitation_to_proto(invitation: Invitation, now: datetime) -> identity_pb2.Invitation:
    """Writes an invitation as it stands at a time."""
    return identity_pb2.Invitation(
        name=format_name("invitations", invitation.invitation_id),
        email=invitation.email,
        role=f"roles/{invitation.role}",
        state=invitation.state_at(now).value,  # type: ignore[arg-type]
        inviter=invitation.inviter,
        create_time=_time(invitation.create_time),
        expire_time=_time(invitation.expire_time),
    )


def api_key_to_proto(credential: Credential, now: datetime, secret: str = "") -> identity_pb2.ApiKey:
    """Writes an API key as it stands at a time, with its secret where it was just made."""
    return identity_pb2.ApiKey(
        name=format_name("apiKeys", credential.credential_id),
        display_name=credential.display_name,
        permissions=permissions_to_proto(credential.permissions),
        expire_time=_time(credential.expire_time),
        state=credential.state_at(now).value,  # type: ignore[arg-type]
        prefix=credential.prefix,
        secret=secret,
        creator=credential.creator,
        create_time=_time(credential.create_time),
        rotate_time=_time(credential.rotate_time),
        last_used_time=_time(credential.last_used_time),
    )


def oauth_client_to_proto(
    credential: Credential, tenant_id: UUID, now: datetime, secret: str = ""
) -> identity_pb2.OauthClient:
    """Writes an OAuth 2.0 client as it stands at a time, with its secret where it was just made."""
    return identity_pb2.OauthClient(
        name=format_name("oauthClients", credential.credential_id),
        display_name=credential.display_name,
        permissions=permissions_to_proto(credential.permissions),
        state=credential.state_at(now).value,  # type: ignore[arg-type]
        client_id=client_id_of(tenant_id, credential.credential_id),
        client_secret=secret,
        creator=credential.creator,
        create_time=_time(credential.create_time),
        rotate_time=_time(credential.rotate_time),
        last_used_time=_time(credential.last_used_time),
    )


def identity_provider_to_proto(provider: IdentityProvider) -> identity_pb2.IdentityProvider:
    """Writes an issuer."""
    return identity_pb2.IdentityProvider(
        name=format_name("identityProviders", provider.provider_id),
        display_name=provider.display_name,
        issuer=provider.issuer,
        client_id=provider.client_id,
        role=f"roles/{provider.role}" if provider.role else "",
        create_time=_time(provider.create_time),
        update_time=_time(provider.update_time),
    )


def session_to_proto(session: Session, current: UUID | None) -> identity_pb2.Session:
    """Writes a session."""
    return identity_pb2.Session(
        name=format_name("sessions", session.session_id),
        user_agent=session.user_agent,
        address=session.address,
        current=session.session_id == current,
        create_time=_time(session.create_time),
        last_refresh_time=_time(session.last_refresh_time),
        expire_time=_time(session.expire_time),
    )


def tokens_to_proto(issued: IssuedTokens) -> authentication_service_pb2.TokenSet:
    """Writes what a log-in gives."""
    return authentication_service_pb2.TokenSet(
        access_token=issued.access.text,
        access_token_expire_time=_time(issued.access.expire_time),
        refresh_token=issued.refresh_token,
        refresh_token_expire_time=_time(issued.session.expire_time),
        session=format_name("sessions", issued.session.session_id),
        user=user_to_proto(issued.user),
        organization=organization_to_proto(issued.organization),
        permissions=permissions_to_proto(issued.permissions),
    )


def access_token_to_proto(access: AccessToken) -> authentication_service_pb2.ExchangeApiKeyResponse:
    """Writes a program's token."""
    return authentication_service_pb2.ExchangeApiKeyResponse(
        access_token=access.text, access_token_expire_time=_time(access.expire_time)
    )


def role_from_name(name: str) -> str:
    """Reads a role's resource name; the contract has checked its form."""
    return name.removeprefix("roles/")


def changes_from_proto(message: Message, paths: Sequence[str], readers: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the changes that a request asks for.

    Args:
        message: The resource with new values.
        paths: The fields to change; empty means all that are set.
        readers: How each field that can be changed is read.

    Raises:
        InvalidFieldMask: A path names a field that can't be changed.
    """
    set_fields = {field.name for field, _ in message.ListFields()}
    chosen = paths or [name for name in readers if name in set_fields]
    for path in chosen:
        if path not in readers:
            raise InvalidFieldMask(path)
    return {path: readers[path](getattr(message, path)) for path in chosen}


def _time(time: datetime | None) -> Timestamp | None:
    return None if time is None else time_to_proto(time)
