"""The tenants' keys, held in memory for a bounded time."""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from server.encryption.ports import KeyService, TenantKeyStore, WrappedTenantKey
from server.encryption.tenant_cipher import (
    KEY_BYTES,
    TenantCipher,
    sealed_version,
    unwrap_index_key,
    wrap_index_key,
)
from server.runtime.errors import EncryptedDataBroken
from server.runtime.identifiers import format_name

HELD_TENANTS: Final = 10_000


class TenantKeys:
    """Gives each tenant's cipher. The first one asked of a tenant makes its key.

    Args:
        store: Where the wrapped keys are kept.
        service: Wraps and unwraps them.
        lifetime_seconds: How long unwrapped keys are held: above 0.
        clock: Gives seconds that only go forward.
    """

    def __init__(
        self,
        store: TenantKeyStore,
        service: KeyService,
        *,
        lifetime_seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._service = service
        self._lifetime_seconds = lifetime_seconds
        self._clock = clock
        self._held: OrderedDict[UUID, tuple[float, TenantCipher]] = OrderedDict()
        self._loading: dict[UUID, asyncio.Task[TenantCipher]] = {}
        self._forgotten = 0

    @property
    def lifetime_seconds(self) -> float:
        """After how long no process uses a version of a key any more, once there is a newer one."""
        return self._lifetime_seconds

    async def cipher(self, tenant_id: UUID, versions: Collection[int | None] = ()) -> TenantCipher:
        """Gives a tenant's cipher.

        Args:
            tenant_id: The tenant.
            versions: What it should decrypt with; a version that is not held, another process may have made since.

        Raises:
            DependencyUnavailable: The key is not held, and the store or the key service can't be reached.
            EncryptedDataBroken: The key service does not know the key.
        """
        held = self._held.get(tenant_id)
        if held is not None and held[0] > self._clock() and held[1].versions.issuperset(filter(None, versions)):
            return held[1]
        loading = self._loading.get(tenant_id)
        if loading is None:
            loading = asyncio.create_task(self._load(tenant_id))
            self._loading[tenant_id] = loading
        # A caller that gives up must not end the load for the others.
        return await asyncio.shield(loading)

    def forget(self, tenant_id: UUID) -> None:
        """Holds a tenant's key no longer, since there is a new version that encrypts from now on."""
        self._forgotten += 1
        self._held.pop(tenant_id, None)

    def forget_all(self) -> None:
        """Holds no key any longer, since new versions may have been missed."""
        self._forgotten += 1
        self._held.clear()

    async def seal(self, tenant_id: UUID, plain: bytes, context: bytes) -> bytes:
        """Encrypts by a tenant's key.

        Args:
            tenant_id: Whose key.
            plain: What to encrypt.
            context: Where it belongs; it is opened with the same context alone.

        Raises:
            DependencyUnavailable: As `cipher`.
        """
        return (await self.cipher(tenant_id)).seal(plain, context)

    async def open(self, tenant_id: UUID, sealed: bytes, context: bytes) -> bytes:
        """Gives what was sealed.

        Raises:
            DependencyUnavailable: As `cipher`.
            EncryptedDataBroken: It was changed, belongs elsewhere, or the version of the tenant's key is destroyed.
        """
        return (await self.cipher(tenant_id, [sealed_version(sealed)])).open(sealed, context)

    async def _load(self, tenant_id: UUID) -> TenantCipher:
        try:
            # What is stored while it loads, it may miss.
            begun, forgotten = self._clock(), self._forgotten
            cipher = await self._unwrapped(tenant_id)
        finally:
            del self._loading[tenant_id]
        if forgotten != self._forgotten:
            # What it read may be older than what was told meanwhile.
            return cipher
        self._held[tenant_id] = (begun + self._lifetime_seconds, cipher)
        self._held.move_to_end(tenant_id)
        while len(self._held) > HELD_TENANTS:
            self._held.popitem(last=False)
        return cipher

    async def _unwrapped(self, tenant_id: UUID) -> TenantCipher:
        stored = await self._store.keys(tenant_id)
        if not stored:
            await self._store.add(tenant_id, await new_tenant_key(self._service, tenant_id))
            stored = await self._store.keys(tenant_id)
        return await unwrapped_cipher(self._service, tenant_id, stored)


async def new_tenant_key(
    service: KeyService, tenant_id: UUID, stored: Sequence[WrappedTenantKey] = ()
) -> WrappedTenantKey:
    """Makes the next version of a tenant's key, which is not stored yet. The key of the blind indexes stays the same.

    Args:
        service: Wraps it.
        tenant_id: The tenant.
        stored: The versions that there are, the oldest first.

    Raises:
        DependencyUnavailable: The key service can't be reached.
        EncryptedDataBroken: The key service does not know the newest version.
    """
    key, index_key, version = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES), 1
    if stored:
        newest = stored[-1]
        version = newest.version + 1
        newest_key = await unwrapped_key(service, tenant_id, newest)
        index_key = unwrap_index_key(tenant_id, newest_key, newest.wrapped_index_key)
    wrapped = await service.wrap(key, _context(tenant_id, version))
    return WrappedTenantKey(version, wrapped, wrap_index_key(tenant_id, key, index_key), datetime.now(UTC))


async def rewrapped_key(service: KeyService, tenant_id: UUID, stored: WrappedTenantKey) -> WrappedTenantKey:
    """Gives a version of a tenant's key, wrapped by the key service's newest key.

    Raises:
        DependencyUnavailable: The key service can't be reached.
        EncryptedDataBroken: The key service does not know the key.
    """
    key = await unwrapped_key(service, tenant_id, stored)
    return replace(stored, wrapped_key=await service.wrap(key, _context(tenant_id, stored.version)))


async def unwrapped_cipher(service: KeyService, tenant_id: UUID, stored: Sequence[WrappedTenantKey]) -> TenantCipher:
    """Unwraps a tenant's key.

    Args:
        service: Unwraps it.
        tenant_id: The tenant.
        stored: Its versions, at least one, the oldest first.

    Raises:
        DependencyUnavailable: The key service can't be reached.
        EncryptedDataBroken: The key service does not know the key.
    """
    keys = {each.version: await unwrapped_key(service, tenant_id, each) for each in stored}
    newest = stored[-1]
    index_key = unwrap_index_key(tenant_id, keys[newest.version], newest.wrapped_index_key)
    return TenantCipher(tenant_id, keys, index_key)


async def unwrapped_key(service: KeyService, tenant_id: UUID, stored: WrappedTenantKey) -> bytes:
    """Gives a version of a tenant's key.

    Raises:
        DependencyUnavailable: The key service can't be reached.
        EncryptedDataBroken: The key service does not know the key.
    """
    try:
        return await service.unwrap(stored.wrapped_key, _context(tenant_id, stored.version))
    except ValueError as error:
        raise EncryptedDataBroken(format_name("organizations", tenant_id)) from error


def _context(tenant_id: UUID, version: int) -> bytes:
    """Gives what a version of a tenant's key is bound to."""
    return f"leadline tenant key 1 {tenant_id} {version}".encode()
