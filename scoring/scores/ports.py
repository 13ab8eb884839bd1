"""What scoring needs from outside; stores and clients implement it, tests have fakes of it."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.cold_start.conversion_rate import OutcomeCounts
from scoring.scores.score import ScoreMakers, StoredLead
from tfserving.prediction import Explained, Predicted


class OutcomeReader(Protocol):
    """Where leads with an outcome are counted."""

    async def outcome_counts(self, tenant_id: UUID) -> OutcomeCounts:
        """Counts the tenant's converted and lost leads.

        Raises:
            DependencyUnavailable: They can't be counted at present.
        """


class LeadReader(OutcomeReader, Protocol):
    """Where leads are read from."""

    async def leads(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> Sequence[StoredLead]:
        """Gives the tenant's leads of these ids, in any order, without those that do not exist.

        Raises:
            DependencyUnavailable: The leads can't be read at present.
        """

    async def makers(self, tenant_id: UUID) -> ScoreMakers:
        """Gives the champion and the active rules.

        Raises:
            DependencyUnavailable: It can't be read at present.
        """


class Predictor(Protocol):
    """The model server; its errors are those of `tfserving.errors`."""

    async def explain(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Explained:
        """Scores feature rows `[rows, features]` and says why."""

    async def predict(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Predicted:
        """Scores feature rows `[rows, features]`."""
