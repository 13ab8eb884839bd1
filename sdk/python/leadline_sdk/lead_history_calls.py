# ruff: noqa: ASYNC109 -- a timeout here is gRPC's deadline, which the server sees
"""The calls about what happened to a lead, of both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from leadline.v1.lead_history_service_pb2 import ListLeadEventsRequest, ListLeadScoresRequest, RecordedEvent
from leadline.v1.lead_history_service_pb2_grpc import LeadHistoryServiceStub
from leadline.v1.score_pb2 import Score

from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection


class LeadHistoryCalls(Caller):
    """What `Client` does with the histories of leads; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._history = LeadHistoryServiceStub(self._channel)

    def list_lead_events(
        self, name: str, *, page_size: int = 0, timeout: float | None = None
    ) -> Iterator[RecordedEvent]:
        """Go through the events of a lead, the latest first; the next page is fetched when it is needed.

        Args:
            name: the lead, `leads/{lead}`.
            page_size: events fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.

        Raises:
            NotFound: there is no such lead.
        """
        request = ListLeadEventsRequest(parent=name, page_size=page_size)
        for page in self._pages(self._history.ListLeadEvents, request, timeout):
            yield from page.events

    def list_lead_scores(self, name: str, *, page_size: int = 0, timeout: float | None = None) -> Iterator[Score]:
        """Go through the scores that a lead had, the latest first, without attributions.

        Args:
            name: the lead, `leads/{lead}`.
            page_size: scores fetched at a time, up to 1,000; 0 for the service's choice.
            timeout: see the class; it is each page's.

        Raises:
            NotFound: there is no such lead.
        """
        request = ListLeadScoresRequest(parent=name, page_size=page_size)
        for page in self._pages(self._history.ListLeadScores, request, timeout):
            yield from page.scores


class AsyncLeadHistoryCalls(AsyncCaller):
    """What `AsyncClient` does with the histories of leads: the methods of `LeadHistoryCalls`, to be awaited.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._history = LeadHistoryServiceStub(self._channel)

    async def list_lead_events(
        self, name: str, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[RecordedEvent]:
        """Go through the events of a lead, the latest first; see `Client.list_lead_events`."""
        request = ListLeadEventsRequest(parent=name, page_size=page_size)
        async for page in self._pages(self._history.ListLeadEvents, request, timeout):
            for event in page.events:
                yield event

    async def list_lead_scores(
        self, name: str, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[Score]:
        """Go through the scores that a lead had, the latest first; see `Client.list_lead_scores`."""
        request = ListLeadScoresRequest(parent=name, page_size=page_size)
        async for page in self._pages(self._history.ListLeadScores, request, timeout):
            for score in page.scores:
                yield score
