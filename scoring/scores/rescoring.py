"""Keeps the stored scores of open leads fresh."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self
from uuid import UUID

from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LARGEST_BATCH, LeadScorer
from scoring.scores.ports import LeadReader
from scoring.scores.score import Score, StoredLead

# Pages of all open leads that are scored and stored at a time, while the next one is read: what a model server with
# several cores is kept busy with. Also the bound of the memory that the work takes.
PAGES_AT_A_TIME = 4

# No lead has this id.
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class RescoringPosition:
    """How far the scoring of all open leads has come; leads are taken in the order of their ids.

    Attributes:
        last_id: Every open lead up to this one has been scored.
        scored_count: How many that were.
        total_count: How many there were to score when the work began, as far as is known; never less than are scored.
    """

    last_id: UUID = _BEFORE_ALL
    scored_count: int = 0
    total_count: int = 0

    def after(self, leads: Sequence[StoredLead]) -> Self:
        """Gives the position after these leads too; at least one."""
        scored_count = self.scored_count + len(leads)
        return type(self)(leads[-1].lead_id, scored_count, max(self.total_count, scored_count))

    def to_json(self) -> dict[str, Any]:
        """Gives the position as JSON values."""
        return {
            "last_id": str(self.last_id),
            "scored_count": self.scored_count,
            "total_count": self.total_count,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Reads a position."""
        return cls(UUID(document["last_id"]), document["scored_count"], document["total_count"])


class OpenLeads(LeadReader, Protocol):
    """Where open leads are found."""

    async def open_count(self, tenant_id: UUID) -> int:
        """Counts the tenant's open leads."""

    async def open_leads(self, tenant_id: UUID, after: UUID, limit: int) -> Sequence[StoredLead]:
        """Gives up to `limit` open leads whose id comes after `after`, in the order of their ids."""


class ScoreStore(Protocol):
    """Where scores are stored."""

    async def store(self, tenant_id: UUID, scores: Sequence[Score]) -> int:
        """Stores scores that one model made at one moment, with a message to whoever watches; gives how many were new.

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

    async def rescore(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> int:
        """Scores those of the leads that are open, with the tenant's champion.

        Args:
            tenant_id: The tenant.
            lead_ids: Any number of leads, each once; they need not exist any more.

        Returns:
            How many got a new score; 0 if the tenant has no model yet.
        """
        if await self._leads.champion_id(tenant_id) is None:
            return 0
        changed = 0
        for start in range(0, len(lead_ids), LARGEST_BATCH):
            leads = await self._leads.leads(tenant_id, lead_ids[start : start + LARGEST_BATCH])
            changed += await self._score_and_store(tenant_id, [lead for lead in leads if lead.is_open])
        return changed

    async def rescore_open_leads(
        self,
        tenant_id: UUID,
        start: RescoringPosition | None,
        progress: Callable[[RescoringPosition], Awaitable[None]],
    ) -> RescoringPosition:
        """Scores every open lead of a tenant, page by page, several pages at a time.

        Args:
            tenant_id: The tenant.
            start: Where to go on; None to begin.
            progress: Told after each page how far all has been scored and stored. What it raises ends the work.

        Returns:
            The last position.
        """
        done = start or RescoringPosition(total_count=await self._leads.open_count(tenant_id))
        read, under_way = done, deque[tuple[RescoringPosition, asyncio.Task[int]]]()
        try:
            while leads := await self._leads.open_leads(tenant_id, read.last_id, LARGEST_BATCH):
                read = read.after(leads)
                under_way.append((read, asyncio.create_task(self._score_and_store(tenant_id, leads))))
                if len(under_way) == PAGES_AT_A_TIME:
                    done = await _oldest(under_way)
                    await progress(done)
            while under_way:
                done = await _oldest(under_way)
                await progress(done)
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)
        return done

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
        rules = await self._rule_sets.rule_set(tenant_id, leads[0].rule_set_id)
        return await self._store.store(tenant_id, [score.with_rules(rules) for score in scores])


async def _oldest(under_way: deque[tuple[RescoringPosition, asyncio.Task[int]]]) -> RescoringPosition:
    """Waits for the page that was read first, and gives the position after it."""
    position, task = under_way[0]
    await task
    under_way.popleft()
    return position
