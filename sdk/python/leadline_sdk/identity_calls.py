# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about log-in, users and API keys, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import datetime

from leadline.v1.authentication_service_pb2 import (
    LogInRequest,
    LogInResponse,
    LogOutRequest,
    RefreshTokenRequest,
    TokenSet,
    VerifySecondFactorRequest,
)
from leadline.v1.identity_pb2 import ApiKey, User
from leadline.v1.identity_service_pb2 import (
    CreateApiKeyRequest,
    ListApiKeysRequest,
    ListUsersRequest,
    RevokeApiKeyRequest,
)
from leadline.v1.identity_service_pb2_grpc import IdentityServiceStub
from leadline.v1.permission_pb2 import Permission

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection
from leadline_sdk.values import to_timestamp


def _create_api_key_request(
    display_name: str,
    permissions: Collection[Permission.ValueType],
    expire_time: datetime | None,
    idempotency_key: str | None,
) -> CreateApiKeyRequest:
    return CreateApiKeyRequest(
        api_key=ApiKey(
            display_name=display_name,
            permissions=permissions,
            expire_time=to_timestamp(expire_time) if expire_time is not None else None,
        ),
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


class IdentityCalls(Caller):
    """What `Client` does with log-in, users and API keys; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._identity = IdentityServiceStub(self._channel)

    def log_in(
        self, email: str, password: str, *, organization: str = "", timeout: float | None = None
    ) -> LogInResponse:
        """Log a user in by a password. No token is needed or sent, and the client keeps none of the answer.

        Args:
            email: the user's e-mail address.
            password: the password.
            organization: `organizations/{organization}`, needed only if the same address and password have accounts
                in several.
            timeout: see the class.

        Returns:
            Either `tokens`, or `second_factor_required` with a challenge for `verify_second_factor`.

        Raises:
            Unauthenticated: address or password are wrong.
            ResourceExhausted: too many log-ins failed; `retry_after` says how long to wait.
            FailedPrecondition: the organization must be named.
        """
        request = LogInRequest(email=email, password=password, organization=organization)
        return self._call_publicly(self._authentication.LogIn, request, timeout)

    def verify_second_factor(self, challenge: str, code: str, *, timeout: float | None = None) -> TokenSet:
        """End a log-in that asked for a second factor, by an authenticator app's code or a recovery code.

        Raises:
            Unauthenticated: the code is wrong, or the challenge's time is over.
            ResourceExhausted: too many log-ins failed; `retry_after` says how long to wait.
        """
        request = VerifySecondFactorRequest(challenge=challenge, code=code)
        return self._call_publicly(self._authentication.VerifySecondFactor, request, timeout)

    def refresh_token(self, refresh_token: str, *, timeout: float | None = None) -> TokenSet:
        """Give new tokens for a refresh token, which is used up by it.

        Raises:
            Unauthenticated: the token is used up or unknown, or its session has ended.
        """
        request = RefreshTokenRequest(refresh_token=refresh_token)
        return self._call_publicly(self._authentication.RefreshToken, request, timeout)

    def log_out(self, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """End the session of this client's token; it is refused within seconds."""
        request = LogOutRequest(idempotency_key=idempotency_key or new_idempotency_key())
        self._call(self._authentication.LogOut, request, timeout)

    def list_users(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[User]:
        """Go through the users of the organization, the newest first."""
        for page in self._pages(self._identity.ListUsers, ListUsersRequest(page_size=page_size), timeout):
            yield from page.users

    def create_api_key(
        self,
        display_name: str,
        permissions: Collection[Permission.ValueType],
        *,
        expire_time: datetime | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ApiKey:
        """Make an API key. Its `secret` is in this answer alone.

        Args:
            display_name: what the key is for.
            permissions: what its bearer may do; none that the caller lacks.
            expire_time: until when it may be used; None for no end.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            PermissionDenied: the caller lacks one of the permissions.
        """
        request = _create_api_key_request(display_name, permissions, expire_time, idempotency_key)
        return self._call(self._identity.CreateApiKey, request, timeout)

    def list_api_keys(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[ApiKey]:
        """Go through the API keys of the organization, the newest first, without their secrets."""
        for page in self._pages(self._identity.ListApiKeys, ListApiKeysRequest(page_size=page_size), timeout):
            yield from page.api_keys

    def revoke_api_key(self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> ApiKey:
        """End an API key; the tokens that were got by it are refused within seconds.

        Raises:
            NotFound: there is no such API key.
        """
        request = RevokeApiKeyRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return self._call(self._identity.RevokeApiKey, request, timeout)


class AsyncIdentityCalls(AsyncCaller):
    """What `AsyncClient` does with log-in, users and API keys: the methods of `IdentityCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._identity = IdentityServiceStub(self._channel)

    async def log_in(
        self, email: str, password: str, *, organization: str = "", timeout: float | None = None
    ) -> LogInResponse:
        """Log a user in by a password; see `Client.log_in`."""
        request = LogInRequest(email=email, password=password, organization=organization)
        return await self._call_publicly(self._authentication.LogIn, request, timeout)

    async def verify_second_factor(self, challenge: str, code: str, *, timeout: float | None = None) -> TokenSet:
        """End a log-in that asked for a second factor; see `Client.verify_second_factor`."""
        request = VerifySecondFactorRequest(challenge=challenge, code=code)
        return await self._call_publicly(self._authentication.VerifySecondFactor, request, timeout)

    async def refresh_token(self, refresh_token: str, *, timeout: float | None = None) -> TokenSet:
        """Give new tokens for a refresh token; see `Client.refresh_token`."""
        request = RefreshTokenRequest(refresh_token=refresh_token)
        return await self._call_publicly(self._authentication.RefreshToken, request, timeout)

    async def log_out(self, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """End the session of this client's token; it is refused within seconds."""
        request = LogOutRequest(idempotency_key=idempotency_key or new_idempotency_key())
        await self._call(self._authentication.LogOut, request, timeout)

    async def list_users(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[User]:
        """Go through the users of the organization, the newest first."""
        async for page in self._pages(self._identity.ListUsers, ListUsersRequest(page_size=page_size), timeout):
            for user in page.users:
                yield user

    async def create_api_key(
        self,
        display_name: str,
        permissions: Collection[Permission.ValueType],
        *,
        expire_time: datetime | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> ApiKey:
        """Make an API key; see `Client.create_api_key`."""
        request = _create_api_key_request(display_name, permissions, expire_time, idempotency_key)
        return await self._call(self._identity.CreateApiKey, request, timeout)

    async def list_api_keys(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[ApiKey]:
        """Go through the API keys of the organization, the newest first, without their secrets."""
        async for page in self._pages(self._identity.ListApiKeys, ListApiKeysRequest(page_size=page_size), timeout):
            for api_key in page.api_keys:
                yield api_key

    async def revoke_api_key(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> ApiKey:
        """End an API key; see `Client.revoke_api_key`."""
        request = RevokeApiKeyRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
        return await self._call(self._identity.RevokeApiKey, request, timeout)
