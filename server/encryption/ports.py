"""What encryption needs of a key service and of a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


class KeyService(Protocol):
    """Wraps the tenants' keys with a key that does not leave it, or lies in a file.

    Both methods raise DependencyUnavailable if the service can't be reached or does not let us in.
    """

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Gives a key encrypted by the service's newest key.

        Args:
            key: The key, 32 bytes.
            context: Where it belongs; it is unwrapped with the same context alone.
        """
        ...

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Gives a wrapped key as it was.

        Args:
            wrapped: From `wrap`.
            context: As it was wrapped.

        Raises:
            ValueError: It was changed, belongs elsewhere, or its key was destroyed.
        """
        ...


@dataclass(frozen=True, slots=True)
class WrappedTenantKey:
    """One version of a tenant's key, as it is stored.

    Attributes:
        version: 1 for the first, one more with each rotation. The highest one encrypts; all decrypt.
        wrapped_key: The key as the key service wrapped it.
        wrapped_index_key: The key of the tenant's blind indexes, encrypted by this version. It is the same in all.
        create_time: When it was made, UTC.
    """

    version: int
    wrapped_key: bytes
    wrapped_index_key: bytes
    create_time: datetime


class TenantKeyStore(Protocol):
    """The wrapped keys of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    async def keys(self, tenant_id: UUID) -> Sequence[WrappedTenantKey]:
        """Gives the versions of a tenant's key, the oldest first."""
        ...

    async def add(self, tenant_id: UUID, key: WrappedTenantKey) -> None:
        """Stores a version, unless somebody else has stored this version meanwhile."""
        ...
