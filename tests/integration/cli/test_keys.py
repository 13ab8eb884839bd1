"""`leadline keys` against the server and its worker as processes."""

import json

from leadline_sdk import Client, Lead
from tests.integration.cli.conftest import Run


def test_versions_are_listed_and_a_rotation_is_begun_once(live_run: Run, client: Client) -> None:
    assert "There is no key yet" in live_run("keys").shown
    client.create_lead(Lead(email="ada@example.com"))
    (key,) = json.loads(live_run("keys", "list", "--json").output)
    assert (key["name"], key["state"], key["lead_count"]) == ("tenantKeys/1", "TENANT_KEY_STATE_ACTIVE", "1")
    shown = live_run("keys").shown
    assert all(text in shown for text in ("tenantKeys/1", "active", "file"))
    begun = json.loads(live_run("keys", "rotate", "--no-wait", "--json").output)
    refused = live_run("keys", "rotate")
    assert refused.exit_status == 1
    assert begun["operation"] in refused.shown
