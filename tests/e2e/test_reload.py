"""`make dev`: what is made of a changed file starts anew, and nothing else."""

import pytest

from deploy.local.reload import apply_changes
from tests.e2e.conftest import Tenant


@pytest.mark.parametrize(
    ("path", "restarted"),
    [
        ("server/leads/lead.py", {"server", "relay worker", "token endpoint"}),
        ("scoring/features/feature_set.py", {"scorer", "scoring worker"}),
        ("gateway/envoy/envoy.yaml.j2", {"edge"}),
        ("gateway/websocket/application.py", {"WebSocket bridge"}),
        ("README.md", set()),
    ],
)
def test_only_what_is_made_of_a_changed_file_starts_anew(tenant: Tenant, path: str, restarted: set[str]) -> None:
    stack = tenant.stack
    before = {process.name: process.pid for process in stack.processes}
    reports: list[str] = []

    apply_changes(stack, {path}, reports.append)

    assert {process.name for process in stack.processes if process.pid != before[process.name]} == restarted
    assert bool(reports) == bool(restarted)
    assert list(tenant.client.list_leads(timeout=20.0)) == []
