"""WorkflowService: keeps workflows, and tells what they did."""

from datetime import timedelta
from uuid import UUID

from google.protobuf import empty_pb2
from leadline.v1 import workflow_pb2, workflow_service_pb2, workflow_service_pb2_grpc

from server.interceptors.method_interceptor import Context
from server.runtime.identifiers import parse_name
from server.runtime.principal import current_principal
from server.services.conversions.times import time_to_proto
from server.services.conversions.webhooks import delivery_to_proto, state_from_proto
from server.services.conversions.workflows import (
    definition_from_proto,
    dry_run_to_proto,
    run_to_proto,
    trigger_from_proto,
    workflow_to_proto,
)
from server.services.personal_filters import refuse_guesses_of
from server.webhooks.follow_deliveries import FollowDeliveries
from server.workflows.dry_run import DEFAULT_LOOKBACK, DryRunWorkflow
from server.workflows.follow_runs import ListRuns
from server.workflows.manage_workflows import ManageWorkflows

DEFAULT_OVERLAP = timedelta(hours=24)


class WorkflowService(workflow_service_pb2_grpc.WorkflowServiceServicer):
    """Converts requests, calls the use cases, converts what they give.

    Args:
        manage_workflows: Keeps workflows.
        list_runs: Tells what they did.
        dry_run_workflow: Tells what they would have done.
        follow_deliveries: Tells what became of webhooks.
    """

    def __init__(
        self,
        *,
        manage_workflows: ManageWorkflows,
        list_runs: ListRuns,
        dry_run_workflow: DryRunWorkflow,
        follow_deliveries: FollowDeliveries,
    ) -> None:
        self._manage = manage_workflows
        self._list_runs = list_runs
        self._dry_run = dry_run_workflow
        self._deliveries = follow_deliveries

    async def CreateWorkflow(
        self, request: workflow_service_pb2.CreateWorkflowRequest, context: Context
    ) -> workflow_pb2.Workflow:
        """Creates a workflow."""
        refuse_guesses_of(request.workflow)
        definition = definition_from_proto(request.workflow)
        tenant_id = current_principal().tenant_id
        return workflow_to_proto(await self._manage.create(tenant_id, definition, enabled=request.workflow.enabled))

    async def GetWorkflow(
        self, request: workflow_service_pb2.GetWorkflowRequest, context: Context
    ) -> workflow_pb2.Workflow:
        """Gives one workflow."""
        workflow_id = parse_name(request.name, "workflows")
        return workflow_to_proto(await self._manage.get(current_principal().tenant_id, workflow_id))

    async def ListWorkflows(
        self, request: workflow_service_pb2.ListWorkflowsRequest, context: Context
    ) -> workflow_service_pb2.ListWorkflowsResponse:
        """Gives a page of workflows."""
        page = await self._manage.page(
            current_principal().tenant_id, page_size=request.page_size, page_token=request.page_token
        )
        return workflow_service_pb2.ListWorkflowsResponse(
            workflows=map(workflow_to_proto, page.workflows), next_page_token=page.next_page_token
        )

    async def UpdateWorkflow(
        self, request: workflow_service_pb2.UpdateWorkflowRequest, context: Context
    ) -> workflow_pb2.Workflow:
        """Changes a workflow."""
        refuse_guesses_of(request.workflow)
        workflow = await self._manage.update(
            current_principal().tenant_id,
            parse_name(request.workflow.name, "workflows"),
            definition_from_proto(request.workflow),
            request.update_mask.paths,
            request.workflow.etag,
        )
        return workflow_to_proto(workflow)

    async def DeleteWorkflow(
        self, request: workflow_service_pb2.DeleteWorkflowRequest, context: Context
    ) -> empty_pb2.Empty:
        """Deletes a workflow."""
        await self._manage.delete(current_principal().tenant_id, parse_name(request.name, "workflows"), request.etag)
        return empty_pb2.Empty()

    async def EnableWorkflow(
        self, request: workflow_service_pb2.EnableWorkflowRequest, context: Context
    ) -> workflow_pb2.Workflow:
        """Lets a workflow run."""
        workflow_id = parse_name(request.name, "workflows")
        return workflow_to_proto(await self._manage.switch(current_principal().tenant_id, workflow_id, enabled=True))

    async def DisableWorkflow(
        self, request: workflow_service_pb2.DisableWorkflowRequest, context: Context
    ) -> workflow_pb2.Workflow:
        """Stops a workflow."""
        workflow_id = parse_name(request.name, "workflows")
        return workflow_to_proto(await self._manage.switch(current_principal().tenant_id, workflow_id, enabled=False))

    async def DryRunWorkflow(
        self, request: workflow_service_pb2.DryRunWorkflowRequest, context: Context
    ) -> workflow_service_pb2.DryRunWorkflowResponse:
        """Tells what a workflow would have done."""
        refuse_guesses_of(request.workflow)
        lookback = request.lookback.ToTimedelta() if request.HasField("lookback") else DEFAULT_LOOKBACK
        dry_run = await self._dry_run(
            current_principal().tenant_id,
            trigger_from_proto(request.workflow.trigger),
            request.workflow.cool_down.ToTimedelta(),
            lookback,
        )
        return dry_run_to_proto(dry_run)

    async def ListWorkflowRuns(
        self, request: workflow_service_pb2.ListWorkflowRunsRequest, context: Context
    ) -> workflow_service_pb2.ListWorkflowRunsResponse:
        """Gives a page of runs."""
        page = await self._list_runs(
            current_principal().tenant_id,
            workflow_id=_id_or_none(request.workflow, "workflows"),
            lead_id=_id_or_none(request.lead, "leads"),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return workflow_service_pb2.ListWorkflowRunsResponse(
            workflow_runs=map(run_to_proto, page.runs), next_page_token=page.next_page_token
        )

    async def RotateWebhookSecret(
        self, request: workflow_service_pb2.RotateWebhookSecretRequest, context: Context
    ) -> workflow_service_pb2.RotateWebhookSecretResponse:
        """Makes a new secret and shows it this once."""
        overlap = request.overlap.ToTimedelta() if request.HasField("overlap") else DEFAULT_OVERLAP
        workflow_id = parse_name(request.name, "workflows")
        made = await self._manage.rotate_secret(current_principal().tenant_id, workflow_id, overlap)
        response = workflow_service_pb2.RotateWebhookSecretResponse(secret=made.secret)
        if made.previous_expire_time is not None:
            response.previous_expire_time.CopyFrom(time_to_proto(made.previous_expire_time))
        return response

    async def GetWebhookDelivery(
        self, request: workflow_service_pb2.GetWebhookDeliveryRequest, context: Context
    ) -> workflow_pb2.WebhookDelivery:
        """Gives one delivery."""
        delivery_id = parse_name(request.name, "webhookDeliveries")
        return delivery_to_proto(await self._deliveries.get(current_principal().tenant_id, delivery_id))

    async def ListWebhookDeliveries(
        self, request: workflow_service_pb2.ListWebhookDeliveriesRequest, context: Context
    ) -> workflow_service_pb2.ListWebhookDeliveriesResponse:
        """Gives a page of deliveries."""
        page = await self._deliveries.page(
            current_principal().tenant_id,
            workflow_id=_id_or_none(request.workflow, "workflows"),
            state=state_from_proto(request.state),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return workflow_service_pb2.ListWebhookDeliveriesResponse(
            webhook_deliveries=map(delivery_to_proto, page.deliveries), next_page_token=page.next_page_token
        )

    async def ReplayWebhookDelivery(
        self, request: workflow_service_pb2.ReplayWebhookDeliveryRequest, context: Context
    ) -> workflow_pb2.WebhookDelivery:
        """Sends a delivery anew."""
        delivery_id = parse_name(request.name, "webhookDeliveries")
        return delivery_to_proto(await self._deliveries.replay(current_principal().tenant_id, delivery_id))


def _id_or_none(name: str, collection: str) -> UUID | None:
    return parse_name(name, collection) if name else None
