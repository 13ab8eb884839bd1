"""What web pages send: whose it becomes, what is refused, and what is forgotten."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from leadline.v1 import (
    lead_service_pb2,
    lead_service_pb2_grpc,
    tracking_pb2,
    tracking_service_pb2,
    tracking_service_pb2_grpc,
)
from redis.asyncio import Redis

from deploy.local.development_token import DevelopmentKey
from deploy.local.postgres import EmbeddedPostgres
from server.integrations.tracking import Track, TrackedEvent, Visit
from server.runtime.database import Database
from server.server_settings import ServerSettings
from server.store.expired_keys import delete_expired_visits
from server.store.tracking import PostgresTrackingStore
from server.store.tracking_limit import RedisTrackingLimit
from server.tracking_composition import open_pixels
from tests.grpc_errors import error_of
from tests.integration.server.conftest import Bearer

ORIGIN = "https://www.harbour.example"
PAGE = (("origin", ORIGIN),)


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Those of other tests, but for how much one key may send."""
    return settings.model_copy(update={"tracking_events_per_minute": 300})


@pytest.fixture
def tracking(channel: grpc.aio.Channel) -> Any:
    return tracking_service_pb2_grpc.TrackingServiceStub(channel)


@pytest.fixture
def leads(channel: grpc.aio.Channel) -> Any:
    return lead_service_pb2_grpc.LeadServiceStub(channel)


class NobodyKnown:
    """Is never asked: nobody here says who they are."""

    async def __call__(self, *_told: Any, **_more: Any) -> UUID:
        raise AssertionError


@pytest.fixture
async def key(tracking: Any, bearer: Bearer) -> tracking_pb2.TrackingKey:
    """A key for the pages of one website."""
    request = tracking_service_pb2.CreateTrackingKeyRequest(idempotency_key=str(uuid4()))
    request.tracking_key.display_name = "Harbour"
    request.tracking_key.allowed_origins.append(ORIGIN)
    created: tracking_pb2.TrackingKey = await tracking.CreateTrackingKey(request, metadata=bearer)
    return created


def visit(
    key: tracking_pb2.TrackingKey, visitor: UUID, *types: str, email: str = "", **identity: Any
) -> tracking_service_pb2.TrackRequest:
    request = tracking_service_pb2.TrackRequest(write_key=key.write_key, visitor_id=str(visitor))
    for type_ in types:
        request.events.add(event_id=str(uuid4()), type=type_, age_milliseconds=1_000, properties={"url": "/prices"})
    if email:
        request.identity.MergeFrom(tracking_pb2.VisitorIdentity(email=email, **identity))
    return request


async def listed(leads: Any, bearer: Bearer, filter_text: str = "") -> list[Any]:
    response = await leads.ListLeads(lead_service_pb2.ListLeadsRequest(filter=filter_text), metadata=bearer)
    return list(response.leads)


async def events_of(database: Database, tenant_id: UUID) -> list[tuple[str, str]]:
    """Gives the type and the URL of each recorded event of a tenant."""
    async with database.transaction(tenant_id) as connection:
        rows = await connection.fetch(
            "SELECT type, properties -> 'url' ->> 'text' AS url FROM events WHERE tenant_id = $1",
            tenant_id,
        )
    return [(row["type"], row["url"]) for row in rows]


async def waiting(database: Database, tenant_id: UUID) -> int:
    async with database.transaction(tenant_id) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM visitor_events WHERE tenant_id = $1", tenant_id)
    return count


async def test_what_a_visitor_did_counts_once_a_form_tells_who_it_is(
    *, tracking: Any, leads: Any, key: Any, bearer: Bearer, database: Database, tenant_id: UUID
) -> None:
    visitor = uuid4()
    await tracking.Track(visit(key, visitor, "page_view", "page_view"), metadata=PAGE)
    assert (await listed(leads, bearer), await events_of(database, tenant_id)) == ([], [])
    told = {"display_name": "Noor", "company": "Harbour", "fields": {"Interest": "Cranes"}}
    await tracking.Track(visit(key, visitor, "form_submitted", email="noor@example.com", **told), metadata=PAGE)
    await tracking.Track(visit(key, visitor, "page_view"), metadata=PAGE)
    (lead,) = await listed(leads, bearer, 'email = "noor@example.com"')
    assert (lead.email, lead.display_name, lead.company) == ("noor@example.com", "Noor", "Harbour")
    assert lead.fields["Interest"].category == "Cranes"
    types = [type_ for type_, _ in await events_of(database, tenant_id)]
    assert sorted(types) == ["form_submitted", "page_view", "page_view", "page_view"]
    assert await waiting(database, tenant_id) == 0


async def test_a_form_changes_nothing_of_a_lead_that_is_known(
    tracking: Any, leads: Any, key: Any, bearer: Bearer
) -> None:
    request = lead_service_pb2.CreateLeadRequest(idempotency_key=str(uuid4()))
    request.lead.email, request.lead.company = "noor@example.com", "Harbour"
    known = await leads.CreateLead(request, metadata=bearer)
    await tracking.Track(
        visit(key, uuid4(), "form_submitted", email="NOOR@example.com", company="Changed"), metadata=PAGE
    )
    (lead,) = await listed(leads, bearer)
    assert (lead.name, lead.company, lead.etag) == (known.name, "Harbour", known.etag)


async def test_one_address_from_two_browsers_is_one_lead(tracking: Any, leads: Any, key: Any, bearer: Bearer) -> None:
    for _ in range(2):
        await tracking.Track(visit(key, uuid4(), "form_submitted", email="noor@example.com"), metadata=PAGE)
    assert len(await listed(leads, bearer)) == 1


async def test_an_event_that_is_sent_twice_counts_once(
    tracking: Any, key: Any, database: Database, tenant_id: UUID
) -> None:
    anonymous, known = visit(key, uuid4(), "page_view"), visit(key, uuid4(), "form_submitted", email="a@example.com")
    for request in (anonymous, anonymous, known, known):
        await tracking.Track(request, metadata=PAGE)
    assert await waiting(database, tenant_id) == 1
    assert await events_of(database, tenant_id) == [("form_submitted", "/prices")]


async def test_only_so_many_events_wait_for_a_visitor(
    tracking: Any, key: Any, database: Database, tenant_id: UUID
) -> None:
    visitor = uuid4()
    for _ in range(5):
        await tracking.Track(visit(key, visitor, *["page_view"] * 50), metadata=PAGE)
    assert await waiting(database, tenant_id) == 200


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "https://www.harbour.example.evil.example", "null", ""]
)
async def test_pages_of_other_origins_are_refused(tracking: Any, key: Any, origin: str) -> None:
    metadata = (("origin", origin),) if origin else ()
    error = await error_of(tracking.Track(visit(key, uuid4(), "page_view"), metadata=metadata))
    assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "TRACKING_KEY_REFUSED")


async def test_keys_that_are_unknown_or_deleted_are_refused(tracking: Any, key: Any, bearer: Bearer) -> None:
    delete = tracking_service_pb2.DeleteTrackingKeyRequest(name=key.name, idempotency_key=str(uuid4()))
    await tracking.DeleteTrackingKey(delete, metadata=bearer)
    for text in (key.write_key, "leadline_track_none", "leadline_track_" + "A" * 43, "x"):
        request = visit(key, uuid4(), "page_view")
        request.write_key = text
        error = await error_of(tracking.Track(request, metadata=PAGE))
        assert error.reason == "TRACKING_KEY_REFUSED"
    delete.idempotency_key = str(uuid4())
    assert (await error_of(tracking.DeleteTrackingKey(delete, metadata=bearer))).reason == "TRACKING_KEY_NOT_FOUND"


async def test_keys_are_listed_for_their_tenant_alone(
    tracking: Any, key: Any, bearer: Bearer, development_key: DevelopmentKey
) -> None:
    request = tracking_service_pb2.ListTrackingKeysRequest()
    own = await tracking.ListTrackingKeys(request, metadata=bearer)
    stranger = (("authorization", f"Bearer {development_key.mint(uuid4())}"),)
    others = await tracking.ListTrackingKeys(request, metadata=stranger)
    assert list(own.tracking_keys) == [key]
    assert list(others.tracking_keys) == []


@pytest.mark.parametrize("origin", ["https://www.example.com/", "www.example.com", "https://*.example.com", "null"])
async def test_an_origin_is_one_origin(tracking: Any, bearer: Bearer, origin: str) -> None:
    request = tracking_service_pb2.CreateTrackingKeyRequest(idempotency_key=str(uuid4()))
    request.tracking_key.allowed_origins.append(origin)
    error = await error_of(tracking.CreateTrackingKey(request, metadata=bearer))
    assert error.reason == "INVALID_REQUEST"


async def test_what_crawlers_send_is_forgotten(database: Database, redis: Redis, key: Any, tenant_id: UUID) -> None:
    track = Track(PostgresTrackingStore(database), NobodyKnown(), RedisTrackingLimit(redis, 300))
    event = TrackedEvent("e", "page_view", datetime.now(UTC), {})
    for agent in (
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "curl/8.0",
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0",
    ):
        await track(Visit(key.write_key, ORIGIN, agent, uuid4(), [event], None))
    assert await waiting(database, tenant_id) == 1


async def test_a_key_sends_only_so_many_events(tracking: Any, key: Any) -> None:
    full = visit(key, uuid4(), *["page_view"] * 50)
    for _ in range(6):
        await tracking.Track(full, metadata=PAGE)
    error = await error_of(tracking.Track(visit(key, uuid4(), "page_view"), metadata=PAGE))
    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TRACKING_THROTTLED")


async def test_an_opened_email_counts_once_a_day(
    *, tracking: Any, leads: Any, bearer: Bearer, settings: ServerSettings, database: Database, tenant_id: UUID
) -> None:
    create = lead_service_pb2.CreateLeadRequest(idempotency_key=str(uuid4()))
    create.lead.email = "noor@example.com"
    lead = await leads.CreateLead(create, metadata=bearer)
    request = tracking_service_pb2.SignOpenPixelRequest(lead=lead.name, message="offer")
    path = (await tracking.SignOpenPixel(request, metadata=bearer)).path
    base, _, token = path.partition("?token=")
    assert base == "/v1/track/pixel.gif"
    pixels = open_pixels(settings, database)
    assert [await pixels.opened(text) for text in (token, token, token + "x", "")] == [True, True, False, False]
    assert [type_ for type_, _ in await events_of(database, tenant_id)] == ["email_opened"]


async def test_what_waits_and_visitors_are_forgotten_in_time(
    tracking: Any, key: Any, database: Database, tenant_id: UUID, postgres: EmbeddedPostgres
) -> None:
    await tracking.Track(visit(key, uuid4(), "page_view"), metadata=PAGE)
    relay = await Database.connect(postgres.url("leadline_relay"))
    try:
        await delete_expired_visits(relay)
        assert await waiting(database, tenant_id) == 1
        async with database.transaction(tenant_id) as connection:
            await connection.execute("UPDATE visitor_events SET create_time = now() - interval '31 days'")
            await connection.execute("UPDATE visitors SET update_time = now() - interval '401 days'")
        assert await delete_expired_visits(relay) >= 2
        assert await waiting(database, tenant_id) == 0
    finally:
        await relay.close()
