"""What the use cases of events need of a store."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from server.integrations.event import Event


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """What became of events that were given to a store.

    Attributes:
        recorded: How many were recorded.
        duplicate: 0-based places of those that were recorded before, or stand earlier among the same events.
        unknown_lead: 0-based places of those whose lead does not exist.
        lead_ids: The leads of those that were recorded, each once.
    """

    recorded: int
    duplicate: Sequence[int]
    unknown_lead: Sequence[int]
    lead_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class RecordedEvents:
    """What became of events, for the sender.

    Attributes:
        recorded: How many were recorded.
        duplicate: How many were recorded before, or stand earlier among the same events.
        unknown_lead: 0-based places of those whose lead does not exist.
        duplicate_places: 0-based places of the duplicates; empty in answers that were kept before places were.
    """

    recorded: int
    duplicate: int
    unknown_lead: Sequence[int]
    duplicate_places: Sequence[int] = ()


class EventTransaction(Protocol):
    """The events of one tenant in one transaction."""

    async def record(self, events: Sequence[Event]) -> StoredEvents:
        """Stores events and counts them for their leads, in one statement."""
        ...

    async def announce(self, lead_ids: Sequence[UUID]) -> None:
        """Tells the rest of the system, once the transaction is committed, that leads have changed."""
        ...

    async def once(
        self, key: str, request_digest: bytes, record: Callable[[], Awaitable[RecordedEvents]]
    ) -> RecordedEvents:
        """Records a batch at most once: a repetition of the key is given what became of the first one.

        Args:
            key: The batch's own key.
            request_digest: Digest of everything in the batch.
            record: Records the batch in this transaction.

        Raises:
            IdempotencyKeyReused: The key was used for another batch.
        """
        ...

    async def commit(self) -> None:
        """Makes the changes last; without it they are undone."""
        ...


class EventStore(Protocol):
    """The events of all tenants. Every method raises DependencyUnavailable if the store can't be reached."""

    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[EventTransaction]:
        """Opens a transaction that sees one tenant's events."""
        ...
