"""grpc-gateway answers as the edge does: the same requests through both, in front of the same backends.

The differences that are left are in docs/grpc-gateway.md, each with its test from here.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.grpc_gateway_program import build_grpc_gateway
from tests.integration.gateway.backend import FAILS_LATE, MISSING, SLOW
from tests.integration.gateway.conftest import ORIGIN, Backends, Edge, free_address, running, running_edge
from tests.integration.gateway.errors import details_by_type, rest_reason
from tests.integration.gateway.test_rest import BATCHES, ID, KEY, LEAD, ROUTES

pytestmark = pytest.mark.asyncio(loop_scope="session")

COMPARED_HEADERS = ("content-type", "x-rpc", "x-requests", "x-served-by", "leadline-api-version")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
EVENTS = {"accept": "text/event-stream"}


@dataclass(frozen=True, slots=True)
class Doors:
    """Both ways to the same backends."""

    edge: httpx.AsyncClient
    grpc_gateway: httpx.AsyncClient

    async def both(self, verb: str, url: str, **request: Any) -> tuple[httpx.Response, httpx.Response]:
        """Sends a request through the edge and through grpc-gateway."""
        return await self.edge.request(verb, url, **request), await self.grpc_gateway.request(verb, url, **request)


@pytest.fixture(scope="session")
def grpc_gateway_program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Builds grpc-gateway."""
    return build_grpc_gateway(tmp_path_factory.mktemp("grpc_gateway"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def grpc_gateway(grpc_gateway_program: str, backends: Backends) -> AsyncIterator[str]:
    """Runs grpc-gateway in front of the backends; gives its address."""
    address = free_address()
    started = running(
        [grpc_gateway_program],
        f"http://{address}/healthz",
        LEADLINE_LISTEN_ADDRESS=address,
        LEADLINE_SERVER_TARGET=backends.server_address,
        LEADLINE_SCORER_TARGET=backends.scorer_address,
        LEADLINE_UNARY_TIMEOUT_SECONDS="1.5",
        LEADLINE_ALLOWED_ORIGINS=ORIGIN,
    )
    async with started:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def doors(edge: Edge, grpc_gateway: str) -> AsyncIterator[Doors]:
    """Clients of both, with a good token."""
    headers = {"authorization": f"Bearer {edge.token()}"}
    async with (
        edge.client() as through_edge,
        httpx.AsyncClient(base_url=f"http://{grpc_gateway}", headers=headers, timeout=10) as through_gateway,
    ):
        yield Doors(through_edge, through_gateway)


def shown(response: httpx.Response) -> dict[str, Any]:
    """What two answers are compared by: status, headers and body, and which call of which backend they come from."""
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line]
    return {
        "status": response.status_code,
        "body": [json.loads(line) for line in lines],
        **{name: response.headers.get(name) for name in COMPARED_HEADERS},
    }


@pytest.mark.parametrize(("verb", "url", "body"), [route[:3] for route in ROUTES], ids=[route[3] for route in ROUTES])
async def test_every_route_answers_alike(doors: Doors, verb: str, url: str, body: Any) -> None:
    through_edge, through_gateway = await doors.both(verb, url, json=body)
    assert through_edge.status_code == 200
    assert shown(through_gateway) == shown(through_edge)


@pytest.mark.parametrize(
    ("verb", "url", "body"),
    [
        ("GET", f"/v1/{MISSING}", ""),
        ("POST", "/v1/leads", json.dumps(LEAD)),
        ("POST", "/v1/leads", ""),
        ("POST", "/v1/leads", json.dumps({"lead": {"unknownField": 1}} | KEY)),
        ("POST", "/v1/leads", json.dumps({"lead": {"display_name": "x"}, "idempotency_key": "k"})),
        ("POST", "/v1/leads?idempotencyKey=k", json.dumps(LEAD)),
        ("POST", "/v1/leads:import", "[]"),
        ("PATCH", f"/v1/leads/{ID}", json.dumps({"lead": {"name": f"leads/{ID}"}, "updateMask": "company"} | KEY)),
        ("GET", "/v1/leads?page_size=3", ""),
        ("GET", "/v1/leads?pageSize=1&pageSize=2", ""),
        ("GET", "/v1/leads?filter=a+b%2Bc", ""),
        ("GET", "/v1/webhookDeliveries?state=1", ""),
        ("GET", f"/v1//x/../leads/{ID}", ""),
        ("GET", "/v1/leads/%C3%A4%20b", ""),
        ("GET", "/v1/nothing", ""),
        ("GET", "/v2/leads", ""),
        ("GET", "/v1beta1/leads", ""),
        ("GET", "/v10", ""),
        ("PUT", "/v1/leads", ""),
        ("POST", "/leadline.v1.LeadService/GetLead", "{}"),
        ("GET", f"/v1/leads/{ID}:unknown", ""),
        ("GET", "/", ""),
    ],
)
async def test_the_rest_of_what_a_request_may_be_is_answered_alike(
    doors: Doors, verb: str, url: str, body: str
) -> None:
    through_edge, through_gateway = await doors.both(verb, url, content=body)
    assert shown(through_gateway) == shown(through_edge)


@pytest.mark.parametrize(
    ("verb", "url", "body"),
    [
        ("GET", "/v1/leads?nope=1", ""),
        ("GET", "/v1/leads?pageSize=many", ""),
        ("GET", "/v1/webhookDeliveries?state=NOPE", ""),
        ("GET", "/v1/scores:watch?nope=1", ""),
        ("POST", "/v1/leads?nope=1", json.dumps(LEAD)),
        ("POST", "/v1/leads", '{"lead": {,'),
        ("POST", "/v1/leads", '{"lead": 5}'),
        ("POST", "/v1/leads", "[]"),
        ("POST", "/v1/leads", json.dumps(LEAD | KEY) + " more"),
        ("POST", f"/v1/operations/{ID}:wait", '{"timeout": "3x"}'),
        ("POST", "/v1/leads:import", json.dumps(BATCHES[0])),
        ("POST", "/v1/leads:import", '[{"rows": 1'),
        ("POST", "/v1/leads:import", ""),
        ("PATCH", f"/v1/leads/{ID}", json.dumps({"lead": {"name": f"leads/{ID[:-1]}2"}})),
        ("POST", f"/v1/models/{ID}:promote", json.dumps({"name": "models/another"} | KEY)),
        ("GET", f"/v1/x%2f..%2fleads/{ID}", ""),
        ("GET", f"/v1/leads/{ID}?name={MISSING}", ""),
        ("GET", f"/v1/leads/{ID}?n%61me={MISSING}", ""),
        ("GET", "/v1/leads?%66ilter=a", ""),
        ("PATCH", f"/v1/leads/{ID}?lead.name={MISSING}", json.dumps(LEAD | KEY)),
        ("PATCH", "/v1/monitoring/policy?monitoringPolicy.name=x", json.dumps(KEY)),
        ("GET", f"/v1/leads/{ID}:score?name={MISSING}", ""),
        ("POST", f"/v1/leads/{ID}:signOpenPixel?lead={MISSING}", "{}"),
    ],
)
async def test_what_cannot_be_read_is_refused_alike_but_in_other_words(
    doors: Doors, verb: str, url: str, body: str
) -> None:
    through_edge, through_gateway = await doors.both(verb, url, content=body)
    for response in (through_edge, through_gateway):
        assert (response.status_code, response.json()["code"], rest_reason(response)) == (400, 3, "INVALID_REQUEST")
        violation = details_by_type(response)["BadRequest"]["fieldViolations"][0]
        assert violation["description"] == response.json()["message"]
        assert "x-rpc" not in response.headers
    prefix = "The request can't be read."
    assert all(response.json()["message"].startswith(prefix) for response in (through_edge, through_gateway))


async def test_a_body_that_is_too_large_is_refused_alike(doors: Doors) -> None:
    large = {"lead": {"company": "x" * 1024 * 1024}} | KEY
    larger = {"lead": {"company": "x" * 16 * 1024 * 1024}} | KEY
    for body, status in ((large, 400), (larger, 413)):
        through_edge, through_gateway = await doors.both("POST", "/v1/leads", json=body)
        assert through_edge.status_code == status
        assert shown(through_gateway) == shown(through_edge)


async def test_a_stream_of_requests_may_be_longer_than_one_request(doors: Doors) -> None:
    batches = [{"idempotencyKey": "k", "rows": [{"lead": {"company": "x" * 2**20}}]}] * 20
    through_edge, through_gateway = await doors.both("POST", "/v1/leads:import", json=batches)
    assert through_edge.status_code == 200
    assert shown(through_gateway)["body"] == shown(through_edge)["body"]


async def test_a_watch_gives_the_same_server_sent_events(doors: Doors) -> None:
    through_edge, through_gateway = await doors.both("GET", "/v1/scores:watch", headers=EVENTS)
    assert through_edge.headers["content-type"] == "text/event-stream"
    assert through_gateway.text.startswith("data: {")
    assert shown(through_gateway) == shown(through_edge)


async def test_what_takes_too_long_is_given_up_alike(doors: Doors) -> None:
    through_edge, through_gateway = await doors.both("GET", f"/v1/{SLOW}")
    assert (through_edge.status_code, through_edge.json()["code"]) == (504, 4)
    assert (through_gateway.status_code, rest_reason(through_gateway)) == (504, "DEADLINE_EXCEEDED")


async def test_only_headers_that_a_backend_needs_go_on(doors: Doors) -> None:
    forged = {
        "x-tenant-id": ID,
        "x-plan": "free",
        "x-user-id": "root",
        "grpc-metadata-x-user-id": "root",
        "cookie": "session=1",
        "x-request-id": "mine",
        "x-forwarded-for": "203.0.113.7",
        "origin": "https://crm.example",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    response = await doors.grpc_gateway.get(f"/v1/leads/{ID}", headers=forged)
    caller = json.loads(response.headers["x-caller"])
    assert {name for name in caller if not name.startswith(("user-agent", "grpc-"))} == {
        "authorization",
        "origin",
        "traceparent",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-request-id",
    }
    assert caller["authorization"] == doors.grpc_gateway.headers["authorization"]
    assert caller["x-forwarded-for"].rpartition(", ")[2] == "127.0.0.1"
    assert caller["x-request-id"] == response.headers["x-request-id"] != "mine"


@pytest.mark.parametrize("origin", [ORIGIN, "https://crm.example", "https://CRM.example", "http://crm.example", "null"])
@pytest.mark.parametrize("path", [f"/v1/leads/{ID}", "/v1/authentication:logIn", "/v1/track"])
async def test_pages_of_other_origins_may_call_alike(doors: Doors, origin: str, path: str) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }

    def permitted(response: httpx.Response, name: str) -> set[str]:
        return set(filter(None, response.headers.get(f"access-control-{name}", "").split(", ")))

    through_edge, through_gateway = await doors.both("OPTIONS", path, headers=asked)
    assert permitted(through_gateway, "allow-origin") == permitted(through_edge, "allow-origin")
    assert permitted(through_gateway, "allow-methods") == permitted(through_edge, "allow-methods")
    # gRPC-web alone needs the others.
    extra = {"x-grpc-web", "x-user-agent"}
    assert permitted(through_gateway, "allow-headers") == permitted(through_edge, "allow-headers") - extra
    assert "access-control-allow-credentials" not in through_gateway.headers
    through_edge, through_gateway = await doors.both("POST", path, headers={"origin": origin}, json={})
    assert permitted(through_gateway, "allow-origin") == permitted(through_edge, "allow-origin")
    # The backends refuse calls of pages that the tenant does not allow: they are told the origin.
    if "x-caller" in through_gateway.headers:
        assert json.loads(through_gateway.headers["x-caller"])["origin"] == origin


async def tried_on_the_page(address: str, token: str) -> dict[str, Any]:
    """Tries an rpc on the documentation page in a browser; gives what the page showed."""
    if CHROMIUM is None:
        pytest.skip("no browser: install Chromium, or name one in CHROMIUM")
    script = str(Path(__file__).parent / "documentation_page.mjs")
    process = await asyncio.create_subprocess_exec(
        *("node", script, address, token, "LeadService_GetLead"),
        env={**os.environ, "CHROMIUM": CHROMIUM},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    found: dict[str, Any] = json.loads(output)
    return found


async def test_an_rpc_can_be_tried_on_the_documentation_page(edge: Edge, grpc_gateway: str) -> None:
    found = await tried_on_the_page(grpc_gateway, edge.token())
    assert (found["errors"], found["foreign"], found["status"]) == ([], [], "200")
    assert json.loads(found["body"])["displayName"] == "Ada"


async def test_the_edge_serves_the_same_documentation_page(
    grpc_gateway: str, grpc_gateway_program: str, backends: Backends, tmp_path: Path
) -> None:
    written = await asyncio.create_subprocess_exec(grpc_gateway_program, "documentation", str(tmp_path / "pages"))
    assert await written.wait() == 0
    settings = {
        "server_addresses": [backends.server_address],
        "scorer_addresses": [backends.scorer_address],
        "documentation_folder": tmp_path / "pages",
    }
    names = ("content-security-policy", "referrer-policy", "cache-control", "cross-origin-opener-policy")
    async with running_edge(tmp_path, **settings) as edge, httpx.AsyncClient() as client:
        for path in ("/docs", "/docs/page.js", "/docs/page.css", "/docs/swagger-ui.css", "/openapi.json"):
            served, expected = [await client.get(f"http://{door}{path}") for door in (edge.address, grpc_gateway)]
            assert served.content == expected.content, path
            assert served.headers["content-type"].split(";")[0] == expected.headers["content-type"].split(";")[0]
            assert [served.headers[name] for name in names] == [expected.headers[name] for name in names], path
        for path in ("/docs/../v1/leads", "/docs/nothing", "/docs/%2e%2e/jwks.json", "/openapi.json/../jwks.json"):
            assert (await client.get(httpx.URL(f"http://{edge.address}", raw_path=path.encode()))).status_code in {
                401,
                404,
            }
        found = await tried_on_the_page(edge.address, edge.token())
    assert (found["errors"], found["foreign"], found["status"]) == ([], [], "200")
    assert json.loads(found["body"])["displayName"] == "Ada"


async def test_differs_in_that_a_watch_tells_why_it_ended(doors: Doors) -> None:
    url = f"/v1/scores:watch?resumeToken={FAILS_LATE}"
    through_edge, through_gateway = await doors.both("GET", url)
    *messages, reason = shown(through_gateway)["body"]
    assert messages == shown(through_edge)["body"]
    assert (reason["code"], reason["details"][0]["reason"]) == (8, "SLOW_CONSUMER")


@pytest.mark.parametrize("query", ["filter=%zz", "pageSize=%"])
async def test_differs_in_refusing_what_is_no_escape(doors: Doors, query: str) -> None:
    through_edge, through_gateway = await doors.both("GET", f"/v1/leads?{query}")
    assert "x-rpc" in through_edge.headers or through_edge.status_code == 400
    assert (through_gateway.status_code, rest_reason(through_gateway)) == (400, "INVALID_REQUEST")


async def test_differs_in_that_truth_is_true_or_1(doors: Doors) -> None:
    through_edge, through_gateway = await doors.both("GET", f"/v1/leads/{ID}:score?omitAttributions=yes")
    assert json.loads(through_edge.headers["x-requests"])[0]["omitAttributions"] is True
    assert (through_gateway.status_code, rest_reason(through_gateway)) == (400, "INVALID_REQUEST")


async def test_differs_in_what_an_rpc_without_query_parameters_makes_of_one(doors: Doors) -> None:
    through_edge, through_gateway = await doors.both("GET", f"/v1/leads/{ID}?nonsense=1")
    assert (through_edge.status_code, rest_reason(through_edge)) == (400, "INVALID_REQUEST")
    assert through_gateway.status_code == 200
