"""Who gets personal data masked can't find it out by guessing in filters."""

from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from leadline.v1 import lead_pb2, lead_service_pb2, lead_service_pb2_grpc, workflow_pb2, workflow_service_pb2_grpc
from leadline.v1 import workflow_service_pb2 as workflows

from deploy.local.development_token import EVERY_SCOPE, DevelopmentKey
from server.runtime.identifiers import new_id
from tests.attack.conftest import Doors
from tests.grpc_errors import error_of
from tests.integration.identity.people import bearer, key

pytestmark = pytest.mark.asyncio(loop_scope="session")

PERSONAL = "leads.pii.read"
GUESS = 'email = "ada@example.com"'


def workflow_on(condition: str, name: str = "") -> workflow_pb2.Workflow:
    return ParseDict(
        {
            "name": name,
            "displayName": "Guess",
            "trigger": {"leadCondition": {"filter": condition}},
            "actions": [{"notify": {"recipients": ["ann"], "text": "found"}}],
        },
        workflow_pb2.Workflow(),
    )


async def test_a_guess_needs_the_permission_to_see(doors: Doors, development_key: DevelopmentKey) -> None:
    tenant_id = new_id()
    sees = bearer(development_key.mint(tenant_id, "ann", EVERY_SCOPE))
    masked = bearer(development_key.mint(tenant_id, "bob", [scope for scope in EVERY_SCOPE if scope != PERSONAL]))
    leads = lead_service_pb2_grpc.LeadServiceStub(doors.server)
    made = await leads.CreateLead(
        lead_service_pb2.CreateLeadRequest(
            lead=lead_pb2.Lead(email="ada@example.com", owner="bob"), idempotency_key=key()
        ),
        metadata=sees,
    )
    found = await leads.ListLeads(lead_service_pb2.ListLeadsRequest(filter=GUESS), metadata=sees)
    assert [lead.name for lead in found.leads] == [made.name]

    for condition in (GUESS, f"status = OPEN AND {GUESS}", 'email = ""'):
        calls = (
            leads.ListLeads(lead_service_pb2.ListLeadsRequest(filter=condition), metadata=masked),
            _workflows(doors).CreateWorkflow(
                workflows.CreateWorkflowRequest(workflow=workflow_on(condition), idempotency_key=key()), metadata=masked
            ),
            _workflows(doors).UpdateWorkflow(
                workflows.UpdateWorkflowRequest(
                    workflow=workflow_on(condition, f"workflows/{new_id()}"), idempotency_key=key()
                ),
                metadata=masked,
            ),
            _workflows(doors).DryRunWorkflow(
                workflows.DryRunWorkflowRequest(workflow=workflow_on(condition)), metadata=masked
            ),
        )
        for refused in calls:
            error = await error_of(refused)
            assert (error.code, error.metadata) == (grpc.StatusCode.PERMISSION_DENIED, {"permission": PERSONAL})

    plain = await leads.ListLeads(lead_service_pb2.ListLeadsRequest(filter="owner = bob"), metadata=masked)
    assert [lead.email for lead in plain.leads] == ["***"]


def _workflows(doors: Doors) -> Any:
    return workflow_service_pb2_grpc.WorkflowServiceStub(doors.server)
