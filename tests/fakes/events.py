"""A store of events in memory, which behaves as the one in PostgreSQL: the contract suite runs on both."""

import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from server.integrations.event import Event
from server.integrations.ports import EventTransaction, RecordedEvents, StoredEvents
from server.runtime.errors import IdempotencyKeyReused


@dataclass
class Counter:
    """How often a lead had a type of event, and when."""

    count: int
    first_time: datetime
    last_time: datetime


@dataclass
class Tenant:
    """What the store holds for one tenant: `leads` are external ids by id."""

    leads: dict[UUID, str] = field(default_factory=dict)
    events: dict[str, UUID] = field(default_factory=dict)
    counters: dict[tuple[UUID, str], Counter] = field(default_factory=dict)
    announced: list[list[UUID]] = field(default_factory=list)
    answers: dict[str, tuple[bytes, RecordedEvents]] = field(default_factory=dict)


class InMemoryEventTransaction:
    """Works on a copy that replaces the original at the commit."""

    def __init__(self, tenant: Tenant) -> None:
        self._original = tenant
        self._tenant = copy.deepcopy(tenant)

    async def record(self, events: Sequence[Event]) -> StoredEvents:
        recorded: list[UUID] = []
        unknown: list[int] = []
        duplicate: list[int] = []
        for place, event in enumerate(events):
            lead_id = self._subject(event)
            if lead_id is None:
                unknown.append(place)
            elif event.event_id not in self._tenant.events:
                self._tenant.events[event.event_id] = lead_id
                self._count(lead_id, event)
                recorded.append(lead_id)
            else:
                duplicate.append(place)
        return StoredEvents(len(recorded), duplicate, unknown, list(dict.fromkeys(recorded)))

    async def announce(self, lead_ids: Sequence[UUID]) -> None:
        self._tenant.announced.append(list(lead_ids))

    async def once(
        self, key: str, request_digest: bytes, record: Callable[[], Awaitable[RecordedEvents]]
    ) -> RecordedEvents:
        if key not in self._tenant.answers:
            self._tenant.answers[key] = (request_digest, await record())
        digest, recorded = self._tenant.answers[key]
        if digest != request_digest:
            raise IdempotencyKeyReused(key)
        return recorded

    async def commit(self) -> None:
        self._original.__dict__.update(self._tenant.__dict__)

    def _subject(self, event: Event) -> UUID | None:
        for lead_id, external_id in self._tenant.leads.items():
            if lead_id == event.lead_id or (external_id and external_id == event.lead_external_id):
                return lead_id
        return None

    def _count(self, lead_id: UUID, event: Event) -> None:
        time = event.occurred_time
        counter = self._tenant.counters.setdefault((lead_id, event.type), Counter(0, time, time))
        counter.count += 1
        counter.first_time, counter.last_time = min(counter.first_time, time), max(counter.last_time, time)


class InMemoryEventStore:
    """A store of events in memory."""

    def __init__(self) -> None:
        self._tenants: dict[UUID, Tenant] = {}

    def of(self, tenant_id: UUID) -> Tenant:
        """Gives all that is held for a tenant."""
        return self._tenants.setdefault(tenant_id, Tenant())

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[EventTransaction]:
        yield InMemoryEventTransaction(self.of(tenant_id))
