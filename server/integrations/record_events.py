"""Records events, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from server.integrations.event import Event
from server.integrations.ports import EventStore, EventTransaction, RecordedEvents


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The valid events of one batch of a stream.

    Attributes:
        key: The batch's own key, the same when it is sent again.
        request_digest: Digest of everything in the batch, refused events too.
        events: The events in their order.
    """

    key: str
    request_digest: bytes
    events: Sequence[Event]


class RecordEvents:
    """Records events in one transaction.

    Args:
        store: Where events are kept.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def __call__(self, tenant_id: UUID, events: Sequence[Event]) -> RecordedEvents:
        """Records the events whose lead exists and that are not recorded yet.

        Args:
            tenant_id: Whose events.
            events: In the order of the request.
        """
        async with self._store.transaction(tenant_id) as transaction:
            recorded = await _record(transaction, events)
            await transaction.commit()
        return recorded

    async def batch(self, tenant_id: UUID, batch: EventBatch) -> RecordedEvents:
        """Records one batch of a stream.

        A batch that was recorded before is not recorded again; what became of it then is given.

        Args:
            tenant_id: Whose events.
            batch: The batch.

        Raises:
            IdempotencyKeyReused: The key was used for another batch.
        """
        async with self._store.transaction(tenant_id) as transaction:
            recorded = await transaction.once(
                batch.key, batch.request_digest, lambda: _record(transaction, batch.events)
            )
            await transaction.commit()
        return recorded


async def _record(transaction: EventTransaction, events: Sequence[Event]) -> RecordedEvents:
    if not events:
        return RecordedEvents(recorded=0, duplicate=0, unknown_lead=())
    stored = await transaction.record(events)
    if stored.lead_ids:
        await transaction.announce(stored.lead_ids)
    return RecordedEvents(stored.recorded, len(stored.duplicate), stored.unknown_lead, stored.duplicate)
