"""What encryption needs of a key service and of a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.encryption.personal_data import SealedPersonalData


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


@dataclass(frozen=True, slots=True)
class RewrappedBatch:
    """What became of a batch of leads.

    Attributes:
        rewrapped: How many data keys were wrapped anew.
        last: The last lead of the batch; None if there was none.
        passed_over: Whether leads were passed over that somebody else was changing.
    """

    rewrapped: int
    last: UUID | None
    passed_over: bool


Rewrap = Callable[[UUID, SealedPersonalData], bytes | None]
"""Gives a lead's data key, wrapped by the newest version; None if it can't be unwrapped."""


class KeyRotationStore(TenantKeyStore, Protocol):
    """The wrapped keys of all tenants and of their leads."""

    async def is_rotating(self, tenant_id: UUID) -> bool:
        """Tells whether a tenant has a version before the newest that is not retired."""
        ...

    async def rewrap_batch(
        self, tenant_id: UUID, version: int, after: UUID, limit: int, rewrap: Rewrap
    ) -> RewrappedBatch:
        """Wraps the data keys of the next leads anew, and commits that.

        Args:
            tenant_id: The tenant.
            version: The newest version; leads whose key it wraps already are left alone.
            after: The lead to begin after, in the order of ids.
            limit: The largest number of leads.
            rewrap: Wraps a data key.
        """
        ...

    async def retire_before(self, tenant_id: UUID, version: int) -> None:
        """Remembers that nothing is encrypted any more by the versions before one, nor any lead's data key."""
        ...

    async def replace(self, tenant_id: UUID, key: WrappedTenantKey) -> None:
        """Stores how a version is wrapped now."""
        ...
