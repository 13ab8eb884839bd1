"""Webhook deliveries between the contract and the domain."""

from leadline.v1 import workflow_pb2

from server.runtime.identifiers import format_name
from server.services.conversions.times import time_to_proto
from server.webhooks.delivery import Attempt, Delivery, DeliveryState
from server.workflows.actions import WHEN_THERE_IS_A_SECRET


def delivery_to_proto(delivery: Delivery) -> workflow_pb2.WebhookDelivery:
    """Gives a delivery as the contract has it."""
    message = workflow_pb2.WebhookDelivery(
        name=format_name("webhookDeliveries", delivery.delivery_id),
        workflow=format_name("workflows", delivery.workflow_id),
        workflow_run=format_name("workflowRuns", delivery.run_id),
        lead=format_name("leads", delivery.lead_id),
        webhook_id=str(delivery.webhook_id),
        url=delivery.url,
        payload=delivery.payload,
        state=delivery.state,  # type: ignore[arg-type]  # numbered alike
        attempt_count=delivery.attempt_count,
        attempts=map(_attempt_to_proto, delivery.attempts),
        create_time=time_to_proto(delivery.create_time),
    )
    next_time = delivery.next_attempt_time
    if next_time is not None and next_time != WHEN_THERE_IS_A_SECRET:
        message.next_attempt_time.CopyFrom(time_to_proto(next_time))
    return message


def state_from_proto(state: workflow_pb2.WebhookDeliveryState.ValueType) -> DeliveryState | None:
    """Gives a state as the domain has it; None for the unspecified one."""
    return DeliveryState(state) if state else None


def _attempt_to_proto(attempt: Attempt) -> workflow_pb2.WebhookAttempt:
    message = workflow_pb2.WebhookAttempt(
        attempt_time=time_to_proto(attempt.time), status_code=attempt.status_code, failure=attempt.failure
    )
    message.duration.FromTimedelta(attempt.duration)
    return message
