"""The use case that records events, on a store in memory."""

from datetime import UTC, datetime

import pytest

from server.integrations.event import Event
from server.integrations.ports import RecordedEvents
from server.integrations.record_events import EventBatch, RecordEvents
from server.runtime.errors import IdempotencyKeyReused
from server.runtime.identifiers import new_id
from tests.fakes.events import InMemoryEventStore

TENANT, ANN, BOB = new_id(), new_id(), new_id()


@pytest.fixture
def store() -> InMemoryEventStore:
    """Knows two leads."""
    store = InMemoryEventStore()
    store.of(TENANT).leads = {ANN: "ann", BOB: ""}
    return store


def event(event_id: str, external_id: str = "ann") -> Event:
    return Event(event_id, None, external_id, "call", datetime(2026, 3, 1, tzinfo=UTC), {})


async def test_recorded_events_announce_their_leads(store: InMemoryEventStore) -> None:
    record = RecordEvents(store)

    recorded = await record(TENANT, [event("1"), event("2", "nobody"), event("1"), event("3")])

    assert recorded == RecordedEvents(recorded=2, duplicate=1, unknown_lead=[1], duplicate_places=[2])
    assert store.of(TENANT).announced == [[ANN]]


async def test_nothing_new_announces_nothing(store: InMemoryEventStore) -> None:
    record = RecordEvents(store)
    await record(TENANT, [event("1")])

    await record(TENANT, [event("1"), event("2", "nobody")])
    recorded = await record(TENANT, [])

    assert recorded == RecordedEvents(recorded=0, duplicate=0, unknown_lead=())
    assert store.of(TENANT).announced == [[ANN]]


async def test_a_batch_is_recorded_once(store: InMemoryEventStore) -> None:
    record = RecordEvents(store)
    batch = EventBatch("stream/0", b"digest", [event("1"), event("2", "nobody")])

    first = await record.batch(TENANT, batch)

    assert first == RecordedEvents(recorded=1, duplicate=0, unknown_lead=[1], duplicate_places=[])
    assert await record.batch(TENANT, batch) == first
    assert store.of(TENANT).announced == [[ANN]]
    with pytest.raises(IdempotencyKeyReused):
        await record.batch(TENANT, EventBatch("stream/0", b"other", [event("1")]))
