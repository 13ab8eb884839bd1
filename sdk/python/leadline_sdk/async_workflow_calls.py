# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about workflows, what they did, and their webhooks, of the asynchronous client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import timedelta

from leadline.v1.workflow_pb2 import WebhookDelivery, WebhookDeliveryState, Workflow, WorkflowRun
from leadline.v1.workflow_service_pb2 import (
    DryRunWorkflowResponse,
    GetWebhookDeliveryRequest,
    GetWorkflowRequest,
    ListWebhookDeliveriesRequest,
    ListWorkflowRunsRequest,
    ListWorkflowsRequest,
    RotateWebhookSecretResponse,
)
from leadline.v1.workflow_service_pb2_grpc import WorkflowServiceStub

from leadline_sdk import workflow_requests as requests
from leadline_sdk.calling import AsyncCaller
from leadline_sdk.channel import Connection


class AsyncWorkflowCalls(AsyncCaller):
    """What `AsyncClient` does with workflows: the methods of `WorkflowCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._workflows = WorkflowServiceStub(self._channel)

    async def create_workflow(
        self, workflow: Workflow, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Workflow:
        """Create a workflow; see `Client.create_workflow`."""
        request = requests.create_workflow(workflow, idempotency_key)
        return await self._call(self._workflows.CreateWorkflow, request, timeout)

    async def get_workflow(self, name: str, *, timeout: float | None = None) -> Workflow:
        """Give a workflow; see `Client.get_workflow`."""
        return await self._call(self._workflows.GetWorkflow, GetWorkflowRequest(name=name), timeout)

    async def list_workflows(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncIterator[Workflow]:
        """Go through the workflows, the newest first."""
        request = ListWorkflowsRequest(page_size=page_size)
        async for page in self._pages(self._workflows.ListWorkflows, request, timeout):
            for workflow in page.workflows:
                yield workflow

    async def update_workflow(
        self,
        workflow: Workflow,
        update_mask: Collection[str] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Workflow:
        """Change a workflow; see `Client.update_workflow`."""
        request = requests.update_workflow(workflow, update_mask, idempotency_key)
        return await self._call(self._workflows.UpdateWorkflow, request, timeout)

    async def delete_workflow(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a workflow; see `Client.delete_workflow`."""
        request = requests.delete_workflow(name, etag, idempotency_key)
        await self._call(self._workflows.DeleteWorkflow, request, timeout)

    async def enable_workflow(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Workflow:
        """Let a workflow run; see `Client.enable_workflow`."""
        request = requests.enable_workflow(name, idempotency_key)
        return await self._call(self._workflows.EnableWorkflow, request, timeout)

    async def disable_workflow(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Workflow:
        """Stop a workflow; see `Client.disable_workflow`."""
        request = requests.disable_workflow(name, idempotency_key)
        return await self._call(self._workflows.DisableWorkflow, request, timeout)

    async def dry_run_workflow(
        self, workflow: Workflow, *, lookback: timedelta | None = None, timeout: float | None = None
    ) -> DryRunWorkflowResponse:
        """Tell what a workflow would have acted on; see `Client.dry_run_workflow`."""
        request = requests.dry_run_workflow(workflow, lookback)
        return await self._call(self._workflows.DryRunWorkflow, request, timeout)

    async def list_workflow_runs(
        self, *, workflow: str = "", lead: str = "", page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[WorkflowRun]:
        """Go through what workflows did and why; see `Client.list_workflow_runs`."""
        request = ListWorkflowRunsRequest(workflow=workflow, lead=lead, page_size=page_size)
        async for page in self._pages(self._workflows.ListWorkflowRuns, request, timeout):
            for run in page.workflow_runs:
                yield run

    async def rotate_webhook_secret(
        self,
        name: str,
        *,
        overlap: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> RotateWebhookSecretResponse:
        """Make a new secret for the webhooks of a workflow; see `Client.rotate_webhook_secret`."""
        request = requests.rotate_webhook_secret(name, overlap, idempotency_key)
        return await self._call(self._workflows.RotateWebhookSecret, request, timeout)

    async def get_webhook_delivery(self, name: str, *, timeout: float | None = None) -> WebhookDelivery:
        """Give a delivery with its latest attempts; see `Client.get_webhook_delivery`."""
        return await self._call(self._workflows.GetWebhookDelivery, GetWebhookDeliveryRequest(name=name), timeout)

    async def list_webhook_deliveries(
        self,
        *,
        workflow: str = "",
        state: WebhookDeliveryState.ValueType = WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_UNSPECIFIED,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[WebhookDelivery]:
        """Go through deliveries, the newest first; see `Client.list_webhook_deliveries`."""
        request = ListWebhookDeliveriesRequest(workflow=workflow, state=state, page_size=page_size)
        async for page in self._pages(self._workflows.ListWebhookDeliveries, request, timeout):
            for delivery in page.webhook_deliveries:
                yield delivery

    async def replay_webhook_delivery(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> WebhookDelivery:
        """Send a delivery anew; see `Client.replay_webhook_delivery`."""
        request = requests.replay_webhook_delivery(name, idempotency_key)
        return await self._call(self._workflows.ReplayWebhookDelivery, request, timeout)
