"""The files of models: the folder from which the model server reads, and what a training has laid beside them."""

import shutil
from pathlib import Path
from uuid import UUID

from scoring.registry.served_model import TENANT_PREFIX, name_in_model_server, tenant_in_model_server

# TensorFlow Serving passes over what it does not know in this folder of a SavedModel.
_EXTRA = "assets.extra"


class ModelFiles:
    """The model repository. Its methods block: call them in a thread.

    Args:
        repository: The folder from which the model server reads.
    """

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def tenants(self) -> list[UUID]:
        """Gives the tenants that have files, in no order."""
        return [
            tenant_in_model_server(folder.name)
            for folder in self._repository.glob(f"{TENANT_PREFIX}*")
            if folder.is_dir()
        ]

    def version(self, tenant_id: UUID, version: int) -> Path:
        """Gives the folder of a version, whether it exists or not."""
        return self._repository.absolute() / name_in_model_server(tenant_id) / str(version)

    def staging(self, model_id: UUID) -> Path:
        """Gives the folder where a training puts the files of a model without a version.

        It is in the repository, so that the move to its version is one step.
        """
        return self._repository.absolute() / ".staging" / str(model_id)

    def publish(self, model_id: UUID, tenant_id: UUID, version: int) -> None:
        """Moves a model from its staging folder to its version's.

        Raises:
            OSError: There is nothing to move, or the folder can't be written.
        """
        target = self.version(tenant_id, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staging(model_id).rename(target)

    def discard_staging(self, model_id: UUID) -> None:
        """Removes what a training has left in its staging folder, if anything."""
        shutil.rmtree(self.staging(model_id), ignore_errors=True)

    def delete(self, tenant_id: UUID, version: int) -> None:
        """Removes a version's files; no effect if there are none.

        Raises:
            OSError: They can't be removed.
        """
        folder = self.version(tenant_id, version)
        if folder.exists():
            shutil.rmtree(folder)

    def plots(self, tenant_id: UUID, version: int) -> dict[str, bytes]:
        """Gives the pictures of a version, each PNG under its name without an ending; empty if there are none."""
        folder = plots_folder(self.version(tenant_id, version))
        return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def plots_folder(version: Path) -> Path:
    """Gives where the pictures of a version are, from the version's folder."""
    return version / _EXTRA / "plots"


def training_leads_file(version: Path) -> Path:
    """Gives where a version keeps which leads it learnt from, from the version's folder."""
    return version / _EXTRA / "training_leads.npz"
