"""Tricks with paths, queries, methods and hosts: none reaches another rpc, tenant or resource than it seems to."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.attack.edge_target import ID, LEAD, EdgeTarget, assert_follower, attacked_edge
from tests.attack.raw_http import answers_to
from tests.integration.gateway.tokens import TENANT

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET, SCORE, LIST = "LeadService/GetLead", "ScoringService/ScoreLead", "LeadService/ListLeads"
REFUSED, UNKNOWN, NOT_VALID = (400, ""), (404, ""), (400, GET)
NAME = f"leads/{ID}"
OTHER = "leads/00000000-0000-7000-8000-000000000002"

TARGETS: dict[str, tuple[int, str]] = {
    # What is the same path in other words is answered as that path.
    f"//v1//leads//{ID}": (200, GET),
    f"/\\v1/leads/{ID}": (200, GET),
    f"/v1/leads/%2e%2e/leads/{ID}": (200, GET),
    f"/v1/%2e%2e/v1/./leads/{ID}": (200, GET),
    f"/%761/leads/{ID}": (200, GET),
    f"/ws/../v1/leads/{ID}": (200, GET),
    f"/grpc.health.v1.Health/../v1/leads/{ID}": (200, GET),
    f"/.well-known/jwks.json/../../v1/leads/{ID}": (200, GET),
    f"http://elsewhere.example{LEAD}": (200, GET),
    f"{LEAD}:score": (200, SCORE),
    f"{LEAD}/..": (200, LIST),
    # What another program might read as another path is refused, or is a name that nobody has.
    f"/v1/leads%2f{ID}": REFUSED,
    f"/v1/leads%5c{ID}": REFUSED,
    f"/v1/x/..%2fleads/{ID}": REFUSED,
    f"{LEAD}%00": REFUSED,
    f"{LEAD}#:score": REFUSED,
    f"{LEAD} :score": REFUSED,
    "leads": REFUSED,
    "*": REFUSED,
    f"/v1/leads;x=1/{ID}": UNKNOWN,
    f"/V1/leads/{ID}": UNKNOWN,
    f"/v1/Leads/{ID}": UNKNOWN,
    f"/v1/leads./{ID}": UNKNOWN,
    "/v1/leads/%c0%ae%c0%ae/x": UNKNOWN,
    "/leadline.v1.LeadService/GetLead": UNKNOWN,
    f"{LEAD};x=1": NOT_VALID,
    f"{LEAD}.": NOT_VALID,
    f"{LEAD}%0d%0ax-tenant-id:%201": NOT_VALID,
    f"{LEAD}%252f..": NOT_VALID,
    "/v1/leads/*": NOT_VALID,
    "/v1/leads/%": NOT_VALID,
    # A verb is one only if it is written as one.
    f"{LEAD}%3Ascore": NOT_VALID,
    f"{LEAD}%253Ascore": NOT_VALID,
    f"{LEAD}:SCORE": NOT_VALID,
    f"{LEAD}:score/": NOT_VALID,
    f"{LEAD}:score:score": (400, SCORE),
    # A query says what the path leaves open, and nothing else.
    f"{LEAD}?name={OTHER}": REFUSED,
    f"{LEAD}?n%61me={OTHER}": REFUSED,
    f"{LEAD}?name={NAME}&name={OTHER}": REFUSED,
    f"{LEAD}?name[]={OTHER}": REFUSED,
    f"{LEAD}?name%5B%5D={OTHER}": REFUSED,
    f"{LEAD}?name[a]={OTHER}": REFUSED,
    f"{LEAD}?access_token=x": REFUSED,
    f"{LEAD}:score?name={OTHER}": REFUSED,
    "/v1/leads?filter[a]=1": REFUSED,
    "/v1/leads?filter.a=1": REFUSED,
    "/v1/leads?pageSize[]=1": REFUSED,
    "/v1/leads?pageSize=1;filter=a": REFUSED,
    '/v1/leads?filter={"a":[1]}': (200, LIST),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeTarget]:
    async with attacked_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running


async def test_a_path_is_one_rpc_or_none(target: EdgeTarget) -> None:
    async def ask(written: str) -> tuple[int, str]:
        first, *others = await answers_to(target.edge.address, target.request(written) + target.follower())
        assert first.status == 200 or first.reason in {"INVALID_REQUEST", "UNKNOWN_METHOD"}, (written, first)
        assert first.caller.get("x-tenant-id", str(TENANT)) == str(TENANT)
        if first.status == 200 and first.rpc in {GET, SCORE}:
            assert first.requests == [{"name": NAME}]
        for other in others:
            assert_follower(other)
        return first.status, first.rpc

    found = await asyncio.gather(*map(ask, TARGETS))
    assert dict(zip(TARGETS, found, strict=True)) == TARGETS


@pytest.mark.parametrize("detour", ["/grpc.health.v1.Health/..", "/v1/authentication:logIn/..", "/oauth/token/../.."])
async def test_no_detour_goes_around_the_token(target: EdgeTarget, detour: str) -> None:
    beginnings = ("/../..", "/..;/..", "/%2e%2e/%2e%2e", "/..%2f..", "/..%00/..", "")
    for beginning in beginnings:
        content = f"GET {detour}{beginning}{LEAD} HTTP/1.1\r\nhost: leadline\r\nconnection: close\r\n\r\n"
        (answer,) = await answers_to(target.edge.address, content.encode())
        assert (answer.status, answer.rpc) in {(401, ""), (400, ""), (404, "")}, (detour, beginning, answer)


@pytest.mark.parametrize("verb", ["get", "Get", "DELETEX", "CONNECT", "TRACE", "OPTIONS", "PURGE", "G ET", "GET\0"])
async def test_a_method_is_the_one_that_is_written(target: EdgeTarget, verb: str) -> None:
    more = "x-http-method-override: GET\r\nx-http-method: GET\r\nx-method-override: GET\r\n"
    first, *others = await answers_to(
        target.edge.address, target.request(LEAD, verb=verb, more=more) + target.follower()
    )
    assert (first.status, first.rpc) in {(400, ""), (404, "")}
    for other in others:
        assert_follower(other)


async def test_headers_that_other_programs_obey_change_nothing(target: EdgeTarget) -> None:
    elsewhere = {
        "x-original-url": f"{LEAD}:score",
        "x-rewrite-url": "/v1/users",
        "x-envoy-original-path": "/v1/users",
        "x-envoy-original-method": "DELETE",
        "x-forwarded-prefix": "/v1/users",
        "x-forwarded-uri": "/v1/users",
        "x-forwarded-host": "elsewhere.example",
        "forwarded": "host=elsewhere.example",
        "x-host": "elsewhere.example",
        "x-http-method-override": "DELETE",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-retry-on": "5xx",
        "x-envoy-internal": "true",
        "x-tenant-id": ID,
    }
    more = "".join(f"{name}: {value}\r\n" for name, value in elsewhere.items())
    first, follower = await answers_to(target.edge.address, target.request(LEAD, more=more) + target.follower())
    assert (first.status, first.rpc, first.requests) == (200, GET, [{"name": NAME}])
    assert first.caller["x-tenant-id"] == str(TENANT)
    assert first.caller["x-forwarded-host"] == "leadline"
    assert first.caller["x-envoy-original-method"] == "GET"
    assert not {"x-envoy-retry-on", "x-envoy-upstream-rq-timeout-ms", "x-envoy-internal"} & first.caller.keys()
    assert_follower(follower)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "host: leadline\r\nhost: elsewhere.example\r\n",
        "host: leadline\r\nhost: leadline\r\n",
        "host: leadline, elsewhere.example\r\n",
        "host: leadline@elsewhere.example\r\n",
        "host: leadline elsewhere.example\r\n",
        "host: leadline/../elsewhere\r\n",
        "host : leadline\r\n",
    ],
)
async def test_a_request_has_one_host(target: EdgeTarget, host: str) -> None:
    first, *others = await answers_to(target.edge.address, target.request(LEAD, host=host) + target.follower())
    assert (first.status, first.rpc, first.reason) == (400, "", "INVALID_REQUEST")
    for other in others:
        assert_follower(other)


async def test_the_host_of_an_absolute_target_counts(target: EdgeTarget) -> None:
    content = target.request(f"http://leadline{LEAD}", host="host: elsewhere.example\r\n") + target.follower()
    first, follower = await answers_to(target.edge.address, content)
    assert (first.rpc, first.caller["x-forwarded-host"]) == (GET, "leadline")
    assert_follower(follower)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (f"lead.name={OTHER}", '{"lead": {"company": "A"}, "idempotencyKey": "k"}'),
        (f"lead.n%61me={OTHER}", '{"lead": {"company": "A"}, "idempotencyKey": "k"}'),
        ("", f'{{"lead": {{"name": "{OTHER}"}}, "idempotencyKey": "k"}}'),
        ("", f'{{"name": "{OTHER}", "lead": {{"\\u006eame": "{OTHER}"}}, "idempotencyKey": "k"}}'),
    ],
)
async def test_a_change_is_of_the_lead_in_the_path(target: EdgeTarget, query: str, body: str) -> None:
    more = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    head = target.request(f"{LEAD}?{query}", verb="PATCH", more=more)
    first, *others = await answers_to(target.edge.address, head + body.encode() + target.follower())
    assert (first.status, first.rpc, first.reason) == (400, "", "INVALID_REQUEST")
    for other in others:
        assert_follower(other)


async def test_what_a_body_says_twice_stays_with_the_caller_and_the_rpc(target: EdgeTarget) -> None:
    body = (
        f'{{"lead": {{"company": "A"}}, "lead": {{"name": "{OTHER}"}}, "idempotencyKey": "k", "idempotency_key": "l"}}'
    )
    more = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    content = target.request(LEAD, verb="PATCH", more=more) + body.encode() + target.follower()
    first, follower = await answers_to(target.edge.address, content)
    # The last counts, as for most readers of JSON.
    assert (first.rpc, first.requests[0]["idempotencyKey"]) == ("LeadService/UpdateLead", "l")
    assert (first.requests[0]["lead"]["name"], first.caller["x-tenant-id"]) == (OTHER, str(TENANT))
    assert_follower(follower)
