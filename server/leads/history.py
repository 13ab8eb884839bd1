"""What happened to a lead: its events and the scores that it had, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from server.leads.lead import FieldValues, StoredScore
from server.runtime.errors import InvalidPageToken, LeadNotFound
from server.runtime.identifiers import format_name
from server.runtime.signed_tokens import TokenSigner

DEFAULT_PAGE_SIZE = 50
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event of a lead, as it is kept.

    Attributes:
        recorded_id: The id under which it is kept, a UUIDv7.
        event_id: The sender's id of it.
        type: What happened, such as `email_opened`.
        occurred_time: When it happened, UTC.
        properties: Anything else known of it.
        record_time: When it was recorded, UTC.
    """

    recorded_id: UUID
    event_id: str
    type: str
    occurred_time: datetime
    properties: FieldValues
    record_time: datetime


@dataclass(frozen=True, slots=True)
class PastScore:
    """A score that a lead had.

    Attributes:
        score_id: Its id, a UUIDv7.
        score: The score, without what is told of the latest one alone.
    """

    score_id: UUID
    score: StoredScore


@dataclass(frozen=True, slots=True)
class HistoryCursor:
    """Where a page ended.

    Attributes:
        time: That of its last entry, UTC.
        entry_id: The id of its last entry.
    """

    time: datetime
    entry_id: UUID


class LeadHistoryStore(Protocol):
    """The histories of all tenants' leads. Every method raises DependencyUnavailable if the store can't be reached."""

    async def events(
        self, tenant_id: UUID, lead_id: UUID, limit: int, before: HistoryCursor | None
    ) -> Sequence[RecordedEvent] | None:
        """Gives events of a lead, the latest first, from those before a cursor on; None if there is no such lead."""
        ...

    async def scores(
        self, tenant_id: UUID, lead_id: UUID, limit: int, before: HistoryCursor | None
    ) -> Sequence[PastScore] | None:
        """Gives scores of a lead, the latest first, from those before a cursor on; None if there is no such lead."""
        ...


class ReadLeadHistory:
    """Gives what happened to a lead.

    Args:
        store: Where it is kept.
        tokens: Signs page tokens.
    """

    def __init__(self, store: LeadHistoryStore, tokens: TokenSigner) -> None:
        self._store = store
        self._tokens = tokens

    async def events(
        self, tenant_id: UUID, lead_id: UUID, *, page_size: int, page_token: str
    ) -> tuple[Sequence[RecordedEvent], str]:
        """Gives one page of events, the latest first, and what asks for the next page; empty on the last one.

        Args:
            tenant_id: Whose lead.
            lead_id: The lead.
            page_size: The largest number of events to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            LeadNotFound: The tenant has no such lead.
            InvalidPageToken: The token is of another lead or list, or not ours.
        """
        size, query = page_size or DEFAULT_PAGE_SIZE, f"events/{lead_id}"
        before = self._read_token(page_token, tenant_id, query)
        # One more than the page tells whether there is a next one.
        found = _known(await self._store.events(tenant_id, lead_id, size + 1, before), lead_id)
        if len(found) <= size:
            return found, ""
        last = found[size - 1]
        return found[:size], self._make_token(tenant_id, query, last.occurred_time, last.recorded_id)

    async def scores(
        self, tenant_id: UUID, lead_id: UUID, *, page_size: int, page_token: str
    ) -> tuple[Sequence[PastScore], str]:
        """Gives one page of scores, the latest first, and what asks for the next page; empty on the last one.

        Args:
            tenant_id: Whose lead.
            lead_id: The lead.
            page_size: The largest number of scores to give; 0 means 50.
            page_token: Of the page before; empty for the first one.

        Raises:
            LeadNotFound: The tenant has no such lead.
            InvalidPageToken: The token is of another lead or list, or not ours.
        """
        size, query = page_size or DEFAULT_PAGE_SIZE, f"scores/{lead_id}"
        before = self._read_token(page_token, tenant_id, query)
        found = _known(await self._store.scores(tenant_id, lead_id, size + 1, before), lead_id)
        if len(found) <= size:
            return found, ""
        last = found[size - 1]
        return found[:size], self._make_token(tenant_id, query, last.score.compute_time, last.score_id)

    def _make_token(self, tenant_id: UUID, query: str, time: datetime, entry_id: UUID) -> str:
        return self._tokens.sign(tenant_id, query, [time.isoformat(), str(entry_id)])

    def _read_token(self, token: str, tenant_id: UUID, query: str) -> HistoryCursor | None:
        if not token:
            return None
        try:
            time, entry_id = self._tokens.read(token, tenant_id, query)
        except ValueError as error:
            raise InvalidPageToken from error
        return HistoryCursor(datetime.fromisoformat(time), UUID(entry_id))


def _known(found: Sequence[Entry] | None, lead_id: UUID) -> Sequence[Entry]:
    if found is None:
        raise LeadNotFound(format_name("leads", lead_id))
    return found
