"""Log-odds of encoded rows: by a model's tables in this process, or by the model server."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import structlog

from scoring.features.feature_set import Matrix
from scoring.registry.served_model import ServedModel
from scoring.scores.lead_scorer import RETRY_AFTER_SECONDS
from scoring.scores.ports import Predictor
from scoring.scores.table_predictor import TableSource
from server.runtime.errors import DependencyUnavailable
from tfserving.errors import ModelServerUnavailable, ServableNotFound

# Rows that the model server is asked for at a time where a model has no tables: callers who wait come in between.
ROWS_A_CALL = 256

_log = structlog.get_logger(__name__)


class RowScoring:
    """Scores rows without reasons.

    A model's tables score in this process. Without them, as for models that were trained before there were tables or
    where the repository can't be seen, the model server is asked: the scores are the same bits.

    Args:
        tables: Where the tables are.
        predictor: The model server.
    """

    def __init__(self, tables: TableSource, predictor: Predictor) -> None:
        self._tables = tables
        self._predictor = predictor

    async def log_odds(self, tenant_id: UUID, model: ServedModel, X: Matrix) -> tuple[Sequence[float], float]:
        """Scores rows.

        Args:
            tenant_id: The tenant.
            model: The model.
            X: One row a lead, one column a feature of the model.

        Returns:
            The log-odds of each row, and the base log-odds of the model.

        Raises:
            DependencyUnavailable: The model server is needed and can't be reached, or does not serve the model yet.
        """
        tables = await self._tables.tables(tenant_id, model.version)
        if tables is None:
            return await self._predict(model, np.ascontiguousarray(X))
        found = await asyncio.to_thread(tables.log_odds, X)
        return found.tolist(), float(np.float32(tables.base_log_odds))

    async def _predict(self, model: ServedModel, X: Matrix) -> tuple[Sequence[float], float]:
        log_odds: list[float] = []
        base_log_odds = 0.0
        for start in range(0, len(X), ROWS_A_CALL):
            try:
                predicted = await self._predictor.predict(model.name, model.version, X[start : start + ROWS_A_CALL])
            except (ModelServerUnavailable, ServableNotFound) as error:
                _log.warning("model server unavailable", model=model.name, version=model.version, cause=str(error))
                raise DependencyUnavailable("model_server", RETRY_AFTER_SECONDS) from error
            log_odds += predicted.log_odds
            base_log_odds = predicted.base_log_odds[0]
        return log_odds, base_log_odds
