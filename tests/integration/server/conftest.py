"""The whole server, built as in production, over a socket in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import grpc
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from server.main import build_server
from server.runtime.audit_trail import AuditTrail
from server.runtime.database import Database
from server.runtime.redis import connect_redis
from server.server_settings import ServerSettings
from tests.integration.server.audit_log import AuditLog

Bearer = tuple[tuple[str, str], ...]


@pytest.fixture
def settings(development_key: DevelopmentKey, key_service: str, tmp_path: Path) -> ServerSettings:
    return ServerSettings(
        jwks_file=development_key.jwks_file,
        signing_secret=SecretStr("a secret for the tests"),
        key_service=key_service,
        mailbox_folder=tmp_path / "mailbox",
        allow_private_issuers=True,
    )


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """The session's Valkey."""
    client = await connect_redis(valkey.url)
    yield client
    await client.aclose()


@pytest.fixture
async def trail(database: Database) -> AsyncIterator[AuditTrail]:
    """Where the server's audit records go that no transaction carries."""
    made = AuditTrail(database)
    yield made
    await made.close()


@pytest.fixture
async def audit_log(postgres: EmbeddedPostgres, trail: AuditTrail) -> AsyncIterator[AuditLog]:
    """The audit log, with all that waited before sealed."""
    relay_database = await Database.connect(postgres.url("leadline_relay"))
    yield AuditLog(postgres, trail, relay_database)
    await relay_database.close()


@pytest.fixture
async def channel(
    settings: ServerSettings, database: Database, redis: Redis, trail: AuditTrail, tmp_path: Path
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the server on the session's PostgreSQL and Valkey."""
    server = build_server(settings, database, redis, trail=trail)
    address = f"unix:{tmp_path}/s"
    server.add_insecure_port(address)
    await server.start()
    async with grpc.aio.insecure_channel(address) as opened:
        yield opened
    await server.stop(None)


@pytest.fixture
def bearer(development_key: DevelopmentKey, tenant_id: UUID) -> Bearer:
    """The metadata of a caller of the test's tenant that may do everything."""
    return (("authorization", f"Bearer {development_key.mint(tenant_id)}"),)
