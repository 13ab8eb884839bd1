"""What handlers of requests for long work have in common, whatever the work."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

import structlog

from scoring.stream.consumer import StreamEntry
from scoring.stream.operation_store import OperationStore
from server.interceptors.operation_ends import to_error_json
from server.runtime.operations import RunningOperation

_log = structlog.get_logger(__name__)


class OperationRequests(ABC):
    """Base of the handlers of messages that name an operation to be done.

    Args:
        operations: Where operations are kept.
    """

    work: ClassVar[str]
    """What is asked for, in a word, for the log."""

    def __init__(self, operations: OperationStore) -> None:
        self._operations = operations

    async def handle(self, entries: Sequence[StreamEntry]) -> None:
        """Does what each request asks for, in turn; one whose operation is over is done already."""
        for entry in entries:
            tenant_id, operation_id = entry.tenant_id, UUID(entry.payload["operation_id"])
            operation = await self._operations.begin(tenant_id, operation_id)
            if operation is not None:
                await self._run(tenant_id, operation)

    async def give_up(self, entry: StreamEntry) -> None:
        """Ends the operation of a request that took several workers down with it."""
        try:
            tenant_id, operation_id = entry.tenant_id, UUID(entry.payload["operation_id"])
        except (KeyError, ValueError):
            _log.warning(f"{self.work} request can't be read", entry_id=entry.entry_id)
            return
        await self._operations.fail(tenant_id, operation_id, to_error_json(self._given_up()))

    @abstractmethod
    async def _run(self, tenant_id: UUID, operation: RunningOperation) -> None:
        """Does the work and ends the operation."""

    @abstractmethod
    def _given_up(self) -> Exception:
        """Gives the error of an operation whose request is given up."""
