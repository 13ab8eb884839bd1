"""The server with identity, built as in production, over a socket in a folder of its own."""

import email
import re
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import grpc
import pytest
from leadline.v1 import (
    authentication_service_pb2,
    authentication_service_pb2_grpc,
    identity_service_pb2_grpc,
    lead_service_pb2_grpc,
)
from pydantic import SecretStr
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from server.identity_composition import publish_signing_key
from server.interceptors.token_updates import updated_verifier
from server.main import build_server
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.redis import connect_redis
from server.server_settings import ServerSettings
from tests.integration.identity.people import PASSWORD, Person

Bearer = tuple[tuple[str, str], ...]


@pytest.fixture
def settings(
    development_key: DevelopmentKey,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    key_service: str,
    tmp_path: Path,
) -> ServerSettings:
    return ServerSettings(
        database_url=postgres.url("leadline_app"),
        redis_url=valkey.url,
        jwks_file=development_key.jwks_file,
        signing_secret=SecretStr("a secret for the tests"),
        key_service=key_service,
        mailbox_folder=tmp_path / "mailbox",
        allow_private_issuers=True,
    )


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """The session's Valkey, without what other tests have counted."""
    client = await connect_redis(valkey.url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
async def channel(
    settings: ServerSettings, database: Database, redis: Redis, tmp_path: Path
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the server, which hears of new keys and revocations."""
    await publish_signing_key(settings, database)
    async with updated_verifier(settings, database, redis) as verifier:
        server = build_server(settings, database, redis, verifier)
        address = f"unix:{tmp_path}/s"
        server.add_insecure_port(address)
        await server.start()
        async with grpc.aio.insecure_channel(address) as opened:
            yield opened
        await server.stop(None)


@pytest.fixture
def authentication(channel: grpc.aio.Channel) -> Any:
    return authentication_service_pb2_grpc.AuthenticationServiceStub(channel)


@pytest.fixture
def identity(channel: grpc.aio.Channel) -> Any:
    return identity_service_pb2_grpc.IdentityServiceStub(channel)


@pytest.fixture
def leads(channel: grpc.aio.Channel) -> Any:
    return lead_service_pb2_grpc.LeadServiceStub(channel)


@pytest.fixture
def mailbox(settings: ServerSettings) -> Callable[[str], list[EmailMessage]]:
    """Gives the messages to an address, the newest last."""

    def messages(address: str) -> list[EmailMessage]:
        files = sorted(settings.mailbox_folder.glob("*.eml")) if settings.mailbox_folder else []
        found = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
        return [message for message in found if message["To"] == address]

    return messages


@pytest.fixture
def token_from(mailbox: Callable[[str], list[EmailMessage]]) -> Callable[[str, str], str]:
    """Gives the token of the newest message to an address that has a link to a page."""

    def token(address: str, page: str) -> str:
        for message in reversed(mailbox(address)):
            found = re.search(rf"/{page}#token=(\S+)", message.get_content())
            if found:
                return found[1]
        raise AssertionError(f"no message with a link to {page}")

    return token


@pytest.fixture
async def owner(authentication: Any, token_from: Callable[[str, str], str]) -> Person:
    """The owner of an organization of their own, with a verified address."""
    address = f"owner-{new_id()}@example.com"
    tokens = await authentication.SignUp(
        authentication_service_pb2.SignUpRequest(
            organization_display_name="Harbour Glass", email=address, display_name="Noor", password=PASSWORD
        )
    )
    token = token_from(address, "verify-email")
    await authentication.VerifyEmail(authentication_service_pb2.VerifyEmailRequest(token=token))
    return Person(address, PASSWORD, tokens)


@pytest.fixture
def development_bearer(development_key: DevelopmentKey) -> Bearer:
    """A developer's token, which is no user's."""
    return (("authorization", f"Bearer {development_key.mint(new_id())}"),)
