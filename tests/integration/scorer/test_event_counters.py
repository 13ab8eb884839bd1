"""What is counted as events arrive is what the log of events gives, and a lead is scored as it would be learnt from."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.features.derive import derive_features
from scoring.features.event_log import counters_before
from scoring.features.lead_record import EventCounter, LeadRecord
from scoring.store.leads import Leads
from server.integrations.event import Event
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.event_features import EventFeatures
from server.store.events import PostgresEventStore
from tests.integration.scorer.conftest import RECEIVED_TIME, add_lead, days

TEN_YEARS_IN_MINUTES = 10 * 366 * 24 * 60
BATCHES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["call", "page_view"]), st.integers(0, TEN_YEARS_IN_MINUTES)), min_size=1, max_size=8
    ),
    min_size=1,
    max_size=5,
)


async def record(database: Database, tenant_id: UUID, lead_id: UUID, events: list[tuple[str, datetime]]) -> None:
    """Records events in one batch."""
    await send(database, tenant_id, [Event(str(new_id()), lead_id, "", kind, time, {}) for kind, time in events])


async def send(database: Database, tenant_id: UUID, events: list[Event]) -> None:
    async with PostgresEventStore(database).transaction(tenant_id) as transaction:
        await transaction.record(events)
        await transaction.commit()


async def stored(database: Database, tenant_id: UUID, lead_id: UUID) -> LeadRecord:
    (lead,) = await Leads(database).leads(tenant_id, [lead_id])
    return lead.record


def numbers(counter: EventCounter) -> list[float]:
    assert counter.decayed is not None
    assert counter.active_days is not None
    return [counter.count, counter.active_days, *counter.decayed]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
async def test_counters_that_are_kept_up_are_those_of_a_replay(
    batches: list[list[tuple[str, int]]], database: Database, tenant_id: UUID
) -> None:
    lead_id = await add_lead(database, tenant_id)
    log: dict[str, list[datetime]] = {}
    for batch in batches:
        timed = [(kind, RECEIVED_TIME - timedelta(minutes=minute)) for kind, minute in batch]
        await record(database, tenant_id, lead_id, timed)
        for kind, time in timed:
            log.setdefault(kind, []).append(time)

    kept, replayed = (await stored(database, tenant_id, lead_id)).counters, counters_before(None, log)

    assert kept.keys() == replayed.keys()
    for kind, counter in kept.items():
        assert counter.last_time == replayed[kind].last_time
        assert numbers(counter) == pytest.approx(numbers(replayed[kind]), rel=1e-9)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(-TEN_YEARS_IN_MINUTES, TEN_YEARS_IN_MINUTES), min_size=2, max_size=12),
    seed=st.integers(0, 1_000_000),
)
async def test_neither_the_order_of_arrival_nor_repetitions_nor_several_senders_matter(
    minutes: list[int], seed: int, database: Database, tenant_id: UUID
) -> None:
    rng, now = random.Random(seed), datetime.now(UTC)  # noqa: S311 - shuffles
    lead_id = await add_lead(database, tenant_id)
    # Some are late, some of the future, and the clocks of senders differ.
    times = [now + timedelta(minutes=minute, microseconds=rng.randrange(1_000_000)) for minute in minutes]
    events = [Event(str(new_id()), lead_id, "", rng.choice(["call", "page_view"]), time, {}) for time in times]
    arrivals = rng.sample([*events, *events, *events], 3 * len(events))

    await asyncio.gather(*(send(database, tenant_id, arrivals[sender::4]) for sender in range(4)))

    async with database.transaction(tenant_id) as connection:
        rows = await connection.fetch("SELECT event_id, record_time FROM events WHERE lead_id = $1", lead_id)
    arrived = {row["event_id"]: row["record_time"] for row in rows}
    log: dict[str, list[datetime]] = {}
    for event in events:
        log.setdefault(event.type, []).append(min(event.occurred_time, arrived[event.event_id]))
    kept, replayed = (await stored(database, tenant_id, lead_id)).counters, counters_before(None, log)
    assert await EventFeatures(database).rebuild(tenant_id) == 0
    assert kept.keys() == replayed.keys()
    for kind, counter in kept.items():
        assert counter.last_time == replayed[kind].last_time
        assert numbers(counter) == pytest.approx(numbers(replayed[kind]), rel=1e-9)


async def test_an_event_of_the_future_counts_as_of_its_arrival(database: Database, tenant_id: UUID) -> None:
    now = datetime.now(UTC)
    skewed, sane = await add_lead(database, tenant_id), await add_lead(database, tenant_id)
    for lead_id, time in ((skewed, now + days(20_000)), (sane, now)):
        await record(database, tenant_id, lead_id, [("call", time)])
        await record(database, tenant_id, lead_id, [("call", now - days(1))])

    counter, expected = [(await stored(database, tenant_id, lead_id)).counters["call"] for lead_id in (skewed, sane)]

    assert abs(counter.last_time - now) < timedelta(minutes=1)
    assert numbers(counter) == pytest.approx(numbers(expected), rel=1e-3)


async def test_a_training_sees_an_event_of_the_future_as_it_was_scored(database: Database, tenant_id: UUID) -> None:
    outcome_time = datetime.now(UTC) + days(1)
    lead_id = await add_lead(database, tenant_id, status=2, outcome_time=outcome_time)
    await record(database, tenant_id, lead_id, [("call", outcome_time + days(5))])
    scored = await stored(database, tenant_id, lead_id)

    (learnt,) = [record async for record in Leads(database).with_outcome(tenant_id)]

    assert learnt.counters == scored.counters


CORRUPTIONS = (
    "DELETE FROM lead_event_counters WHERE lead_id = $1",
    "DELETE FROM lead_event_days WHERE lead_id = $1 AND type = 'call'",
    "UPDATE lead_event_counters SET count = count + 1 WHERE lead_id = $1",
    "UPDATE lead_event_counters SET decayed_7_days = decayed_7_days * 1.001 WHERE lead_id = $1 AND type = 'call'",
    "UPDATE lead_event_counters SET type = 'other' WHERE lead_id = $1 AND type = 'call'",
)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_wrong_counters_are_made_anew_from_the_log(corruption: str, database: Database, tenant_id: UUID) -> None:
    right, wrong = await add_lead(database, tenant_id), await add_lead(database, tenant_id)
    for lead_id in (right, wrong):
        for hours in (0, 5, 80, 2_000):
            time = RECEIVED_TIME + timedelta(hours=hours)
            await record(database, tenant_id, lead_id, [("call", time), ("page_view", time)])
    expected = (await stored(database, tenant_id, wrong)).counters
    async with database.transaction(tenant_id) as connection:
        await connection.execute(corruption, wrong)

    features = EventFeatures(database)
    assert await features.rebuild(tenant_id) == 1
    assert await features.rebuild(tenant_id) == 0

    rebuilt = (await stored(database, tenant_id, wrong)).counters
    assert rebuilt.keys() == expected.keys()
    for kind, counter in rebuilt.items():
        assert counter.last_time == expected[kind].last_time
        assert numbers(counter) == pytest.approx(numbers(expected[kind]), rel=1e-9)
    # What is counted from here on rests on it.
    await record(database, tenant_id, wrong, [("call", RECEIVED_TIME)])
    assert await features.rebuild(tenant_id) == 0


async def test_counters_are_made_anew_while_events_are_recorded(database: Database, tenant_id: UUID) -> None:
    leads = [await add_lead(database, tenant_id) for _ in range(4)]
    features, rng = EventFeatures(database), random.Random(3)  # noqa: S311 - shuffles

    async def record_some() -> None:
        for _ in range(15):
            chosen = rng.sample(leads, 3)
            await send(
                database, tenant_id,
                [Event(str(new_id()), lead_id, "", "call", RECEIVED_TIME + days(rng.uniform(0, 9)), {})
                 for lead_id in chosen],
            )  # fmt: skip

    async def rebuild_some() -> None:
        for _ in range(8):
            for lead_id in leads:
                await features.rebuild_lead(tenant_id, lead_id)

    await asyncio.gather(record_some(), record_some(), rebuild_some())

    assert await features.rebuild(tenant_id) == 0
    counts = [(await stored(database, tenant_id, lead_id)).counters["call"].count for lead_id in leads]
    assert sum(counts) == 2 * 15 * 3


async def test_a_lead_is_learnt_from_as_it_would_have_been_scored_just_before_its_outcome(
    database: Database, tenant_id: UUID
) -> None:
    outcome_time = RECEIVED_TIME + days(10)
    noise = np.random.default_rng(1)
    as_scored = []
    for _ in range(12):
        lead_id = await add_lead(database, tenant_id, status=2, outcome_time=outcome_time)
        times = [RECEIVED_TIME + days(float(day)) for day in noise.uniform(0, 10, noise.integers(1, 6))]
        await record(database, tenant_id, lead_id, [("page_view", time) for time in times])
        as_scored.append(await stored(database, tenant_id, lead_id))
        await record(database, tenant_id, lead_id, [("page_view", outcome_time), ("call", RECEIVED_TIME + days(11))])

    as_learnt = {record.lead_id: record async for record in Leads(database).with_outcome(tenant_id)}

    features = derive_features(list(as_learnt.values())).feature_set
    assert "events.page_view.decayed_7_days" in features.names
    np.testing.assert_allclose(
        features.encode([as_learnt[record.lead_id] for record in as_scored]),
        features.encode(as_scored, outcome_time),
        rtol=1e-6,
    )
