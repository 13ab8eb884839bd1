"""grpc-gateway in front of the real servers, beside Envoy: tokens, errors, leads and scores."""

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.stack import Stack
from tests.e2e.conftest import Tenant
from tests.grpc_gateway_program import build_grpc_gateway
from tests.integration.gateway.errors import rest_reason

MISSING = "leads/00000000-0000-7000-8000-000000000404"
START_SECONDS = 20


@pytest.fixture(scope="module")
def grpc_gateway(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs grpc-gateway in front of the stack's server and scorer; gives its address."""
    address = f"http://{LOOPBACK}:{free_port()}"
    environment = {
        "LEADLINE_LISTEN_ADDRESS": address.removeprefix("http://"),
        "LEADLINE_SERVER_TARGET": f"{LOOPBACK}:{stack.ports.server}",
        "LEADLINE_SCORER_TARGET": f"{LOOPBACK}:{stack.ports.scorer}",
    }
    program = build_grpc_gateway(tmp_path_factory.mktemp("grpc_gateway"))
    with subprocess.Popen([program], env=environment) as process:
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport, timeout=START_SECONDS) as client:
            deadline = time.monotonic() + START_SECONDS
            while client.get(f"{address}/healthz").status_code != httpx.codes.OK:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
        process.terminate()


def answers(
    tenant: Tenant, grpc_gateway: str, verb: str, url: str, token: str | None = None, **request: Any
) -> list[httpx.Response]:
    """Sends a request through Envoy and through grpc-gateway."""
    with tenant.rest(token) as edge, httpx.Client(base_url=grpc_gateway, headers=edge.headers, timeout=20) as gateway:
        return [client.request(verb, url, **request) for client in (edge, gateway)]


def test_a_lead_and_its_score_are_the_same_through_both(tenant: Tenant, grpc_gateway: str) -> None:
    body = {"lead": {"company": "Harbour & Söhne", "fields": {"Visits": {"number": 3}}}, "idempotencyKey": "one"}
    created, repeated = answers(tenant, grpc_gateway, "POST", "/v1/leads", json=body)
    assert (created.status_code, repeated.status_code) == (200, 200)
    assert repeated.json() == created.json()
    name = created.json()["name"]
    for url in (f"/v1/{name}", "/v1/leads?filter=status%20%3D%20OPEN", f"/v1/{name}:suggestChanges"):
        through_edge, through_gateway = answers(tenant, grpc_gateway, "GET", url)
        assert (through_gateway.status_code, through_gateway.json()) == (through_edge.status_code, through_edge.json())
    through_edge, through_gateway = answers(tenant, grpc_gateway, "GET", f"/v1/{name}:score")
    assert through_gateway.json()["probability"] == through_edge.json()["probability"]


@pytest.mark.parametrize(
    ("verb", "url", "body"),
    [
        ("GET", f"/v1/{MISSING}", None),
        ("GET", "/v1/leads/none", None),
        ("GET", "/v1/leads?filter=nonsense%20%3D", None),
        ("POST", "/v1/leads", {"lead": {"email": "no address", "company": "x" * 1_000}}),
        ("DELETE", f"/v1/{MISSING}?idempotencyKey=k", None),
        ("POST", "/v1/authentication:logIn", {"email": "nobody@example.com", "password": "wrong"}),
    ],
)
def test_a_refusal_is_the_same_through_both(
    tenant: Tenant, grpc_gateway: str, verb: str, url: str, body: dict[str, Any] | None
) -> None:
    through_edge, through_gateway = answers(tenant, grpc_gateway, verb, url, json=body)
    assert through_edge.status_code >= 400
    assert through_gateway.status_code == through_edge.status_code
    assert through_gateway.headers["content-type"] == through_edge.headers["content-type"]
    assert through_gateway.json() == through_edge.json()


def test_a_missing_permission_is_refused_alike(tenant: Tenant, grpc_gateway: str) -> None:
    token = tenant.mint("scores.read")
    through_edge, through_gateway = answers(tenant, grpc_gateway, "GET", "/v1/leads", token)
    assert (through_edge.status_code, rest_reason(through_edge)) == (403, "PERMISSION_MISSING")
    assert through_gateway.json() == through_edge.json()


def test_a_missing_token_is_refused_by_the_server(tenant: Tenant, grpc_gateway: str) -> None:
    for response in answers(tenant, grpc_gateway, "GET", "/v1/leads", ""):
        assert (response.status_code, response.json()["code"], rest_reason(response)) == (401, 16, "TOKEN_MISSING")


@pytest.mark.parametrize(("lifetime", "reason"), [(-60, "TOKEN_EXPIRED"), (3_600, "TOKEN_INVALID")])
def test_a_bad_token_is_refused_by_the_server(tenant: Tenant, grpc_gateway: str, lifetime: float, reason: str) -> None:
    token = tenant.mint(lifetime=lifetime) + ("" if lifetime < 0 else "x")
    for response in answers(tenant, grpc_gateway, "GET", "/v1/leads", token):
        assert (response.status_code, rest_reason(response)) == (401, reason)
