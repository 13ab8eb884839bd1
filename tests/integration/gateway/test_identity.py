"""Who comes in through the edge, over REST and over gRPC."""

import base64
import json
from collections.abc import Callable

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2
from leadline.v1 import lead_service_pb2, lead_service_pb2_grpc

from tests.integration.gateway.conftest import Edge
from tests.integration.gateway.errors import grpc_reason, rest_reason
from tests.integration.gateway.test_rest import ID
from tests.integration.gateway.tokens import TENANT, mint, signing_key

pytestmark = pytest.mark.asyncio(loop_scope="session")


def unsigned(edge: Edge) -> str:
    """Gives a token that claims to need no signature."""
    _, claims, _ = edge.token().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": edge.key.kid}).encode()).decode().rstrip("=")
    return f"{header}.{claims}."


def tampered(edge: Edge) -> str:
    """Gives a token whose claims were changed after it was signed."""
    header, _, signature = edge.token().split(".")
    _, claims, _ = edge.token(sub="somebody else").split(".")
    return f"{header}.{claims}.{signature}"


REFUSED: dict[str, tuple[Callable[[Edge], str | None], str]] = {
    "no token": (lambda _: None, "TOKEN_MISSING"),
    "no JWT": (lambda _: "nonsense", "TOKEN_INVALID"),
    "expired": (lambda edge: edge.token(lifetime=-60), "TOKEN_EXPIRED"),
    "never expires": (lambda edge: edge.token(exp=None), "TOKEN_INVALID"),
    "other issuer": (lambda edge: edge.token(iss="https://elsewhere.example"), "TOKEN_INVALID"),
    "other audience": (lambda edge: edge.token(aud="another-api"), "TOKEN_INVALID"),
    "unknown key id": (lambda edge: edge.token(kid="unknown"), "TOKEN_INVALID"),
    "other key": (lambda edge: mint(signing_key(), kid=edge.key.kid), "TOKEN_INVALID"),
    "no signature": (unsigned, "TOKEN_INVALID"),
    "tampered": (tampered, "TOKEN_INVALID"),
    "no tenant": (lambda edge: edge.token(tenant_id=None), "TOKEN_INVALID"),
    "tenant is no UUID": (lambda edge: edge.token(tenant_id=f"{TENANT} OR true"), "TOKEN_INVALID"),
    "two tenants": (lambda edge: edge.token(tenant_id=[str(TENANT), str(TENANT)]), "TOKEN_INVALID"),
    "unknown plan": (lambda edge: edge.token(plan="gold"), "TOKEN_INVALID"),
    "no plan": (lambda edge: edge.token(plan=None), "TOKEN_INVALID"),
}


@pytest.fixture(params=REFUSED)
def refused(request: pytest.FixtureRequest) -> tuple[Callable[[Edge], str | None], str]:
    """Each kind of token that is refused, with the reason."""
    return REFUSED[request.param]


async def test_token_is_refused_over_rest(edge: Edge, refused: tuple[Callable[[Edge], str | None], str]) -> None:
    make_token, expected = refused
    token = make_token(edge)
    async with edge.client(headers={} if token is None else {"authorization": f"Bearer {token}"}) as client:
        response = await client.get(f"/v1/leads/{ID}")
    assert (response.status_code, response.json()["code"], rest_reason(response)) == (401, 16, expected)
    assert "x-rpc" not in response.headers


async def test_token_is_refused_over_grpc(edge: Edge, refused: tuple[Callable[[Edge], str | None], str]) -> None:
    make_token, expected = refused
    token = make_token(edge)
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(edge.address) as channel:
        stub = lead_service_pb2_grpc.LeadServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetLead(lead_service_pb2.GetLeadRequest(name=f"leads/{ID}"), metadata=metadata)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert grpc_reason(raised.value) == expected


async def test_claims_and_token_reach_the_backend_and_claimed_headers_do_not(edge: Edge) -> None:
    token = edge.token()
    forged = {
        "authorization": f"Bearer {token}",
        "x-tenant-id": "00000000-0000-7000-8000-00000000beef",
        "x-leadline-door": "websocket",
        "x-plan": "free",
        "x-user-id": "root",
        "x-envoy-original-method": "DELETE",
        "x_tenant_id": "00000000-0000-7000-8000-00000000beef",
    }
    async with edge.client(headers=forged) as client:
        caller = json.loads((await client.get(f"/v1/leads/{ID}")).headers["x-caller"])
    assert caller["authorization"] == f"Bearer {token}"
    assert (caller["x-tenant-id"], caller["x-plan"], caller["x-user-id"]) == (str(TENANT), "enterprise", "tester")
    assert "x-leadline-door" not in caller
    assert caller["x-envoy-original-method"] == "GET"
    assert "x_tenant_id" not in caller


async def test_every_request_gets_an_id_of_its_own(edge: Edge) -> None:
    async with edge.client() as client:
        responses = [await client.get(f"/v1/leads/{ID}", headers={"x-request-id": "mine"}) for _ in range(2)]
    given = [response.headers["x-request-id"] for response in responses]
    assert [json.loads(response.headers["x-caller"])["x-request-id"] for response in responses] == given
    assert len({*given, "mine"}) == 3


async def test_health_needs_no_token(edge: Edge) -> None:
    async with grpc.aio.insecure_channel(edge.address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        health = await check(health_pb2.HealthCheckRequest())
    async with edge.client(headers={}) as client:
        whole = await client.get("/healthz")
        detour = await client.get(f"/grpc.health.v1.Health/../v1/leads/{ID}")
        escaped = await client.get(f"/grpc.health.v1.Health/..%2f..%2fv1/leads/{ID}")
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert whole.status_code == 200
    assert (detour.status_code, rest_reason(detour)) == (401, "TOKEN_MISSING")
    assert (escaped.status_code, rest_reason(escaped)) == (400, "INVALID_REQUEST")
