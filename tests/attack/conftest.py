"""Both processes that offer the contract, built as in production, and two organizations that use them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor
from leadline.v1 import authentication_service_pb2, authentication_service_pb2_grpc
from pydantic import SecretStr

import scoring.main
import server.main
from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from gateway.contract import SCORER_SERVICES
from server.identity_composition import publish_signing_key
from server.interceptors.token_updates import updated_verifier
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.redis import connect_redis
from server.server_settings import ServerSettings
from tests.fakes.scoring import FakeModelServerControl, FakePredictor
from tests.integration.identity.people import PASSWORD, Bearer, bearer

Connection = asyncpg.Connection


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the contract is served.

    Attributes:
        server: The channel to the server.
        scorer: The channel to the scorer.
    """

    server: grpc.aio.Channel
    scorer: grpc.aio.Channel

    def of(self, method: MethodDescriptor) -> grpc.aio.Channel:
        """Gives the channel to the process that answers an rpc."""
        return self.scorer if method.containing_service.full_name in SCORER_SERVICES else self.server


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization with its owner, who may do everything that the contract knows.

    Attributes:
        tenant_id: Its id.
        email: The owner's address.
        owner: The metadata of the owner's calls.
    """

    tenant_id: UUID
    email: str
    owner: Bearer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def doors(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    development_key: DevelopmentKey,
    key_service: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Doors]:
    """The server and the scorer, on the session's stores."""
    folder = tmp_path_factory.mktemp("d")
    settings = ServerSettings(
        database_url=postgres.url("leadline_app"),
        redis_url=valkey.url,
        jwks_file=development_key.jwks_file,
        signing_secret=SecretStr("a secret for the tests"),
        key_service=key_service,
        model_repository=folder / "models",
        mailbox_folder=folder / "mailbox",
        allow_private_issuers=True,
    )
    database = await Database.connect(settings.database_url)
    redis = await connect_redis(settings.redis_url)
    await publish_signing_key(settings, database)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.push_async_callback(redis.aclose)
        verifier = await stack.enter_async_context(updated_verifier(settings, database, redis))
        built = {
            "server": server.main.build_server(settings, database, redis, verifier),
            "scorer": scoring.main.build_server(
                settings, database, redis, FakePredictor(), FakeModelServerControl(), verifier=verifier
            ),
        }
        channels: dict[str, grpc.aio.Channel] = {}
        for name, process in built.items():
            process.add_insecure_port(f"unix:{folder}/{name}")
            await process.start()
            stack.push_async_callback(process.stop, None)
            channels[name] = await stack.enter_async_context(grpc.aio.insecure_channel(f"unix:{folder}/{name}"))
        yield Doors(**channels)


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(postgres: EmbeddedPostgres) -> AsyncIterator[Connection]:
    """An administrator's connection, which row-level security does not bind."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    yield connection
    await connection.close()


SignUp = Callable[[], Awaitable[Organization]]


@pytest.fixture
def sign_up(doors: Doors, superuser: Connection) -> SignUp:
    """Makes an organization that nobody else uses, whose owner's address is verified."""

    async def make() -> Organization:
        stub = authentication_service_pb2_grpc.AuthenticationServiceStub(doors.server)
        email = f"owner-{new_id()}@example.com"
        tokens = await stub.SignUp(
            authentication_service_pb2.SignUpRequest(
                organization_display_name="Harbour Glass", email=email, display_name="Noor", password=PASSWORD
            )
        )
        tenant_id = UUID(tokens.organization.name.split("/")[1])
        await superuser.execute("UPDATE users SET email_verified = true WHERE tenant_id = $1", tenant_id)
        return Organization(tenant_id, email, bearer(tokens.access_token))

    return make
