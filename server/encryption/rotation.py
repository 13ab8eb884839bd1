"""Rotates keys: tenants' keys, and the key service's own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from server.encryption.personal_data import SealedPersonalData
from server.encryption.ports import KeyRotationStore, KeyService, Rewrap
from server.encryption.tenant_keys import new_tenant_key, rewrapped_key, unwrapped_cipher
from server.runtime.errors import EncryptedDataBroken

BATCH_LEADS: Final = 1_000
_PAUSE_SECONDS: Final = 0.1

Progress = Callable[[str, int], Awaitable[None]]
"""Told the stage in words, and how many leads are done."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation has done.

    Attributes:
        version: The version of the tenant's key that encrypts from now on.
        rewrapped: How many leads' data keys were wrapped anew.
        broken: The leads whose data keys can't be unwrapped, since somebody has changed them outside of Leadline.
    """

    version: int
    rewrapped: int
    broken: frozenset[UUID]


class RotateKeys:
    """Rotates keys while leads are read and written.

    A rotation that was cut off goes on where it was when it is asked for again: leads that are done stay done.

    Args:
        store: The keys and the leads.
        service: The key service.
        grace_seconds: After how long nobody uses a version any more, once there is a newer one: the time that unwrapped
            keys are held, and that of the longest transaction.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        store: KeyRotationStore,
        service: KeyService,
        *,
        grace_seconds: float,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._service = service
        self._grace_seconds = grace_seconds
        self._sleep = sleep

    async def tenant_key(self, tenant_id: UUID, progress: Progress, version: int | None = None) -> Rotation:
        """Gives a tenant a new version of its key and wraps the data keys of all its leads by it.

        The versions before are retired: they decrypt what else was encrypted by them, and nothing is encrypted by them.

        Args:
            tenant_id: The tenant.
            progress: Told how it goes.
            version: The version that shall be there in the end, from `next_version`; None asks for it now.

        Raises:
            DependencyUnavailable: The store or the key service can't be reached.
            EncryptedDataBroken: A key can't be unwrapped.
        """
        version = version or await next_version(self._store, tenant_id)
        stored = await self._store.keys(tenant_id)
        if not stored or stored[-1].version < version:
            await self._store.add(tenant_id, await new_tenant_key(self._service, tenant_id, stored))
            stored = await self._store.keys(tenant_id)
        cipher = await unwrapped_cipher(self._service, tenant_id, stored)
        broken: set[UUID] = set()

        def rewrap(lead_id: UUID, sealed: SealedPersonalData) -> bytes | None:
            try:
                return cipher.rewrap(lead_id, sealed)
            except EncryptedDataBroken:
                broken.add(lead_id)
                return None

        rewrapped = await self._rewrap_all(tenant_id, cipher.version, rewrap, 0, progress)
        # Until then processes may encrypt by the version that they hold.
        await progress("waiting until no process holds the version before", rewrapped)
        await self._sleep(self._grace_seconds)
        rewrapped = await self._rewrap_all(tenant_id, cipher.version, rewrap, rewrapped, progress)
        await self._store.retire_before(tenant_id, cipher.version)
        return Rotation(cipher.version, rewrapped, frozenset(broken))

    async def service_key(self, tenant_id: UUID) -> int:
        """Wraps a tenant's key anew, by the key service's newest key; gives how many versions.

        Args:
            tenant_id: The tenant.

        Raises:
            DependencyUnavailable: The store or the key service can't be reached.
            EncryptedDataBroken: A key can't be unwrapped.
        """
        stored = await self._store.keys(tenant_id)
        for key in stored:
            await self._store.replace(tenant_id, await rewrapped_key(self._service, tenant_id, key))
        return len(stored)

    async def _rewrap_all(self, tenant_id: UUID, version: int, rewrap: Rewrap, done: int, progress: Progress) -> int:
        after, left = UUID(int=0), False
        while True:
            batch = await self._store.rewrap_batch(tenant_id, version, after, BATCH_LEADS, rewrap)
            done += batch.rewrapped
            left = left or batch.passed_over
            await progress("wrapping the keys of leads", done)
            if batch.last is not None:
                after = batch.last
            elif left:
                # Somebody was changing these leads, with which their keys may have come right already.
                after, left = UUID(int=0), False
                await self._sleep(_PAUSE_SECONDS)
            else:
                return done


async def next_version(store: KeyRotationStore, tenant_id: UUID) -> int:
    """Gives the version that a rotation makes, or the newest one if a rotation to it was begun and is not over.

    Args:
        store: The keys.
        tenant_id: The tenant.

    Raises:
        DependencyUnavailable: The store can't be reached.
    """
    stored = await store.keys(tenant_id)
    newest = stored[-1].version if stored else 0
    return newest if await store.is_rotating(tenant_id) else newest + 1
