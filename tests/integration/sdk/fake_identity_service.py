"""The log-in and the API keys of a small Leadline: tokens are counted, and may be let run out or be refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from leadline.v1 import authentication_service_pb2 as authentication
from leadline.v1 import (
    authentication_service_pb2_grpc,
    identity_service_pb2_grpc,
)
from leadline.v1 import identity_service_pb2 as identity
from leadline.v1.identity_pb2 import CREDENTIAL_STATE_ACTIVE, CREDENTIAL_STATE_REVOKED, ApiKey, Organization, User

EMAIL = "noor@example.com"
PASSWORD = "brisk otter folds nine maps"  # noqa: S105 - of the tests
CODE = "314159"
FIRST_KEY = "leadline_key_first"


def refusal(reason: str) -> Any:
    """Give the status of credentials that are refused, as gRPC sends it."""
    status = status_pb2.Status(code=grpc.StatusCode.UNAUTHENTICATED.value[0], message="refused")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="leadline.dev"))
    return rpc_status.to_status(status)


class FakeAuthenticationService(authentication_service_pb2_grpc.AuthenticationServiceServicer):
    """Exchanges keys, logs one user in and refreshes.

    Attributes:
        keys: the secrets that are taken.
        exchange_metadata: the metadata of each exchange.
        lifetime: how long an access token is good.
        second_factor: whether log-in asks for one.
        failures: how many of the next exchanges and log-ins fail as if Leadline were restarting.
        refresh_tokens: those that are not used up.
        logged_out: the metadata of each log-out.
    """

    def __init__(self) -> None:
        self.keys = {FIRST_KEY}
        self.exchange_metadata: list[dict[str, Any]] = []
        self.lifetime = timedelta(minutes=10)
        self.second_factor = False
        self.failures = 0
        self.refresh_tokens: set[str] = set()
        self.logged_out: list[dict[str, Any]] = []
        self._token_count = 0

    async def ExchangeApiKey(
        self, request: authentication.ExchangeApiKeyRequest, context: Any
    ) -> authentication.ExchangeApiKeyResponse:
        self.exchange_metadata.append(dict(context.invocation_metadata()))
        await self._fail_if_told(context)
        if request.api_key not in self.keys:
            await context.abort_with_status(refusal("API_KEY_REFUSED"))
        await asyncio.sleep(0.05)  # long enough that calls at the same time would exchange the key too
        return authentication.ExchangeApiKeyResponse(
            access_token=f"access-{len(self.exchange_metadata)}", access_token_expire_time=self._end()
        )

    async def LogIn(self, request: authentication.LogInRequest, context: Any) -> authentication.LogInResponse:
        await self._fail_if_told(context)
        if (request.email, request.password) != (EMAIL, PASSWORD):
            await context.abort_with_status(refusal("CREDENTIALS_REFUSED"))
        if self.second_factor:
            return authentication.LogInResponse(
                second_factor_required=authentication.SecondFactorChallenge(challenge="challenge")
            )
        return authentication.LogInResponse(tokens=self._tokens())

    async def VerifySecondFactor(
        self, request: authentication.VerifySecondFactorRequest, context: Any
    ) -> authentication.TokenSet:
        if (request.challenge, request.code) != ("challenge", CODE):
            await context.abort_with_status(refusal("SECOND_FACTOR_REFUSED"))
        return self._tokens()

    async def RefreshToken(self, request: authentication.RefreshTokenRequest, context: Any) -> authentication.TokenSet:
        if request.refresh_token not in self.refresh_tokens:
            await context.abort_with_status(refusal("REFRESH_TOKEN_REUSED"))
        self.refresh_tokens.remove(request.refresh_token)
        return self._tokens()

    async def LogOut(self, _request: authentication.LogOutRequest, context: Any) -> empty_pb2.Empty:
        self.logged_out.append(dict(context.invocation_metadata()))
        return empty_pb2.Empty()

    async def _fail_if_told(self, context: Any) -> None:
        if self.failures:
            self.failures -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")

    def _tokens(self) -> authentication.TokenSet:
        self._token_count += 1
        refresh_token = f"refresh-{self._token_count}"
        self.refresh_tokens.add(refresh_token)
        return authentication.TokenSet(
            access_token=f"session-{self._token_count}",
            access_token_expire_time=self._end(),
            refresh_token=refresh_token,
            user=User(email=EMAIL, display_name="Noor"),
            organization=Organization(display_name="Harbour Glass"),
        )

    def _end(self) -> Timestamp:
        end = Timestamp()
        end.FromDatetime(datetime.now(UTC) + self.lifetime)
        return end


class FakeIdentityService(identity_service_pb2_grpc.IdentityServiceServicer):
    """One user, and API keys in memory.

    Args:
        authentication_service: what takes the keys.
    """

    def __init__(self, authentication_service: FakeAuthenticationService) -> None:
        self._authentication = authentication_service
        self._api_keys: list[ApiKey] = []

    async def ListUsers(self, _request: identity.ListUsersRequest, _context: Any) -> identity.ListUsersResponse:
        user = User(name="users/00000000-0000-7000-8000-0000000000cc", email=EMAIL, display_name="Noor")
        user.role = "roles/owner"
        return identity.ListUsersResponse(users=[user])

    async def CreateApiKey(self, request: identity.CreateApiKeyRequest, _context: Any) -> ApiKey:
        number = len(self._api_keys)
        stored = ApiKey(name=f"apiKeys/00000000-0000-7000-8000-{number:012d}", state=CREDENTIAL_STATE_ACTIVE)
        stored.MergeFrom(request.api_key)
        self._api_keys.insert(0, stored)
        created = ApiKey(secret=f"leadline_key_{number}")
        created.MergeFrom(stored)
        self._authentication.keys.add(created.secret)
        return created

    async def ListApiKeys(self, _request: identity.ListApiKeysRequest, _context: Any) -> identity.ListApiKeysResponse:
        return identity.ListApiKeysResponse(api_keys=self._api_keys)

    async def RevokeApiKey(self, request: identity.RevokeApiKeyRequest, _context: Any) -> ApiKey:
        found = next(api_key for api_key in self._api_keys if api_key.name == request.name)
        found.state = CREDENTIAL_STATE_REVOKED
        return found
