"""Log-ins in the audit log: who was let in, who was kept out, and by what."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import httpx
import pytest
from leadline.v1 import authentication_service_pb2 as messages
from leadline.v1 import identity_pb2, identity_service_pb2
from leadline.v1.permission_pb2 import PERMISSION_LEADS_READ
from redis.asyncio import Redis

from deploy.local.postgres import EmbeddedPostgres
from server.identity_composition import IdentityParts
from server.integrations.open_pixels import OpenPixels
from server.interceptors.published_keys import PublishedKeys
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.server_settings import ServerSettings
from server.token_endpoint.application import TokenEndpoint
from tests.grpc_errors import error_of
from tests.integration.identity.people import OTHER_PASSWORD, PASSWORD, Person, bearer, invite, key
from tests.integration.server.audit_log import AuditLog

Records = Callable[[Person], Awaitable[list[dict[str, Any]]]]
METHOD = "leadline.v1.AuthenticationService/"
# Records that no transaction carries are written a moment later.
WRITTEN_SECONDS = 0.4


@pytest.fixture
async def records(postgres: EmbeddedPostgres, database: Database) -> AsyncIterator[Records]:
    """Gives the records of a person's organization, the oldest first."""
    relay_database = await Database.connect(postgres.url("leadline_relay"))
    log = AuditLog(postgres, AuditTrail(database), relay_database)

    async def found(person: Person) -> list[dict[str, Any]]:
        await asyncio.sleep(WRITTEN_SECONDS)
        tenant_id = person.tokens.organization.name.partition("/")[2]
        return await log.unsealed(tenant_id)  # type: ignore[arg-type]  # PostgreSQL takes its text

    yield found
    await relay_database.close()


def told(record: dict[str, Any]) -> tuple[str, ...]:
    """Gives method, credential, result and reason."""
    return (
        record["method"].removeprefix(METHOD), record["credential"], record["code"], record.get("reason", "")
    )  # fmt: skip


async def test_log_ins_are_recorded_whether_they_succeed_or_not(
    authentication: Any, owner: Person, records: Records
) -> None:
    await error_of(authentication.LogIn(messages.LogInRequest(email=owner.email, password=OTHER_PASSWORD)))
    await authentication.LogIn(messages.LogInRequest(email=owner.email, password=PASSWORD))
    found = await records(owner)
    assert [told(record) for record in found] == [
        ("SignUp", "PASSWORD", "OK", ""),
        ("VerifyEmail", "MESSAGE_TOKEN", "OK", ""),
        ("LogIn", "PASSWORD", "UNAUTHENTICATED", "CREDENTIALS_REFUSED"),
        ("LogIn", "PASSWORD", "OK", ""),
    ]
    assert {record["principal"] for record in found} == {owner.tokens.user.name}
    assert {record["kind"] for record in found} == {"ACCESS"}
    written = repr(found)
    for secret in (owner.email, PASSWORD, OTHER_PASSWORD, owner.tokens.refresh_token, owner.tokens.access_token):
        assert secret not in written


async def test_renewed_tokens_and_reused_ones_are_recorded(
    authentication: Any, owner: Person, records: Records
) -> None:
    request = messages.RefreshTokenRequest(refresh_token=owner.tokens.refresh_token)
    await authentication.RefreshToken(request)
    await error_of(authentication.RefreshToken(request))
    assert [told(record) for record in await records(owner)][2:] == [
        ("RefreshToken", "REFRESH_TOKEN", "OK", ""),
        ("RefreshToken", "REFRESH_TOKEN", "UNAUTHENTICATED", "REFRESH_TOKEN_REUSED"),
    ]


async def test_who_joins_and_who_logs_out_is_recorded(
    authentication: Any, identity: Any, owner: Person, token_from: Callable[[str, str], str], records: Records
) -> None:
    joined = await invite(authentication, identity, owner, "roles/sales", token_from)
    await authentication.LogOut(messages.LogOutRequest(idempotency_key=key()), metadata=joined.bearer)
    invited, accepted, logged_out = (await records(owner))[2:]
    assert (invited["kind"], invited["principal"]) == ("CHANGE", owner.tokens.user.name)
    assert invited["changed_fields"] == ["invitation.email", "invitation.role"]
    assert told(accepted) == ("AcceptInvitation", "MESSAGE_TOKEN", "OK", "")
    assert told(logged_out) == ("LogOut", "SESSION", "OK", "")
    assert accepted["principal"] == logged_out["principal"] == joined.tokens.user.name
    assert logged_out["session"] == joined.tokens.session
    assert joined.email not in repr([invited, accepted, logged_out])


async def test_programs_are_recorded_by_their_keys(
    authentication: Any, identity: Any, leads: Any, owner: Person, records: Records
) -> None:
    made = await identity.CreateApiKey(
        identity_service_pb2.CreateApiKeyRequest(
            api_key=identity_pb2.ApiKey(display_name="CRM", permissions=[PERMISSION_LEADS_READ]),
            idempotency_key=key(),
        ),
        metadata=owner.bearer,
    )
    good = messages.ExchangeApiKeyRequest(api_key=made.secret)
    exchanged = await authentication.ExchangeApiKey(good)
    wrong = messages.ExchangeApiKeyRequest(api_key=made.secret[:-4] + "AAAA")
    await error_of(authentication.ExchangeApiKey(wrong))
    await leads.ListLeads(identity_service_pb2.ListUsersRequest(), metadata=bearer(exchanged.access_token))
    created, *rest = (await records(owner))[2:]
    assert created["resources"] == [made.name]
    assert [told(record) for record in rest] == [
        ("ExchangeApiKey", "API_KEY", "OK", ""),
        ("ExchangeApiKey", "API_KEY", "UNAUTHENTICATED", "API_KEY_REFUSED"),
        ("leadline.v1.LeadService/ListLeads", "API_KEY", "OK", ""),
    ]
    assert {record["principal"] for record in rest} == {made.name}
    assert made.secret not in repr([created, *rest])


@pytest.fixture
async def token_endpoint(
    settings: ServerSettings, database: Database, redis: Redis
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the token endpoint, which it calls as the edge does."""
    trail = AuditTrail(database)
    exchange = IdentityParts(settings, database, redis).exchange
    endpoint = TokenEndpoint(exchange, cast("OpenPixels", None), PublishedKeys(None, database), 600, trail)
    transport = httpx.ASGITransport(endpoint.application())
    headers = {"x-forwarded-for": "203.0.113.9", "x-request-id": "request-1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://endpoint", headers=headers) as client:
        yield client
    await trail.close()


async def test_oauth_clients_are_recorded_at_the_token_endpoint(
    token_endpoint: httpx.AsyncClient, identity: Any, owner: Person, records: Records
) -> None:
    made = await identity.CreateOauthClient(
        identity_service_pb2.CreateOauthClientRequest(
            oauth_client=identity_pb2.OauthClient(display_name="BI", permissions=[PERMISSION_LEADS_READ]),
            idempotency_key=key(),
        ),
        metadata=owner.bearer,
    )
    for secret, status in ((made.client_secret, 200), ("A" * 43, 401)):
        form = {"grant_type": "client_credentials"}
        answer = await token_endpoint.post("/oauth/token", data=form, auth=(made.client_id, secret))
        assert answer.status_code == status
    found = (await records(owner))[3:]
    assert [told(record) for record in found] == [
        ("oauth/token", "OAUTH_CLIENT", "OK", ""),
        ("oauth/token", "OAUTH_CLIENT", "UNAUTHENTICATED", "API_KEY_REFUSED"),
    ]
    for record in found:
        assert (record["principal"], record["door"], record["client_address"]) == (made.name, "REST", "203.0.113.9")
        assert record["request_id"] == "request-1"
    assert made.client_secret not in repr(found)
