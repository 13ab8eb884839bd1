"""What the worker needs of the place where operations are kept."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from server.runtime.operations import RunningOperation


class OperationStore(Protocol):
    """Where operations are kept; every method raises DependencyUnavailable where that can't be reached."""

    async def begin(self, tenant_id: UUID, operation_id: UUID) -> RunningOperation | None:
        """Marks an operation as running; None if it is over or does not exist."""

    async def report(
        self,
        tenant_id: UUID,
        operation_id: UUID,
        stage: str,
        progress_percent: int,
        position: Mapping[str, Any] | None = None,
    ) -> bool:
        """Tells where it stands, and where who takes it over shall go on; answers whether it shall go on."""

    async def succeed(self, tenant_id: UUID, operation_id: UUID, result: Mapping[str, Any]) -> None:
        """Ends it with its response."""

    async def fail(self, tenant_id: UUID, operation_id: UUID, error: Mapping[str, Any]) -> None:
        """Ends it with an error."""
