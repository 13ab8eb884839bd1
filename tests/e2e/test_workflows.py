"""An event lets a score cross a threshold; people are told, and a receiver of webhooks hears of it once."""

import json
from typing import Any

from websockets.sync.client import connect

from leadline_sdk import (
    Direction,
    NotifyAction,
    ScoreCrossing,
    WebhookAction,
    WebhookDeliveryState,
    Workflow,
    WorkflowAction,
    WorkflowTrigger,
)
from tests.e2e.conftest import TrainedTenant
from tests.e2e.test_live import webinar
from tests.waiting import wait_for
from tests.webhook_receiver import webhook_receiver

ACTED_SECONDS = 60.0


def test_an_event_sets_a_workflow_off(trained: TrainedTenant) -> None:
    client = trained.client
    lead = trained.quiet_leads[len(trained.quiet_leads) // 2]
    threshold = lead.score.value + 1
    url = f"ws://{trained.stack.edge_address}/ws/leadline.v1.NotificationService/WatchNotifications"
    protocols: Any = ["leadline.v1", f"bearer.{trained.token}"]
    with webhook_receiver() as receiver, connect(url, subprotocols=protocols, open_timeout=10) as page:
        page.send("{}")
        assert "heartbeat" in json.loads(page.recv(timeout=20))
        workflow = client.create_workflow(
            Workflow(
                display_name="Rising leads",
                trigger=WorkflowTrigger(
                    score_crossing=ScoreCrossing(direction=Direction.DIRECTION_UP, threshold=threshold)
                ),
                actions=[
                    WorkflowAction(notify=NotifyAction(text="Call $lead: $score")),
                    WorkflowAction(webhook=WebhookAction(url=f"{receiver.base_url}/hook")),
                ],
                enabled=True,
            )
        )
        receiver.secret = client.rotate_webhook_secret(workflow.name).secret

        client.record_events([webinar(lead.name, "workflow-1")])

        delivered = WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_DELIVERED
        wait_for(
            lambda: list(client.list_webhook_deliveries(workflow=workflow.name, state=delivered)) != [],
            seconds=ACTED_SECONDS,
        )
        client.disable_workflow(workflow.name)
        shown = json.loads(page.recv(timeout=20))["notification"]

    (run,) = client.list_workflow_runs(workflow=workflow.name)
    score = client.get_lead(lead.name).score.value
    assert run.lead == lead.name
    assert run.reason == f"Score rose from {lead.score.value} to {score}, threshold {threshold}"
    (notification,) = [told for told in client.list_notifications() if told.workflow == workflow.name]
    assert notification.text.endswith(f": {score}")
    assert (shown["name"], shown["text"]) == (notification.name, notification.text)
    (body,) = receiver.accepted.values()
    assert len(receiver.requests) == 1
    assert (body["data"]["lead"], body["data"]["score"]) == (lead.name, score)
