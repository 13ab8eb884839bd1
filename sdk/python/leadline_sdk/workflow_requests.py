"""The requests about workflows, queues, notifications and dead letters that both clients make in the same way."""

from collections.abc import Collection
from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1.crm_queue_service_pb2 import AcknowledgeCrmQueueItemsRequest, TakeCrmQueueItemsRequest
from leadline.v1.dead_letter_service_pb2 import DeleteDeadLetterRequest, ReplayDeadLetterRequest
from leadline.v1.event_pb2 import Event
from leadline.v1.notification_service_pb2 import MarkNotificationsReadRequest
from leadline.v1.workflow_pb2 import Workflow
from leadline.v1.workflow_service_pb2 import (
    CreateWorkflowRequest,
    DeleteWorkflowRequest,
    DisableWorkflowRequest,
    DryRunWorkflowRequest,
    EnableWorkflowRequest,
    ReplayWebhookDeliveryRequest,
    RotateWebhookSecretRequest,
    UpdateWorkflowRequest,
)

from leadline_sdk.batches import new_idempotency_key
from leadline_sdk.values import to_duration


def create_workflow(workflow: Workflow, idempotency_key: str | None) -> CreateWorkflowRequest:
    """Give the request that creates a workflow."""
    return CreateWorkflowRequest(workflow=workflow, idempotency_key=idempotency_key or new_idempotency_key())


def update_workflow(
    workflow: Workflow, paths: Collection[str] | None, idempotency_key: str | None
) -> UpdateWorkflowRequest:
    """Give the request that changes a workflow."""
    return UpdateWorkflowRequest(
        workflow=workflow,
        update_mask=FieldMask(paths=paths) if paths is not None else None,
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def delete_workflow(name: str, etag: str, idempotency_key: str | None) -> DeleteWorkflowRequest:
    """Give the request that deletes a workflow."""
    return DeleteWorkflowRequest(name=name, etag=etag, idempotency_key=idempotency_key or new_idempotency_key())


def enable_workflow(name: str, idempotency_key: str | None) -> EnableWorkflowRequest:
    """Give the request that lets a workflow run."""
    return EnableWorkflowRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())


def disable_workflow(name: str, idempotency_key: str | None) -> DisableWorkflowRequest:
    """Give the request that stops a workflow."""
    return DisableWorkflowRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())


def dry_run_workflow(workflow: Workflow, lookback: timedelta | None) -> DryRunWorkflowRequest:
    """Give the request that tries a workflow on the stored scores."""
    return DryRunWorkflowRequest(workflow=workflow, lookback=to_duration(lookback))


def rotate_webhook_secret(
    name: str, overlap: timedelta | None, idempotency_key: str | None
) -> RotateWebhookSecretRequest:
    """Give the request that makes a new secret."""
    return RotateWebhookSecretRequest(
        name=name, overlap=to_duration(overlap), idempotency_key=idempotency_key or new_idempotency_key()
    )


def replay_webhook_delivery(name: str, idempotency_key: str | None) -> ReplayWebhookDeliveryRequest:
    """Give the request that sends a webhook anew."""
    return ReplayWebhookDeliveryRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())


def mark_notifications_read(names: Collection[str], idempotency_key: str | None) -> MarkNotificationsReadRequest:
    """Give the request that marks notifications as read."""
    return MarkNotificationsReadRequest(names=names, idempotency_key=idempotency_key or new_idempotency_key())


def take_crm_queue_items(
    queue: str, max_items: int, lease: timedelta | None, idempotency_key: str | None
) -> TakeCrmQueueItemsRequest:
    """Give the request that takes items of a queue."""
    return TakeCrmQueueItemsRequest(
        queue=queue,
        max_items=max_items,
        lease=to_duration(lease),
        idempotency_key=idempotency_key or new_idempotency_key(),
    )


def acknowledge_crm_queue_items(names: Collection[str], idempotency_key: str | None) -> AcknowledgeCrmQueueItemsRequest:
    """Give the request that ends the work on items of a queue."""
    return AcknowledgeCrmQueueItemsRequest(names=names, idempotency_key=idempotency_key or new_idempotency_key())


def replay_dead_letter(name: str, event: Event | None, idempotency_key: str | None) -> ReplayDeadLetterRequest:
    """Give the request that tries a dead letter once more."""
    return ReplayDeadLetterRequest(name=name, event=event, idempotency_key=idempotency_key or new_idempotency_key())


def delete_dead_letter(name: str, idempotency_key: str | None) -> DeleteDeadLetterRequest:
    """Give the request that deletes a dead letter."""
    return DeleteDeadLetterRequest(name=name, idempotency_key=idempotency_key or new_idempotency_key())
