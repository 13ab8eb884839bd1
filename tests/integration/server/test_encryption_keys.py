"""Who keeps watch over a tenant's key sees its versions, and has it rotated as an operation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import grpc
import pytest
from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2
from leadline.v1 import (
    encryption_key_pb2,
    encryption_key_service_pb2,
    encryption_key_service_pb2_grpc,
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
    operation_pb2,
    operation_service_pb2,
    operation_service_pb2_grpc,
)

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from server.encryption.tenant_keys import TenantKeys
from server.encryption_composition import followed_tenant_keys
from server.key_rotation_worker import serve_key_rotations
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.identifiers import new_id
from server.server_settings import ServerSettings
from server.store.key_services.local_file import LocalFileKeyService
from server.store.key_services.opening import open_key_service
from server.store.leads import PostgresLeadStore
from server.store.tenant_keys import PostgresTenantKeyStore
from tests.eventually import eventually
from tests.grpc_errors import error_of
from tests.integration.server.test_key_rotation import create, emails_of
from tests.server_processes import ServerProcesses

Bearer = tuple[tuple[str, str], ...]
Rotating = Callable[[], Any]
ACTIVE = encryption_key_pb2.TENANT_KEY_STATE_ACTIVE
REPLACED = encryption_key_pb2.TENANT_KEY_STATE_REPLACED
RETIRED = encryption_key_pb2.TENANT_KEY_STATE_RETIRED
ALL = encryption_key_service_pb2.ListTenantKeysRequest()
FIRST = encryption_key_service_pb2.GetTenantKeyRequest(name="tenantKeys/1")


class Keeper:
    """Somebody who keeps watch over their tenant's key.

    Args:
        channel: To the server.
        bearer: Who it is.
    """

    def __init__(self, channel: grpc.aio.Channel, bearer: Bearer) -> None:
        self.keys: Any = encryption_key_service_pb2_grpc.EncryptionKeyServiceStub(channel)
        self._operations: Any = operation_service_pb2_grpc.OperationServiceStub(channel)
        self.bearer = bearer

    async def versions(self) -> list[tuple[int, int, int]]:
        """Gives number, state and number of leads of each version."""
        found = (await self.keys.ListTenantKeys(ALL, metadata=self.bearer)).tenant_keys
        return [(key.version, key.state, key.lead_count) for key in found]

    async def rotate(self, key: str | None = None) -> operations_pb2.Operation:
        """Asks for a rotation."""
        request = encryption_key_service_pb2.RotateTenantKeyRequest(idempotency_key=key or str(uuid4()))
        operation: operations_pb2.Operation = await self.keys.RotateTenantKey(request, metadata=self.bearer)
        return operation

    async def stage(self, operation: operations_pb2.Operation) -> str:
        """Tells where an operation stands."""
        request, metadata = (
            operation_service_pb2.GetOperationRequest(name=operation.name),
            operation_pb2.OperationMetadata(),
        )
        now: operations_pb2.Operation = await self._operations.GetOperation(request, metadata=self.bearer)
        assert now.metadata.Unpack(metadata)
        return metadata.stage

    async def cancel(self, operation: operations_pb2.Operation) -> None:
        """Asks for its cancellation."""
        request = operation_service_pb2.CancelOperationRequest(name=operation.name, idempotency_key=str(uuid4()))
        await self._operations.CancelOperation(request, metadata=self.bearer)

    async def ended(self, operation: operations_pb2.Operation) -> operations_pb2.Operation:
        """Gives an operation when it is over."""
        request = operation_service_pb2.WaitOperationRequest(name=operation.name, timeout=Duration(seconds=60))
        done: operations_pb2.Operation = await self._operations.WaitOperation(request, metadata=self.bearer)
        assert done.done
        return done

    async def rotated(self, operation: operations_pb2.Operation) -> encryption_key_service_pb2.RotateTenantKeyResponse:
        """Gives what a rotation has done, when it is over."""
        response, done = encryption_key_service_pb2.RotateTenantKeyResponse(), await self.ended(operation)
        assert done.response.Unpack(response), done.error
        return response


@pytest.fixture
def keeper(channel: grpc.aio.Channel, bearer: Bearer) -> Keeper:
    return Keeper(channel, bearer)


@pytest.fixture
def store(database: Database, tenant_keys: TenantKeys) -> PostgresLeadStore:
    return PostgresLeadStore(database, tenant_keys)


@pytest.fixture
async def relay(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The database in the role of the relay."""
    connected = await Database.connect(postgres.url("leadline_relay"))
    yield connected
    await connected.close()


@pytest.fixture
def rotating(
    settings: ServerSettings, database: Database, relay: Database, monkeypatch: pytest.MonkeyPatch
) -> Rotating:
    """Runs the part of the worker that rotates keys for the time of a block, without the time of grace."""
    monkeypatch.setattr("server.key_rotation_worker.STATEMENT_SECONDS", 0.0)
    monkeypatch.setattr("server.key_rotation_worker.LOOK_SECONDS", 0.02)
    quick = settings.model_copy(update={"key_cache_seconds": 0.01})

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        task = asyncio.create_task(serve_key_rotations(quick, database, relay))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return run


async def test_versions_are_shown_and_no_key_is(
    keeper: Keeper, store: PostgresLeadStore, tenant_id: UUID, database: Database
) -> None:
    assert await keeper.versions() == []
    await create(store, tenant_id, "a@example.com", "b@example.com", "")
    (key,) = (await keeper.keys.ListTenantKeys(ALL, metadata=keeper.bearer)).tenant_keys
    assert (key.name, key.version, key.state, key.lead_count) == ("tenantKeys/1", 1, ACTIVE, 2)
    assert key.key_service == encryption_key_pb2.KEY_SERVICE_KIND_FILE
    assert not key.HasField("retire_time")
    assert await keeper.keys.GetTenantKey(FIRST, metadata=keeper.bearer) == key
    (stored,) = await PostgresTenantKeyStore(database).keys(tenant_id)
    content = key.SerializeToString()
    assert stored.wrapped_key not in content
    assert stored.wrapped_index_key not in content


async def test_another_tenant_has_versions_of_its_own(
    keeper: Keeper,
    channel: grpc.aio.Channel,
    store: PostgresLeadStore,
    tenant_id: UUID,
    development_key: DevelopmentKey,
) -> None:
    await create(store, tenant_id, "a@example.com")
    stranger = Keeper(channel, (("authorization", f"Bearer {development_key.mint(new_id())}"),))
    assert await stranger.versions() == []
    assert len(await keeper.versions()) == 1
    error = await error_of(stranger.keys.GetTenantKey(FIRST, metadata=stranger.bearer))
    assert (error.reason, error.metadata) == ("TENANT_KEY_NOT_FOUND", {"name": "tenantKeys/1"})


async def test_a_rotation_wraps_all_leads_anew_and_tells_what_it_did(
    keeper: Keeper, store: PostgresLeadStore, tenant_id: UUID, rotating: Rotating
) -> None:
    emails = {f"{number}@example.com" for number in range(1_200)}
    await create(store, tenant_id, *emails)
    begun = await keeper.rotate("once")
    assert not begun.done
    assert (await keeper.rotate("once")).name == begun.name, "a repetition rotates once"
    error = await error_of(keeper.rotate())
    assert (error.reason, error.metadata) == ("TENANT_KEY_ROTATING", {"name": begun.name})
    async with rotating():
        done = await keeper.ended(begun)
    assert await keeper.rotated(done) == encryption_key_service_pb2.RotateTenantKeyResponse(
        tenant_key="tenantKeys/2", rewrapped_count=1_200
    )
    metadata = operation_pb2.OperationMetadata()
    assert done.metadata.Unpack(metadata)
    assert (metadata.method, metadata.progress_percent) == ("RotateTenantKey", 100)
    assert await keeper.versions() == [(2, ACTIVE, 1_200), (1, RETIRED, 0)]
    assert await emails_of(store, tenant_id) == emails


async def test_a_cancelled_rotation_leaves_both_versions_and_the_next_one_ends_it(
    keeper: Keeper,
    store: PostgresLeadStore,
    tenant_id: UUID,
    rotating: Rotating,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Long enough to be cancelled in.
    monkeypatch.setattr("server.key_rotation_worker.STATEMENT_SECONDS", 600.0)
    monkeypatch.setattr("server.key_rotation_worker.REPORT_SECONDS", 0.02)
    await create(store, tenant_id, "a@example.com")
    begun, both = await keeper.rotate(), [(2, ACTIVE, 1), (1, REPLACED, 0)]

    async def are_both_used() -> bool:
        return await keeper.versions() == both

    async with rotating():
        await eventually(are_both_used)
        await keeper.cancel(begun)
        cancelled = await keeper.ended(begun)
    assert cancelled.error.code == code_pb2.ABORTED
    assert cancelled.error.message == "the operation was cancelled"
    assert await are_both_used()
    monkeypatch.setattr("server.key_rotation_worker.STATEMENT_SECONDS", 0.0)
    async with rotating():
        assert (await keeper.rotated(await keeper.rotate())).tenant_key == "tenantKeys/2"
    assert await keeper.versions() == [(2, ACTIVE, 1), (1, RETIRED, 0)]


async def test_while_the_key_service_is_away_a_rotation_waits(
    keeper: Keeper,
    store: PostgresLeadStore,
    tenant_id: UUID,
    rotating: Rotating,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await create(store, tenant_id, "a@example.com")
    refused = asyncio.Event()

    async def away(_service: LocalFileKeyService, _key: bytes, _context: bytes) -> bytes:
        refused.set()
        raise DependencyUnavailable("key_service")

    begun = await keeper.rotate()
    with monkeypatch.context() as outage:
        outage.setattr(LocalFileKeyService, "wrap", away)
        async with rotating():
            await asyncio.wait_for(refused.wait(), 30)
    async with rotating():
        assert (await keeper.rotated(begun)).rewrapped_count == 1


async def test_a_lead_that_was_tampered_with_is_named_in_the_response(
    keeper: Keeper, store: PostgresLeadStore, tenant_id: UUID, rotating: Rotating, postgres: EmbeddedPostgres
) -> None:
    _, broken = await create(store, tenant_id, "a@example.com", "b@example.com")
    superuser = await asyncpg.connect(postgres.url("postgres"))
    await superuser.execute("UPDATE leads SET data_key = data_key || '!' WHERE id = $1", broken)
    await superuser.close()
    async with rotating():
        response = await keeper.rotated(await keeper.rotate())
    assert (response.rewrapped_count, response.broken_count) == (1, 1)
    assert list(response.broken_leads) == [f"leads/{broken}"]


async def test_a_rotation_whose_worker_was_killed_is_ended_by_the_next_one(
    keeper: Keeper, store: PostgresLeadStore, tenant_id: UUID, rotating: Rotating, processes: ServerProcesses
) -> None:
    await create(store, tenant_id, *(f"{number}@example.com" for number in range(1_200)))
    begun = await keeper.rotate()

    async def is_waiting() -> bool:
        return (await keeper.stage(begun)).startswith("waiting until")

    with processes.worker() as process:
        await eventually(is_waiting, seconds=60.0)
        process.kill()
    assert await keeper.versions() == [(2, ACTIVE, 1_200), (1, REPLACED, 0)]
    async with rotating():
        assert (await keeper.rotated(begun)).rewrapped_count == 1_200
    assert await keeper.versions() == [(2, ACTIVE, 1_200), (1, RETIRED, 0)]


async def test_leads_are_created_changed_and_read_meanwhile_and_the_old_version_is_not_needed_any_more(
    *,
    keeper: Keeper,
    channel: grpc.aio.Channel,
    store: PostgresLeadStore,
    database: Database,
    key_service: str,
    tenant_id: UUID,
    rotating: Rotating,
    postgres: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
    monkeypatch.setattr("server.key_rotation_worker.STATEMENT_SECONDS", 600.0)
    emails = {f"{number}@example.com" for number in range(2_500)}
    ids = await create(store, tenant_id, *emails)
    over, begun = asyncio.Event(), await keeper.rotate()

    async def change() -> None:
        for lead_id in ids:
            if over.is_set():
                return
            read = await leads.GetLead(lead_service_pb2.GetLeadRequest(name=f"leads/{lead_id}"), metadata=keeper.bearer)
            assert read.email in emails
            emails.remove(read.email)
            read.email = f"changed-{read.email}"
            request = lead_service_pb2.UpdateLeadRequest(lead=read, idempotency_key=str(uuid4()))
            request.update_mask.paths.append("email")
            emails.add((await leads.UpdateLead(request, metadata=keeper.bearer)).email)
            lead = lead_pb2.Lead(email=f"new-{lead_id}@example.com")
            created = lead_service_pb2.CreateLeadRequest(lead=lead, idempotency_key=str(uuid4()))
            emails.add((await leads.CreateLead(created, metadata=keeper.bearer)).email)

    async def is_wrapped() -> bool:
        return (await keeper.stage(begun)).startswith("waiting until")

    changing = asyncio.create_task(change())
    async with rotating():
        await eventually(is_wrapped, seconds=60.0)
        over.set()
        await changing
    monkeypatch.setattr("server.key_rotation_worker.STATEMENT_SECONDS", 0.0)
    async with rotating():
        await keeper.rotated(begun)
    superuser = await asyncpg.connect(postgres.url("postgres"))
    await superuser.execute("DELETE FROM tenant_keys WHERE tenant_id = $1 AND version = 1", tenant_id)
    await superuser.close()
    assert await keeper.versions() == [(2, ACTIVE, len(emails))]
    assert any(email.startswith("new-") for email in emails)
    fresh = TenantKeys(PostgresTenantKeyStore(database), open_key_service(key_service))
    assert await emails_of(PostgresLeadStore(database, fresh), tenant_id) == emails


async def test_other_processes_encrypt_by_the_new_version_at_once(
    settings: ServerSettings, keeper: Keeper, database: Database, tenant_id: UUID, rotating: Rotating
) -> None:
    async with followed_tenant_keys(settings, database) as keys:
        assert (await keys.cipher(tenant_id)).version == 1
        async with rotating():
            await keeper.rotated(await keeper.rotate())

        async def encrypts_by_the_new_one() -> bool:
            return (await keys.cipher(tenant_id)).version == 2

        await eventually(encrypts_by_the_new_one)
