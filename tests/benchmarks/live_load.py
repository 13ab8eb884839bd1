"""Events sent over streams through the edge at a steady pace, and the scores that a watcher receives."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc.aio
from leadline.v1.event_pb2 import Event
from leadline.v1.integration_service_pb2 import PublishEventsRequest
from leadline.v1.integration_service_pb2_grpc import IntegrationServiceStub
from leadline.v1.scoring_service_pb2 import WatchScoresRequest
from leadline.v1.scoring_service_pb2_grpc import ScoringServiceStub

EVENT_TYPE = "page_view"
STREAMS = 4
# An event of a lead that has had many may leave its score as it is, and then nobody is told.
LONGEST_WAIT_SECONDS = 25.0

_numbers = itertools.count()


def event_of(lead: str) -> Event:
    """Make an event of a lead that happens now."""
    event = Event(event_id=f"live-{next(_numbers)}", lead=lead, type=EVENT_TYPE)
    event.occurred_time.FromDatetime(datetime.now(UTC))
    return event


@dataclass
class Freshness:
    """When events were sent and their scores received, on one clock.

    Attributes:
        sent: By lead, when the event was sent whose score is awaited.
        delays: By the time of sending, the seconds until a watcher had the new score.
    """

    sent: dict[str, float] = field(default_factory=dict)
    delays: list[tuple[float, float]] = field(default_factory=list)

    async def watch(self, address: str, token: str, ready: asyncio.Event) -> None:
        """Note each score that arrives, until cancelled."""
        async with grpc.aio.insecure_channel(address) as channel:
            stub: Any = ScoringServiceStub(channel)
            async for message in stub.WatchScores(WatchScoresRequest(), metadata=_bearer(token)):
                ready.set()
                if message.WhichOneof("event") == "score_change":
                    sent = self.sent.pop(message.score_change.score.lead, None)
                    if sent is not None:
                        self.delays.append((sent, time.perf_counter() - sent))

    def _is_free(self, lead: str) -> bool:
        return time.perf_counter() - self.sent.get(lead, -LONGEST_WAIT_SECONDS) >= LONGEST_WAIT_SECONDS

    async def send(self, address: str, token: str, leads: Sequence[str], rate: float, seconds: float) -> int:
        """Send one event at a time at a steady pace over several streams, and wait for all acknowledgements.

        A lead whose score is still awaited is passed over, for 25 seconds at most: what is told later counts as not
        told, and is missing from the share of events that brought a score.

        Args:
            address: The edge.
            token: The sender's.
            leads: Whose events, in turn.
            rate: Events a second.
            seconds: For how long.

        Returns:
            How many events were acknowledged.

        Raises:
            RuntimeError: if the scores of all leads are awaited, so that none is left to send an event of.
        """
        turn, stalled = itertools.cycle(leads), asyncio.Event()
        async with grpc.aio.insecure_channel(address) as channel:
            stub: Any = IntegrationServiceStub(channel)
            begin = time.perf_counter()

            async def requests(stream: int) -> AsyncIterator[PublishEventsRequest]:
                for number in itertools.count():
                    due = begin + (number * STREAMS + stream) / rate
                    if due > begin + seconds:
                        return
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    lead = next(filter(self._is_free, itertools.islice(turn, len(leads))), None)
                    if lead is None:
                        stalled.set()
                        return
                    self.sent[lead] = time.perf_counter()
                    yield PublishEventsRequest(sequence_number=number, events=[event_of(lead)])

            async def publish(stream: int) -> int:
                count = 0
                async for answer in stub.PublishEvents(requests(stream), metadata=_bearer(token)):
                    count += len(answer.acknowledgements)
                return count

            acknowledged = sum(await asyncio.gather(*(publish(stream) for stream in range(STREAMS))))
        if stalled.is_set():
            raise RuntimeError(f"the scores of all {len(leads)} leads are awaited, and none comes")
        return acknowledged


async def publish_all(address: str, token: str, events: Sequence[Event], *, batch_size: int, streams: int) -> int:
    """Send events as fast as they are taken, and give how many were acknowledged.

    Args:
        address: The edge.
        token: The sender's.
        events: The events.
        batch_size: Events in a message.
        streams: Streams at a time.
    """
    starts = iter(range(0, len(events), batch_size))
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = IntegrationServiceStub(channel)

        async def requests() -> AsyncIterator[PublishEventsRequest]:
            for number, start in enumerate(starts):
                yield PublishEventsRequest(sequence_number=number, events=events[start : start + batch_size])

        async def publish() -> int:
            count = 0
            async for answer in stub.PublishEvents(requests(), metadata=_bearer(token)):
                count += len(answer.acknowledgements)
            return count

        return sum(await asyncio.gather(*(publish() for _ in range(streams))))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds of a process that does not tell: it is asked ten times a second."""
    while not await condition():  # noqa: ASYNC110 - other processes set no event
        await asyncio.sleep(0.1)


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)
