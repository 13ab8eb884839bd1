"""The tenants' ciphers for revisions that encrypt what was kept plain."""

import os
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from server.encryption.ports import WrappedTenantKey
from server.encryption.tenant_cipher import TenantCipher
from server.encryption.tenant_keys import new_tenant_key, unwrapped_cipher
from server.store.key_services.opening import open_key_service

VARIABLE: Final = "LEADLINE_KEY_SERVICE"
TOKEN_VARIABLE: Final = "LEADLINE_KEY_SERVICE_TOKEN_FILE"  # noqa: S105 - a name

_SELECT: Final = """
SELECT version, wrapped_key, wrapped_index_key, create_time FROM tenant_keys WHERE tenant_id = :tenant_id
ORDER BY version
"""
_ADD: Final = """
INSERT INTO tenant_keys (tenant_id, version, wrapped_key, wrapped_index_key, create_time)
VALUES (:tenant_id, :version, :wrapped_key, :wrapped_index_key, :create_time)
"""


def cipher_of(connection: Connection, tenant_id: UUID) -> TenantCipher:
    """Gives a tenant's cipher; makes its key if it has none.

    Args:
        connection: In the transaction of the revision, which may read and write the table of keys.
        tenant_id: The tenant.

    Raises:
        RuntimeError: The key service is not set.
        DependencyUnavailable: The key service can't be reached.
        EncryptedDataBroken: The key service does not know the key.
    """
    if VARIABLE not in os.environ:
        raise RuntimeError(f"set {VARIABLE}: there is personal data, whose keys the key service wraps")
    token_file = os.environ.get(TOKEN_VARIABLE)
    service = open_key_service(os.environ[VARIABLE], Path(token_file) if token_file else None)
    keys = [WrappedTenantKey(*row) for row in connection.execute(text(_SELECT), {"tenant_id": tenant_id})]
    if not keys:
        key = await_only(new_tenant_key(service, tenant_id))
        values = {
            "tenant_id": tenant_id,
            "version": key.version,
            "wrapped_key": key.wrapped_key,
            "wrapped_index_key": key.wrapped_index_key,
            "create_time": key.create_time,
        }
        connection.execute(text(_ADD), values)
        keys = [key]
    return await_only(unwrapped_cipher(service, tenant_id, keys))
