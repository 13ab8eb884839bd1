"""Tenants' keys are unwrapped once, held for a bounded time, and made for who has none."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from server.encryption.ports import WrappedTenantKey
from server.encryption.tenant_keys import TenantKeys, new_tenant_key
from server.runtime.errors import DependencyUnavailable, EncryptedDataBroken
from server.runtime.identifiers import new_id


class CountingService:
    """A key service that keeps what it wraps, and counts what it is asked."""

    def __init__(self) -> None:
        self.kept: dict[bytes, tuple[bytes, bytes]] = {}
        self.unwrapped = 0
        self.down = False

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        self._refuse()
        wrapped = f"wrapped {len(self.kept)}".encode()
        self.kept[wrapped] = (key, context)
        return wrapped

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        self._refuse()
        self.unwrapped += 1
        await asyncio.sleep(0)
        key, expected = self.kept.get(wrapped, (b"", b""))
        if context != expected:
            raise ValueError("not wrapped here")
        return key

    def _refuse(self) -> None:
        if self.down:
            raise DependencyUnavailable("key_service")


class InMemoryTenantKeyStore:
    """The wrapped keys of all tenants, in memory."""

    def __init__(self) -> None:
        self.stored: dict[UUID, list[WrappedTenantKey]] = {}

    async def keys(self, tenant_id: UUID) -> Sequence[WrappedTenantKey]:
        return list(self.stored.get(tenant_id, []))

    async def add(self, tenant_id: UUID, key: WrappedTenantKey) -> None:
        stored = self.stored.setdefault(tenant_id, [])
        if key.version not in [each.version for each in stored]:
            stored.append(key)


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def service() -> CountingService:
    return CountingService()


@pytest.fixture
def store() -> InMemoryTenantKeyStore:
    return InMemoryTenantKeyStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(service: CountingService, store: InMemoryTenantKeyStore, clock: Clock) -> TenantKeys:
    return TenantKeys(store, service, lifetime_seconds=60.0, clock=clock)


async def test_the_first_use_makes_a_key_and_many_at_once_unwrap_it_once(
    keys: TenantKeys, service: CountingService, store: InMemoryTenantKeyStore
) -> None:
    tenant_id = new_id()
    ciphers = await asyncio.gather(*(keys.cipher(tenant_id) for _ in range(10)))
    assert [key.version for key in store.stored[tenant_id]] == [1]
    assert len(set(map(id, ciphers))) == 1
    assert service.unwrapped == 1


async def test_a_key_is_held_for_its_lifetime_and_no_longer(
    keys: TenantKeys, service: CountingService, clock: Clock
) -> None:
    tenant_id = new_id()
    await keys.cipher(tenant_id)
    service.down = True
    clock.now = 59.0
    await keys.cipher(tenant_id)
    clock.now = 60.0
    with pytest.raises(DependencyUnavailable) as refused:
        await keys.cipher(tenant_id)
    assert refused.value.dependency == "key_service"
    service.down = False
    await keys.cipher(tenant_id)


async def test_a_version_that_is_not_held_is_looked_for(
    keys: TenantKeys, service: CountingService, store: InMemoryTenantKeyStore
) -> None:
    tenant_id = new_id()
    assert (await keys.cipher(tenant_id)).version == 1
    other = TenantKeys(store, service)
    await store.add(tenant_id, await new_tenant_key(service, tenant_id, await store.keys(tenant_id)))
    sealed = await other.seal(tenant_id, b"plain", b"here")
    assert (await keys.cipher(tenant_id)).version == 1
    assert await keys.open(tenant_id, sealed, b"here") == b"plain"
    assert (await keys.cipher(tenant_id)).version == 2


async def test_another_tenants_key_is_refused(
    keys: TenantKeys, service: CountingService, store: InMemoryTenantKeyStore
) -> None:
    tenant_id, other = new_id(), new_id()
    await keys.cipher(tenant_id)
    store.stored[other] = store.stored[tenant_id]
    with pytest.raises(EncryptedDataBroken):
        await keys.cipher(other)
    del service.kept[store.stored[tenant_id][0].wrapped_key]
    with pytest.raises(EncryptedDataBroken):
        await TenantKeys(store, service).cipher(tenant_id)


async def test_a_caller_that_gives_up_ends_nobody_elses_load(keys: TenantKeys, service: CountingService) -> None:
    tenant_id = new_id()
    impatient = asyncio.create_task(keys.cipher(tenant_id))
    patient = asyncio.create_task(keys.cipher(tenant_id))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).version == 1
    assert service.unwrapped == 1


async def test_a_new_version_encrypts_at_once_where_it_is_told(
    keys: TenantKeys, service: CountingService, store: InMemoryTenantKeyStore
) -> None:
    tenant_id, other = new_id(), new_id()
    for each in (tenant_id, other):
        await keys.cipher(each)
    await store.add(tenant_id, await new_tenant_key(service, tenant_id, await store.keys(tenant_id)))
    keys.forget(tenant_id)
    assert (await keys.cipher(tenant_id)).version == 2
    unwrapped = service.unwrapped
    await keys.cipher(other)
    assert service.unwrapped == unwrapped, "the others are still held"
    keys.forget_all()
    await keys.cipher(other)
    assert service.unwrapped == unwrapped + 1


async def test_what_was_loaded_before_a_new_version_was_told_is_not_held(
    keys: TenantKeys, service: CountingService, store: InMemoryTenantKeyStore
) -> None:
    tenant_id = new_id()
    await store.add(tenant_id, await new_tenant_key(service, tenant_id))
    loading = asyncio.create_task(keys.cipher(tenant_id))
    while not service.unwrapped:  # noqa: ASYNC110 - it happens on this loop
        await asyncio.sleep(0)  # the key is unwrapped half-way
    await store.add(tenant_id, await new_tenant_key(service, tenant_id, await store.keys(tenant_id)))
    keys.forget(tenant_id)
    await loading
    assert (await keys.cipher(tenant_id)).version == 2
