"""REST through the edge: every route of the contract, and what is wrong with a request."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.contract import contract_services, grpc_path
from tests.integration.gateway.backend import MISSING, SLOW, WATCHED_MESSAGES
from tests.integration.gateway.conftest import Edge
from tests.integration.gateway.errors import details_by_type, rest_reason
from tests.integration.gateway.identity_routes import AUTHENTICATION_ROUTES, IDENTITY_ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="session")

ID = "00000000-0000-7000-8000-000000000001"
KEY = {"idempotencyKey": "k"}
LEAD = {"lead": {"company": "Analytical Engines"}}
BATCHES = [
    {"idempotencyKey": "k", "rows": [{"lineNumber": "1", "lead": {}}]},
    {"idempotencyKey": "k", "sequenceNumber": "1", "rows": [{"lineNumber": "2", "lead": {}}]},
]
EVENTS = {"events": [{"eventId": "e", "lead": f"leads/{ID}", "type": "call", "occurredTime": "2026-01-02T03:04:05Z"}]}

EXPERIMENT = {"kind": "EXPERIMENT_KIND_CANARY", "challenger": f"models/{ID}", "challengerShare": 0.1}
RULE_SET = {
    "displayName": "First",
    "rules": [
        {
            "id": "visited",
            "expression": "event_counts.page_view >= 2",
            "points": -10,
            "group": "engagement",
            "decay": {"halfLife": "86400s", "anchorEventType": "page_view"},
        }
    ],
    "groups": [{"id": "engagement", "maxPoints": 20, "minPoints": 0}],
}

WORKFLOW = {
    "displayName": "Hot",
    "trigger": {"scoreCrossing": {"direction": "DIRECTION_UP", "threshold": 75}},
    "actions": [{"notify": {"text": "Call $lead"}}],
}

TRACK = {
    "writeKey": "leadline_track_k",
    "visitorId": ID,
    "events": [{"eventId": "e", "type": "page_view", "ageMilliseconds": "5", "properties": {"url": "/"}}],
    "identity": {"email": "noor@example.com"},
}

ROUTES: list[tuple[str, str, Any, str, list[dict[str, Any]]]] = [
    ("POST", "/v1/leads", LEAD | KEY, "LeadService/CreateLead", [LEAD | KEY]),
    ("GET", f"/v1/leads/{ID}", None, "LeadService/GetLead", [{"name": f"leads/{ID}"}]),
    (
        "GET",
        "/v1/leads?pageSize=7&filter=status%20%3D%20OPEN",
        None,
        "LeadService/ListLeads",
        [{"pageSize": 7, "filter": "status = OPEN"}],
    ),
    (
        "PATCH",
        f"/v1/leads/{ID}",
        LEAD | KEY | {"updateMask": "company,owner"},
        "LeadService/UpdateLead",
        [{"lead": LEAD["lead"] | {"name": f"leads/{ID}"}, "updateMask": "company,owner"} | KEY],
    ),
    (
        "DELETE",
        f"/v1/leads/{ID}?etag=1&idempotencyKey=k",
        None,
        "LeadService/DeleteLead",
        [{"name": f"leads/{ID}", "etag": "1"} | KEY],
    ),
    ("POST", "/v1/leads:batchCreate", {"leads": [{}]} | KEY, "LeadService/BatchCreateLeads", [{"leads": [{}]} | KEY]),
    ("POST", "/v1/leads:import", BATCHES, "LeadService/ImportLeads", BATCHES),
    (
        "GET",
        f"/v1/leads/{ID}/events?pageSize=7",
        None,
        "LeadHistoryService/ListLeadEvents",
        [{"parent": f"leads/{ID}", "pageSize": 7}],
    ),
    (
        "GET",
        f"/v1/leads/{ID}/scores",
        None,
        "LeadHistoryService/ListLeadScores",
        [{"parent": f"leads/{ID}"}],
    ),
    ("POST", "/v1/events:record", EVENTS | KEY, "IntegrationService/RecordEvents", [EVENTS | KEY]),
    ("POST", "/v1/events:stream", [EVENTS | KEY], "IntegrationService/StreamEvents", [EVENTS | KEY]),
    (
        "POST",
        "/v1/events:publish",
        [EVENTS | {"sequenceNumber": "1"}],
        "IntegrationService/PublishEvents",
        [EVENTS | {"sequenceNumber": "1"}],
    ),
    ("GET", f"/v1/auditRecords/{ID}", None, "AuditService/GetAuditRecord", [{"name": f"auditRecords/{ID}"}]),
    (
        "GET",
        "/v1/auditRecords?pageSize=7&orderBy=sequence_number",
        None,
        "AuditService/ListAuditRecords",
        [{"pageSize": 7, "orderBy": "sequence_number"}],
    ),
    (
        "GET",
        "/v1/auditRecords:export?afterSequenceNumber=3",
        None,
        "AuditService/ExportAuditRecords",
        [{"afterSequenceNumber": "3"}],
    ),
    (
        "GET",
        f"/v1/auditRecords:verify?after.sequenceNumber=3&after.digest={'A' * 43}%3D",
        None,
        "AuditService/VerifyAuditLog",
        [{"after": {"sequenceNumber": "3", "digest": f"{'A' * 43}="}}],
    ),
    ("GET", "/v1/tenantKeys/2", None, "EncryptionKeyService/GetTenantKey", [{"name": "tenantKeys/2"}]),
    ("GET", "/v1/tenantKeys?pageSize=7", None, "EncryptionKeyService/ListTenantKeys", [{"pageSize": 7}]),
    ("POST", "/v1/tenantKeys:rotate", KEY, "EncryptionKeyService/RotateTenantKey", [KEY]),
    ("GET", f"/v1/deadLetters/{ID}", None, "DeadLetterService/GetDeadLetter", [{"name": f"deadLetters/{ID}"}]),
    ("GET", "/v1/deadLetters?pageSize=7", None, "DeadLetterService/ListDeadLetters", [{"pageSize": 7}]),
    (
        "POST",
        f"/v1/deadLetters/{ID}:replay",
        KEY,
        "DeadLetterService/ReplayDeadLetter",
        [{"name": f"deadLetters/{ID}"} | KEY],
    ),
    (
        "DELETE",
        f"/v1/deadLetters/{ID}?idempotencyKey=k",
        None,
        "DeadLetterService/DeleteDeadLetter",
        [{"name": f"deadLetters/{ID}"} | KEY],
    ),
    (
        "GET",
        f"/v1/leads/{ID}:score?omitAttributions=true",
        None,
        "ScoringService/ScoreLead",
        [{"name": f"leads/{ID}", "omitAttributions": True}],
    ),
    ("POST", "/v1/leads:score", LEAD, "ScoringService/ScoreInlineLead", [LEAD]),
    (
        "POST",
        "/v1/leads:batchScore",
        {"names": [f"leads/{ID}"]},
        "ScoringService/BatchScoreLeads",
        [{"names": [f"leads/{ID}"]}],
    ),
    ("POST", "/v1/models:train", KEY, "ScoringService/TrainModel", [KEY]),
    ("POST", "/v1/leads:rescore", KEY, "ScoringService/RescoreLeads", [KEY]),
    (
        "GET",
        f"/v1/leads/{ID}:suggestChanges?actionableFields=Lead%20Source&actionableFields=events.call.count",
        None,
        "ScoringService/SuggestChanges",
        [{"name": f"leads/{ID}", "actionableFields": ["Lead Source", "events.call.count"]}],
    ),
    (
        "POST",
        f"/v1/leads/{ID}:overrideScore",
        {"idempotencyKey": "k", "value": 90},
        "ScoringService/OverrideScore",
        [{"name": f"leads/{ID}", "idempotencyKey": "k", "value": 90}],
    ),
    (
        "POST",
        f"/v1/leads/{ID}:clearScoreOverride",
        {"idempotency_key": "k"},
        "ScoringService/ClearScoreOverride",
        [{"name": f"leads/{ID}", "idempotencyKey": "k"}],
    ),
    ("GET", f"/v1/scores/{ID}:replay", None, "ScoringService/ReplayScore", [{"name": f"scores/{ID}"}]),
    ("GET", f"/v1/models/{ID}", None, "ScoringService/GetModel", [{"name": f"models/{ID}"}]),
    ("GET", "/v1/models?pageToken=t", None, "ScoringService/ListModels", [{"pageToken": "t"}]),
    ("GET", f"/v1/models/{ID}:plots", None, "ScoringService/GetModelPlots", [{"name": f"models/{ID}"}]),
    (
        "POST",
        f"/v1/models/{ID}:promote",
        KEY | {"overrideGate": True},
        "ScoringService/PromoteModel",
        [{"name": f"models/{ID}", "overrideGate": True} | KEY],
    ),
    ("POST", "/v1/models:rollBack", KEY, "ScoringService/RollBackModel", [KEY]),
    (
        "DELETE",
        f"/v1/models/{ID}?idempotencyKey=k",
        None,
        "ScoringService/DeleteModel",
        [{"name": f"models/{ID}"} | KEY],
    ),
    ("GET", "/v1/scores:watch?resumeToken=t", None, "ScoringService/WatchScores", [{"resumeToken": "t"}]),
    (
        "POST",
        "/v1/experiments",
        {"experiment": EXPERIMENT} | KEY,
        "ExperimentService/CreateExperiment",
        [{"experiment": EXPERIMENT} | KEY],
    ),
    ("GET", f"/v1/experiments/{ID}", None, "ExperimentService/GetExperiment", [{"name": f"experiments/{ID}"}]),
    ("GET", "/v1/experiments?pageSize=2", None, "ExperimentService/ListExperiments", [{"pageSize": 2}]),
    (
        "GET",
        f"/v1/experiments/{ID}:result",
        None,
        "ExperimentService/GetExperimentResult",
        [{"name": f"experiments/{ID}"}],
    ),
    (
        "POST",
        f"/v1/experiments/{ID}:stop",
        KEY,
        "ExperimentService/StopExperiment",
        [{"name": f"experiments/{ID}"} | KEY],
    ),
    (
        "POST",
        f"/v1/experiments/{ID}:conclude",
        KEY | {"overrideVerdict": True},
        "ExperimentService/ConcludeExperiment",
        [{"name": f"experiments/{ID}", "overrideVerdict": True} | KEY],
    ),
    (
        "POST",
        "/v1/ruleSets",
        {"ruleSet": RULE_SET, "newestEtag": "1.1"} | KEY,
        "RuleService/CreateRuleSet",
        [{"ruleSet": RULE_SET, "newestEtag": "1.1"} | KEY],
    ),
    ("GET", f"/v1/ruleSets/{ID}", None, "RuleService/GetRuleSet", [{"name": f"ruleSets/{ID}"}]),
    ("GET", "/v1/ruleSets/active", None, "RuleService/GetRuleSet", [{"name": "ruleSets/active"}]),
    (
        "GET",
        "/v1/ruleSets?pageSize=3&pageToken=t",
        None,
        "RuleService/ListRuleSets",
        [{"pageSize": 3, "pageToken": "t"}],
    ),
    (
        "POST",
        f"/v1/ruleSets/{ID}:activate",
        {"etag": "1.1"} | KEY,
        "RuleService/ActivateRuleSet",
        [{"name": f"ruleSets/{ID}", "etag": "1.1"} | KEY],
    ),
    (
        "POST",
        f"/v1/ruleSets/{ID}:deactivate",
        KEY,
        "RuleService/DeactivateRuleSet",
        [{"name": f"ruleSets/{ID}"} | KEY],
    ),
    (
        "DELETE",
        f"/v1/ruleSets/{ID}?idempotencyKey=k",
        None,
        "RuleService/DeleteRuleSet",
        [{"name": f"ruleSets/{ID}"} | KEY],
    ),
    (
        "POST",
        "/v1/ruleSets:dryRun",
        {"ruleSet": RULE_SET, "sampleSize": 100},
        "RuleService/DryRunRuleSet",
        [{"ruleSet": RULE_SET, "sampleSize": 100}],
    ),
    (
        "GET",
        "/v1/models/champion:driftReport",
        None,
        "MonitoringService/GetDriftReport",
        [{"name": "models/champion"}],
    ),
    ("GET", "/v1/alarms?standingOnly=true", None, "MonitoringService/ListAlarms", [{"standingOnly": True}]),
    (
        "GET",
        "/v1/monitoring/policy",
        None,
        "MonitoringService/GetMonitoringPolicy",
        [{"name": "monitoring/policy"}],
    ),
    (
        "PATCH",
        "/v1/monitoring/policy",
        {"monitoringPolicy": {"rollBackOnBreach": True}, "updateMask": "rollBackOnBreach"} | KEY,
        "MonitoringService/UpdateMonitoringPolicy",
        [
            {
                "monitoringPolicy": {"name": "monitoring/policy", "rollBackOnBreach": True},
                "updateMask": "rollBackOnBreach",
            }
            | KEY
        ],
    ),
    ("GET", f"/v1/operations/{ID}", None, "OperationService/GetOperation", [{"name": f"operations/{ID}"}]),
    ("GET", "/v1/operations", None, "OperationService/ListOperations", [{}]),
    (
        "POST",
        f"/v1/operations/{ID}:wait",
        {"timeout": "3s"},
        "OperationService/WaitOperation",
        [{"name": f"operations/{ID}", "timeout": "3s"}],
    ),
    (
        "POST",
        f"/v1/operations/{ID}:cancel",
        KEY,
        "OperationService/CancelOperation",
        [{"name": f"operations/{ID}"} | KEY],
    ),
    (
        "POST",
        "/v1/workflows",
        {"workflow": WORKFLOW} | KEY,
        "WorkflowService/CreateWorkflow",
        [{"workflow": WORKFLOW} | KEY],
    ),
    ("GET", f"/v1/workflows/{ID}", None, "WorkflowService/GetWorkflow", [{"name": f"workflows/{ID}"}]),
    ("GET", "/v1/workflows?pageSize=7", None, "WorkflowService/ListWorkflows", [{"pageSize": 7}]),
    (
        "PATCH",
        f"/v1/workflows/{ID}",
        {"workflow": WORKFLOW, "updateMask": "displayName"} | KEY,
        "WorkflowService/UpdateWorkflow",
        [{"workflow": WORKFLOW | {"name": f"workflows/{ID}"}, "updateMask": "displayName"} | KEY],
    ),
    (
        "DELETE",
        f"/v1/workflows/{ID}?etag=1&idempotencyKey=k",
        None,
        "WorkflowService/DeleteWorkflow",
        [{"name": f"workflows/{ID}", "etag": "1"} | KEY],
    ),
    ("POST", f"/v1/workflows/{ID}:enable", KEY, "WorkflowService/EnableWorkflow", [{"name": f"workflows/{ID}"} | KEY]),
    (
        "POST",
        f"/v1/workflows/{ID}:disable",
        KEY,
        "WorkflowService/DisableWorkflow",
        [{"name": f"workflows/{ID}"} | KEY],
    ),
    (
        "POST",
        "/v1/workflows:dryRun",
        {"workflow": WORKFLOW, "lookback": "3600s"},
        "WorkflowService/DryRunWorkflow",
        [{"workflow": WORKFLOW, "lookback": "3600s"}],
    ),
    (
        "GET",
        f"/v1/workflowRuns?workflow=workflows/{ID}",
        None,
        "WorkflowService/ListWorkflowRuns",
        [{"workflow": f"workflows/{ID}"}],
    ),
    (
        "POST",
        f"/v1/workflows/{ID}:rotateWebhookSecret",
        KEY,
        "WorkflowService/RotateWebhookSecret",
        [{"name": f"workflows/{ID}"} | KEY],
    ),
    (
        "GET",
        f"/v1/webhookDeliveries/{ID}",
        None,
        "WorkflowService/GetWebhookDelivery",
        [{"name": f"webhookDeliveries/{ID}"}],
    ),
    (
        "GET",
        "/v1/webhookDeliveries?state=WEBHOOK_DELIVERY_STATE_DEAD",
        None,
        "WorkflowService/ListWebhookDeliveries",
        [{"state": "WEBHOOK_DELIVERY_STATE_DEAD"}],
    ),
    (
        "POST",
        f"/v1/webhookDeliveries/{ID}:replay",
        KEY,
        "WorkflowService/ReplayWebhookDelivery",
        [{"name": f"webhookDeliveries/{ID}"} | KEY],
    ),
    ("GET", "/v1/notifications?unreadOnly=true", None, "NotificationService/ListNotifications", [{"unreadOnly": True}]),
    (
        "GET",
        "/v1/notifications:watch?resumeToken=t",
        None,
        "NotificationService/WatchNotifications",
        [{"resumeToken": "t"}],
    ),
    ("GET", "/v1/notifications:countUnread", None, "NotificationService/CountUnreadNotifications", [{}]),
    ("POST", "/v1/notifications:markRead", KEY, "NotificationService/MarkNotificationsRead", [KEY]),
    ("GET", "/v1/crmQueueItems?queue=sales", None, "CrmQueueService/ListCrmQueueItems", [{"queue": "sales"}]),
    (
        "POST",
        "/v1/crmQueueItems:take",
        {"queue": "sales"} | KEY,
        "CrmQueueService/TakeCrmQueueItems",
        [{"queue": "sales"} | KEY],
    ),
    (
        "POST",
        "/v1/crmQueueItems:acknowledge",
        {"names": [f"crmQueueItems/{ID}"]} | KEY,
        "CrmQueueService/AcknowledgeCrmQueueItems",
        [{"names": [f"crmQueueItems/{ID}"]} | KEY],
    ),
    ("POST", "/v1/track", TRACK, "TrackingService/Track", [TRACK]),
    (
        "POST",
        f"/v1/leads/{ID}:signOpenPixel",
        {"message": "offer"},
        "TrackingService/SignOpenPixel",
        [{"lead": f"leads/{ID}", "message": "offer"}],
    ),
    (
        "POST",
        "/v1/trackingKeys",
        {"trackingKey": {"allowedOrigins": ["https://www.example.com"]}} | KEY,
        "TrackingService/CreateTrackingKey",
        [{"trackingKey": {"allowedOrigins": ["https://www.example.com"]}} | KEY],
    ),
    ("GET", "/v1/trackingKeys?pageSize=7", None, "TrackingService/ListTrackingKeys", [{"pageSize": 7}]),
    (
        "DELETE",
        f"/v1/trackingKeys/{ID}?idempotencyKey=k",
        None,
        "TrackingService/DeleteTrackingKey",
        [{"name": f"trackingKeys/{ID}"} | KEY],
    ),
    *AUTHENTICATION_ROUTES,
    *IDENTITY_ROUTES,
]


async def test_every_rpc_of_the_contract_is_tried_below() -> None:
    assert {f"/leadline.v1.{rpc}" for *_, rpc, _ in ROUTES} == {
        grpc_path(method) for service in contract_services() for method in service.methods
    }


@pytest.mark.parametrize(("verb", "url", "body", "rpc", "requests"), ROUTES, ids=[route[3] for route in ROUTES])
async def test_route_reaches_its_rpc(
    *, edge: Edge, verb: str, url: str, body: Any, rpc: str, requests: list[dict[str, Any]]
) -> None:
    async with edge.client() as client:
        response = await client.request(verb, url, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-rpc"] == f"/leadline.v1.{rpc}"
    assert json.loads(response.headers["x-requests"]) == requests


async def test_zero_values_are_written_and_metadata_of_operations_is_readable(edge: Edge) -> None:
    async with edge.client() as client:
        score = (await client.get(f"/v1/leads/{ID}:score")).json()
        operation = (await client.post("/v1/models:train", json=KEY)).json()
    assert score["probability"] == 0.75
    assert score["attributions"] == []
    assert operation["metadata"]["@type"] == "type.googleapis.com/leadline.v1.OperationMetadata"
    assert operation["metadata"]["stage"] == "training"


async def test_error_of_a_backend_keeps_its_details(edge: Edge) -> None:
    async with edge.client() as client:
        missing = await client.get(f"/v1/{MISSING}")
        invalid = await client.post("/v1/leads", json=LEAD)
    assert (missing.status_code, missing.json()["code"], rest_reason(missing)) == (404, 5, "LEAD_NOT_FOUND")
    assert (invalid.status_code, invalid.json()["code"], rest_reason(invalid)) == (400, 3, "INVALID_REQUEST")
    assert details_by_type(invalid)["BadRequest"]["fieldViolations"][0]["field"] == "idempotency_key"


@pytest.mark.parametrize(
    ("verb", "url", "body", "said"),
    [
        ("GET", "/v1/leads?nope=1", "", "nope"),
        ("GET", "/v1/leads?pageSize=many", "", "page_size"),
        ("POST", "/v1/leads", '{"lead": {,', "Expected"),
        ("POST", "/v1/leads", '{"lead": 5}', "lead"),
        ("POST", "/v1/leads:import", '{"rows": 1', ""),
        ("PATCH", f"/v1/leads/{ID}", f'{{"lead": {{"name": "leads/{ID[:-1]}2"}}}}', "conflicting"),
    ],
    ids=[
        "unknown parameter",
        "parameter of another kind",
        "no JSON",
        "other kind",
        "cut off",
        "other name in the body",
    ],
)
async def test_request_that_cannot_be_read(edge: Edge, verb: str, url: str, body: str, said: str) -> None:
    async with edge.client() as client:
        response = await client.request(verb, url, content=body)
    assert (response.status_code, response.json()["code"], rest_reason(response)) == (400, 3, "INVALID_REQUEST")
    violation = details_by_type(response)["BadRequest"]["fieldViolations"][0]
    assert said in violation["description"]
    assert violation["description"] == response.json()["message"]


@pytest.mark.parametrize(
    ("verb", "url"),
    [("GET", "/v1/nothing"), ("PUT", "/v1/leads"), ("POST", "/leadline.v1.LeadService/GetLead"), ("GET", "/")],
)
async def test_unknown_path_or_method(edge: Edge, verb: str, url: str) -> None:
    async with edge.client() as client:
        response = await client.request(verb, url, json={})
    assert (response.status_code, response.json()["code"], rest_reason(response)) == (404, 5, "UNKNOWN_METHOD")


async def test_a_large_body_is_validated_by_the_backend_and_a_larger_one_refused(edge: Edge) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        yield b'{"lead": {"company": "'
        for _ in range(17):
            yield b"x" * 1024 * 1024
        yield b'"}}'

    large = {"lead": {"company": "x" * 10 * 1024 * 1024}} | KEY
    larger = {"lead": {"company": "x" * 16 * 1024 * 1024}} | KEY
    async with edge.client() as client:
        answered = await client.post("/v1/leads", json=large)
        refused = await client.post("/v1/leads", json=larger)
        refused_late = await client.post("/v1/leads", content=in_pieces())
    assert (answered.status_code, rest_reason(answered)) == (400, "INVALID_REQUEST")
    assert details_by_type(answered)["BadRequest"]["fieldViolations"][0]["field"] == "lead.company"
    assert (refused.status_code, refused.json()["code"], rest_reason(refused)) == (413, 8, "REQUEST_TOO_LARGE")
    assert (refused_late.status_code, rest_reason(refused_late)) == (413, "REQUEST_TOO_LARGE")


async def test_a_stream_of_requests_may_be_longer_than_one_request(edge: Edge) -> None:
    batches = 20

    async def array() -> AsyncIterator[bytes]:
        for number in range(batches):
            batch = {"idempotencyKey": "k", "sequenceNumber": str(number), "rows": [{"lead": {"company": "x" * 2**20}}]}
            yield (b"," if number else b"[") + json.dumps(batch).encode()
        yield b"]"

    async with edge.client() as client:
        response = await client.post("/v1/leads:import", content=array())
    assert response.status_code == 200, response.text


async def test_watch_sends_each_message_as_it_comes(edge: Edge) -> None:
    async with edge.client() as client:
        async with client.stream("GET", "/v1/scores:watch") as response:
            lines = [json.loads(line) async for line in response.aiter_lines()]
        async with client.stream("GET", "/v1/scores:watch", headers={"accept": "text/event-stream"}) as response:
            assert response.headers["content-type"] == "text/event-stream"
            events = [line async for line in response.aiter_lines() if line]
            first = json.loads(events[0].removeprefix("data: "))
    assert [line["resumeToken"] for line in lines] == [str(number) for number in range(WATCHED_MESSAGES)]
    assert len(events) == WATCHED_MESSAGES
    assert first == lines[0]


async def test_answer_that_takes_too_long(edge: Edge) -> None:
    async with edge.client() as client:
        response = await client.get(f"/v1/{SLOW}")
    # The backend has the same deadline, and may be the first to say so.
    assert (response.status_code, response.json()["code"]) == (504, 4)
