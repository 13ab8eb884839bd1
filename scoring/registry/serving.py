"""Which versions of a tenant's models the model server holds, and how it comes to hold them."""

from collections.abc import Sequence
from uuid import UUID

from scoring.registry.model import IN_EXPERIMENT, Model, ModelState
from scoring.registry.ports import ModelServer
from scoring.registry.served_model import name_in_model_server
from server.runtime.errors import DependencyUnavailable
from tfserving.errors import ModelServerUnavailable, ServableFailed, ServableNotFound

# Former champions, and newest versions, that stay loaded beside the champion: going back to them takes no time.
KEPT_LOADED = 3

LOAD_TIMEOUT_SECONDS = 60.0


def loaded_versions(models: Sequence[Model]) -> set[int]:
    """Says which versions stay loaded: the champion, what is tried beside it, the 3 champions before, and the newest 3.

    Args:
        models: All models of a tenant, the newest first.
    """
    champions = sorted(
        (model for model in models if model.champion_time is not None and model.state is not ModelState.CHAMPION),
        key=lambda model: (model.champion_time, model.version),
        reverse=True,
    )
    kept = [*champions[:KEPT_LOADED], *models[:KEPT_LOADED]]
    in_use = {ModelState.CHAMPION, *IN_EXPERIMENT}
    return {model.version for model in kept} | {model.version for model in models if model.state in in_use}


class ModelLoader:
    """Has the model server hold what it shall. To be used while no other change of the tenant's models is under way.

    Args:
        model_server: The model server.
    """

    def __init__(self, model_server: ModelServer) -> None:
        self._model_server = model_server

    async def load(self, tenant_id: UUID, models: Sequence[Model], version: int) -> None:
        """Returns as soon as the model server answers for a version; at once if it does already.

        Args:
            tenant_id: The tenant.
            models: All its models, the newest first.
            version: The version that is needed.

        Raises:
            ServableFailed: The model server can't load it; it goes on with what it had.
            DependencyUnavailable: The model server can't be reached, or did not load it in time.
        """
        name = name_in_model_server(tenant_id)
        try:
            if await self._is_loaded(name, version):
                return
            await self._model_server.serve(name, loaded_versions(models) | {version})
            await self._model_server.wait_available(name, version, timeout_seconds=LOAD_TIMEOUT_SECONDS)
        except ServableFailed:
            await self.keep(tenant_id, [model for model in models if model.version != version])
            raise
        except (ModelServerUnavailable, ServableNotFound) as error:
            raise DependencyUnavailable("model_server") from error

    async def keep(self, tenant_id: UUID, models: Sequence[Model]) -> None:
        """Has the model server hold what stays loaded of these models, and nothing else of the tenant's.

        Args:
            tenant_id: The tenant.
            models: All its models, the newest first.

        Raises:
            DependencyUnavailable: The model server can't be reached.
        """
        try:
            await self._model_server.serve(name_in_model_server(tenant_id), loaded_versions(models))
        except ModelServerUnavailable as error:
            raise DependencyUnavailable("model_server") from error

    async def _is_loaded(self, name: str, version: int) -> bool:
        if version not in await self._model_server.listed(name):
            return False
        try:
            await self._model_server.wait_available(name, version, timeout_seconds=0.0)
        except (ServableNotFound, ServableFailed):
            return False
        return True
