# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about the keys by which personal data is kept encrypted, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from leadline.v1.encryption_key_pb2 import TenantKey
from leadline.v1.encryption_key_service_pb2 import (
    GetTenantKeyRequest,
    ListTenantKeysRequest,
    RotateTenantKeyRequest,
    RotateTenantKeyResponse,
)
from leadline.v1.encryption_key_service_pb2_grpc import EncryptionKeyServiceStub

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.channel import Connection
from leadline_sdk.operation_calls import AsyncOperationCalls, OperationCalls
from leadline_sdk.operations import AsyncOperation, Operation


class EncryptionKeyCalls(OperationCalls):
    """What `Client` does with the keys of encryption; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._encryption_keys = EncryptionKeyServiceStub(self._channel)

    def get_tenant_key(self, name: str, *, timeout: float | None = None) -> TenantKey:
        """Give a version of your organization's key: what it is used for, never the key itself.

        Args:
            name: `tenantKeys/{version}`.
            timeout: see the class.

        Raises:
            NotFound: there is no such version.
        """
        return self._call(self._encryption_keys.GetTenantKey, GetTenantKeyRequest(name=name), timeout)

    def list_tenant_keys(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[TenantKey]:
        """Go through the versions of your organization's key, the newest first."""
        request = ListTenantKeysRequest(page_size=page_size)
        for page in self._pages(self._encryption_keys.ListTenantKeys, request, timeout):
            yield from page.tenant_keys

    def rotate_tenant_key(
        self, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Operation[RotateTenantKeyResponse]:
        """Start to rotate your organization's key, and give a handle to wait with.

        All leads can be read and written meanwhile. Cancelled, both versions stay in use until the next rotation.

        Args:
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            FailedPrecondition: it is being rotated already (reason TENANT_KEY_ROTATING).
        """
        return self._handle(self._call(self._encryption_keys.RotateTenantKey, _rotate(idempotency_key), timeout))


class AsyncEncryptionKeyCalls(AsyncOperationCalls):
    """What `AsyncClient` does with the keys of encryption: the methods of `EncryptionKeyCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._encryption_keys = EncryptionKeyServiceStub(self._channel)

    async def get_tenant_key(self, name: str, *, timeout: float | None = None) -> TenantKey:
        """Give a version of your organization's key; see `Client.get_tenant_key`."""
        return await self._call(self._encryption_keys.GetTenantKey, GetTenantKeyRequest(name=name), timeout)

    async def list_tenant_keys(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[TenantKey]:
        """Go through the versions of your organization's key, the newest first."""
        request = ListTenantKeysRequest(page_size=page_size)
        async for page in self._pages(self._encryption_keys.ListTenantKeys, request, timeout):
            for key in page.tenant_keys:
                yield key

    async def rotate_tenant_key(
        self, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> AsyncOperation[RotateTenantKeyResponse]:
        """Start to rotate your organization's key, and give a handle; see `Client.rotate_tenant_key`."""
        request = _rotate(idempotency_key)
        return self._handle(await self._call(self._encryption_keys.RotateTenantKey, request, timeout))


def _rotate(idempotency_key: str | None) -> RotateTenantKeyRequest:
    return RotateTenantKeyRequest(idempotency_key=idempotency_key or new_idempotency_key())
