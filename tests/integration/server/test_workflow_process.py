"""Workflows as they are deployed: the server and its worker as processes, a client of the SDK, and a real receiver."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from deploy.local.development_token import DevelopmentKey
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.valkey import EmbeddedValkey
from leadline_sdk import (
    AsyncClient,
    Direction,
    NotifyAction,
    ScoreCrossing,
    WebhookAction,
    WebhookDeliveryState,
    Workflow,
    WorkflowAction,
    WorkflowTrigger,
)
from server.runtime.database import Database
from server.runtime.identifiers import format_name
from tests.eventually import eventually
from tests.stored_scores import store_lead, store_score
from tests.webhook_receiver import WebhookReceiver, webhook_receiver

START_SECONDS = 60.0


def hot_leads(*actions: WorkflowAction) -> Workflow:
    """Gives a workflow that is set off when a score comes to 75."""
    crossing = ScoreCrossing(direction=Direction.DIRECTION_UP, threshold=75)
    return Workflow(
        display_name="Hot leads", trigger=WorkflowTrigger(score_crossing=crossing), actions=actions, enabled=True
    )


@contextmanager
def running(module: str, variables: dict[str, str], log: Path) -> Iterator[None]:
    """Runs a process for the time of the block; what it logs goes to a file."""
    with log.open("wb") as output, subprocess.Popen([sys.executable, "-m", module], env=variables, stderr=output) as it:
        try:
            yield
        finally:
            it.terminate()
            it.wait(20.0)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as started:
        yield started


@pytest.fixture
async def client(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey, development_key: DevelopmentKey, tenant_id: UUID, tmp_path: Path
) -> AsyncIterator[AsyncClient]:
    """A client of the server, whose worker runs, both as processes of their own."""
    address = f"127.0.0.1:{free_port()}"
    variables = os.environ | {
        "LEADLINE_LISTEN_ADDRESS": address,
        "LEADLINE_DATABASE_URL": postgres.url("leadline_app"),
        "LEADLINE_RELAY_DATABASE_URL": postgres.url("leadline_relay"),
        "LEADLINE_REDIS_URL": valkey.url,
        "LEADLINE_JWKS_FILE": str(development_key.jwks_file),
        "LEADLINE_SIGNING_SECRET": "a secret for the tests",
        "LEADLINE_WEBHOOK_ALLOW_LOOPBACK": "true",
    }
    token = development_key.mint(tenant_id)
    with (
        running("server.main", variables, tmp_path / "server.log"),
        running("server.worker", variables, tmp_path / "worker.log"),
    ):
        async with AsyncClient(address, token=token, tls=False, timeout=START_SECONDS) as connected:
            await eventually(lambda: _answers(address), seconds=START_SECONDS)
            yield connected


async def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_crossing_is_told_and_sent_once(
    client: AsyncClient, database: Database, tenant_id: UUID, receiver: WebhookReceiver
) -> None:
    lead_id = await store_lead(database, tenant_id, external_id="crm-1")
    workflow = await client.create_workflow(
        hot_leads(
            WorkflowAction(notify=NotifyAction(text="Call $lead: $score")),
            WorkflowAction(webhook=WebhookAction(url=f"{receiver.base_url}/hook")),
        )
    )
    receiver.secret = (await client.rotate_webhook_secret(workflow.name)).secret

    for value in (50, 80, 85):
        await store_score(database, tenant_id, lead_id, value)

    async def is_delivered() -> bool:
        state = WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_DELIVERED
        return [1 async for _ in client.list_webhook_deliveries(state=state)] == [1]

    await eventually(is_delivered, seconds=30.0)
    (run,) = [run async for run in client.list_workflow_runs(workflow=workflow.name)]
    (notification,) = [told async for told in client.list_notifications(unread_only=True)]
    assert notification.text == "Call Ada Byte: 80"
    assert notification.lead == run.lead == format_name("leads", lead_id)
    assert len(receiver.requests) == len(receiver.accepted) == 1
    (body,) = receiver.accepted.values()
    assert (body["data"]["lead_external_id"], body["data"]["score"]) == ("crm-1", 80)
    assert await client.count_unread_notifications() == 1
    assert await client.mark_notifications_read([notification.name]) == 1
    assert await client.count_unread_notifications() == 0


async def test_a_watch_of_notifications_goes_on_after_the_last_that_was_handled(
    client: AsyncClient, database: Database, tenant_id: UUID
) -> None:
    await client.create_workflow(hot_leads(WorkflowAction(notify=NotifyAction(text="$score"))))
    leads = [await store_lead(database, tenant_id) for _ in range(4)]

    async def cross(lead_id: UUID, value: int) -> None:
        await store_score(database, tenant_id, lead_id, 10)
        await store_score(database, tenant_id, lead_id, value)

    async def first_told() -> str:
        async for update in client.watch_notifications():
            assert update.notification.text == "81"
            return update.resume_token
        raise AssertionError

    watching = asyncio.create_task(first_told())
    await asyncio.sleep(1.0)
    await cross(leads[0], 81)
    token = await asyncio.wait_for(watching, 20.0)

    for lead_id, value in zip(leads[1:], (82, 83, 84), strict=True):
        await cross(lead_id, value)
    told: list[str] = []
    async with asyncio.timeout(20.0):
        async for update in client.watch_notifications(resume_token=token):
            told.append(update.notification.text)
            if len(told) == len(leads) - 1:
                break
    assert told == ["82", "83", "84"]
