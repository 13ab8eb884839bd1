"""Keeps the stored scores of open leads fresh."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LARGEST_BATCH, LeadScorer
from scoring.scores.ports import LeadReader
from scoring.scores.score import Score, StoredLead

TENANTS_HELD: Final = 10_000
"""Of how many tenants it is remembered that they have a model."""


class OpenLeads(LeadReader, Protocol):
    """Where open leads are found."""

    async def open_count(self, tenant_id: UUID) -> int:
        """Counts the tenant's open leads."""

    async def open_leads(self, tenant_id: UUID, after: UUID, limit: int) -> Sequence[StoredLead]:
        """Gives up to `limit` open leads whose id comes after `after`, in the order of their ids."""


class ScoreStore(Protocol):
    """Where scores are stored."""

    async def store(self, tenant_id: UUID, scores: Sequence[Score]) -> int:
        """Stores scores that one model and one version of the rules made at one moment; gives how many were new.

        Whoever watches is told.

        Raises:
            DependencyUnavailable: They can't be stored at present.
        """


class Rescoring:
    """Scores stored leads and stores what came out. Doing it twice changes nothing more.

    Every method raises DependencyUnavailable if PostgreSQL or the model server can't be reached.

    Args:
        leads: Where leads are read.
        models: The models at hand.
        scorer: What computes scores.
        store: Where scores are stored.
    """

    def __init__(self, leads: OpenLeads, models: ModelCache, scorer: LeadScorer, store: ScoreStore) -> None:
        self._leads = leads
        self._models = models
        self._scorer = scorer
        self._store = store
        self._with_model: set[UUID] = set()

    async def has_model(self, tenant_id: UUID) -> bool:
        """Tells whether a tenant has a champion; one that had one once has one ever after, and is not asked again."""
        if tenant_id in self._with_model:
            return True
        if (await self._leads.makers(tenant_id)).champion_id is None:
            return False
        if len(self._with_model) >= TENANTS_HELD:
            self._with_model.clear()
        self._with_model.add(tenant_id)
        return True

    async def rescore(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> int:
        """Scores those of the leads that are open, with the tenant's champion.

        Args:
            tenant_id: The tenant.
            lead_ids: Any number of leads, each once; they need not exist any more.

        Returns:
            How many got a new score; 0 if the tenant has no model yet.
        """
        if not await self.has_model(tenant_id):
            return 0
        changed = 0
        for start in range(0, len(lead_ids), LARGEST_BATCH):
            leads = await self._leads.leads(tenant_id, lead_ids[start : start + LARGEST_BATCH])
            changed += await self._score_and_store(tenant_id, [lead for lead in leads if lead.is_open])
        return changed

    async def _score_and_store(self, tenant_id: UUID, leads: Sequence[StoredLead]) -> int:
        by_model: dict[UUID, list[StoredLead]] = {}
        for lead in leads:
            if lead.champion_id is not None:
                by_model.setdefault(lead.champion_id, []).append(lead)
        return sum([await self._score_with(tenant_id, *of_model) for of_model in by_model.items()])

    async def _score_with(self, tenant_id: UUID, model_id: UUID, leads: Sequence[StoredLead]) -> int:
        model = await self._models.model(tenant_id, model_id)
        # The time of reading, not of computing: of two scores, the one that saw the newer lead must win.
        scores = await self._scorer.score(model, [lead.record for lead in leads], leads[0].read_time, explained=False)
        rules = await self._scorer.rules(tenant_id, leads[0].rule_set_id)
        made = zip(scores, leads, strict=True)
        return await self._store.store(
            tenant_id, [score.with_rules(rules).with_override(lead.override) for score, lead in made]
        )
