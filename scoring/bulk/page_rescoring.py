"""Scores and stores one page of open leads: the unit of work of bulk scoring, on one machine or on many."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt
import structlog

from scoring.bulk.open_leads import LAST_OF_ALL, OpenLeadPage, OpenLeads
from scoring.features.feature_set import Matrix
from scoring.features.lead_columns import columns_needed, encode_columns
from scoring.features.lead_record import LeadRecord
from scoring.registry.model_cache import ModelCache
from scoring.registry.served_model import ServedModel
from scoring.scores.lead_scorer import RETRY_AFTER_SECONDS, probability_of
from scoring.scores.ports import Predictor
from scoring.scores.rescoring import ScoreStore
from scoring.scores.score import SMALLEST_CHANGE, Score
from server.runtime.errors import DependencyUnavailable
from tfserving.errors import ModelServerUnavailable, ServableNotFound
from tfserving.row_tables import RowTables

# Large enough that what a page costs by itself does not count, small enough that some pages fit into little memory.
PAGE_SIZE = 2_048

# Rows that the model server is asked for at a time where a model has no tables: callers who wait come in between.
ROWS_A_CALL = 256

Singles = npt.NDArray[np.float32]

_log = structlog.get_logger(__name__)


class TableSource(Protocol):
    """Where the tables of models are found."""

    async def tables(self, tenant_id: UUID, version: int) -> RowTables | None:
        """Gives the tables of a version of the tenant's models; None if there are none that can be read here."""


LeadRescoring = Callable[[UUID, Sequence[UUID]], Awaitable[int]]


class PageRescoring:
    """Scores pages of open leads with the champion. Doing it twice changes nothing more.

    A model's tables score in this process. Without them, as for models that were trained before there were tables or
    where the repository can't be seen, the model server is asked: the scores are the same bits.

    Every method raises DependencyUnavailable if PostgreSQL or the model server can't be reached.

    Args:
        leads: Where leads are read.
        models: The models at hand.
        tables: Where their tables are.
        predictor: The model server.
        store: Where scores are stored.
        one_by_one: Scores and stores leads for which columns are not enough; gives how many were new.
        page_size: How many leads a page has, 1 or more.
    """

    def __init__(
        self,
        leads: OpenLeads,
        models: ModelCache,
        tables: TableSource,
        predictor: Predictor,
        store: ScoreStore,
        *,
        one_by_one: LeadRescoring,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.leads = leads
        self._models = models
        self._tables = tables
        self._predictor = predictor
        self._store = store
        self._one_by_one = one_by_one
        self.page_size = page_size

    async def model(self, tenant_id: UUID) -> ServedModel | None:
        """Gives the champion; None if the tenant has no model."""
        champion_id = await self.leads.champion_id(tenant_id)
        return None if champion_id is None else await self._models.model(tenant_id, champion_id)

    async def read(self, tenant_id: UUID, model: ServedModel, after: UUID, until: UUID = LAST_OF_ALL) -> OpenLeadPage:
        """Gives the first open leads of a span of ids, with what a model is made to look at.

        Args:
            tenant_id: The tenant.
            model: The model that shall score them.
            after: Their ids come after this one.
            until: And not after this one.
        """
        needed = columns_needed(model.feature_set)
        return await self.leads.open_page(tenant_id, after, until, self.page_size, needed)

    async def score_and_store(self, tenant_id: UUID, model: ServedModel, page: OpenLeadPage) -> int:
        """Scores a page and stores those scores that tell something new; gives how many."""
        if page.one_by_one:
            return await self._one_by_one(tenant_id, page.lead_ids)
        X, log_odds, base_log_odds = await self.score(tenant_id, model, page)
        changed = await asyncio.to_thread(_changed_scores, model, page, X, log_odds, base_log_odds)
        return await self._store.store(tenant_id, changed) if changed else 0

    async def score(
        self, tenant_id: UUID, model: ServedModel, page: OpenLeadPage
    ) -> tuple[Matrix, Sequence[float], float]:
        """Scores a page without storing anything.

        Args:
            tenant_id: The tenant.
            model: The model.
            page: The leads.

        Returns:
            The feature matrix, the log-odds of each lead, and the base log-odds of the model.
        """
        tables = await self._tables.tables(tenant_id, model.version)
        if tables is not None:
            X, log_odds = await asyncio.to_thread(_score, model, page, tables)
            return X, log_odds.tolist(), float(np.float32(tables.base_log_odds))
        X = await asyncio.to_thread(encode_columns, model.feature_set, page.leads, page.read_time)
        return X, *await self._predict(model, np.ascontiguousarray(X))

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


def _score(model: ServedModel, page: OpenLeadPage, tables: RowTables) -> tuple[Matrix, Singles]:
    X = encode_columns(model.feature_set, page.leads, page.read_time)
    return X, tables.log_odds(X)


def _changed_scores(
    model: ServedModel, page: OpenLeadPage, X: Matrix, log_odds: Sequence[float], base_log_odds: float
) -> list[Score]:
    """Give the scores that differ from what is stored: the others need not even be sent."""
    probabilities = [probability_of(log_odds_of_lead) for log_odds_of_lead in log_odds]
    same_model = np.array([model_id == model.model_id for model_id in page.model_ids], dtype=np.bool_)
    same = same_model & (np.abs(page.probabilities - probabilities) <= SMALLEST_CHANGE)
    return [
        Score(
            model,
            LeadRecord(page.lead_ids[place], page.leads.received_times[place], {}, {}),
            probabilities[place],
            log_odds[place],
            base_log_odds,
            None,
            page.read_time,
            X[place],
            override=page.overrides.get(page.lead_ids[place]),
        )
        for place in np.flatnonzero(~same).tolist()
    ]
