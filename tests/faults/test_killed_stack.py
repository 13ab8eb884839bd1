"""Every process of the stack is killed at random, under load: nothing that was acknowledged is lost or done twice."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from deploy.local.stack import TENANT_ID, Stack
from leadline_sdk import (
    AsyncClient,
    Direction,
    Lead,
    NotifyAction,
    ScoreCrossing,
    WebhookAction,
    Workflow,
    WorkflowAction,
    WorkflowTrigger,
)
from scoring.features.lead_record import EventCounter
from server.runtime.identifiers import parse_name
from tests.eventually import eventually
from tests.faults.final_state import FinalState
from tests.faults.killer import VICTIMS, Killer
from tests.faults.live_load import CALL_SECONDS, Sender, Watcher
from tests.webhook_receiver import WebhookReceiver, webhook_receiver

KILLS = int(os.environ.get("LEADLINE_FAULT_STACK_KILLS", "100"))
"""How many processes are killed."""
SEED = int(os.environ.get("LEADLINE_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
SENDERS = 5
LEADS_A_SENDER = 6
LAST_KILLS = 3
# What speaks for a conversion lifts a lead over it, and what speaks against one takes it below.
THRESHOLD = 35
QUIET_SECONDS = 180.0
AGREED_SECONDS = 60.0


async def make_workflow(client: AsyncClient, receiver: WebhookReceiver) -> None:
    trigger = ScoreCrossing(direction=Direction.DIRECTION_UP, threshold=THRESHOLD)
    workflow = await client.create_workflow(
        Workflow(
            display_name="Hot leads",
            trigger=WorkflowTrigger(score_crossing=trigger),
            actions=[
                WorkflowAction(notify=NotifyAction(text="Call $lead")),
                WorkflowAction(webhook=WebhookAction(url=f"{receiver.base_url}/hook")),
            ],
            enabled=True,
        )
    )
    receiver.secret = (await client.rotate_webhook_secret(workflow.name)).secret


@pytest.mark.stack
@pytest.mark.timeout(900 + 30 * KILLS)
async def test_nothing_is_lost_or_done_twice(stack: Stack, token: str, open_leads: list[Lead]) -> None:
    print(f"LEADLINE_FAULT_SEED={SEED}")  # noqa: T201 - to be run again
    rng = random.Random(SEED)  # noqa: S311 - chooses moments
    killer, watchers = Killer(stack, rng), [Watcher(), Watcher(), Watcher()]
    # Those of the middle of the field.
    leads = open_leads[len(open_leads) // 2 :][: SENDERS * LEADS_A_SENDER]
    lead_ids = [parse_name(lead.name, "leads") for lead in leads]
    async with AsyncExitStack() as cleanup:
        receiver = cleanup.enter_context(webhook_receiver())
        client = await cleanup.enter_async_context(
            AsyncClient(stack.edge_address, token=token, tls=False, timeout=CALL_SECONDS)
        )
        await make_workflow(client, receiver)
        start = datetime.now(UTC)
        watches = [
            asyncio.create_task(watch)
            for watch in (
                watchers[0].watch(stack.edge_address, token),
                watchers[1].watch_in_turns(stack.edge_address, token),
                watchers[2].watch_by_websocket(stack.edge_address, token),
            )
        ]
        senders = [
            Sender(client, leads[place::SENDERS], random.Random(rng.random()))  # noqa: S311
            for place in range(SENDERS)
        ]
        await load_while_killing(killer, senders)
        for process in stack.processes:
            await asyncio.to_thread(process.wait_until_ready)
        state = await cleanup.enter_async_context(FinalState.of(stack, TENANT_ID))
        await eventually(state.is_quiet, seconds=QUIET_SECONDS)

        sent = Counter(event for sender in senders for event in sender.sent)
        assert await state.logged([event.event_id for event in sent]) == sent
        assert await state.given_up() == 0
        features, replayed = await state.features(lead_ids), await state.replayed(lead_ids)
        assert {lead_id: differing(features[lead_id], replayed[lead_id]) for lead_id in lead_ids} == dict.fromkeys(
            lead_ids
        )
        assert await state.stale_scores(lead_ids) == {}

        async def all_watchers_agree() -> bool:
            stored = await state.probabilities(lead_ids)
            return all(watcher.probabilities(stored) == stored for watcher in watchers)

        await eventually(all_watchers_agree, seconds=AGREED_SECONDS)
        assert not any(watch.done() for watch in watches)
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)

        crossings = await state.crossings(start, THRESHOLD)
        runs = Counter([run.lead async for run in client.list_workflow_runs(page_size=1_000)])
        told = Counter([told.lead async for told in client.list_notifications(page_size=1_000)])
    received = Counter(body["data"]["lead"] for body in receiver.accepted.values())
    assert runs == crossings
    assert told == crossings
    assert received == crossings
    print(  # noqa: T201 - what the run was worth
        f"{killer.kills.total()} kills {dict(killer.kills)}, {len(sent)} events, {crossings.total()} crossings, "
        f"{sum(sender.repetitions for sender in senders)} repetitions, "
        f"{sum(watcher.resumptions for watcher in watchers)} resumptions"
    )
    assert killer.kills.total() == KILLS
    assert set(killer.kills) == set(VICTIMS)
    assert crossings.total() > 0


async def load_while_killing(killer: Killer, senders: Sequence[Sender]) -> None:
    """Sends and kills; the last changes of each lead are sent while processes are still killed."""
    enough = asyncio.Event()
    load = asyncio.gather(*(sender.run(enough) for sender in senders))
    try:
        await killer.kill(KILLS - LAST_KILLS)
        enough.set()
        await killer.kill(LAST_KILLS)
        await load
    finally:
        load.cancel()


def differing(
    features: Mapping[str, EventCounter], replayed: Mapping[str, EventCounter]
) -> tuple[Mapping[str, EventCounter], Mapping[str, EventCounter]] | None:
    """Gives counters that are not the same but for rounding; None if they are."""
    same = features.keys() == replayed.keys() and all(
        (counter.count, counter.last_time, counter.active_days)
        == (replayed[kind].count, replayed[kind].last_time, replayed[kind].active_days)
        and counter.decayed == pytest.approx(replayed[kind].decayed, rel=1e-9)
        for kind, counter in features.items()
    )
    return None if same else (features, replayed)
