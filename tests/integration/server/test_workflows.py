"""Workflows from the rpc to what they do, on real PostgreSQL, with a real receiver of webhooks."""

from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from leadline.v1 import (
    crm_queue_service_pb2,
    crm_queue_service_pb2_grpc,
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
    score_pb2,
    workflow_pb2,
    workflow_service_pb2,
    workflow_service_pb2_grpc,
)
from pydantic import SecretStr

from deploy.local.development_token import DevelopmentKey
from server.encryption.tenant_keys import TenantKeys
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.identifiers import format_name
from server.server_settings import ServerSettings
from server.store.webhook_deliveries import PostgresDeliveryStore
from server.store.workflow_runs import PostgresRunStore
from server.webhooks.addresses import TargetRules
from server.webhooks.deliver import DeliverWebhooks
from server.webhooks.retrying import RetryPolicy
from server.webhooks.secrets import WebhookSigner
from server.webhooks.sender import Resolver, WebhookSender
from server.workflows.run_workflows import RunWorkflows
from tests.grpc_errors import error_of
from tests.integration.server.conftest import Bearer
from tests.stored_scores import store_lead, store_score
from tests.webhook_receiver import WebhookReceiver, webhook_receiver

SIGNED_WITH = "a secret for the tests"
UP, DOWN = workflow_pb2.DIRECTION_UP, workflow_pb2.DIRECTION_DOWN
DONE, PARTLY_DONE, COOLING_DOWN, STOPPED = 1, 2, 3, 4
PENDING, DELIVERED, DEAD = 1, 2, 3
AT_ONCE = RetryPolicy(largest_attempts=3, first_delay=timedelta(0))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def settings(development_key: DevelopmentKey, key_service: str, tmp_path: Path) -> ServerSettings:
    """The server of a developer, whose webhooks may go to the test's receiver."""
    return ServerSettings(
        jwks_file=development_key.jwks_file,
        signing_secret=SecretStr(SIGNED_WITH),
        key_service=key_service,
        mailbox_folder=tmp_path / "mailbox",
        webhook_allow_loopback=True,
    )


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as started:
        yield started


async def reason_of(call: Awaitable[Any]) -> str:
    """Gives the reason for which a call is refused."""
    return (await error_of(call)).reason


class World:
    """A tenant with workflows: what callers and the worker do, in short words."""

    def __init__(
        self, channel: grpc.aio.Channel, bearer: Bearer, database: Database, keys: TenantKeys, tenant_id: UUID
    ) -> None:
        self.workflows: Any = workflow_service_pb2_grpc.WorkflowServiceStub(channel)
        self.leads: Any = lead_service_pb2_grpc.LeadServiceStub(channel)
        self.queue: Any = crm_queue_service_pb2_grpc.CrmQueueServiceStub(channel)
        self.bearer, self.database, self.tenant_id = bearer, database, tenant_id
        self.run_workflows = RunWorkflows(PostgresRunStore(database, keys), now)

    async def create(self, *actions: Any, trigger: Any = None, **fields: Any) -> workflow_pb2.Workflow:
        """Creates a workflow that is set off at a score of 75, unless another trigger is given."""
        if trigger is None:
            trigger = workflow_pb2.WorkflowTrigger(
                score_crossing=workflow_pb2.ScoreCrossing(direction=UP, threshold=75, hysteresis=10)
            )
        workflow = workflow_pb2.Workflow(
            **{"display_name": "Hot leads", "trigger": trigger, "actions": actions, "enabled": True} | fields
        )
        request = workflow_service_pb2.CreateWorkflowRequest(workflow=workflow, idempotency_key=str(uuid4()))
        created: workflow_pb2.Workflow = await self.workflows.CreateWorkflow(request, metadata=self.bearer)
        return created

    async def call(self, method: str, request: Any) -> Any:
        """Calls an rpc of workflows."""
        if "idempotency_key" in request.DESCRIPTOR.fields_by_name and not request.idempotency_key:
            request.idempotency_key = str(uuid4())
        return await getattr(self.workflows, method)(request, metadata=self.bearer)

    async def runs(self) -> list[Any]:
        """Gives all runs, the oldest first."""
        answer = await self.call("ListWorkflowRuns", workflow_service_pb2.ListWorkflowRunsRequest())
        return list(reversed(answer.workflow_runs))

    async def score(self, lead_id: UUID, *values: int, **arguments: Any) -> None:
        """Stores scores one after another, and lets the workflows look at them."""
        for value in values:
            await store_score(self.database, self.tenant_id, lead_id, value, **arguments)
        await self.look()

    async def look(self) -> None:
        """Lets workflows look at all that waits."""
        while await self.run_workflows(self.tenant_id):
            pass

    async def secret(self, workflow: workflow_pb2.Workflow) -> str:
        """Makes a new secret."""
        request = workflow_service_pb2.RotateWebhookSecretRequest(name=workflow.name)
        secret: str = (await self.call("RotateWebhookSecret", request)).secret
        return secret

    async def deliveries(self, **fields: Any) -> list[Any]:
        """Gives the deliveries, the newest first."""
        request = workflow_service_pb2.ListWebhookDeliveriesRequest(**fields)
        return list((await self.call("ListWebhookDeliveries", request)).webhook_deliveries)

    async def deliver(
        self, rules: TargetRules | None = None, policy: RetryPolicy = AT_ONCE, answer_seconds: float = 5.0
    ) -> None:
        """Sends what is due, until nothing is."""
        rules = rules or TargetRules(allow_loopback=True)
        async with WebhookSender(rules, Resolver(), answer_seconds=answer_seconds) as sender:
            store, signer = PostgresDeliveryStore(self.database), WebhookSigner(SIGNED_WITH)
            deliver = DeliverWebhooks(store, sender, signer, policy, now)
            while await deliver.start(self.tenant_id):
                await deliver.finish()


@pytest.fixture
def world(
    channel: grpc.aio.Channel, bearer: Bearer, database: Database, tenant_keys: TenantKeys, tenant_id: UUID
) -> World:
    return World(channel, bearer, database, tenant_keys, tenant_id)


def notify(text: str = "Call $lead: $score", **fields: Any) -> workflow_pb2.WorkflowAction:
    return workflow_pb2.WorkflowAction(notify=workflow_pb2.NotifyAction(text=text, **fields))


def webhook(url: str) -> workflow_pb2.WorkflowAction:
    return workflow_pb2.WorkflowAction(webhook=workflow_pb2.WebhookAction(url=url))


def assign(*owners: tuple[str, int], reassign: bool = False) -> workflow_pb2.WorkflowAction:
    capacities = [workflow_pb2.OwnerCapacity(owner=owner, capacity=capacity) for owner, capacity in owners]
    return workflow_pb2.WorkflowAction(
        assign_owner=workflow_pb2.AssignOwnerAction(owners=capacities, reassign=reassign)
    )


def condition(text: str) -> workflow_pb2.WorkflowTrigger:
    return workflow_pb2.WorkflowTrigger(lead_condition=workflow_pb2.LeadCondition(filter=text))


async def test_a_crossing_runs_once_and_tells_why(world: World, tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    workflow = await world.create(notify())
    await world.score(lead_id, 62, 81, 79, 74, 76, 90)
    (run,) = await world.runs()
    assert (run.workflow, run.lead, run.state) == (workflow.name, format_name("leads", lead_id), DONE)
    assert run.reason == "Score rose from 62 to 81, threshold 75"
    assert [(result.action, result.done) for result in run.action_results] == [("notify", True)]
    await world.score(lead_id, 64, 75)
    assert [run.reason for run in await world.runs()][1:] == ["Score rose from 64 to 75, threshold 75"]


async def test_a_cool_down_is_noted_and_not_acted_on(world: World, tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    workflow = workflow_pb2.Workflow()
    workflow.cool_down.FromTimedelta(timedelta(hours=1))
    await world.create(notify(), cool_down=workflow.cool_down)
    begin = now()
    for minutes, value in enumerate((80, 20, 80, 20)):
        await world.score(lead_id, value, time=begin + timedelta(minutes=minutes))
    await world.score(lead_id, 80, time=begin + timedelta(minutes=61))
    assert [run.state for run in await world.runs()] == [DONE, COOLING_DOWN, DONE]


async def test_a_workflow_that_was_stopped_starts_afresh(world: World, tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    workflow = await world.create(notify())
    stopped = await world.call("DisableWorkflow", workflow_service_pb2.DisableWorkflowRequest(name=workflow.name))
    assert not stopped.enabled
    await world.score(lead_id, 50, 90)
    await world.call("EnableWorkflow", workflow_service_pb2.EnableWorkflowRequest(name=workflow.name))
    await world.score(lead_id, 91)
    assert await world.runs() == []
    await world.score(lead_id, 30, 90)
    assert len(await world.runs()) == 1


async def test_grades_and_movements(world: World, tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    grade = workflow_pb2.GradeCrossing(direction=UP, grade=score_pb2.GRADE_B)
    movement = workflow_pb2.ScoreMovement(direction=DOWN, points=20)
    movement.within.FromTimedelta(timedelta(days=7))
    await world.create(notify(), trigger=workflow_pb2.WorkflowTrigger(grade_crossing=grade))
    await world.create(notify(), trigger=workflow_pb2.WorkflowTrigger(score_movement=movement))
    begin = now() - timedelta(days=30)
    for days, value, letter in (
        (0, 70, 2),
        (1, 60, 3),
        (10, 55, 3),
        (11, 45, None),
        (12, 39, 4),
        (13, 30, 4),
        (14, 80, 1),
    ):
        await world.score(lead_id, value, grade=letter, time=begin + timedelta(days=days))
    assert [run.reason for run in await world.runs()] == [
        "First grade is B, threshold B",
        "Score fell by 21 points to 39 within 7 days",
        "Grade went from D to A, threshold B",
    ]


async def test_a_condition_comes_to_hold(world: World, tenant_id: UUID, database: Database) -> None:
    held = await store_lead(database, tenant_id, owner="ana")
    lead_id = await store_lead(database, tenant_id)
    await world.create(notify(), trigger=condition("owner = ana AND status = OPEN"))

    async def own(lead: UUID, owner: str) -> None:
        request = lead_service_pb2.UpdateLeadRequest(
            update_mask=FieldMask(paths=["owner"]), idempotency_key=str(uuid4())
        )
        request.lead.name, request.lead.owner = format_name("leads", lead), owner
        await world.leads.UpdateLead(request, metadata=world.bearer)
        await world.look()

    await own(held, "ana")
    assert await world.runs() == [], "it held before the workflow was there"
    await own(lead_id, "ana")
    await own(lead_id, "ana")
    assert [run.lead for run in await world.runs()] == [format_name("leads", lead_id)]
    await own(held, "ben")
    await own(held, "ana")
    assert [run.lead for run in await world.runs()][1:] == [format_name("leads", held)]


async def test_owners_get_leads_in_turn_by_capacity(world: World, tenant_id: UUID, database: Database) -> None:
    leads = [await store_lead(database, tenant_id) for _ in range(6)]
    await world.create(assign(("ana", 2), ("ben", 0), ("cy", 1)))
    for lead_id in leads:
        await world.score(lead_id, 90)
    async with database.transaction(tenant_id) as connection:
        rows = await connection.fetch("SELECT owner FROM leads WHERE tenant_id = $1 ORDER BY id", tenant_id)
    assert [row["owner"] for row in rows] == ["ana", "ben", "cy", "ana", "ben", "ben"]


async def test_a_lead_keeps_its_owner_and_full_owners_get_none(
    world: World, tenant_id: UUID, database: Database
) -> None:
    owned, free = [await store_lead(database, tenant_id, owner=owner) for owner in ("dee", "")]
    await store_lead(database, tenant_id, owner="ana")
    await world.create(assign(("ana", 1)))
    await world.score(owned, 90)
    await world.score(free, 90)
    results = [run.action_results[0] for run in await world.runs()]
    assert [(result.done, result.detail) for result in results] == [
        (True, "keeps its owner dee"),
        (False, "no owner has capacity left"),
    ]
    assert [run.state for run in await world.runs()] == [DONE, PARTLY_DONE]


async def test_a_field_is_set_and_the_lead_scored_anew(world: World, tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    field = workflow_pb2.SetFieldAction(field="Stage")
    field.value.category = "hot"
    await world.create(workflow_pb2.WorkflowAction(set_field=field))
    await world.score(lead_id, 90)
    request = lead_service_pb2.GetLeadRequest(name=format_name("leads", lead_id))
    lead: lead_pb2.Lead = await world.leads.GetLead(request, metadata=world.bearer)
    assert (lead.fields["Stage"].category, lead.etag) == ("hot", "2")


async def test_workflows_that_set_each_other_off_in_a_circle_are_stopped(
    world: World, tenant_id: UUID, database: Database
) -> None:
    lead_id = await store_lead(database, tenant_id)
    await world.create(assign(("ben", 0), reassign=True), trigger=condition("owner = ana"))
    await world.create(assign(("ana", 0), reassign=True), trigger=condition("owner = ben"))
    async with database.transaction(tenant_id) as connection:
        await connection.execute("UPDATE leads SET owner = 'ana' WHERE tenant_id = $1", tenant_id)
        await outbox.append(connection, tenant_id, "lead.changed", {"lead_ids": [str(lead_id)]})
    await world.look()
    assert [run.state for run in await world.runs()] == [DONE, DONE, DONE, STOPPED]


async def test_the_crm_takes_and_acknowledges(world: World, tenant_id: UUID, database: Database) -> None:
    leads = [await store_lead(database, tenant_id, external_id=f"crm-{number}") for number in range(3)]
    action = workflow_pb2.WorkflowAction(add_to_crm_queue=workflow_pb2.AddToCrmQueueAction(queue="sales"))
    await world.create(action)
    for lead_id in leads:
        await world.score(lead_id, 90)

    async def take(lease_seconds: int = 60) -> list[Any]:
        request = crm_queue_service_pb2.TakeCrmQueueItemsRequest(
            queue="sales", max_items=2, idempotency_key=str(uuid4())
        )
        request.lease.FromSeconds(lease_seconds)
        return list((await world.queue.TakeCrmQueueItems(request, metadata=world.bearer)).crm_queue_items)

    first, second = await take(), await take(1)
    assert [item.lead_external_id for item in (*first, *second)] == ["crm-0", "crm-1", "crm-2"]
    assert await take() == []
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "UPDATE crm_queue_items SET lease_expire_time = now() WHERE id = $1", _id(second[0].name)
        )
    (again,) = await take()
    assert (again.name, again.take_count) == (second[0].name, 2)
    request = crm_queue_service_pb2.AcknowledgeCrmQueueItemsRequest(
        names=[item.name for item in (*first, again)], idempotency_key=str(uuid4())
    )
    assert (await world.queue.AcknowledgeCrmQueueItems(request, metadata=world.bearer)).acknowledged_count == 3
    request.idempotency_key = str(uuid4())
    assert (await world.queue.AcknowledgeCrmQueueItems(request, metadata=world.bearer)).acknowledged_count == 0
    listing = crm_queue_service_pb2.ListCrmQueueItemsRequest(
        page_size=2, state=crm_queue_service_pb2.CRM_QUEUE_ITEM_STATE_ACKNOWLEDGED
    )
    page = await world.queue.ListCrmQueueItems(listing, metadata=world.bearer)
    assert len(page.crm_queue_items) == 2
    listing.page_token = page.next_page_token
    assert len((await world.queue.ListCrmQueueItems(listing, metadata=world.bearer)).crm_queue_items) == 1


async def test_a_webhook_is_signed_and_arrives(
    world: World, receiver: WebhookReceiver, tenant_id: UUID, database: Database
) -> None:
    lead_id = await store_lead(database, tenant_id, external_id="crm-7")
    workflow = await world.create(webhook(f"{receiver.base_url}/hook"))
    await world.score(lead_id, 40, 88)
    await world.deliver()
    assert receiver.requests == [], "without a secret it waits"
    receiver.secret = await world.secret(workflow)
    await world.deliver()
    (delivery,) = await world.deliveries()
    (run,) = await world.runs()
    body = receiver.accepted[delivery.webhook_id]
    assert (body["type"], body["data"]["lead"], body["data"]["lead_external_id"]) == (
        "workflow.crossing",
        format_name("leads", lead_id),
        "crm-7",
    )
    assert (body["data"]["score"], body["data"]["previous_score"]) == (88, 40)
    assert (delivery.state, delivery.attempt_count, delivery.workflow_run) == (DELIVERED, 1, run.name)
    assert run.action_results[0].resource == delivery.name


async def test_failures_are_retried_then_dead_then_replayed(
    world: World, receiver: WebhookReceiver, tenant_id: UUID, database: Database
) -> None:
    lead_id = await store_lead(database, tenant_id)
    workflow = await world.create(webhook(f"{receiver.base_url}/hook"))
    receiver.secret = await world.secret(workflow)
    receiver.statuses = [500, 503, 500]
    await world.score(lead_id, 90)
    await world.deliver()
    (dead,) = await world.deliveries(state=DEAD)
    request = workflow_service_pb2.GetWebhookDeliveryRequest(name=dead.name)
    log = await world.call("GetWebhookDelivery", request)
    assert [attempt.status_code for attempt in log.attempts] == [500, 503, 500]
    assert log.attempts[0].failure == "status 500"
    replay = workflow_service_pb2.ReplayWebhookDeliveryRequest(name=dead.name)
    assert (await world.call("ReplayWebhookDelivery", replay)).state == PENDING
    again = workflow_service_pb2.ReplayWebhookDeliveryRequest(name=dead.name)
    assert await reason_of(world.call("ReplayWebhookDelivery", again)) == "WEBHOOK_DELIVERY_PENDING"
    await world.deliver()
    assert set(receiver.requests) == set(receiver.accepted) == {dead.webhook_id}
    assert len(receiver.requests) == 4


@pytest.mark.parametrize(
    ("path", "failure"),
    [
        ("/redirect", "status 302: redirects are not followed"),
        ("/gone", "status 410"),
        ("/slow", "no answer within 0.3 seconds"),
    ],
)
async def test_targets_that_misbehave(world: World, receiver: WebhookReceiver, path: str, failure: str) -> None:
    lead_id = await store_lead(world.database, world.tenant_id)
    workflow = await world.create(webhook(receiver.base_url + path))
    receiver.secret = await world.secret(workflow)
    await world.score(lead_id, 90)
    await world.deliver(answer_seconds=0.3, policy=RetryPolicy(largest_attempts=1))
    (delivery,) = await world.deliveries(state=DEAD)
    log = await world.call("GetWebhookDelivery", workflow_service_pb2.GetWebhookDeliveryRequest(name=delivery.name))
    assert [attempt.failure for attempt in log.attempts] == [failure]
    assert receiver.paths["/elsewhere"] == 0


async def test_an_answer_without_end_is_not_read(
    world: World, receiver: WebhookReceiver, tenant_id: UUID, database: Database
) -> None:
    workflow = await world.create(webhook(f"{receiver.base_url}/big"))
    receiver.secret = await world.secret(workflow)
    await world.score(await store_lead(database, tenant_id), 90)
    await world.deliver()
    (delivery,) = await world.deliveries()
    assert delivery.state == DELIVERED


async def test_a_loopback_address_is_refused_by_default(
    world: World, receiver: WebhookReceiver, tenant_id: UUID, database: Database
) -> None:
    workflow = await world.create(webhook(f"{receiver.base_url}/hook"))
    receiver.secret = await world.secret(workflow)
    await world.score(await store_lead(database, tenant_id), 90)
    await world.deliver(rules=TargetRules(), policy=RetryPolicy(largest_attempts=1))
    (delivery,) = await world.deliveries()
    assert (delivery.state, receiver.requests) == (DEAD, [])


async def test_a_secret_is_shown_once_and_the_old_one_signs_for_a_while(
    world: World, receiver: WebhookReceiver, tenant_id: UUID, database: Database
) -> None:
    workflow = await world.create(webhook(f"{receiver.base_url}/hook"))
    request = workflow_service_pb2.RotateWebhookSecretRequest(name=workflow.name)
    first = await world.call("RotateWebhookSecret", request)
    assert first.secret.startswith("whsec_")
    assert (await world.call("RotateWebhookSecret", request)).secret == "", "a repetition does not show it"
    receiver.secret = first.secret
    second = await world.secret(workflow)
    await world.score(await store_lead(database, tenant_id), 90)
    await world.deliver()
    assert len(receiver.accepted) == 1, "the receiver knows the old secret alone"
    assert len(receiver.signatures[0].split(" ")) == 2
    no_overlap = workflow_service_pb2.RotateWebhookSecretRequest(name=workflow.name)
    no_overlap.overlap.FromSeconds(0)
    receiver.secret = (await world.call("RotateWebhookSecret", no_overlap)).secret
    assert receiver.secret not in {first.secret, second}
    await world.score(await store_lead(database, tenant_id), 90)
    await world.deliver()
    assert len(receiver.accepted) == 2
    assert len(receiver.signatures[1].split(" ")) == 1


async def test_updates_are_guarded_and_masked(world: World) -> None:
    workflow = await world.create(notify())
    request = workflow_service_pb2.UpdateWorkflowRequest(update_mask=FieldMask(paths=["display_name"]))
    request.workflow.CopyFrom(workflow)
    request.workflow.display_name = "Warm leads"
    request.workflow.trigger.score_crossing.threshold = 10
    changed = await world.call("UpdateWorkflow", request)
    assert (changed.display_name, changed.trigger.score_crossing.threshold) == ("Warm leads", 75)
    request.idempotency_key = str(uuid4())
    assert await reason_of(world.call("UpdateWorkflow", request)) == "ETAG_MISMATCH"
    delete = workflow_service_pb2.DeleteWorkflowRequest(name=workflow.name, etag=changed.etag)
    await world.call("DeleteWorkflow", delete)
    assert (
        await reason_of(world.call("GetWorkflow", workflow_service_pb2.GetWorkflowRequest(name=workflow.name)))
        == "WORKFLOW_NOT_FOUND"
    )
    listed = await world.call("ListWorkflows", workflow_service_pb2.ListWorkflowsRequest())
    assert list(listed.workflows) == []


@pytest.mark.parametrize(
    ("action", "trigger", "reason"),
    [
        (webhook("https://10.0.0.8/hook"), None, "WEBHOOK_TARGET_REFUSED"),
        (webhook("https://user:word@example.com/"), None, "WEBHOOK_TARGET_REFUSED"),
        (notify("Hello $nobody"), None, "INVALID_REQUEST"),
        (notify("It costs 5 $"), None, "INVALID_REQUEST"),
        (notify(), condition("score >> 3"), "INVALID_FILTER"),
        (
            notify(),
            workflow_pb2.WorkflowTrigger(
                score_crossing=workflow_pb2.ScoreCrossing(direction=UP, threshold=20, hysteresis=20)
            ),
            "INVALID_REQUEST",
        ),
        (
            notify(),
            workflow_pb2.WorkflowTrigger(
                grade_crossing=workflow_pb2.GradeCrossing(direction=DOWN, grade=score_pb2.GRADE_A)
            ),
            "INVALID_REQUEST",
        ),
    ],
)
async def test_what_can_t_work_is_refused(world: World, action: Any, trigger: Any, reason: str) -> None:
    assert await reason_of(world.create(action, trigger=trigger)) == reason


async def test_a_dry_run_finds_what_would_have_run(world: World, tenant_id: UUID, database: Database) -> None:
    first, second = [await store_lead(database, tenant_id) for _ in range(2)]
    begin = now() - timedelta(days=3)
    for minutes, (lead_id, value) in enumerate([(first, 50), (second, 90), (first, 80), (first, 60), (first, 90)]):
        await store_score(database, tenant_id, lead_id, value, time=begin + timedelta(minutes=minutes))
    request = workflow_service_pb2.DryRunWorkflowRequest()
    crossing = workflow_pb2.ScoreCrossing(direction=UP, threshold=75, hysteresis=10)
    request.workflow.display_name = "Hot leads"
    request.workflow.actions.append(notify())
    request.workflow.trigger.score_crossing.CopyFrom(crossing)
    found = await world.call("DryRunWorkflow", request)
    assert (found.lead_count, found.score_count, found.crossing_count, found.cooling_down_count) == (2, 5, 3, 0)
    assert found.crossings[0].reason == "Score rose from 60 to 90, threshold 75"
    request.workflow.cool_down.FromTimedelta(timedelta(hours=1))
    found = await world.call("DryRunWorkflow", request)
    assert (found.crossing_count, found.cooling_down_count) == (2, 1)
    request.workflow.trigger.lead_condition.filter = "score >= 90"
    assert (await world.call("DryRunWorkflow", request)).crossing_count == 2
    assert await world.runs() == [], "a dry run does nothing"


async def test_a_change_that_can_t_be_read_holds_up_nobody(world: World, tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    await world.create(notify())
    async with database.transaction(tenant_id) as connection:
        await outbox.append(connection, tenant_id, "score.changed", {"scores": [{"lead_id": "no id"}]})
    await world.score(lead_id, 90)
    assert len(await world.runs()) == 1
    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT array_agg(failed) FROM workflow_changes") == [True]


async def test_nothing_is_written_for_workflows_where_there_are_none(tenant_id: UUID, database: Database) -> None:
    lead_id = await store_lead(database, tenant_id)
    await store_score(database, tenant_id, lead_id, 90)
    async with database.transaction(tenant_id) as connection:
        assert await connection.fetchval("SELECT count(*) FROM workflow_changes") == 0


async def test_a_tenant_sees_no_other_s_workflows(world: World, development_key: DevelopmentKey) -> None:
    workflow = await world.create(notify())
    world.bearer = (("authorization", f"Bearer {development_key.mint(uuid4())}"),)
    for method, request in (
        ("GetWorkflow", workflow_service_pb2.GetWorkflowRequest(name=workflow.name)),
        ("EnableWorkflow", workflow_service_pb2.EnableWorkflowRequest(name=workflow.name)),
        ("RotateWebhookSecret", workflow_service_pb2.RotateWebhookSecretRequest(name=workflow.name)),
        ("DeleteWorkflow", workflow_service_pb2.DeleteWorkflowRequest(name=workflow.name)),
    ):
        assert await reason_of(world.call(method, request)) == "WORKFLOW_NOT_FOUND"


def _id(name: str) -> UUID:
    return UUID(name.partition("/")[2])
