"""`leadline workflows`, `notifications` and `dead-letters` against the server and its worker as processes."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from leadline_sdk import Client, Event, Lead
from server.encryption.tenant_keys import TenantKeys
from server.runtime.database import Database
from tests.eventually import eventually
from tests.integration.cli.conftest import Run
from tests.stored_scores import store_named_lead, store_score
from tests.webhook_receiver import WebhookReceiver, webhook_receiver

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "workflows.md"


def documented_workflow() -> str:
    """Gives the workflow that the documentation shows."""
    return DOCUMENTATION.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]


@pytest.fixture
def run(live_run: Run) -> Run:
    """Runs the command with the tenant's token."""
    return live_run


@pytest.fixture
async def named_lead(database: Database, tenant_keys: TenantKeys, tenant_id: UUID) -> tuple[UUID, UUID]:
    """The tenant and its lead."""
    return tenant_id, await store_named_lead(database, tenant_keys, tenant_id, "Ada Byte")


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as started:
        yield started


async def test_a_workflow_is_tried_created_runs_and_is_deleted(
    run: Run, database: Database, named_lead: tuple[UUID, UUID], receiver: WebhookReceiver, tmp_path: Path
) -> None:
    file = tmp_path / "hot.toml"
    file.write_text(documented_workflow().replace("https://crm.example.com", receiver.base_url), encoding="utf-8")
    tenant_id, lead_id = named_lead
    for value in (40, 90):
        await store_score(database, tenant_id, lead_id, value)

    assert "There are no workflows yet" in run("workflows").shown
    assert "1 crossings in 2 scores of 1 leads" in run("workflows", "try", str(file)).shown
    assert "its webhooks wait" in run("workflows", "create", str(file), "--enable").shown.lower()
    assert "Hot leads │ runs │ score crossing │ notify, webhook" in run("workflows").shown
    receiver.secret = run("workflows", "webhooks", "secret", "Hot leads").output.strip()
    for value in (30, 81):
        await store_score(database, tenant_id, lead_id, value)

    async def is_delivered() -> bool:
        return "delivered" in run("workflows", "webhooks", "list").shown

    await eventually(is_delivered, seconds=30.0)
    assert len(receiver.accepted) == 1
    assert "Score rose from 30 to 81, threshold 75" in run("workflows", "runs", "Hot leads", "--lead", "crm-1").shown
    assert "Call Ada Byte: 81" in run("notifications").shown
    assert "1 marked as read" in run("notifications", "read").shown
    assert "There is nothing new" in run("notifications").shown
    assert len(json.loads(run("notifications", "list", "--all", "--json").output)) == 1
    (delivery,) = json.loads(run("workflows", "webhooks", "list", "--json").output)
    assert "is pending" in run("workflows", "webhooks", "replay", delivery["name"]).shown
    assert "is stopped" in run("workflows", "disable", "Hot leads").shown
    kept = tmp_path / "kept.json"
    kept.write_text(run("workflows", "show", "Hot leads").output, encoding="utf-8")
    assert "is deleted" in run("workflows", "delete", "Hot leads").shown
    assert "is kept" in run("workflows", "create", str(kept)).shown
    missing = run("workflows", "enable", "Cold leads")
    assert (missing.exit_status, "there is no workflow 'Cold leads'" in missing.shown) == (1, True)


def test_a_dead_letter_is_shown_corrected_and_replayed(run: Run, client: Client, tmp_path: Path) -> None:
    assert "There are no dead letters" in run("dead-letters").shown
    lead = client.create_lead(Lead(external_id="crm-1"))
    unknown = "leads/0197a000-0000-7000-8000-000000000000"
    for number in range(2):
        event = Event(event_id=f"e{number}", lead=unknown, type="call")
        event.occurred_time.GetCurrentTime()
        assert len(client.record_events([event]).refused_events) == 1

    assert "event e1: call" in run("dead-letters").shown
    newest, oldest = json.loads(run("dead-letters", "list", "--json").output)
    assert run("dead-letters", "replay", newest["name"]).exit_status == 1
    corrected = tmp_path / "event.json"
    shown = json.loads(run("dead-letters", "show", newest["name"]).output)
    corrected.write_text(json.dumps(shown["event"] | {"lead": lead.name}), encoding="utf-8")
    assert "it is gone" in run("dead-letters", "replay", newest["name"], "--event", str(corrected)).shown
    assert "is deleted" in run("dead-letters", "delete", oldest["name"]).shown
    assert "There are no dead letters" in run("dead-letters").shown
