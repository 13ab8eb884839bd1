"""The publishing of events as they happen, of both clients."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

import grpc
from leadline.v1.event_pb2 import Event
from leadline.v1.integration_service_pb2 import PublishEventsRequest
from leadline.v1.integration_service_pb2_grpc import IntegrationServiceStub

from leadline_sdk.calling import AsyncCaller, Caller
from leadline_sdk.channel import Connection, Metadata
from leadline_sdk.errors import LeadlineError, error_from_call, stream_ended
from leadline_sdk.publishing import Publication, PublishedEvent
from leadline_sdk.resuming import hesitation_after
from leadline_sdk.watching import STREAM_SECONDS


class _Feed:
    """Gives events to the threads in which gRPC sends them; one that lost its stream leaves its event to the next.

    Args:
        events: the events.
        publication: what is on its way.
    """

    def __init__(self, events: Iterator[Event], publication: Publication) -> None:
        self.changed = threading.Condition()
        self.failure: Exception | None = None
        self._events = events
        self._publication = publication
        self._drawing = threading.Lock()

    def messages(self, stream_over: threading.Event) -> Iterator[PublishEventsRequest]:
        """Give what a stream has to send: first what is not answered, then what comes."""
        number = 0
        while not stream_over.is_set():
            with self.changed:
                message = self._publication.message(number)
                if message is None and self._publication.is_complete:
                    return
                if message is None and self._publication.is_full:
                    self.changed.wait(1.0)
                    continue
            if message is None:
                self._draw(number)
                continue
            number = message.sequence_number + 1
            yield message

    def _draw(self, number: int) -> None:
        with self._drawing:
            with self.changed:
                if self._publication.message(number) is not None or self._publication.is_complete:
                    return  # another stream's thread has drawn one meanwhile
            try:
                event = next(self._events, None)
            except Exception as failure:  # noqa: BLE001 -- it is raised in the thread that publishes
                self.failure = failure
                event = None
            with self.changed:
                if event is None:
                    self._publication.is_complete = True
                else:
                    self._publication.add(event)


class PublishCalls(Caller):
    """What `Client` does to publish events; what is common to all calls is told there.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._publishing = IntegrationServiceStub(self._channel)

    def publish_events(self, events: Iterable[Event], *, most_failures: int = 10) -> Iterator[PublishedEvent]:
        """Record events as they happen, and give what became of each as soon as Leadline tells, in their order.

        Where a connection is lost, what was not answered is sent again; nothing is kept twice. Go through the answers
        to publish: as long as nobody takes them, nothing more is sent after the first few hundred.

        Args:
            events: the events, each with an `event_id`. They may come from a generator that waits for them; it is gone
                through in another thread.
            most_failures: streams that may fail in a row before the error is raised.

        Raises:
            LeadlineError: the publishing could not go on; what was acknowledged is kept.
        """
        publication = Publication(most_failures)
        feed = _Feed(iter(events), publication)
        while True:
            error: LeadlineError = stream_ended()
            metadata: Metadata = ()
            stream_over = threading.Event()
            try:
                metadata = self._metadata()
                messages = feed.messages(stream_over)
                stream = self._publishing.PublishEvents(messages, timeout=STREAM_SECONDS, metadata=metadata)
                try:
                    for response in stream:
                        with feed.changed:
                            outcomes = list(publication.accept(response))
                            feed.changed.notify_all()
                        yield from outcomes
                finally:
                    stream_over.set()
                    stream.cancel()
            except (grpc.RpcError, LeadlineError) as failure:
                error = error_from_call(failure)
            if publication.is_over:
                if feed.failure is not None:
                    raise feed.failure
                return
            time.sleep(publication.wait_after(error, renewable=self._is_renewable(error, metadata)))


async def _each(events: Iterable[Event] | AsyncIterable[Event]) -> AsyncIterator[Event]:
    if isinstance(events, AsyncIterable):
        async for event in events:
            yield event
    else:
        for event in events:
            yield event


class _AsyncFeed:
    """Gives events to the streams that send them; one that was cut off leaves its event to the next.

    Args:
        events: the events.
        publication: what is on its way.
    """

    def __init__(self, events: AsyncIterator[Event], publication: Publication) -> None:
        self.changed = asyncio.Event()
        self.failure: Exception | None = None
        self._events = events
        self._publication = publication
        self._drawing: asyncio.Task[None] | None = None

    async def messages(self, hesitation: float) -> AsyncIterator[PublishEventsRequest]:
        """Give what a stream has to send: first what is not answered, then what comes.

        Args:
            hesitation: seconds before the first message.
        """
        await asyncio.sleep(hesitation)
        number = 0
        while True:
            message = self._publication.message(number)
            if message is not None:
                number = message.sequence_number + 1
                yield message
            elif self._publication.is_complete:
                return
            elif self._publication.is_full:
                self.changed.clear()
                await self.changed.wait()
            else:
                self._drawing = self._drawing or asyncio.create_task(self._draw())
                await asyncio.shield(self._drawing)  # the end of a stream must not end the events

    async def _draw(self) -> None:
        try:
            self._publication.add(await anext(self._events))
        except StopAsyncIteration:
            self._publication.is_complete = True
        except Exception as failure:  # noqa: BLE001 -- it is raised where the events are published
            self.failure = failure
            self._publication.is_complete = True
        finally:
            self._drawing = None

    async def close(self) -> None:
        """Draw no more events."""
        if self._drawing is not None:
            self._drawing.cancel()
            await asyncio.gather(self._drawing, return_exceptions=True)


class AsyncPublishCalls(AsyncCaller):
    """What `AsyncClient` does to publish events: the methods of `PublishCalls`, to be gone through with `async for`.

    Args:
        connection: where Leadline is, and how to reach it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._publishing = IntegrationServiceStub(self._channel)

    async def publish_events(
        self, events: Iterable[Event] | AsyncIterable[Event], *, most_failures: int = 10
    ) -> AsyncIterator[PublishedEvent]:
        """Record events as they happen, and give what became of each; see `Client.publish_events`."""
        publication = Publication(most_failures)
        feed = _AsyncFeed(_each(events), publication)
        hesitation = 0.0
        try:
            while True:
                error: LeadlineError = stream_ended()
                metadata: Metadata = ()
                try:
                    metadata = await self._metadata()
                    messages = feed.messages(hesitation)
                    stream = self._publishing.PublishEvents(messages, timeout=STREAM_SECONDS, metadata=metadata)
                    try:
                        async for response in stream:
                            outcomes = list(publication.accept(response))
                            feed.changed.set()
                            for outcome in outcomes:
                                yield outcome
                    finally:
                        stream.cancel()
                except (grpc.aio.AioRpcError, LeadlineError) as failure:
                    error = error_from_call(failure)
                if publication.is_over:
                    if feed.failure is not None:
                        raise feed.failure
                    return
                hesitation = hesitation_after(error)
                await asyncio.sleep(publication.wait_after(error, renewable=self._is_renewable(error, metadata)))
        finally:
            await feed.close()
