"""Scores follow wins, losses and leads that are opened again, for each tenant alone, and are never certain.

Before there is a model a score is the tenant's conversion rate, which every outcome moves at once.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from scoring.registry.model_cache import ModelCache
from scoring.scores.cold_start import ColdScore
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.score_leads import ScoreLeads
from scoring.store.leads import Leads
from scoring.store.models import Models
from server.encryption.tenant_keys import TenantKeys
from server.leads.change_leads import UpdateLead
from server.leads.field_mask import masked_change
from server.leads.lead import LeadProfile, LeadStatus
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.leads import PostgresLeadStore
from tests.fakes.scoring import FakePredictor
from tests.integration.scorer.conftest import add_lead

Probability = Callable[[UUID, UUID], Awaitable[float]]
SetStatus = Callable[[UUID, LeadStatus], Awaitable[datetime | None]]


@pytest.fixture
def probability(database: Database) -> Probability:
    """Scores a stored lead of a tenant, in a process that has counted no outcomes yet."""

    async def score(tenant_id: UUID, lead_id: UUID) -> float:
        score_leads = ScoreLeads(Leads(database), ModelCache(Models(database)), LeadScorer(FakePredictor()))
        found = await score_leads.stored(tenant_id, lead_id, explained=False)
        assert isinstance(found, ColdScore)
        return found.estimate.probability

    return score


@pytest.fixture
def set_status(database: Database, tenant_keys: TenantKeys, tenant_id: UUID) -> SetStatus:
    """Changes where a lead stands, and gives the time of its outcome then."""
    update = UpdateLead(PostgresLeadStore(database, tenant_keys), lambda: datetime.now(UTC))

    async def change(lead_id: UUID, status: LeadStatus) -> datetime | None:
        profile = LeadProfile("", "", "", "", "", "", status, None, None, {})
        return (await update(tenant_id, lead_id, masked_change(profile, ["status"]), "")).profile.outcome_time

    return change


async def test_a_win_a_loss_and_a_reopened_lead_move_the_scores_of_the_others(
    database: Database, tenant_id: UUID, probability: Probability, set_status: SetStatus
) -> None:
    open_lead, decided = await add_lead(database, tenant_id), await add_lead(database, tenant_id)
    at_first = await probability(tenant_id, open_lead)

    before = datetime.now(UTC)
    won_time = await set_status(decided, LeadStatus.CONVERTED)
    won = await probability(tenant_id, open_lead)
    lost_time = await set_status(decided, LeadStatus.LOST)
    lost = await probability(tenant_id, open_lead)
    open_time = await set_status(decided, LeadStatus.OPEN)

    assert 0 < lost < at_first < won < 1
    assert won_time is not None
    assert lost_time is not None
    assert before <= won_time < lost_time <= datetime.now(UTC)
    assert open_time is None
    assert await probability(tenant_id, open_lead) == at_first


async def test_another_tenant_s_outcomes_move_nothing(
    database: Database, tenant_id: UUID, probability: Probability, set_status: SetStatus
) -> None:
    other = new_id()
    other_lead = await add_lead(database, other)
    at_first = await probability(other, other_lead)

    await set_status(await add_lead(database, tenant_id), LeadStatus.CONVERTED)

    assert await probability(other, other_lead) == at_first


@pytest.mark.parametrize("status", [LeadStatus.CONVERTED, LeadStatus.LOST])
async def test_no_score_is_certain_whatever_all_leads_before_became(
    database: Database, tenant_id: UUID, probability: Probability, status: LeadStatus
) -> None:
    lead_id = await add_lead(database, tenant_id)
    for _ in range(40):
        await add_lead(database, tenant_id, status=status, outcome_time=datetime.now(UTC))

    assert 0 < await probability(tenant_id, lead_id) < 1
