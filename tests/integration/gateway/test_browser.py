"""What a browser asks before it lets a page call the API."""

import json

import pytest

from tests.integration.gateway.conftest import ORIGIN, Edge
from tests.integration.gateway.errors import rest_reason
from tests.integration.gateway.test_rest import ID

pytestmark = pytest.mark.asyncio(loop_scope="session")

PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-grpc-web",
}


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/leads:import", "/leadline.v1.LeadService/CreateLead"])
async def test_preflight_of_an_allowed_origin(edge: Edge, path: str) -> None:
    async with edge.client(headers={"origin": ORIGIN} | PREFLIGHT) as client:
        response = await client.options(path)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in response.headers["access-control-allow-methods"]
    assert "x-grpc-web" in response.headers["access-control-allow-headers"]


async def test_preflight_of_an_origin_that_a_tenant_may_allow(edge: Edge) -> None:
    origin = "https://crm.example:8443"
    async with edge.client(headers={"origin": origin} | PREFLIGHT) as client:
        response = await client.options("/v1/leads")
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, origin)
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "https://elsewhere.example.", "file://"])
async def test_preflight_of_an_origin_that_no_tenant_may_allow(edge: Edge, origin: str) -> None:
    async with edge.client(headers={"origin": origin} | PREFLIGHT) as client:
        response = await client.options("/v1/leads")
    assert response.status_code == 401
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/v1/authentication:logIn", "/leadline.v1.AuthenticationService/LogIn"])
async def test_log_in_is_for_pages_of_the_operator_alone(edge: Edge, path: str) -> None:
    async with edge.client(headers={"origin": "https://crm.example"} | PREFLIGHT) as client:
        refused = await client.options(path)
    async with edge.client(headers={"origin": ORIGIN} | PREFLIGHT) as client:
        allowed = await client.options(path)
    assert "access-control-allow-origin" not in refused.headers
    assert allowed.headers["access-control-allow-origin"] == ORIGIN


async def test_backend_is_told_of_which_page_and_at_which_host(edge: Edge) -> None:
    headers = {"origin": "https://crm.example", "x-forwarded-host": "crm.example"}
    async with edge.client() as client:
        answered = await client.get(f"/v1/leads/{ID}", headers=headers)
    caller = json.loads(answered.headers["x-caller"])
    assert (caller["origin"], caller["x-forwarded-host"]) == ("https://crm.example", edge.address)


async def test_page_of_an_allowed_origin_can_read_answers_and_errors(edge: Edge) -> None:
    async with edge.client() as client:
        answered = await client.get(f"/v1/leads/{ID}", headers={"origin": ORIGIN})
        refused = await client.get(f"/v1/leads/{ID}", headers={"origin": ORIGIN, "authorization": ""})
    for response in (answered, refused):
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "grpc-status-details-bin" in response.headers["access-control-expose-headers"]
    assert rest_reason(refused) == "TOKEN_MISSING"
