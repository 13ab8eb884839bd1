"""Brings a trained model to the model server, and makes it champion if it passed the gate."""

import asyncio
from pathlib import Path
from uuid import UUID

from scoring.registry.model import Model, ModelDescription
from scoring.registry.model_files import ModelFiles
from scoring.registry.ports import ModelChanges, ModelStore
from scoring.registry.rivals import Rival, choose_rivals
from scoring.registry.serving import ModelLoader
from server.runtime.identifiers import format_name
from server.runtime.system_changes import SystemChange
from tfserving.errors import ServableFailed

# Best models that are older than this many trainings are no longer looked for.
MOST_COMPARED = 200


class ModelPublisher:
    """Publishes models. Each step may be repeated, so a publication that was interrupted is simply done again.

    Args:
        files: The files of models.
        models: Where models are kept.
        changes: Where changes of what they are used for begin.
        loader: Has the model server hold what it shall.
    """

    def __init__(self, files: ModelFiles, models: ModelStore, changes: ModelChanges, loader: ModelLoader) -> None:
        self._files = files
        self._models = models
        self._changes = changes
        self._loader = loader

    def staging_folder(self, model_id: UUID) -> Path:
        """Where a training puts the files of a model without a version."""
        return self._files.staging(model_id)

    async def discard(self, model_id: UUID) -> None:
        """Removes what a training has left in its staging folder."""
        await asyncio.to_thread(self._files.discard_staging, model_id)

    async def rivals(self, tenant_id: UUID) -> tuple[Rival, ...]:
        """Gives the models that a new one is compared with: the champion and the best that ever was champion.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        chosen = choose_rivals(await self._models.newest(tenant_id, MOST_COMPARED))
        return tuple(
            Rival(model.version, role, self._files.version(tenant_id, model.version), model.description.feature_set)
            for role, model in chosen
        )

    async def find_kept(self, tenant_id: UUID, model_id: UUID) -> Model | None:
        """Gives the model if an interrupted publication has kept it with its files."""
        model = await self._models.find(tenant_id, model_id)
        if model is not None and await asyncio.to_thread(self._files.version(tenant_id, model.version).is_dir):
            return model
        return None

    async def keep(self, tenant_id: UUID, model_id: UUID, description: ModelDescription) -> Model:
        """Gives the model of the staging folder its version, and moves its files to where they are served from.

        Args:
            tenant_id: The tenant.
            model_id: The model, whose files lie in its staging folder.
            description: What its training found.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        model = await self._models.add_candidate(tenant_id, model_id, description)
        await asyncio.to_thread(self._files.publish, model_id, tenant_id, model.version)
        return model

    async def publish(self, tenant_id: UUID, model: Model) -> Model:
        """Has the model server load a kept model, and makes it champion if it passed the gate.

        Args:
            tenant_id: The tenant.
            model: The model, whose files are in place.

        Returns:
            The model as champion, or as the candidate that it stays.

        Raises:
            ServableFailed: The model server can't load it. It is forgotten with its files; the champion stays.
            DependencyUnavailable: PostgreSQL or the model server can't be reached.
        """
        async with self._changes.begin(tenant_id) as change:
            models = await change.models()
            try:
                await self._loader.load(tenant_id, models, model.version)
            except ServableFailed:
                await change.delete(model.model_id)
                await asyncio.to_thread(self._files.delete, tenant_id, model.version)
                await change.commit()
                raise
            if model.champion_time is None and model.description.may_be_promoted:
                model = await change.make_champion(model.model_id)
                await change.record(
                    SystemChange(
                        # A model has the id of the training that made it.
                        principal=format_name("operations", model.model_id),
                        method="training/promote_model",
                        resources=[format_name("models", model.model_id)],
                    )
                )
            await change.commit()
        return model
