"""Web pages of two tenants: each tenant says whose pages may call with its tokens, at every door."""

from collections.abc import Iterator

import httpx
import pytest
from leadline.v1.lead_pb2 import Lead
from leadline.v1.lead_service_pb2 import ListLeadsRequest
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from deploy.local.stack import Stack
from tests.e2e import grpc_web
from tests.e2e.conftest import Tenant, make_tenant

CRM = "https://crm.example"
PREFLIGHT = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}


@pytest.fixture
def allowing(tenant: Tenant) -> Tenant:
    """A tenant that allows pages of the CRM."""
    with tenant.rest() as rest:
        name = rest.get("/v1/organizations/-").json()["name"]
        changed = rest.patch(
            f"/v1/{name}",
            json={"organization": {"allowedOrigins": [CRM]}, "updateMask": "allowedOrigins", "idempotencyKey": "allow"},
        )
        assert (changed.status_code, changed.json()["allowedOrigins"]) == (200, [CRM])
        assert rest.get("/v1/organizations/-").json()["allowedOrigins"] == [CRM]
    return tenant


@pytest.fixture
def other(stack: Stack) -> Iterator[Tenant]:
    """A tenant that allows none."""
    made = make_tenant(stack)
    yield made
    made.client.close()


def reason(response: httpx.Response) -> str:
    return str(response.json()["details"][0]["reason"])


def test_rest(allowing: Tenant, other: Tenant) -> None:
    for path in ("/v1/leads", "/v1/models"):  # of the server, and of the scorer
        with allowing.rest() as rest:
            preflight = rest.options(path, headers={"origin": CRM, **PREFLIGHT})
            answered = rest.get(path, headers={"origin": CRM})
            elsewhere = rest.get(path, headers={"origin": "https://elsewhere.example"})
        with other.rest() as rest:
            refused = rest.get(path, headers={"origin": CRM})
            unaffected = rest.get(path)
            same_host = rest.get(path, headers={"origin": f"http://{other.stack.edge_address}"})
        assert preflight.headers["access-control-allow-origin"] == CRM
        assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (200, CRM)
        for response in (elsewhere, refused):
            assert (response.status_code, reason(response)) == (403, "ORIGIN_NOT_ALLOWED")
        # The page can read why.
        assert refused.headers["access-control-allow-origin"] == CRM
        assert (unaffected.status_code, same_host.status_code) == (200, 200)


def test_grpc_web(allowing: Tenant, other: Tenant) -> None:
    statuses = {}
    for tenant in (allowing, other):
        with tenant.rest() as rest:
            rest.headers["origin"] = CRM
            statuses[tenant.id] = grpc_web.call(rest, "LeadService/ListLeads", ListLeadsRequest()).status
    assert statuses == {allowing.id: 0, other.id: 7}


def test_websocket(allowing: Tenant, other: Tenant) -> None:
    received = {}
    for tenant in (allowing, other):
        url = f"ws://{tenant.stack.edge_address}/ws/leadline.v1.LeadService/ListLeads"
        subprotocols = [Subprotocol("leadline.v1"), Subprotocol(f"bearer.{tenant.token}")]
        with connect(url, subprotocols=subprotocols, origin=Origin(CRM)) as socket:
            socket.send("{}")
            received[tenant.id] = str(socket.recv(timeout=20))
    assert '"leads"' in received[allowing.id]
    assert "ORIGIN_NOT_ALLOWED" in received[other.id]


def test_held_score(allowing: Tenant) -> None:
    lead = allowing.client.create_lead(Lead(display_name="Ada"))
    with allowing.rest() as rest:
        assert {rest.get(f"/v1/{lead.name}:score").status_code for _ in range(2)} == {200}
        refused = rest.get(f"/v1/{lead.name}:score", headers={"origin": "https://elsewhere.example"})
    assert (refused.status_code, reason(refused)) == (403, "ORIGIN_NOT_ALLOWED")


def test_log_in_from_another_page_is_refused(tenant: Tenant) -> None:
    body = {"email": "somebody@example.com", "password": "a password of somebody"}
    with tenant.rest("") as rest:
        refused = rest.post("/v1/authentication:logIn", json=body, headers={"origin": CRM})
    assert (refused.status_code, reason(refused)) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("origin", ["http://crm.example", "https://crm.example/", "*", "https://*.example", "null"])
def test_what_is_no_origin_can_not_be_allowed(tenant: Tenant, origin: str) -> None:
    with tenant.rest() as rest:
        name = rest.get("/v1/organizations/-").json()["name"]
        body = {"organization": {"allowedOrigins": [origin]}, "updateMask": "allowedOrigins", "idempotencyKey": origin}
        refused = rest.patch(f"/v1/{name}", json=body)
    assert (refused.status_code, reason(refused)) == (400, "INVALID_REQUEST")
