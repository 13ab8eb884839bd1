"""The worker is killed at random moments, under load: each crossing is still acted on once, at the receiver too."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from uuid import UUID

from deploy.local.development_token import DevelopmentKey
from leadline_sdk import (
    AsyncClient,
    Direction,
    NotifyAction,
    ScoreCrossing,
    WebhookAction,
    Workflow,
    WorkflowAction,
    WorkflowTrigger,
)
from server.runtime.database import Database
from server.runtime.identifiers import format_name
from server.webhooks.deliver import AT_A_TIME
from tests.eventually import eventually
from tests.server_processes import ServerProcesses
from tests.stored_scores import store_lead, store_score
from tests.webhook_receiver import webhook_receiver

KILLS = int(os.environ.get("LEADLINE_FAULT_KILLS", "2"))
"""How often the worker is killed; `make test-faults` kills it more often than the usual run of the tests."""
LEADS = 24
LONGEST_LIFE_SECONDS = 1.2
# Of a lead, so that a machine on which processes start slowly has no more to do.
MOST_CROSSINGS = 4 * KILLS
# What gathers while no worker runs is done by the last one.
DONE_SECONDS = 30.0 + 10.0 * KILLS


async def tremble(database: Database, tenant_id: UUID, lead_id: UUID, enough: asyncio.Event, rng: random.Random) -> int:
    """Lets a lead's score go down and up over the threshold until it is enough; gives how often."""
    crossings = 0
    while not enough.is_set() and crossings < MOST_CROSSINGS:
        for value in (rng.randint(1, 60), rng.randint(80, 99)):
            await store_score(database, tenant_id, lead_id, value)
            await asyncio.sleep(rng.uniform(0.2, 0.8))
        crossings += 1
    return crossings


async def make_due(database: Database, tenant_id: UUID) -> None:
    """Ends the leases of deliveries that died with their worker, as a minute would."""
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "UPDATE webhook_deliveries SET next_attempt_time = now() WHERE tenant_id = $1 AND state = 1", tenant_id
        )


async def count(database: Database, tenant_id: UUID, query: str) -> int:
    """Gives what a query over the tenant's rows counts."""
    async with database.transaction(tenant_id) as connection:
        return int(await connection.fetchval(query, tenant_id))


async def test_each_crossing_is_acted_on_once_though_the_worker_is_killed(
    processes: ServerProcesses, development_key: DevelopmentKey, database: Database, tenant_id: UUID
) -> None:
    rng = random.Random(20)  # noqa: S311 - chooses moments
    leads = [await store_lead(database, tenant_id) for _ in range(LEADS)]
    token = development_key.mint(tenant_id)
    with webhook_receiver() as receiver, processes.server():
        # Slow enough for kills to come while calls are under way.
        receiver.slow_seconds = 0.03
        async with AsyncClient(processes.address, token=token, tls=False) as client:
            trigger = ScoreCrossing(direction=Direction.DIRECTION_UP, threshold=75)
            workflow = await client.create_workflow(
                Workflow(
                    display_name="Hot leads",
                    trigger=WorkflowTrigger(score_crossing=trigger),
                    actions=[
                        WorkflowAction(notify=NotifyAction(text="Call $lead")),
                        WorkflowAction(webhook=WebhookAction(url=f"{receiver.base_url}/slow")),
                    ],
                    enabled=True,
                )
            )
            receiver.secret = (await client.rotate_webhook_secret(workflow.name)).secret

            enough = asyncio.Event()
            load = asyncio.gather(*(tremble(database, tenant_id, lead, enough, rng) for lead in leads))
            for _ in range(KILLS):
                await asyncio.to_thread(_run_and_kill, processes, rng.uniform(0.05, LONGEST_LIFE_SECONDS))
            enough.set()
            expected = await load

            async def all_is_done() -> bool:
                waiting = "SELECT count(*) FROM workflow_changes WHERE tenant_id = $1"
                pending = "SELECT count(*) FROM webhook_deliveries WHERE tenant_id = $1 AND state = 1"
                return not await count(database, tenant_id, waiting) and not await count(database, tenant_id, pending)

            await make_due(database, tenant_id)
            with processes.worker():
                await eventually(all_is_done, seconds=DONE_SECONDS)
            runs = Counter([run.lead async for run in client.list_workflow_runs(page_size=1_000)])
            told = Counter([told.lead async for told in client.list_notifications(page_size=1_000)])

    received = Counter(body["data"]["lead"] for body in receiver.accepted.values())
    once = {format_name("leads", lead): crossings for lead, crossings in zip(leads, expected, strict=True)}
    assert sum(once.values()) > LEADS
    assert runs == told == received == once
    # What was under way when the worker died is sent again, under the same id, and nothing else is.
    assert len(receiver.requests) - len(set(receiver.requests)) <= KILLS * AT_A_TIME
    assert set(receiver.requests) == set(receiver.accepted)


def _run_and_kill(processes: ServerProcesses, seconds: float) -> None:
    """Starts a worker, and kills it some time after it began to work, in whatever it does then."""
    with processes.worker() as worker:
        time.sleep(seconds)
        worker.kill()
        assert worker.wait(10.0) == -signal.SIGKILL
