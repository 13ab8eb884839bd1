"""Scores leads anew when their score crosses a threshold with time alone, and plans when that is.

A lead that changed is planned a minute later, once however often it changed meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from scoring.registry.model_cache import ModelCache
from scoring.scores.crossings import FindCrossings
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import OpenLeads, Rescoring
from scoring.scores.score import StoredLead
from scoring.stream.consumer import end_if_cancelled
from server.runtime.errors import DependencyUnavailable, LeadlineError

PLAN_AFTER = timedelta(seconds=60)
BATCH_SIZE = 200
PAUSE_SECONDS = 1.0
# Leads that can't be planned, for whatever reason, hold up no others.
RETRY_AFTER = timedelta(minutes=10)
# How often it is looked whether Redis has lost a set, or a tenant has another model or other rules.
REBUILD_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class ScoredTenants(Protocol):
    """Who has scores."""

    def __call__(self) -> Sequence[UUID]:
        """Gives the tenants that have a model."""


class DueLeads(Protocol):
    """Which leads are to be looked at when. Every method raises DependencyUnavailable if that can't be reached."""

    async def bring_forward(self, tenant_id: UUID, lead_ids: Sequence[UUID], due: datetime) -> None:
        """Has leads looked at by a time, those that are due earlier still earlier."""

    async def set(self, tenant_id: UUID, due: Mapping[UUID, datetime | None], taken: datetime) -> None:
        """Writes down when leads are due next, None for never; what was brought forward after `taken` stays."""

    async def due(self, tenant_id: UUID, time: datetime, limit: int) -> list[UUID]:
        """Gives up to `limit` leads that are due by a time, the longest due first."""

    async def tenants(self) -> list[UUID]:
        """Gives the tenants that have leads that are due at some time."""

    async def basis(self, tenant_id: UUID) -> str | None:
        """Gives what a tenant's times were found out with, as it was told; None if that is not known."""

    async def epoch(self) -> str:
        """Gives what is another text once the place has lost data, changes of leads that nobody scored among them."""

    async def set_basis(self, tenant_id: UUID, basis: str) -> None:
        """Writes down what a tenant's times were found out with."""


class DecayingLeads:
    """Looks after leads whose score changes with time.

    Args:
        due_leads: Which leads are due when.
        leads: Where leads are read.
        models: The models at hand.
        scorer: Gives the rules at hand.
        rescoring: Scores and stores.
        find_crossings: Looks ahead.
    """

    def __init__(
        self,
        *,
        due_leads: DueLeads,
        leads: OpenLeads,
        models: ModelCache,
        scorer: LeadScorer,
        rescoring: Rescoring,
        find_crossings: FindCrossings,
    ) -> None:
        self._due_leads = due_leads
        self._leads = leads
        self._models = models
        self._scorer = scorer
        self._rescoring = rescoring
        self._find_crossings = find_crossings

    async def changed(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> None:
        """Has leads planned that changed. It is no loss if Redis is away: the sets are made anew then."""
        try:
            await self._due_leads.bring_forward(tenant_id, lead_ids, datetime.now(UTC) + PLAN_AFTER)
        except DependencyUnavailable as error:
            _log.warning("changed leads are not planned", cause=repr(error.__cause__))

    async def run(self, scored_tenants: ScoredTenants) -> None:
        """Looks after all tenants until it is cancelled.

        Args:
            scored_tenants: Who has scores.
        """
        loop = asyncio.get_running_loop()
        next_rebuild = 0.0
        while True:
            end_if_cancelled()
            try:
                if loop.time() >= next_rebuild:
                    await self._rebuild(await asyncio.to_thread(scored_tenants))
                    next_rebuild = loop.time() + REBUILD_SECONDS
                for tenant_id in await self._due_leads.tenants():
                    while await self.look_after(tenant_id) == BATCH_SIZE:
                        pass
            except DependencyUnavailable as error:
                _log.warning("decaying leads wait", dependency=error.dependency)
            await asyncio.sleep(PAUSE_SECONDS)

    async def look_after(self, tenant_id: UUID) -> int:
        """Scores the leads of a tenant that are due and plans them anew; gives how many, 200 at most.

        Raises:
            DependencyUnavailable: A store or the model server can't be reached.
        """
        now = datetime.now(UTC)
        lead_ids = await self._due_leads.due(tenant_id, now, BATCH_SIZE)
        if not lead_ids:
            return 0
        due: dict[UUID, datetime | None] = dict.fromkeys(lead_ids)
        try:
            await self._rescoring.rescore(tenant_id, lead_ids)
            due |= await self._crossings(tenant_id, lead_ids)
        except DependencyUnavailable:
            raise
        except (LeadlineError, ArithmeticError, LookupError, TypeError, ValueError):
            _log.exception("leads can't be planned", tenant=str(tenant_id))
            due = dict.fromkeys(lead_ids, now + RETRY_AFTER)
        await self._due_leads.set(tenant_id, due, now)
        return len(lead_ids)

    async def _crossings(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> dict[UUID, datetime | None]:
        by_model: dict[UUID, list[StoredLead]] = {}
        for lead in await self._leads.leads(tenant_id, lead_ids):
            if lead.is_open and lead.champion_id is not None:
                by_model.setdefault(lead.champion_id, []).append(lead)
        planned: dict[UUID, datetime | None] = {}
        for model_id, leads in by_model.items():
            model = await self._models.model(tenant_id, model_id)
            rules = await self._scorer.rules(tenant_id, leads[0].rule_set_id)
            crossings = await self._find_crossings(model, rules, [lead.record for lead in leads], leads[0].read_time)
            planned |= {lead.lead_id: crossing for lead, crossing in zip(leads, crossings, strict=True)}
        return planned

    async def _rebuild(self, tenant_ids: Sequence[UUID]) -> None:
        """Makes the sets of tenants anew that have none, or whose scores something else makes by now.

        Every open lead is then due, and most of them never again. So is it after a loss of data: changes that were
        handed over and lost are scored by this.
        """
        epoch = await self._due_leads.epoch()
        for tenant_id in tenant_ids:
            basis = "/".join(map(str, (*await self._leads.makers(tenant_id), epoch)))
            if await self._due_leads.basis(tenant_id) != basis:
                await _each_page(self._leads, tenant_id, self._due_now)
                await self._due_leads.set_basis(tenant_id, basis)

    async def _due_now(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> None:
        await self._due_leads.bring_forward(tenant_id, lead_ids, datetime.now(UTC))


async def _each_page(
    leads: OpenLeads, tenant_id: UUID, handle: Callable[[UUID, Sequence[UUID]], Awaitable[None]]
) -> None:
    after = UUID(int=0)
    while page := await leads.open_leads(tenant_id, after, BATCH_SIZE):
        await handle(tenant_id, [lead.lead_id for lead in page])
        after = page[-1].lead_id
