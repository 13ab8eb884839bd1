"""Scores a few rows without reasons by a model's tables in this process, and asks the model server for all else."""

from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.registry.served_model import tenant_in_model_server
from scoring.scores.ports import Predictor
from tfserving.prediction import Explained, Predicted
from tfserving.row_tables import RowTables


class TableSource(Protocol):
    """Where the tables of models are found."""

    async def tables(self, tenant_id: UUID, version: int) -> RowTables | None:
        """Gives the tables of a version of the tenant's models; None if there are none that can be read here."""


class TablePredictor:
    """A predictor that saves the way to the model server where a model's tables are at hand: the same bits.

    Rows are scored on the event loop, which takes less time than to ask for them; give it a few hundred at most.

    Args:
        tables: Where the tables are.
        predictor: The model server.
    """

    def __init__(self, tables: TableSource, predictor: Predictor) -> None:
        self._tables = tables
        self._predictor = predictor

    async def explain(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Explained:
        """Scores feature rows and says why: the model server does."""
        return await self._predictor.explain(model_name, version, X)

    async def predict(self, model_name: str, version: int, X: npt.NDArray[np.float32]) -> Predicted:
        """Scores feature rows `[rows, features]`."""
        tables = await self._tables.tables(tenant_in_model_server(model_name), version)
        if tables is None:
            return await self._predictor.predict(model_name, version, X)
        log_odds: list[float] = tables.log_odds(X).tolist()
        return Predicted(log_odds, [float(np.float32(tables.base_log_odds))] * len(log_odds))
