"""Models that this process has scored with lately.

A model never changes once it is trained, so what is held here is never stale. Which model is champion is not held: it
comes with each lead, in the round trip that reads the lead.
"""

from typing import Protocol
from uuid import UUID

from scoring.registry.load_cache import LoadCache
from scoring.registry.served_model import ServedModel

CAPACITY = 512


class ModelSource(Protocol):
    """Where models are kept."""

    async def load(self, tenant_id: UUID, model_id: UUID) -> ServedModel:
        """Gives a model.

        Raises:
            ModelNotFound: The tenant has no such model.
            DependencyUnavailable: The models can't be read at present.
        """


class ModelCache:
    """The models used last, read once each.

    Args:
        source: Where a model is read that is not held yet.
        capacity: How many models are held, 1 or more; beyond it, the one unused for longest goes.
    """

    def __init__(self, source: ModelSource, capacity: int = CAPACITY) -> None:
        self._models: LoadCache[ServedModel] = LoadCache(source.load, capacity)

    async def model(self, tenant_id: UUID, model_id: UUID) -> ServedModel:
        """Gives a model of the tenant; the errors are those of `ModelSource.load`."""
        return await self._models.get(tenant_id, model_id)
