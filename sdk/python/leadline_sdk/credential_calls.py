# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about what programs and other issuers log in by, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1.identity_pb2 import ApiKey, IdentityProvider, OauthClient
from leadline.v1.identity_service_pb2 import (
    CreateIdentityProviderRequest,
    CreateOauthClientRequest,
    DeleteIdentityProviderRequest,
    ListIdentityProvidersRequest,
    ListOauthClientsRequest,
    RevokeOauthClientRequest,
    RotateApiKeyRequest,
    RotateOauthClientRequest,
    UpdateIdentityProviderRequest,
)
from leadline.v1.identity_service_pb2_grpc import IdentityServiceStub
from leadline.v1.permission_pb2 import Permission

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection
from leadline_sdk.values import to_duration


class CredentialCalls(Caller):
    """What `Client` does with OAuth clients and issuers; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._identity = IdentityServiceStub(self._channel)

    def rotate_api_key(
        self,
        name: str,
        *,
        overlap: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ApiKey:
        """Give an API key a new secret, which is in this answer alone.

        Args:
            name: its resource name.
            overlap: how long the old secret is good beside the new one; None for the service's choice.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such API key.
            PermissionDenied: the caller lacks one of its permissions.
        """
        request = RotateApiKeyRequest(
            name=name, overlap=to_duration(overlap), idempotency_key=idempotency_key or new_idempotency_key()
        )
        return self._call(self._identity.RotateApiKey, request, timeout)

    def create_oauth_client(
        self,
        display_name: str,
        permissions: Collection[Permission.ValueType],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> OauthClient:
        """Make an OAuth 2.0 client. Its `client_secret` is in this answer alone.

        Args:
            display_name: what the client is for.
            permissions: what it may do; none that the caller lacks.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            PermissionDenied: the caller lacks one of the permissions.
        """
        request = CreateOauthClientRequest(
            oauth_client=OauthClient(display_name=display_name, permissions=permissions),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return self._call(self._identity.CreateOauthClient, request, timeout)

    def list_oauth_clients(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[OauthClient]:
        """Go through the OAuth clients, the newest first, without their secrets."""
        for page in self._pages(self._identity.ListOauthClients, ListOauthClientsRequest(page_size=page_size), timeout):
            yield from page.oauth_clients

    def rotate_oauth_client(
        self,
        name: str,
        *,
        overlap: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> OauthClient:
        """Give an OAuth client a new secret, which is in this answer alone.

        Args:
            name: its resource name.
            overlap: how long the old secret is good beside the new one; None for the service's choice.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such OAuth client.
            PermissionDenied: the caller lacks one of its permissions.
        """
        request = RotateOauthClientRequest(
            name=name, overlap=to_duration(overlap), idempotency_key=idempotency_key or new_idempotency_key()
        )
        return self._call(self._identity.RotateOauthClient, request, timeout)

    def revoke_oauth_client(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> OauthClient:
        """End an OAuth client. Its tokens are refused within seconds.

        Raises:
            NotFound: there is no such OAuth client.
        """
        request = RevokeOauthClientRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._identity.RevokeOauthClient, request, timeout)

    def create_identity_provider(
        self, identity_provider: IdentityProvider, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> IdentityProvider:
        """Let users log in by an OpenID Connect issuer's word.

        Args:
            identity_provider: the issuer's address, the client id there, and the role of those who come by it.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such role.
            PermissionDenied: the role can do what the caller can't.
        """
        request = CreateIdentityProviderRequest(
            identity_provider=identity_provider, idempotency_key=idempotency_key or new_idempotency_key()
        )
        return self._call(self._identity.CreateIdentityProvider, request, timeout)

    def list_identity_providers(
        self, *, page_size: int = 0, timeout: float | None = None
    ) -> Iterator[IdentityProvider]:
        """Go through the issuers by whose word users log in."""
        for page in self._pages(
            self._identity.ListIdentityProviders, ListIdentityProvidersRequest(page_size=page_size), timeout
        ):
            yield from page.identity_providers

    def update_identity_provider(
        self,
        identity_provider: IdentityProvider,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> IdentityProvider:
        """Change an issuer.

        Args:
            identity_provider: with its `name` and what it shall be.
            paths: the fields to change; None for those that are set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such issuer.
        """
        request = UpdateIdentityProviderRequest(
            identity_provider=identity_provider,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return self._call(self._identity.UpdateIdentityProvider, request, timeout)

    def delete_identity_provider(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Let nobody log in by an issuer's word any more.

        Raises:
            NotFound: there is no such issuer.
        """
        request = DeleteIdentityProviderRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        self._call(self._identity.DeleteIdentityProvider, request, timeout)


class AsyncCredentialCalls(AsyncCaller):
    """What `AsyncClient` does with OAuth clients and issuers: the methods of `CredentialCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._identity = IdentityServiceStub(self._channel)

    async def rotate_api_key(
        self,
        name: str,
        *,
        overlap: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ApiKey:
        """Give an API key a new secret, which is in this answer alone; see `Client.rotate_api_key`."""
        request = RotateApiKeyRequest(
            name=name, overlap=to_duration(overlap), idempotency_key=idempotency_key or new_idempotency_key()
        )
        return await self._call(self._identity.RotateApiKey, request, timeout)

    async def create_oauth_client(
        self,
        display_name: str,
        permissions: Collection[Permission.ValueType],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> OauthClient:
        """Make an OAuth 2.0 client. Its `client_secret` is in this answer alone; see `Client.create_oauth_client`."""
        request = CreateOauthClientRequest(
            oauth_client=OauthClient(display_name=display_name, permissions=permissions),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return await self._call(self._identity.CreateOauthClient, request, timeout)

    async def list_oauth_clients(
        self, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[OauthClient]:
        """Go through the OAuth clients, the newest first, without their secrets."""
        async for page in self._pages(
            self._identity.ListOauthClients, ListOauthClientsRequest(page_size=page_size), timeout
        ):
            for found in page.oauth_clients:
                yield found

    async def rotate_oauth_client(
        self,
        name: str,
        *,
        overlap: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> OauthClient:
        """Give an OAuth client a new secret, which is in this answer alone; see `Client.rotate_oauth_client`."""
        request = RotateOauthClientRequest(
            name=name, overlap=to_duration(overlap), idempotency_key=idempotency_key or new_idempotency_key()
        )
        return await self._call(self._identity.RotateOauthClient, request, timeout)

    async def revoke_oauth_client(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> OauthClient:
        """End an OAuth client. Its tokens are refused within seconds; see `Client.revoke_oauth_client`."""
        request = RevokeOauthClientRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._identity.RevokeOauthClient, request, timeout)

    async def create_identity_provider(
        self, identity_provider: IdentityProvider, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> IdentityProvider:
        """Let users log in by an OpenID Connect issuer's word; see `Client.create_identity_provider`."""
        request = CreateIdentityProviderRequest(
            identity_provider=identity_provider, idempotency_key=idempotency_key or new_idempotency_key()
        )
        return await self._call(self._identity.CreateIdentityProvider, request, timeout)

    async def list_identity_providers(
        self, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[IdentityProvider]:
        """Go through the issuers by whose word users log in."""
        async for page in self._pages(
            self._identity.ListIdentityProviders, ListIdentityProvidersRequest(page_size=page_size), timeout
        ):
            for found in page.identity_providers:
                yield found

    async def update_identity_provider(
        self,
        identity_provider: IdentityProvider,
        *,
        paths: Collection[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> IdentityProvider:
        """Change an issuer; see `Client.update_identity_provider`."""
        request = UpdateIdentityProviderRequest(
            identity_provider=identity_provider,
            update_mask=None if paths is None else FieldMask(paths=paths),
            idempotency_key=idempotency_key or new_idempotency_key(),
        )
        return await self._call(self._identity.UpdateIdentityProvider, request, timeout)

    async def delete_identity_provider(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Let nobody log in by an issuer's word any more; see `Client.delete_identity_provider`."""
        request = DeleteIdentityProviderRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        await self._call(self._identity.DeleteIdentityProvider, request, timeout)
