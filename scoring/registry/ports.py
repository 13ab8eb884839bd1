"""What the registry needs from outside; stores and clients implement it, tests have fakes of it."""

from collections.abc import Awaitable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from scoring.registry.model import Model, ModelDescription
from server.runtime.system_changes import SystemChange


class ModelStore(Protocol):
    """Where models are kept; every method raises DependencyUnavailable where that can't be reached."""

    async def find(self, tenant_id: UUID, model_id: UUID) -> Model | None:
        """Gives a model; None if the tenant has no such model."""

    async def newest(self, tenant_id: UUID, limit: int, below_version: int | None = None) -> Sequence[Model]:
        """Gives up to `limit` models, the newest first, of those below a version if one is given."""

    async def add_candidate(self, tenant_id: UUID, model_id: UUID, description: ModelDescription) -> Model:
        """Keeps a model under the tenant's next version; one that is kept already keeps its version."""


class ModelChange(Protocol):
    """A change of what a tenant's models are used for; nobody else changes them until it is over."""

    async def models(self) -> Sequence[Model]:
        """Gives the tenant's models, the newest first."""

    async def make_champion(self, model_id: UUID) -> Model:
        """Makes a model champion and retires the one before."""

    async def delete(self, model_id: UUID) -> None:
        """Forgets a model; no effect if there is none."""

    async def record(self, change: SystemChange) -> None:
        """Records in the audit log what no rpc has asked for."""

    async def commit(self) -> None:
        """Makes the change take effect. The last thing that is done."""


class ModelChanges(Protocol):
    """Where changes begin."""

    def begin(self, tenant_id: UUID) -> AbstractAsyncContextManager[ModelChange]:
        """Begins a change as soon as no other is under way; without a commit it does not take effect.

        Raises:
            DependencyUnavailable: The models can't be reached.
        """


class ModelServer(Protocol):
    """The model server and what it is told to serve; errors are those of `tfserving.errors`."""

    def listed(self, model_name: str) -> Awaitable[frozenset[int]]:
        """Gives the versions of a model that the server was told to serve."""

    def serve(self, model_name: str, versions: Collection[int]) -> Awaitable[None]:
        """Has the server serve these versions of a model, and no others of it."""

    def wait_available(self, model_name: str, version: int, *, timeout_seconds: float) -> Awaitable[None]:
        """Returns as soon as the version is served."""
