"""Workflows as they are deployed: the server and its worker as processes, a client of the SDK, and a real receiver."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from deploy.local.development_token import DevelopmentKey
from leadline_sdk import (
    AddToCrmQueueAction,
    AsyncClient,
    CrmQueueItemState,
    Direction,
    NotifyAction,
    ScoreCrossing,
    WebhookAction,
    WebhookDeliveryState,
    Workflow,
    WorkflowAction,
    WorkflowTrigger,
)
from server.encryption.tenant_keys import TenantKeys
from server.runtime.database import Database
from server.runtime.identifiers import format_name
from tests.eventually import eventually
from tests.server_processes import ServerProcesses
from tests.stored_scores import store_lead, store_named_lead, store_score
from tests.webhook_receiver import WebhookReceiver, webhook_receiver


def hot_leads(*actions: WorkflowAction) -> Workflow:
    """Gives a workflow that is set off when a score comes to 75."""
    crossing = ScoreCrossing(direction=Direction.DIRECTION_UP, threshold=75)
    return Workflow(
        display_name="Hot leads", trigger=WorkflowTrigger(score_crossing=crossing), actions=actions, enabled=True
    )


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as started:
        yield started


@pytest.fixture
async def client(
    processes: ServerProcesses, development_key: DevelopmentKey, tenant_id: UUID
) -> AsyncIterator[AsyncClient]:
    """A client of the server, whose worker runs, both as processes of their own."""
    with processes.server(), processes.worker():
        async with AsyncClient(processes.address, token=development_key.mint(tenant_id), tls=False) as connected:
            yield connected


async def test_a_crossing_is_told_and_sent_once(
    client: AsyncClient, database: Database, tenant_keys: TenantKeys, tenant_id: UUID, receiver: WebhookReceiver
) -> None:
    lead_id = await store_named_lead(database, tenant_keys, tenant_id, "Ada Byte")
    workflow = await client.create_workflow(
        hot_leads(
            WorkflowAction(notify=NotifyAction(text="Call $lead: $score")),
            WorkflowAction(webhook=WebhookAction(url=f"{receiver.base_url}/hook")),
            WorkflowAction(add_to_crm_queue=AddToCrmQueueAction(queue="sales")),
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
    (item,) = await client.take_crm_queue_items("sales", lease=timedelta(minutes=5))
    assert (item.lead_external_id, item.take_count) == ("crm-1", 1)
    assert await client.take_crm_queue_items("sales") == []
    assert await client.acknowledge_crm_queue_items([item.name]) == 1
    acknowledged = CrmQueueItemState.CRM_QUEUE_ITEM_STATE_ACKNOWLEDGED
    assert [kept.name async for kept in client.list_crm_queue_items(queue="sales", state=acknowledged)] == [item.name]


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
