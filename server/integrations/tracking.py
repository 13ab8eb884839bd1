"""What visitors of websites do, and which lead each of them is."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from server.integrations.event import Event
from server.integrations.ports import EventTransaction
from server.integrations.tracking_keys import TrackingKey, read_write_key
from server.runtime.errors import TrackingKeyRefused
from server.runtime.identifiers import format_name

MOST_WAITING_EVENTS: Final = 200
"""How many events of a visitor wait until the visitor is known; further ones are forgotten."""

# Programs that name themselves. Others can't be told from people here, and are left to the scores.
_CRAWLER: Final = re.compile(
    r"bot\b|crawl|spider|slurp|preview|lighthouse|monitor|curl/|wget/|python-requests", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TrackedEvent:
    """Something that a visitor did.

    Attributes:
        event_id: The page's id of the event, unique for the visitor.
        type: What happened, such as `page_view`.
        occurred_time: When, UTC.
        properties: Anything else, as texts.
    """

    event_id: str
    type: str
    occurred_time: datetime
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VisitorIdentity:
    """Who a visitor says to be.

    Attributes:
        email: The e-mail address.
        display_name: The person's name; empty if unknown, like all that follow.
        company: The company's name.
        phone: The phone number.
        fields: Custom fields of a new lead.
    """

    email: str
    display_name: str = ""
    company: str = ""
    phone: str = ""
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page sends.

    Attributes:
        write_key: The website's key.
        origin: The page's origin, as the browser tells it; empty if it doesn't.
        user_agent: The visitor's program, as it names itself.
        visitor_id: By which the page knows the visitor again.
        events: What the visitor did, at least one thing.
        identity: Who the visitor is, if a form told it.
    """

    write_key: str
    origin: str
    user_agent: str
    visitor_id: UUID
    events: Sequence[TrackedEvent]
    identity: VisitorIdentity | None


class TrackingTransaction(EventTransaction, Protocol):
    """The visitors and events of one tenant in one transaction."""

    async def lead_of(self, visitor_id: UUID, identified: UUID | None) -> UUID | None:
        """Gives the lead that a visitor is, from now on the identified one if one is given; None if nobody knows.

        Nobody else can change it until the transaction ends.
        """

    async def wait(self, visitor_id: UUID, events: Sequence[TrackedEvent], most: int) -> None:
        """Keeps events of a visitor whom nobody knows yet, up to so many in all, each once."""

    async def take_waiting(self, visitor_id: UUID) -> Sequence[TrackedEvent]:
        """Removes the events that were kept for a visitor, and gives them in their order."""


class TrackingStore(Protocol):
    """The visitors of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    async def key(self, tenant_id: UUID, key_id: UUID) -> TrackingKey | None:
        """Gives a key; None if the tenant has none with this id."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[TrackingTransaction]:
        """Opens a transaction that sees one tenant's visitors and events."""


class LeadByEmail(Protocol):
    """Which lead a person is."""

    async def __call__(
        self,
        tenant_id: UUID,
        email: str,
        *,
        principal: str,
        display_name: str,
        company: str,
        phone: str,
        fields: Mapping[str, str],
    ) -> UUID:
        """Gives the lead with an e-mail address, made of the rest on a principal's behalf if there is none."""


class TrackingLimit(Protocol):
    """How much one key may send."""

    async def count(self, tenant_id: UUID, key_id: UUID, events: int) -> None:
        """Counts events of a key.

        Raises:
            TrackingThrottled: It has sent too many.
            DependencyUnavailable: Nobody can count now.
        """


class Track:
    """Takes what pages send.

    Args:
        store: Where keys, visitors and events are kept.
        lead_by_email: Finds or makes the lead of a visitor who says who they are.
        limit: How much one key may send.
    """

    def __init__(self, store: TrackingStore, lead_by_email: LeadByEmail, limit: TrackingLimit) -> None:
        self._store = store
        self._lead_by_email = lead_by_email
        self._limit = limit

    async def __call__(self, visit: Visit) -> None:
        """Records events of a visitor who is known, and keeps those of others until they are.

        Args:
            visit: What the page sends.

        Raises:
            TrackingKeyRefused: The key is unknown, or not for the page's origin.
            TrackingThrottled: The key has sent too many events.
        """
        tenant_id, key = await self._key(visit)
        if _CRAWLER.search(visit.user_agent):
            return
        await self._limit.count(tenant_id, key.key_id, len(visit.events))
        identified = None if visit.identity is None else await self._lead(tenant_id, key, visit.identity)
        async with self._store.transaction(tenant_id) as transaction:
            lead_id = await transaction.lead_of(visit.visitor_id, identified)
            if lead_id is None:
                await transaction.wait(visit.visitor_id, visit.events, MOST_WAITING_EVENTS)
            else:
                tracked = [*await transaction.take_waiting(visit.visitor_id), *visit.events]
                stored = await transaction.record([_event(visit.visitor_id, lead_id, event) for event in tracked])
                if stored.lead_ids:
                    await transaction.announce(stored.lead_ids)
            await transaction.commit()

    async def _key(self, visit: Visit) -> tuple[UUID, TrackingKey]:
        try:
            tenant_id, key_id = read_write_key(visit.write_key)
        except ValueError as error:
            raise TrackingKeyRefused(visit.origin) from error
        key = await self._store.key(tenant_id, key_id)
        if key is None or visit.origin not in key.allowed_origins:
            raise TrackingKeyRefused(visit.origin)
        return tenant_id, key

    async def _lead(self, tenant_id: UUID, key: TrackingKey, identity: VisitorIdentity) -> UUID:
        return await self._lead_by_email(
            tenant_id,
            identity.email,
            principal=format_name("trackingKeys", key.key_id),
            display_name=identity.display_name,
            company=identity.company,
            phone=identity.phone,
            fields=identity.fields or {},
        )


def _event(visitor_id: UUID, lead_id: UUID, tracked: TrackedEvent) -> Event:
    """Gives an event of a lead. Its id is the visitor's, so that no page can take the ids of other senders."""
    properties = {name: {"text": value} for name, value in tracked.properties.items()}
    event_id = f"website/{visitor_id}/{tracked.event_id}"
    return Event(event_id, lead_id, "", tracked.type, tracked.occurred_time, properties)
