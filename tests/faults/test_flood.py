"""A lead with which more happens than anybody does: it is counted right, and holds up no other."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import AsyncClient, Event, Lead, to_timestamp
from server.runtime.identifiers import parse_name
from tests.eventually import eventually
from tests.faults.final_state import FinalState

EVENTS = 100_000
LONGEST_FLOOD_SECONDS = 60.0
EVENTS_A_CALL = 1_000
CALLS_AT_A_TIME = 4
# For a score of another lead while the flood comes in.
LONGEST_DELAY_SECONDS = 10.0
QUIET_SECONDS = 60.0


async def flood(client: AsyncClient, lead: str) -> int:
    """Sends all events of one lead as fast as they are taken; gives how many were recorded."""
    now, turns = datetime.now(UTC), asyncio.Semaphore(CALLS_AT_A_TIME)

    async def send(start: int) -> int:
        async with turns:
            events = [
                Event(
                    event_id=f"flood-{number}",
                    lead=lead,
                    type="page_view",
                    occurred_time=to_timestamp(now - timedelta(seconds=number)),
                )
                for number in range(start, start + EVENTS_A_CALL)
            ]
            return (await client.record_events(events)).recorded_count

    return sum(await asyncio.gather(*(send(start) for start in range(0, EVENTS, EVENTS_A_CALL))))


async def seconds_until_scored(client: AsyncClient, lead: str) -> float:
    """Records one event of a lead, and waits for its new score."""
    watch = client.watch_scores([lead], snapshot=True)
    await anext(watch)
    begin = time.perf_counter()
    event = Event(event_id="beside", lead=lead, type="webinar_attended", occurred_time=to_timestamp(datetime.now(UTC)))
    await client.record_events([event])
    await anext(watch)
    return time.perf_counter() - begin


@pytest.mark.stack
async def test_a_hundred_thousand_events_of_one_lead_in_a_minute(
    stack: Stack, token: str, open_leads: list[Lead]
) -> None:
    flooded, other = open_leads[-1].name, open_leads[-2].name
    lead_id = parse_name(flooded, "leads")
    begin = time.perf_counter()
    async with AsyncClient(stack.edge_address, token=token, tls=False, timeout=60.0) as client:
        flooding = asyncio.create_task(flood(client, flooded))
        await asyncio.sleep(1.0)
        delay = await seconds_until_scored(client, other)
        still_flooding = not flooding.done()
        recorded = await flooding
        seconds = time.perf_counter() - begin
    async with FinalState.of(stack, TENANT_ID) as state:
        await eventually(state.is_quiet, seconds=QUIET_SECONDS)
        (features,) = (await state.features([lead_id])).values()
        (replayed,) = (await state.replayed([lead_id])).values()
        stale = await state.stale_scores([lead_id])

    assert recorded == EVENTS
    assert seconds < LONGEST_FLOOD_SECONDS
    assert still_flooding
    assert delay < LONGEST_DELAY_SECONDS
    assert features["page_view"].count == replayed["page_view"].count >= EVENTS
    assert features["page_view"].decayed == pytest.approx(replayed["page_view"].decayed, rel=1e-9)
    assert stale == {}
