"""Builds the tenants' keys, for each process that needs them, and the service that shows their versions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from leadline.v1 import encryption_key_service_pb2_grpc

from server.encryption.tenant_keys import TenantKeys
from server.encryption.versions import ReadTenantKeys
from server.operations.follow_operations import GetOperation
from server.runtime.database import Database
from server.runtime.signed_tokens import TokenSigner
from server.server_settings import DataSettings
from server.services.encryption_key_service import EncryptionKeyService
from server.store.key_services.opening import open_key_service
from server.store.operations import PostgresOperationStore
from server.store.tenant_key_versions import PostgresTenantKeyVersionStore
from server.store.tenant_keys import PostgresTenantKeyStore
from server.store.tenant_signals import TENANT_KEYS, TenantSignals


def tenant_keys(settings: DataSettings, database: Database) -> TenantKeys:
    """Gives the tenants' keys.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
    """
    return TenantKeys(
        PostgresTenantKeyStore(database),
        open_key_service(settings.key_service, settings.key_service_token_file),
        lifetime_seconds=settings.key_cache_seconds,
    )


@asynccontextmanager
async def followed_tenant_keys(settings: DataSettings, database: Database) -> AsyncIterator[TenantKeys]:
    """Gives the tenants' keys, which hear for the time of the block of new versions that other processes make.

    Args:
        settings: Of the process.
        database: The database in the role of the application.
    """
    keys = tenant_keys(settings, database)
    following = asyncio.create_task(TenantSignals(database.url, TENANT_KEYS).run(keys.forget, keys.forget_all))
    try:
        yield keys
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def add_encryption_key_service(server: grpc.aio.Server, settings: DataSettings, database: Database) -> None:
    """Adds EncryptionKeyService to a server.

    Args:
        server: The server.
        settings: Of the process.
        database: The database in the role of the application.
    """
    store = PostgresTenantKeyVersionStore(database)
    tokens = TokenSigner(settings.signing_secret.get_secret_value(), "tenant_keys.page")
    encryption_key_service_pb2_grpc.add_EncryptionKeyServiceServicer_to_server(
        EncryptionKeyService(
            read_tenant_keys=ReadTenantKeys(store, tokens),
            store=store,
            get_operation=GetOperation(PostgresOperationStore(database)),
            key_service=settings.key_service,
        ),
        server,
    )
