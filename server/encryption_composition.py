"""Builds the tenants' keys, for each process that reads or writes what is kept encrypted."""

from server.encryption.tenant_keys import TenantKeys
from server.runtime.database import Database
from server.server_settings import DataSettings
from server.store.key_services.opening import open_key_service
from server.store.tenant_keys import PostgresTenantKeyStore


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
