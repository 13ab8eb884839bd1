"""What the service needs beside the use cases of scoring."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from scoring.registry.model import Model
from scoring.scores.score import ScoreOverride
from server.runtime.operations import RunningOperation


class ModelReader(Protocol):
    """Where models are read; every method raises DependencyUnavailable where that can't be reached."""

    async def get(self, tenant_id: UUID, model_id: UUID) -> Model:
        """Gives a model.

        Raises:
            ModelNotFound: The tenant has no such model.
        """

    async def newest(self, tenant_id: UUID, limit: int, below_version: int | None = None) -> Sequence[Model]:
        """Gives up to `limit` models, the newest first, of those below a version if one is given."""


class OperationRequests(Protocol):
    """Where long-running operations are asked for."""

    async def request_training(
        self, tenant_id: UUID, excluded_fields: Sequence[str], kept_fields: Sequence[str]
    ) -> RunningOperation:
        """Writes down that a model shall be trained.

        Args:
            tenant_id: Whose model.
            excluded_fields: Fields that it must not use.
            kept_fields: Fields that it may use though they look as if they were filled in after the outcome.

        Raises:
            DependencyUnavailable: It can't be written at present.
        """

    async def request_rescoring(self, tenant_id: UUID) -> RunningOperation:
        """Writes down that every open lead shall be scored anew.

        Raises:
            NoModel: The tenant has no model yet.
            DependencyUnavailable: It can't be written at present.
        """


class ScoreOverrides(Protocol):
    """What people set in place of computed scores; every method raises DependencyUnavailable where it can't be written.

    The stored score follows a moment later, and whoever watches is told.
    """

    async def set(self, tenant_id: UUID, lead_id: UUID, value: int, principal: str) -> ScoreOverride:
        """Sets a lead's score, 0 to 100.

        Raises:
            LeadNotFound: The tenant has no such lead.
        """

    async def clear(self, tenant_id: UUID, lead_id: UUID) -> None:
        """Leaves a lead's score to be computed again.

        Raises:
            LeadNotFound: The tenant has no such lead.
        """
