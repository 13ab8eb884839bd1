"""What the edge says of the API's versions, and of rpcs that are going to end."""

from pathlib import Path

import grpc.aio
import pytest
from leadline.v1 import lead_service_pb2_grpc
from leadline.v1.deprecation_pb2 import Deprecation

from gateway.envoy import render
from tests.integration.gateway.backend import start_backend
from tests.integration.gateway.conftest import ORIGIN, Edge, running_edge
from tests.integration.gateway.errors import details_by_type, rest_reason
from tests.integration.gateway.test_grpc import LEAD, bearer
from tests.integration.gateway.test_rest import ID

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("path", ["/v2/leads", "/v0/leads", "/v1beta1/leads"])
async def test_unknown_version_is_told_from_an_unknown_path(edge: Edge, path: str) -> None:
    async with edge.client() as client:
        refused = await client.get(path)
        other = await client.get("/v1/nothing")
    assert (refused.status_code, refused.json()["code"], rest_reason(refused)) == (404, 5, "UNKNOWN_API_VERSION")
    assert details_by_type(refused)["ErrorInfo"]["metadata"] == {"supported": "v1"}
    assert (other.status_code, rest_reason(other)) == (404, "UNKNOWN_METHOD")


async def test_every_answer_tells_the_version(edge: Edge) -> None:
    async with edge.client() as client:
        answered = await client.get(f"/v1/leads/{ID}", headers={"origin": ORIGIN})
        refused = await client.get(f"/v1/leads/{ID}", headers={"authorization": ""})
    assert [response.headers["leadline-api-version"] for response in (answered, refused)] == ["v1", "v1"]
    assert "leadline-api-version" in answered.headers["access-control-expose-headers"]
    async with grpc.aio.insecure_channel(edge.address) as channel:
        call = lead_service_pb2_grpc.LeadServiceStub(channel).GetLead(LEAD, metadata=bearer(edge))
        assert ("leadline-api-version", "v1") in list(await call.initial_metadata())


async def test_deprecated_rpc_tells_it_at_every_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Deprecation(
        deprecation_date="2027-01-31", sunset_date="2027-12-31", documentation_uri="https://x.example/v2"
    )
    monkeypatch.setattr(render, "deprecation", lambda method: said if method.name == "GetLead" else None)
    server, address = await start_backend(scorer=False)
    async with running_edge(tmp_path, server_addresses=[address], scorer_addresses=[address]) as edge:
        async with edge.client() as client:
            told = (await client.get(f"/v1/leads/{ID}")).headers
            silent = (await client.get("/v1/leads")).headers
        async with grpc.aio.insecure_channel(edge.address) as channel:
            call = lead_service_pb2_grpc.LeadServiceStub(channel).GetLead(LEAD, metadata=bearer(edge))
            metadata = dict(list(await call.initial_metadata()))
    await server.stop(None)
    expected = {
        "deprecation": "@1801353600",
        "sunset": "Fri, 31 Dec 2027 00:00:00 GMT",
        "link": '<https://x.example/v2>; rel="deprecation"; type="text/html"',
    }
    assert {name: told[name] for name in expected} == expected
    assert {name: metadata[name] for name in expected} == expected
    assert not expected.keys() & silent.keys()
