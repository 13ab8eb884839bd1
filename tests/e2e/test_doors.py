"""gRPC, gRPC-web, REST and WebSocket are the same contract."""

import json
import ssl
from collections.abc import Iterator

import pytest
from httpx import Client as HttpClient
from leadline.v1.lead_pb2 import Lead
from leadline.v1.lead_service_pb2 import GetLeadRequest
from leadline.v1.score_pb2 import Score
from leadline.v1.scoring_service_pb2 import ScoreLeadRequest
from websockets.sync.client import connect

from deploy.local.demo.doors import ask_every_door
from tests.e2e import grpc_web
from tests.e2e.conftest import Tenant, TrainedTenant

A_MOMENT = 1e-6
"""How far a probability may move between two requests: days pass by fractions."""


@pytest.fixture
def rest(trained: TrainedTenant) -> Iterator[HttpClient]:
    """An HTTP client with the trained tenant's token."""
    with trained.rest() as client:
        yield client


def test_every_door_gives_the_same_score(trained: TrainedTenant, rest: HttpClient) -> None:
    lead = trained.open_leads[0]
    by_grpc = trained.client.score_lead(lead.name)

    by_web = grpc_web.call(rest, "ScoringService/ScoreLead", ScoreLeadRequest(name=lead.name))
    by_rest = rest.get(f"/v1/{lead.name}:score")

    assert by_web.status == 0
    score = Score.FromString(by_web.messages[0])
    assert score.probability == pytest.approx(by_grpc.probability, abs=A_MOMENT)
    assert {reason.feature: reason.observed for reason in score.attributions} == {
        reason.feature: reason.observed for reason in by_grpc.attributions
    }
    assert by_rest.status_code == 200
    assert by_rest.json()["probability"] == pytest.approx(by_grpc.probability, abs=A_MOMENT)
    assert {reason["feature"]: reason["logOdds"] for reason in by_rest.json()["attributions"]} == pytest.approx(
        {reason.feature: reason.log_odds for reason in by_grpc.attributions}, abs=A_MOMENT
    )


def test_the_same_with_tls(trained: TrainedTenant) -> None:
    lead, authority = trained.open_leads[0].name, trained.stack.authority
    assert authority is not None
    trust = ssl.create_default_context(cafile=str(authority.certificate_file))
    headers = {"Authorization": f"Bearer {trained.token}"}
    with HttpClient(base_url=f"https://{trained.stack.tls_address}", headers=headers, verify=trust) as secure:
        answer = secure.get(f"/v1/{lead}:score")
    expected = trained.client.score_lead(lead).probability
    assert answer.json()["probability"] == pytest.approx(expected, abs=A_MOMENT)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_the_demo_asks_every_door(trained: TrainedTenant) -> None:
    lead = trained.open_leads[0].name

    answers = ask_every_door(trained.client, trained.stack.edge_address, trained.token, lead)

    assert [answer.door for answer in answers] == ["gRPC", "gRPC-web", "REST"]
    assert [answer.probability for answer in answers] == pytest.approx([answers[0].probability] * 3, abs=A_MOMENT)
    assert len({answer.reasons for answer in answers}) == 1


def test_a_lead_written_by_rest_is_read_by_grpc_and_grpc_web(tenant: Tenant) -> None:
    with tenant.rest() as rest:
        created = rest.post(
            "/v1/leads",
            json={
                "lead": {"externalId": "7", "email": "a@b.example", "fields": {"Size": {"number": 3}}},
                "idempotencyKey": "create-7",
            },
        )
        assert created.status_code == 200, created.text
        name = created.json()["name"]

        by_web = grpc_web.call(rest, "LeadService/GetLead", GetLeadRequest(name=name))

    by_grpc = tenant.client.get_lead(name)
    assert by_grpc.fields["Size"].number == 3
    assert by_grpc.email == "a@b.example"
    assert Lead.FromString(by_web.messages[0]) == by_grpc


def test_one_custom_field_is_changed_by_rest_whatever_its_name(tenant: Tenant) -> None:
    lead = Lead(external_id="8")
    lead.fields["Total Visits"].number = 1
    lead.fields["Source, first"].category = "Fair"
    name = tenant.client.create_lead(lead).name

    with tenant.rest() as rest:
        changed = rest.patch(
            f"/v1/{name}",
            json={
                "lead": {"fields": {"Total Visits": {"number": 5}}},
                "updateMask": 'fields["Total Visits"]',
                "idempotencyKey": "visit",
            },
        )

    assert changed.status_code == 200, changed.text
    assert changed.json()["fields"] == {"Total Visits": {"number": 5}, "Source, first": {"category": "Fair"}}


def test_pages_by_rest_walk_through_every_lead_once(trained: TrainedTenant, rest: HttpClient) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = rest.get("/v1/leads", params={"pageSize": 700, "pageToken": token, "filter": "status = CONVERTED"})
        assert page.status_code == 200, page.text
        names += [lead["name"] for lead in page.json()["leads"]]
        token = page.json()["nextPageToken"]
        if not token:
            break

    converted = sum(lead.converted is True for lead in trained.company.leads)
    assert len(names) == len(set(names)) == converted


def test_a_websocket_asks_several_scores_in_json(trained: TrainedTenant) -> None:
    lead = trained.open_leads[0].name
    url = f"ws://{trained.stack.edge_address}/ws/leadline.v1.ScoringService/ScoreLead"

    with connect(url, subprotocols=["leadline.v1", f"bearer.{trained.token}"], open_timeout=10) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"name": lead}))
        answer = json.loads(socket.recv(timeout=10))

    expected = trained.client.score_lead(lead).probability
    assert answer["probability"] == pytest.approx(expected, abs=A_MOMENT)


def test_a_browser_may_call_from_an_allowed_origin(trained: TrainedTenant, rest: HttpClient) -> None:
    preflight = rest.options(
        f"/v1/{trained.open_leads[0].name}:score",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
    )

    assert preflight.status_code in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:3000"
