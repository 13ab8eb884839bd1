"""Scores and stores one page of open leads: the unit of work of bulk scoring, on one machine or on many."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import numpy as np

from scoring.bulk.open_leads import LAST_OF_ALL, OpenLeadPage, OpenLeads
from scoring.bulk.row_scoring import RowScoring
from scoring.features.feature_set import Matrix
from scoring.features.lead_columns import columns_needed, columns_of, encode_columns
from scoring.features.lead_record import LeadRecord
from scoring.registry.model_cache import ModelCache
from scoring.registry.rule_set_cache import RuleSetCache
from scoring.registry.served_model import ServedModel
from scoring.rules.compiled_rule_set import CompiledRuleSet
from scoring.scores.lead_scorer import probabilities_of, probability_of
from scoring.scores.rescoring import ScoreStore
from scoring.scores.score import SMALLEST_CHANGE, Score, StoredLead

# Large enough that what a page costs by itself does not count, small enough that some pages fit into little memory.
PAGE_SIZE = 2_048


class PageRescoring:
    """Scores pages of open leads with the champion. Doing it twice changes nothing more.

    Every method raises DependencyUnavailable if PostgreSQL or the model server can't be reached.

    Args:
        leads: Where leads are read.
        models: The models at hand.
        rule_sets: The rules at hand.
        rows: Scores what leads were made into.
        store: Where scores are stored.
        page_size: How many leads a page has, 1 or more.
    """

    def __init__(
        self,
        leads: OpenLeads,
        models: ModelCache,
        rule_sets: RuleSetCache,
        rows: RowScoring,
        store: ScoreStore,
        *,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.leads = leads
        self._models = models
        self._rule_sets = rule_sets
        self._rows = rows
        self._store = store
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
        if page.stored_leads:
            return await self._score_and_store_leads(tenant_id, page.stored_leads)
        X = await asyncio.to_thread(encode_columns, model.feature_set, page.leads, page.read_time)
        log_odds, base_log_odds = await self._rows.log_odds(tenant_id, model, X)
        changed = await asyncio.to_thread(_changed_scores, model, page, X, log_odds, base_log_odds)
        return await self._store.store(tenant_id, changed) if changed else 0

    async def _score_and_store_leads(self, tenant_id: UUID, leads: Sequence[StoredLead]) -> int:
        """Scores leads each with its own model, all of a model at once."""
        rule_set_id = leads[0].rule_set_id
        rules = None if rule_set_id is None else await self._rule_sets.rule_set(tenant_id, rule_set_id)
        by_model: dict[UUID, list[StoredLead]] = {}
        for lead in leads:
            if lead.champion_id is not None:
                by_model.setdefault(lead.champion_id, []).append(lead)
        stored = 0
        for model_id, of_model in by_model.items():
            model = await self._models.model(tenant_id, model_id)
            X = await asyncio.to_thread(_encoded, model, of_model)
            computed = await self._rows.log_odds(tenant_id, model, X)
            scores = await asyncio.to_thread(_scores, model, of_model, rules, X, computed)
            stored += await self._store.store(tenant_id, scores)
        return stored


def _encoded(model: ServedModel, leads: Sequence[StoredLead]) -> Matrix:
    columns = columns_of([lead.record for lead in leads], columns_needed(model.feature_set))
    return encode_columns(model.feature_set, columns, leads[0].read_time)


def _scores(
    model: ServedModel,
    leads: Sequence[StoredLead],
    rules: CompiledRuleSet | None,
    X: Matrix,
    computed: tuple[Sequence[float], float],
) -> list[Score]:
    log_odds, base_log_odds = computed
    return [
        Score(
            model,
            lead.record,
            probability_of(log_odds_of_lead),
            log_odds_of_lead,
            base_log_odds,
            None,
            # The time of reading, not of computing: of two scores, the one that saw the newer lead must win.
            lead.read_time,
            row,
        )
        .with_rules(rules)
        .with_override(lead.override)
        for lead, log_odds_of_lead, row in zip(leads, log_odds, X, strict=True)
    ]


def _changed_scores(
    model: ServedModel, page: OpenLeadPage, X: Matrix, log_odds: Sequence[float], base_log_odds: float
) -> list[Score]:
    """Give the scores that differ from what is stored: the others need not even be sent."""
    probabilities = probabilities_of(log_odds)
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
