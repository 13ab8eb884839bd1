"""What every store of events must do, whatever it keeps them in."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.integrations.event import Event
from server.integrations.ports import EventStore, RecordedEvents, StoredEvents
from server.runtime.errors import IdempotencyKeyReused
from server.runtime.identifiers import new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AddLead = Callable[[UUID, UUID, str], Awaitable[None]]
CountersOf = Callable[[UUID], Awaitable[dict[str, tuple[int, datetime, datetime]]]]


def make_event(
    event_id: str, lead_id: UUID | None = None, external_id: str = "", kind: str = "page_view", *, minute: int = 0
) -> Event:
    """Gives an event that no store has."""
    return Event(event_id, lead_id, external_id, kind, NOON + timedelta(minutes=minute), {"Page": {"text": "/"}})


async def record(store: EventStore, tenant_id: UUID, events: Sequence[Event]) -> StoredEvents:
    """Records events in a transaction of their own."""
    async with store.transaction(tenant_id) as transaction:
        stored = await transaction.record(events)
        await transaction.commit()
    return stored


class EventStoreContract:
    """Inherit it and give the fixtures `store`, `tenant_id`, `add_lead` and `counters_of`."""

    @pytest.fixture
    async def lead_id(self, add_lead: AddLead, tenant_id: UUID) -> UUID:
        """A stored lead with the external id `crm-1`."""
        lead_id = new_id()
        await add_lead(tenant_id, lead_id, "crm-1")
        return lead_id

    async def test_records_and_counts(
        self, store: EventStore, tenant_id: UUID, lead_id: UUID, counters_of: CountersOf
    ) -> None:
        await record(store, tenant_id, [make_event("1", lead_id, minute=5)])

        events = [
            make_event("2", lead_id, minute=9),
            make_event("3", external_id="crm-1", minute=1),
            make_event("4", lead_id, kind="call"),
        ]
        stored = await record(store, tenant_id, events)

        assert stored == StoredEvents(recorded=3, duplicate=[], unknown_lead=[], lead_ids=[lead_id])
        assert await counters_of(tenant_id) == {
            "page_view": (3, NOON + timedelta(minutes=1), NOON + timedelta(minutes=9)),
            "call": (1, NOON, NOON),
        }

    async def test_records_each_event_id_once(
        self, store: EventStore, tenant_id: UUID, lead_id: UUID, counters_of: CountersOf
    ) -> None:
        await record(store, tenant_id, [make_event("1", lead_id)])

        events = [make_event("1", lead_id), make_event("2", lead_id), make_event("2", lead_id, kind="call")]
        stored = await record(store, tenant_id, events)

        assert (stored.recorded, stored.duplicate) == (1, [0, 2])
        assert await counters_of(tenant_id) == {"page_view": (2, NOON, NOON)}

    async def test_tells_the_places_of_events_whose_lead_is_unknown(
        self, store: EventStore, tenant_id: UUID, lead_id: UUID, add_lead: AddLead
    ) -> None:
        other_tenant_id, other_lead_id = new_id(), new_id()
        await add_lead(other_tenant_id, other_lead_id, "crm-2")
        events = [make_event("1", other_lead_id), make_event("2", lead_id), make_event("3", external_id="crm-2")]

        stored = await record(store, tenant_id, events)

        assert stored == StoredEvents(recorded=1, duplicate=[], unknown_lead=[0, 2], lead_ids=[lead_id])
        assert (await record(store, other_tenant_id, events)).unknown_lead == [1]

    async def test_names_each_lead_once(
        self, store: EventStore, tenant_id: UUID, lead_id: UUID, add_lead: AddLead
    ) -> None:
        second = new_id()
        await add_lead(tenant_id, second, "")
        events = [make_event("1", second), make_event("2", lead_id), make_event("3", second)]

        assert (await record(store, tenant_id, events)).lead_ids == [second, lead_id]

    async def test_undoes_what_is_not_committed(
        self, store: EventStore, tenant_id: UUID, lead_id: UUID, counters_of: CountersOf
    ) -> None:
        async with store.transaction(tenant_id) as transaction:
            await transaction.record([make_event("1", lead_id)])

        assert await counters_of(tenant_id) == {}

    async def test_records_a_batch_once(self, store: EventStore, tenant_id: UUID) -> None:
        async def first() -> RecordedEvents:
            return RecordedEvents(recorded=3, duplicate=2, unknown_lead=[1, 4])

        async def again() -> RecordedEvents:
            raise AssertionError("a batch was recorded twice")

        async with store.transaction(tenant_id) as transaction:
            recorded = await transaction.once("stream/0", b"digest", first)
            await transaction.commit()
        async with store.transaction(tenant_id) as transaction:
            assert await transaction.once("stream/0", b"digest", again) == recorded
        async with store.transaction(tenant_id) as transaction:
            with pytest.raises(IdempotencyKeyReused):
                await transaction.once("stream/0", b"other", again)
