"""Scores leads on request: stored ones as they now are, and ones that are not stored."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from types import EllipsisType
from uuid import UUID

from scoring.features.lead_record import LeadRecord
from scoring.registry.model_cache import ModelCache
from scoring.registry.served_model import ServedModel
from scoring.scores.coalescing import Coalescer
from scoring.scores.cold_start import ColdScore, ColdStart
from scoring.scores.lead_scorer import LARGEST_BATCH, LeadScorer
from scoring.scores.ports import LeadReader
from scoring.scores.score import Score, ScoreOverride, StoredLead
from server.runtime.errors import Dependency, DependencyUnavailable, LeadNotFound
from server.runtime.identifiers import format_name

# The longest time that one caller waits for one part, whatever its own deadline is.
PATIENCE_SECONDS = 2.5


class ScoreLeads:
    """The scorer's use cases for callers who wait. Calls that meet share round trips.

    The tenant's champion makes the scores; until there is one, the tenant's outcomes alone do (see `ColdStart`).

    Every method takes `patience_seconds`, how long its caller can wait, and raises DependencyUnavailable in time if
    PostgreSQL or the model server does not answer within it.

    Args:
        leads: Where stored leads are read.
        models: The models at hand.
        scorer: What computes scores.
    """

    def __init__(self, leads: LeadReader, models: ModelCache, scorer: LeadScorer) -> None:
        self._leads = leads
        self._models = models
        self._scorer = scorer
        self._cold_start = ColdStart(leads)
        self._reading: Coalescer[UUID, UUID, StoredLead | None] = Coalescer(self._read, largest_batch=LARGEST_BATCH)
        self._scoring: Coalescer[tuple[UUID, bool], tuple[ServedModel, LeadRecord], Score] = Coalescer(
            self._score, largest_batch=LARGEST_BATCH
        )

    async def stored(
        self,
        tenant_id: UUID,
        lead_id: UUID,
        *,
        explained: bool,
        patience_seconds: float = PATIENCE_SECONDS,
        override: ScoreOverride | EllipsisType | None = ...,
    ) -> Score | ColdScore:
        """Scores one stored lead.

        Args:
            tenant_id: The caller's tenant.
            lead_id: The lead.
            explained: Whether to attribute the score to the features.
            patience_seconds: See the class.
            override: What a person is setting in place of the score; None for nothing; by default, what is stored.

        Raises:
            LeadNotFound: The tenant has no such lead.
        """
        end = asyncio.get_running_loop().time() + min(patience_seconds, PATIENCE_SECONDS)
        awaited: Dependency = "postgresql"
        try:
            async with asyncio.timeout_at(end):
                lead = await self._reading.submit(tenant_id, lead_id)
                if lead is None:
                    raise LeadNotFound(format_name("leads", lead_id))
                if override is ...:
                    override = lead.override
                rules = await self._scorer.rules(tenant_id, lead.rule_set_id)
                if lead.champion_id is None:
                    [cold] = await self._cold_start.score(tenant_id, [lead.record], explained=explained)
                    return cold.with_rules(rules).with_override(override)
                model = await self._models.model(tenant_id, lead.champion_id)
                awaited = "model_server"
                score = await self._scoring.submit((model.model_id, explained), (model, lead.record))
        except TimeoutError as error:
            raise DependencyUnavailable(awaited) from error
        return score.with_rules(rules).with_override(override)

    async def inline(
        self, tenant_id: UUID, record: LeadRecord, *, explained: bool, patience_seconds: float = PATIENCE_SECONDS
    ) -> Score | ColdScore:
        """Scores a lead that is not stored.

        Args:
            tenant_id: The caller's tenant.
            record: The lead.
            explained: Whether to attribute the score to the features.
            patience_seconds: See the class.
        """
        end = asyncio.get_running_loop().time() + min(patience_seconds, PATIENCE_SECONDS)
        awaited: Dependency = "postgresql"
        try:
            async with asyncio.timeout_at(end):
                makers = await self._leads.makers(tenant_id)
                rules = await self._scorer.rules(tenant_id, makers.rule_set_id)
                if makers.champion_id is None:
                    [cold] = await self._cold_start.score(tenant_id, [record], explained=explained)
                    return cold.with_rules(rules)
                model = await self._models.model(tenant_id, makers.champion_id)
                awaited = "model_server"
                score = await self._scoring.submit((model.model_id, explained), (model, record))
        except TimeoutError as error:
            raise DependencyUnavailable(awaited) from error
        return score.with_rules(rules)

    async def batch(
        self,
        tenant_id: UUID,
        lead_ids: Sequence[UUID],
        *,
        explained: bool,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> list[Score | ColdScore | None]:
        """Scores stored leads.

        Args:
            tenant_id: The caller's tenant.
            lead_ids: The leads, any number; one that is named twice is scored once.
            explained: Whether to attribute the scores to the features.
            patience_seconds: See the class.

        Returns:
            A score for each id in their order; None where the tenant has no such lead.
        """
        end = asyncio.get_running_loop().time() + patience_seconds
        by_model: dict[UUID | None, list[LeadRecord]] = {}
        scores: list[Score | ColdScore] = []
        try:
            async with asyncio.timeout_at(end):
                leads = await self._leads.leads(tenant_id, list(dict.fromkeys(lead_ids)))
                rules = await self._scorer.rules(tenant_id, leads[0].rule_set_id if leads else None)
                for lead in leads:
                    by_model.setdefault(lead.champion_id, []).append(lead.record)
                without_model = by_model.pop(None, [])
                if without_model:
                    scores += await self._cold_start.score(tenant_id, without_model, explained=explained)
                models = [await self._models.model(tenant_id, model_id) for model_id in by_model if model_id]
        except TimeoutError as error:
            raise DependencyUnavailable("postgresql") from error
        try:
            async with asyncio.timeout_at(end):
                for model, records in zip(models, by_model.values(), strict=True):
                    scores += await self._scorer.score(model, records, datetime.now(UTC), explained=explained)
        except TimeoutError as error:
            raise DependencyUnavailable("model_server") from error
        overrides = {lead.record.lead_id: lead.override for lead in leads if lead.override is not None}
        by_id = {
            score.record.lead_id: score.with_rules(rules).with_override(overrides.get(score.record.lead_id))
            for score in scores
        }
        return [by_id.get(lead_id) for lead_id in lead_ids]

    async def _read(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> list[StoredLead | None]:
        found = {lead.lead_id: lead for lead in await self._leads.leads(tenant_id, lead_ids)}
        return [found.get(lead_id) for lead_id in lead_ids]

    async def _score(self, key: tuple[UUID, bool], items: Sequence[tuple[ServedModel, LeadRecord]]) -> list[Score]:
        model = items[0][0]
        return await self._scorer.score(model, [record for _, record in items], datetime.now(UTC), explained=key[1])
