"""Scores that change with time alone: planned, scored when they cross, and found again without Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from scoring.features.feature import Feature, FeatureKind
from scoring.features.feature_set import FeatureSet
from scoring.registry.model_cache import ModelCache
from scoring.scores.crossings import FindCrossings
from scoring.scores.lead_scorer import LeadScorer
from scoring.scores.rescoring import Rescoring
from scoring.store.due_leads import DueLeads, due_leads_of
from scoring.store.leads import Leads
from scoring.store.models import Models
from scoring.store.scores import Scores
from scoring.stream.decaying_leads import PLAN_AFTER, DecayingLeads
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.runtime.streams import EPOCH
from tests.eventually import eventually
from tests.integration.scorer.conftest import add_event, add_lead, make_champion, make_description
from tfserving.client import PredictionClient

FADING = FeatureSet([Feature("views", "page_view", FeatureKind.EVENT_DECAYED, half_life_in_days=1.0)])


@pytest.fixture
def decaying_leads(database: Database, redis: Redis, prediction_client: PredictionClient) -> DecayingLeads:
    leads, models, scorer = Leads(database), ModelCache(Models(database)), LeadScorer(prediction_client)
    return DecayingLeads(
        due_leads=DueLeads(redis),
        leads=leads,
        models=models,
        scorer=scorer,
        rescoring=Rescoring(leads, models, scorer, Scores(database)),
        find_crossings=FindCrossings(prediction_client),
    )


@pytest.fixture
async def fading_lead(database: Database, tenant_id: UUID) -> UUID:
    """A lead whose score fades with a half-life of a day."""
    model = await Models(database).add_candidate(tenant_id, new_id(), make_description(FADING))
    await make_champion(database, tenant_id, model.model_id)
    lead_id = await add_lead(database, tenant_id)
    for _ in range(3):
        await add_event(database, tenant_id, lead_id, datetime.now(UTC))
    return lead_id


async def due_time(redis: Redis, tenant_id: UUID, lead_id: UUID) -> datetime | None:
    milliseconds = await redis.zscore(due_leads_of(tenant_id), str(lead_id))
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


async def stored_value(database: Database, tenant_id: UUID, lead_id: UUID) -> int | None:
    async with database.transaction(tenant_id) as connection:
        value: int | None = await connection.fetchval("SELECT score_value FROM leads WHERE id = $1", lead_id)
    return value


async def test_a_changed_lead_is_planned_and_its_crossing_is_found(
    decaying_leads: DecayingLeads, redis: Redis, tenant_id: UUID, fading_lead: UUID
) -> None:
    before = datetime.now(UTC)
    await decaying_leads.changed(tenant_id, [fading_lead])
    planned = await due_time(redis, tenant_id, fading_lead)
    assert planned is not None
    assert abs(planned - before - PLAN_AFTER) < timedelta(seconds=5)
    assert await decaying_leads.look_after(tenant_id) == 0

    await redis.zadd(due_leads_of(tenant_id), {str(fading_lead): 1})
    assert await decaying_leads.look_after(tenant_id) == 1

    crossing = await due_time(redis, tenant_id, fading_lead)
    assert crossing is not None
    assert timedelta() < crossing - before < timedelta(days=3)


async def test_a_lead_that_is_due_is_scored_anew(
    decaying_leads: DecayingLeads, database: Database, redis: Redis, tenant_id: UUID, fading_lead: UUID
) -> None:
    await redis.zadd(due_leads_of(tenant_id), {str(fading_lead): 1})
    await decaying_leads.look_after(tenant_id)
    high = await stored_value(database, tenant_id, fading_lead)
    async with database.transaction(tenant_id) as connection:
        await connection.execute("UPDATE lead_event_counters SET last_time = last_time - interval '3 days'")

    await redis.zadd(due_leads_of(tenant_id), {str(fading_lead): 1})
    await decaying_leads.look_after(tenant_id)

    low = await stored_value(database, tenant_id, fading_lead)
    assert high is not None
    assert low is not None
    assert low < high


async def test_a_lead_without_a_crossing_is_not_looked_at_again(
    decaying_leads: DecayingLeads, database: Database, redis: Redis, tenant_id: UUID, fading_lead: UUID
) -> None:
    still, gone = await add_lead(database, tenant_id), new_id()
    await redis.zadd(due_leads_of(tenant_id), {str(still): 1, str(gone): 1, str(fading_lead): 2})

    assert await decaying_leads.look_after(tenant_id) == 3

    assert await due_time(redis, tenant_id, still) is None
    assert await due_time(redis, tenant_id, gone) is None
    assert await due_time(redis, tenant_id, fading_lead) is not None


async def test_a_change_brings_a_lead_forward_and_never_puts_it_off(redis: Redis, tenant_id: UUID) -> None:
    due_leads, lead_id, now = DueLeads(redis), new_id(), datetime.now(UTC)

    for days, expected in ((5, 5), (9, 5), (2, 2)):
        await due_leads.bring_forward(tenant_id, [lead_id], now + timedelta(days=days))
        due = await due_time(redis, tenant_id, lead_id)
        assert due is not None
        assert abs(due - now - timedelta(days=expected)) < timedelta(seconds=1)


async def test_without_redis_all_is_found_again(
    decaying_leads: DecayingLeads, redis: Redis, tenant_id: UUID, fading_lead: UUID
) -> None:
    running = asyncio.create_task(decaying_leads.run(lambda: [tenant_id]))

    async def is_planned() -> bool:
        due = await due_time(redis, tenant_id, fading_lead)
        return due is not None and due > datetime.now(UTC)

    await eventually(is_planned)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await redis.flushall()

    running = asyncio.create_task(decaying_leads.run(lambda: [tenant_id]))
    await eventually(is_planned)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_after_a_loss_of_data_every_open_lead_is_scored_once_more(
    decaying_leads: DecayingLeads, database: Database, redis: Redis, tenant_id: UUID, fading_lead: UUID
) -> None:
    async def look_until(condition: Callable[[], Awaitable[bool]]) -> None:
        running = asyncio.create_task(decaying_leads.run(lambda: [tenant_id]))
        await eventually(condition)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def is_scored() -> bool:
        return await stored_value(database, tenant_id, fading_lead) not in (None, before)

    before = None
    await look_until(is_scored)
    before = await stored_value(database, tenant_id, fading_lead)
    # The message of this event is lost: Redis came back with an older state, which has the set of due leads.
    await add_event(database, tenant_id, fading_lead, datetime.now(UTC))
    await redis.set(EPOCH, "another")

    await look_until(is_scored)
