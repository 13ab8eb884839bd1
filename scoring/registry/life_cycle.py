"""What a person does with trained models: promotes one, goes back to an earlier one, deletes one."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from scoring.registry.model import IN_EXPERIMENT, Model, ModelState
from scoring.registry.model_files import ModelFiles
from scoring.registry.ports import ModelChange, ModelChanges, ModelStore
from scoring.registry.serving import ModelLoader
from server.runtime.errors import ModelBroken, ModelInUse, ModelNotFound, PromotionRefused
from server.runtime.identifiers import format_name
from tfserving.errors import ServableFailed


class ModelLifeCycle:
    """Changes what a tenant's models are used for.

    A switch is one row in PostgreSQL, read together with each lead: every score is of one champion or the next, and
    both are loaded while it happens. Every method raises DependencyUnavailable if PostgreSQL or the model server can't
    be reached; then nothing has changed.

    Args:
        models: Where models are kept.
        changes: Where changes of what they are used for begin.
        files: The files of models.
        loader: Has the model server hold what it shall.
    """

    def __init__(self, models: ModelStore, changes: ModelChanges, files: ModelFiles, loader: ModelLoader) -> None:
        self._models = models
        self._changes = changes
        self._files = files
        self._loader = loader

    async def promote(self, tenant_id: UUID, model_id: UUID, *, override_gate: bool) -> Model:
        """Makes a model champion.

        Args:
            tenant_id: The tenant.
            model_id: The model.
            override_gate: Whether to do so though it did not pass the gate.

        Returns:
            The model as champion.

        Raises:
            ModelNotFound: The tenant has no such model.
            PromotionRefused: It did not pass the gate.
            ModelBroken: The model server can't load it.
        """
        async with self._changes.begin(tenant_id) as change:
            models = await change.models()
            model = _find(models, model_id)
            if not override_gate and model.champion_time is None and not model.description.may_be_promoted:
                raise PromotionRefused(format_name("models", model_id), model.description.promotion_gate["reason"])
            return await self._make_champion(change, tenant_id, models, model)

    async def roll_back(self, tenant_id: UUID, model_id: UUID | None) -> Model:
        """Makes an earlier champion champion again, without asking the gate.

        Args:
            tenant_id: The tenant.
            model_id: The model; None for the champion before the present one.

        Returns:
            The model as champion.

        Raises:
            ModelNotFound: The tenant has no such model, it never was champion, or no model was before the present one.
            ModelBroken: The model server can't load it.
        """
        async with self._changes.begin(tenant_id) as change:
            models = await change.models()
            model = _last_retired(models) if model_id is None else _find(models, model_id)
            if model.champion_time is None:
                raise ModelNotFound(format_name("models", model.model_id))
            return await self._make_champion(change, tenant_id, models, model)

    async def delete(self, tenant_id: UUID, model_id: UUID) -> None:
        """Deletes a model with its files.

        Args:
            tenant_id: The tenant.
            model_id: The model.

        Raises:
            ModelNotFound: The tenant has no such model.
            ModelInUse: It is champion or in an experiment.
        """
        async with self._changes.begin(tenant_id) as change:
            models = await change.models()
            model = _find(models, model_id)
            if model.state is ModelState.CHAMPION or model.state in IN_EXPERIMENT:
                raise ModelInUse(format_name("models", model_id))
            await change.delete(model_id)
            await self._loader.keep(tenant_id, [other for other in models if other is not model])
            await asyncio.to_thread(self._files.delete, tenant_id, model.version)
            await change.commit()

    async def plots(self, tenant_id: UUID, model_id: UUID) -> dict[str, bytes]:
        """Gives the pictures of a model's evaluation.

        Args:
            tenant_id: The tenant.
            model_id: The model.

        Returns:
            Each PNG under the name of its kind; empty for a model that was trained before there were pictures.

        Raises:
            ModelNotFound: The tenant has no such model.
        """
        model = await self._models.find(tenant_id, model_id)
        if model is None:
            raise ModelNotFound(format_name("models", model_id))
        return await asyncio.to_thread(self._files.plots, tenant_id, model.version)

    async def _make_champion(
        self, change: ModelChange, tenant_id: UUID, models: Sequence[Model], model: Model
    ) -> Model:
        try:
            await self._loader.load(tenant_id, models, model.version)
        except ServableFailed as error:
            raise ModelBroken(format_name("models", model.model_id)) from error
        champion = await change.make_champion(model.model_id)
        await change.commit()
        return champion


def _find(models: Sequence[Model], model_id: UUID) -> Model:
    for model in models:
        if model.model_id == model_id:
            return model
    raise ModelNotFound(format_name("models", model_id))


def _last_retired(models: Sequence[Model]) -> Model:
    retired = [model for model in models if model.state is ModelState.RETIRED and model.champion_time is not None]
    if not retired:
        raise ModelNotFound("an earlier champion")
    return max(retired, key=lambda model: (model.champion_time, model.version))
