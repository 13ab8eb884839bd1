"""Open leads in memory, in pages, and tables of models."""

import asyncio
from uuid import UUID

import numpy as np
import numpy.typing as npt

from scoring.bulk.open_leads import OpenLeadPage
from scoring.features.lead_columns import ColumnsNeeded, LeadColumns
from tests.fakes.scoring import BASE_LOG_ODDS, READ_TIME, FakeLeads, FakeScoreStore


class FakeOpenLeads:
    """The open ones of leads in memory, with the scores that are stored of them.

    Attributes:
        pages: How many leads each page had that was read.
    """

    def __init__(self, leads: FakeLeads, store: FakeScoreStore) -> None:
        self.pages: list[int] = []
        self._leads = leads
        self._store = store

    async def champion_id(self, tenant_id: UUID) -> UUID | None:
        return await self._leads.champion_id(tenant_id)

    async def open_count(self, tenant_id: UUID) -> int:
        return await self._leads.open_count(tenant_id)

    async def open_page_ends(self, tenant_id: UUID, after: UUID, size: int) -> list[UUID]:
        lead_ids = [lead.lead_id for lead in await self._leads.open_leads(tenant_id, after, 1_000_000)]
        return lead_ids[size - 1 :: size] + (lead_ids[-1:] if len(lead_ids) % size else [])

    async def open_page(
        self, tenant_id: UUID, after: UUID, until: UUID, limit: int, needed: ColumnsNeeded
    ) -> OpenLeadPage:
        leads = [lead for lead in await self._leads.open_leads(tenant_id, after, limit) if lead.lead_id <= until]
        self.pages.append(len(leads))
        if tenant_id in self._leads.rule_set or tenant_id in self._leads.split:
            return OpenLeadPage(
                [lead.lead_id for lead in leads],
                LeadColumns((), {}, {}),
                np.empty(0),
                (),
                READ_TIME,
                stored_leads=leads,
            )
        assert not needed.event_types
        stored = [self._store.scores.get(lead.lead_id) for lead in leads]
        return OpenLeadPage(
            [lead.lead_id for lead in leads],
            LeadColumns(
                [lead.record.received_time for lead in leads],
                {
                    (field, kind): [lead.record.fields.get(field, {}).get(kind.value) for lead in leads]
                    for field, kind in needed.fields
                },
                {},
            ),
            np.array([None if score is None else score.probability for score in stored], np.float64),
            [None if score is None else score.model.model_id for score in stored],
            READ_TIME,
        )


class FakeTables:
    """Tables that add up each row's values, as FakePredictor does."""

    base_log_odds = BASE_LOG_ODDS

    def log_odds(self, X: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(BASE_LOG_ODDS + X.astype(float).sum(axis=1), np.float32)


class FakeTableSource:
    """Gives the same tables for each model, or none.

    Attributes:
        found: What it gives.
    """

    def __init__(self, found: FakeTables | None = None) -> None:
        self.found = found

    async def tables(self, tenant_id: UUID, version: int) -> FakeTables | None:
        assert tenant_id
        assert version
        await asyncio.sleep(0)
        return self.found
