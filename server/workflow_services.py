"""The services of workflows, notifications and the queue for the CRM, built."""

from datetime import UTC, datetime
from typing import Final

import grpc
from leadline.v1 import (
    crm_queue_service_pb2,
    crm_queue_service_pb2_grpc,
    notification_service_pb2,
    notification_service_pb2_grpc,
    workflow_service_pb2,
    workflow_service_pb2_grpc,
)

from server.crm_queue.work_queue import WorkQueue
from server.encryption.tenant_keys import TenantKeys
from server.notifications.read_notifications import ReadNotifications
from server.notifications.watch_notifications import WatchNotifications
from server.runtime.database import Database
from server.runtime.settings import ProcessSettings
from server.runtime.signed_tokens import TokenSigner
from server.services.crm_queue_service import CrmQueueService
from server.services.notification_service import NotificationService
from server.services.workflow_service import WorkflowService
from server.store.crm_queue import PostgresQueueStore
from server.store.notifications import PostgresNotificationStore
from server.store.tenant_signals import NOTIFICATIONS, TenantSignals
from server.store.webhook_deliveries import PostgresDeliveryStore
from server.store.workflows import PostgresWorkflowStore
from server.webhooks.addresses import TargetRules
from server.webhooks.follow_deliveries import FollowDeliveries
from server.webhooks.secrets import WebhookSigner
from server.workflows.dry_run import DryRunWorkflow
from server.workflows.follow_runs import ListRuns
from server.workflows.manage_workflows import ManageWorkflows

WORKFLOW_SERVICES: Final = (
    workflow_service_pb2.DESCRIPTOR.services_by_name["WorkflowService"],
    notification_service_pb2.DESCRIPTOR.services_by_name["NotificationService"],
    crm_queue_service_pb2.DESCRIPTOR.services_by_name["CrmQueueService"],
)


def add_workflow_services(
    server: grpc.aio.Server, settings: ProcessSettings, database: Database, keys: TenantKeys
) -> None:
    """Builds the services and adds them to a server.

    Args:
        server: The server, not started yet.
        settings: Of the process.
        database: The database in the role of the application.
        keys: The tenants' keys.
    """
    secret = settings.signing_secret.get_secret_value()
    workflow_service_pb2_grpc.add_WorkflowServiceServicer_to_server(
        _workflow_service(settings, database, keys, secret), server
    )
    notifications = PostgresNotificationStore(database, keys)
    notification_service_pb2_grpc.add_NotificationServiceServicer_to_server(
        NotificationService(
            read_notifications=ReadNotifications(notifications, TokenSigner(secret, "notifications.page"), _now),
            watch_notifications=WatchNotifications(notifications, TenantSignals(database.url, NOTIFICATIONS)),
            resume_signer=TokenSigner(secret, "notifications.resume"),
        ),
        server,
    )
    crm_queue_service_pb2_grpc.add_CrmQueueServiceServicer_to_server(
        CrmQueueService(
            work_queue=WorkQueue(PostgresQueueStore(database), TokenSigner(secret, "crm_queue.page"), _now)
        ),
        server,
    )


def _workflow_service(settings: ProcessSettings, database: Database, keys: TenantKeys, secret: str) -> WorkflowService:
    store = PostgresWorkflowStore(database, keys)
    rules = TargetRules(allow_loopback=settings.webhook_allow_loopback)
    tokens = TokenSigner(secret, "workflows.page")
    return WorkflowService(
        manage_workflows=ManageWorkflows(store, rules, WebhookSigner(secret), tokens, _now),
        list_runs=ListRuns(store, TokenSigner(secret, "workflow_runs.page")),
        dry_run_workflow=DryRunWorkflow(store, _now),
        follow_deliveries=FollowDeliveries(
            PostgresDeliveryStore(database), TokenSigner(secret, "webhook_deliveries.page"), _now
        ),
    )


def _now() -> datetime:
    return datetime.now(UTC)
