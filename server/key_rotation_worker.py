"""The part of the worker that rotates tenants' keys as operations."""

import asyncio
from typing import Final
from uuid import UUID

import structlog
from leadline.v1 import encryption_key_service_pb2

from server.encryption.rotation import RotateKeys, Rotation
from server.encryption.versions import COLLECTION
from server.interceptors.operation_ends import to_any_json, to_error_json
from server.runtime.database import STATEMENT_SECONDS, Database
from server.runtime.errors import DependencyUnavailable, EncryptedDataBroken, OperationCancelled
from server.runtime.identifiers import format_name
from server.runtime.operations import RunningOperation, RunningOperations
from server.server_settings import DataSettings
from server.store.key_services.opening import open_key_service
from server.store.tenant_key_versions import PostgresTenantKeyVersionStore
from server.store.tenant_keys import PostgresTenantKeyStore
from server.store.waiting_tenants import WaitingTenants

TENANTS_AT_A_TIME: Final = 2
LOOK_SECONDS: Final = 1.0
# While it waits, it sees so soon that it is cancelled.
REPORT_SECONDS: Final = 1.0
LARGEST_WRAPPING_PERCENT: Final = 95
MOST_BROKEN_NAMED: Final = 100

_log = structlog.get_logger()


async def serve_key_rotations(settings: DataSettings, database: Database, relay_database: Database) -> None:
    """Rotates the keys of tenants that ask for it, until it is cancelled. What is cut off the next worker goes on with.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
        relay_database: The database in the role of the relay, which tells who has asked.
    """
    waiting = WaitingTenants(relay_database)
    rotations = KeyRotations(settings, database)
    running: dict[UUID, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as tasks:
        while True:
            try:
                for tenant_id in await waiting.with_key_rotations():
                    if tenant_id not in running or running[tenant_id].done():
                        running[tenant_id] = tasks.create_task(rotations.run(tenant_id))
            except DependencyUnavailable as error:
                _log.warning("rotations of keys wait", dependency=error.dependency, cause=repr(error.__cause__))
            running = {tenant_id: task for tenant_id, task in running.items() if not task.done()}
            await asyncio.sleep(LOOK_SECONDS)


class KeyRotations:
    """Runs the operations that rotate tenants' keys.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
    """

    def __init__(self, settings: DataSettings, database: Database) -> None:
        self._keys = PostgresTenantKeyStore(database)
        self._versions = PostgresTenantKeyVersionStore(database)
        self._operations = RunningOperations(database)
        self._service = open_key_service(settings.key_service, settings.key_service_token_file)
        self._grace_seconds = settings.key_cache_seconds + STATEMENT_SECONDS
        self._places = asyncio.Semaphore(TENANTS_AT_A_TIME)

    async def run(self, tenant_id: UUID) -> None:
        """Does what a tenant has asked for, unless another worker does it; while a dependency is away, leaves it.

        Args:
            tenant_id: The tenant.
        """
        try:
            async with self._places, self._versions.alone(tenant_id) as is_alone:
                operation_id = await self._versions.requested_rotation(tenant_id) if is_alone else None
                operation = None if operation_id is None else await self._operations.begin(tenant_id, operation_id)
                if operation is not None:
                    await self._rotate(tenant_id, operation)
        except DependencyUnavailable as error:
            _log.warning("rotation of a key waits", tenant=str(tenant_id), dependency=error.dependency)

    async def _rotate(self, tenant_id: UUID, operation: RunningOperation) -> None:
        log = _log.bind(tenant=str(tenant_id), operation=str(operation.operation_id))
        progress = _Progress(self._operations, tenant_id, operation)
        version = operation.request["version"]
        rotate_keys = RotateKeys(
            self._keys, self._service, grace_seconds=self._grace_seconds, sleep=progress.report_and_sleep
        )
        try:
            progress.left = await self._versions.count_leads(tenant_id, version)
            rotation = await rotate_keys.tenant_key(tenant_id, progress.report, version)
        except DependencyUnavailable:
            raise
        except (OperationCancelled, EncryptedDataBroken) as error:
            log.info("rotation of a key ended early", cause=str(error))
            await self._operations.fail(tenant_id, operation.operation_id, to_error_json(error))
        except Exception as error:
            log.exception("rotation of a key failed")
            await self._operations.fail(tenant_id, operation.operation_id, to_error_json(error))
        else:
            log.info("key rotated", version=rotation.version, leads=progress.rewrapped)
            response = _response(rotation, progress.rewrapped)
            await self._operations.succeed(tenant_id, operation.operation_id, to_any_json(response))


class _Progress:
    """Keeps in an operation how far its rotation has come, and ends it where somebody has cancelled it."""

    def __init__(self, operations: RunningOperations, tenant_id: UUID, operation: RunningOperation) -> None:
        self._operations = operations
        self._tenant_id = tenant_id
        self._operation = operation
        self._before: int = (operation.position or {}).get("rewrapped", 0)
        self._stage = operation.stage
        self.rewrapped = self._before
        self.left = 0

    async def report(self, stage: str, done: int) -> None:
        """Reports a stage, and how many leads are done since the work was taken up; raises OperationCancelled."""
        self._stage, self.rewrapped = stage, self._before + done
        percent = LARGEST_WRAPPING_PERCENT * self.rewrapped // max(self._before + self.left, 1)
        if not await self._operations.report(
            self._tenant_id,
            self._operation.operation_id,
            f"{stage}: {self.rewrapped:,}" if done else stage,
            min(percent, LARGEST_WRAPPING_PERCENT),
            {"rewrapped": self.rewrapped},
        ):
            raise OperationCancelled

    async def report_and_sleep(self, seconds: float) -> None:
        """Waits, and sees meanwhile whether the operation is cancelled."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, REPORT_SECONDS))
            await self.report(self._stage, self.rewrapped - self._before)


def _response(rotation: Rotation, rewrapped: int) -> encryption_key_service_pb2.RotateTenantKeyResponse:
    broken = sorted(format_name("leads", lead_id) for lead_id in rotation.broken)
    return encryption_key_service_pb2.RotateTenantKeyResponse(
        tenant_key=f"{COLLECTION}/{rotation.version}",
        rewrapped_count=rewrapped,
        broken_count=len(broken),
        broken_leads=broken[:MOST_BROKEN_NAMED],
    )
