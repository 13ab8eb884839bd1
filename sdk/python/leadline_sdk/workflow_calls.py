"""The calls about workflows, what they did, and their webhooks, of the synchronous client."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
from leadline_sdk.calling import Caller
from leadline_sdk.channel import Connection


class WorkflowCalls(Caller):
    """What `Client` does with workflows; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._workflows = WorkflowServiceStub(self._channel)

    def create_workflow(
        self, workflow: Workflow, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Workflow:
        """Create a workflow: a trigger, and actions that are done once for each crossing.

        Args:
            workflow: the workflow; it runs from now on if `enabled` is set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            InvalidRequest: something in it can't work; `field_violations` or `metadata` tell what.
        """
        request = requests.create_workflow(workflow, idempotency_key)
        return self._call(self._workflows.CreateWorkflow, request, timeout)

    def get_workflow(self, name: str, *, timeout: float | None = None) -> Workflow:
        """Give a workflow.

        Raises:
            NotFound: there is no such workflow.
        """
        return self._call(self._workflows.GetWorkflow, GetWorkflowRequest(name=name), timeout)

    def list_workflows(self, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Workflow]:
        """Go through the workflows, the newest first."""
        for page in self._pages(self._workflows.ListWorkflows, ListWorkflowsRequest(page_size=page_size), timeout):
            yield from page.workflows

    def update_workflow(
        self,
        workflow: Workflow,
        update_mask: Collection[str] | None = None,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Workflow:
        """Change a workflow and give it as it then is. With a new trigger it starts afresh.

        Args:
            workflow: the workflow with its name and the new values. With an `etag`, it is changed only if it still has
                it.
            update_mask: the fields to change, such as `["trigger", "cool_down"]`; None for every field that is set.
            idempotency_key: see the class.
            timeout: see the class.

        Raises:
            NotFound: there is no such workflow.
            Conflict: somebody changed it since.
            InvalidRequest: something in it can't work.
        """
        request = requests.update_workflow(workflow, update_mask, idempotency_key)
        return self._call(self._workflows.UpdateWorkflow, request, timeout)

    def delete_workflow(
        self, name: str, *, etag: str = "", idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a workflow; with an etag, only if it still has it.

        Raises:
            NotFound: there is no such workflow.
            Conflict: somebody changed it since.
        """
        self._call(self._workflows.DeleteWorkflow, requests.delete_workflow(name, etag, idempotency_key), timeout)

    def enable_workflow(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Workflow:
        """Let a workflow run. It starts afresh: what happened before is nothing that it acts on.

        Raises:
            NotFound: there is no such workflow.
        """
        return self._call(self._workflows.EnableWorkflow, requests.enable_workflow(name, idempotency_key), timeout)

    def disable_workflow(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> Workflow:
        """Stop a workflow. Webhooks that it made already are still delivered.

        Raises:
            NotFound: there is no such workflow.
        """
        return self._call(self._workflows.DisableWorkflow, requests.disable_workflow(name, idempotency_key), timeout)

    def dry_run_workflow(
        self, workflow: Workflow, *, lookback: timedelta | None = None, timeout: float | None = None
    ) -> DryRunWorkflowResponse:
        """Tell what a workflow would have acted on, from the stored history of scores. Nothing is done or stored.

        Args:
            workflow: the workflow to try, stored or not.
            lookback: how far back, 1 minute to 90 days; None for the service's choice.
            timeout: see the class.

        Raises:
            InvalidRequest: something in it can't work.
        """
        return self._call(self._workflows.DryRunWorkflow, requests.dry_run_workflow(workflow, lookback), timeout)

    def list_workflow_runs(
        self, *, workflow: str = "", lead: str = "", page_size: int = 0, timeout: float | None = None
    ) -> Iterator[WorkflowRun]:
        """Go through what workflows did and why, the newest first.

        Args:
            workflow: only this workflow's; empty for all.
            lead: only this lead's; empty for all.
            page_size: runs fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.
        """
        request = ListWorkflowRunsRequest(workflow=workflow, lead=lead, page_size=page_size)
        for page in self._pages(self._workflows.ListWorkflowRuns, request, timeout):
            yield from page.workflow_runs

    def rotate_webhook_secret(
        self,
        name: str,
        *,
        overlap: timedelta | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> RotateWebhookSecretResponse:
        """Make a new secret for the webhooks of a workflow, and give it: it is shown this once.

        Args:
            name: `workflows/{workflow}`.
            overlap: how long the old secret signs beside it, 0 to 7 days; None for 24 hours.
            idempotency_key: see the class. A repetition under the same key does not show the secret again.
            timeout: see the class.

        Raises:
            NotFound: there is no such workflow.
        """
        request = requests.rotate_webhook_secret(name, overlap, idempotency_key)
        return self._call(self._workflows.RotateWebhookSecret, request, timeout)

    def get_webhook_delivery(self, name: str, *, timeout: float | None = None) -> WebhookDelivery:
        """Give a delivery with its latest attempts.

        Raises:
            NotFound: there is no such delivery.
        """
        return self._call(self._workflows.GetWebhookDelivery, GetWebhookDeliveryRequest(name=name), timeout)

    def list_webhook_deliveries(
        self,
        *,
        workflow: str = "",
        state: WebhookDeliveryState.ValueType = WebhookDeliveryState.WEBHOOK_DELIVERY_STATE_UNSPECIFIED,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> Iterator[WebhookDelivery]:
        """Go through deliveries without their attempts, the newest first.

        Args:
            workflow: only this workflow's; empty for all.
            state: only those that are so far; those that are dead are the dead letters.
            page_size: deliveries fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.
        """
        request = ListWebhookDeliveriesRequest(workflow=workflow, state=state, page_size=page_size)
        for page in self._pages(self._workflows.ListWebhookDeliveries, request, timeout):
            yield from page.webhook_deliveries

    def replay_webhook_delivery(
        self, name: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> WebhookDelivery:
        """Send a delivery anew, under the same `webhook-id`.

        Raises:
            NotFound: there is no such delivery.
            FailedPrecondition: it is still on its way.
        """
        request = requests.replay_webhook_delivery(name, idempotency_key)
        return self._call(self._workflows.ReplayWebhookDelivery, request, timeout)
