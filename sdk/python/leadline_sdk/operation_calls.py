# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about long-running operations, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from google.longrunning import operations_pb2
from leadline.v1.operation_service_pb2 import GetOperationRequest, ListOperationsRequest
from leadline.v1.operation_service_pb2_grpc import OperationServiceStub

from leadline_sdk import requests
from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection
from leadline_sdk.operations import AsyncOperation, Operation


class OperationCalls(Caller):
    """What `Client` does with operations; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._operations = OperationServiceStub(self._channel)

    def get_operation(self, name: str, *, timeout: float | None = None) -> Operation[Any]:
        """Give a handle of an operation that was started before, here or elsewhere.

        Raises:
            NotFound: there is no such operation.
        """
        return self._handle(self._call(self._operations.GetOperation, GetOperationRequest(name=name), timeout))

    def list_operations(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Operation[Any]]:
        """Go through the operations, the newest first."""
        request = ListOperationsRequest(page_size=page_size)
        for page in self._pages(self._operations.ListOperations, request, timeout):
            yield from map(self._handle, page.operations)

    def _handle(self, message: operations_pb2.Operation) -> Operation[Any]:
        return Operation(message, wait=self._wait_operation, cancel=self._cancel_operation)

    def _wait_operation(self, name: str, seconds: float) -> operations_pb2.Operation:
        request = requests.wait_operation(name, seconds)
        return self._call(self._operations.WaitOperation, request, seconds + requests.WAIT_MARGIN)

    def _cancel_operation(self, name: str) -> operations_pb2.Operation:
        return self._call(self._operations.CancelOperation, requests.cancel_operation(name))


class AsyncOperationCalls(AsyncCaller):
    """What `AsyncClient` does with operations: the methods of `OperationCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._operations = OperationServiceStub(self._channel)

    async def get_operation(self, name: str, *, timeout: float | None = None) -> AsyncOperation[Any]:
        """Give a handle of an operation that was started before; see `Client.get_operation`."""
        return self._handle(await self._call(self._operations.GetOperation, GetOperationRequest(name=name), timeout))

    async def list_operations(
        self, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[AsyncOperation[Any]]:
        """Go through the operations, the newest first; see `Client.list_operations`."""
        request = ListOperationsRequest(page_size=page_size)
        async for page in self._pages(self._operations.ListOperations, request, timeout):
            for operation in page.operations:
                yield self._handle(operation)

    def _handle(self, message: operations_pb2.Operation) -> AsyncOperation[Any]:
        return AsyncOperation(message, wait=self._wait_operation, cancel=self._cancel_operation)

    async def _wait_operation(self, name: str, seconds: float) -> operations_pb2.Operation:
        request = requests.wait_operation(name, seconds)
        return await self._call(self._operations.WaitOperation, request, seconds + requests.WAIT_MARGIN)

    async def _cancel_operation(self, name: str) -> operations_pb2.Operation:
        return await self._call(self._operations.CancelOperation, requests.cancel_operation(name))
