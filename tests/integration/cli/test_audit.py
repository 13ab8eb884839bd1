"""`leadline audit` against the server and its worker as processes."""

import json
from uuid import UUID

import pytest

from deploy.local.development_token import DevelopmentKey
from leadline_sdk import Client, Lead, PermissionDenied
from tests.eventually import eventually
from tests.integration.cli.conftest import Run
from tests.server_processes import ServerProcesses


@pytest.fixture
def run(live_run: Run) -> Run:
    """Runs the command with the tenant's token."""
    return live_run


async def test_the_log_is_listed_exported_and_verified(run: Run, client: Client) -> None:
    assert "no such records" in run("audit", "list").shown
    lead = client.create_lead(Lead(owner="ann", email="ann@example.com"))
    client.get_lead(lead.name)

    async def both_are_sealed() -> bool:
        return client.verify_audit_log().verified_count >= 3

    await eventually(both_are_sealed)
    about = ("audit", "list", "--filter", f'resource = "{lead.name}"')
    read, creation = json.loads(run(*about, "--json").output)
    assert [record["method"].rpartition("/")[2] for record in (creation, read)] == ["CreateLead", "GetLead"]
    assert read["resources"] == [lead.name]
    shown = run(*about).shown
    assert "LeadService" in shown
    assert "ann@example.com" not in shown
    exported = [json.loads(line) for line in run("audit", "export", "--after", "1").output.splitlines()]
    assert [record["sequence_number"] for record in exported][:2] == ["2", "3"]
    verified = run("audit", "verify")
    assert verified.exit_status == 0
    assert "are as they were written" in verified.shown
    anchor = verified.shown.partition("anchor: ")[2].split()[0]
    assert run("audit", "verify", "--anchor", anchor).exit_status == 0
    number, _, digest = anchor.partition(":")
    forged = run("audit", "verify", "--anchor", f"{number}:{digest[::-1]}")
    assert forged.exit_status == 1
    assert "is not the one that the anchor names" in forged.shown
    assert "is no anchor" in run("audit", "verify", "--anchor", "7").shown


def test_the_log_is_for_those_who_may_read_it(
    processes: ServerProcesses, development_key: DevelopmentKey, tenant_id: UUID
) -> None:
    token = development_key.mint(tenant_id, scope=["leads.read"])
    with Client(processes.address, token=token, tls=False) as client, pytest.raises(PermissionDenied):
        list(client.list_audit_records())
