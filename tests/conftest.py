"""Stores for tests: the real ones, started once a session on free ports, and a tenant of its own for each test."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from server.encryption.tenant_keys import TenantKeys
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.key_services.local_file import add_key
from server.store.key_services.opening import open_key_service
from server.store.tenant_keys import PostgresTenantKeyStore
from tests.server_processes import ServerProcesses

_REPOSITORY = Path(__file__).parents[1]

# On a busy machine everything is slow now and then, which says nothing of what is tested.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def migrate(postgres: EmbeddedPostgres) -> None:
    """Brings the schema of a PostgreSQL server up to date."""
    subprocess.run(
        [sys.executable, "-m", "server.store.migrations", "upgrade"],
        check=True,
        cwd=_REPOSITORY,
        env=os.environ | {"LEADLINE_OWNER_DATABASE_URL": postgres.url("leadline_owner")},
    )


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """PostgreSQL with the schema, shared by the session's tests: a test that stops it starts its own instead."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "data", free_port(), durable=False)
    server.start()
    try:
        migrate(server)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Valkey, shared by the session's tests."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey") / "data", free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def development_key(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentKey:
    """The key that signs the tests' tokens."""
    return DevelopmentKey(tmp_path_factory.mktemp("key"))


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The database in the application's role."""
    connected = await Database.connect(postgres.url("leadline_app"))
    yield connected
    await connected.close()


@pytest.fixture(scope="session")
def key_service(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the key service that wraps the tenants' keys, one for the session's PostgreSQL."""
    file = tmp_path_factory.mktemp("key-service") / "keys.json"
    add_key(file)
    return f"file:{file}"


@pytest.fixture
def tenant_keys(database: Database, key_service: str) -> TenantKeys:
    """The tenants' keys, as a process holds them."""
    return TenantKeys(PostgresTenantKeyStore(database), open_key_service(key_service))


@pytest.fixture
def tenant_id() -> UUID:
    """A tenant that nobody else uses."""
    return new_id()


@pytest.fixture
def processes(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    development_key: DevelopmentKey,
    key_service: str,
    tmp_path: Path,
) -> ServerProcesses:
    """The server and its worker as processes of their own, not running yet."""
    return ServerProcesses(postgres, valkey, development_key, key_service, tmp_path)
