"""What publishing events has in common in both clients: what is on its way, and what became of it.

Each message is kept until Leadline has answered it, so what a lost connection cut off is sent again; an event is known
by its `event_id`, so nothing is kept twice.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from leadline.v1.event_pb2 import Event
from leadline.v1.integration_service_pb2 import EventOutcome, PublishEventsRequest, PublishEventsResponse

from leadline_sdk.errors import LeadlineError, error_from_status
from leadline_sdk.resuming import EndlessResumption

MOST_UNANSWERED = 256
"""Messages that may be on their way: more wait until Leadline has answered, so that memory stays constant."""


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """What became of an event that was published.

    Attributes:
        event_id: the sender's id of the event.
        outcome: whether it is kept now, was kept before, or is refused. An event whose answer got lost is sent again,
            and then was kept before.
        error: why it was refused; None if it was not.
        dead_letter: where a refused event is kept to be corrected and replayed; empty for other events.
    """

    event_id: str
    outcome: EventOutcome.ValueType
    error: LeadlineError | None
    dead_letter: str


class Publication:
    """Events on their way, over as many streams as it takes.

    Args:
        most_failures: streams that may fail in a row.
    """

    def __init__(self, most_failures: int) -> None:
        self.is_complete = False
        """Whether all events have been given out."""
        self._resumption = EndlessResumption(most_failures)
        self._unanswered: deque[PublishEventsRequest] = deque()
        self._next_number = 0

    @property
    def is_full(self) -> bool:
        """Whether no more events may be sent until some are answered."""
        return len(self._unanswered) >= MOST_UNANSWERED

    @property
    def is_over(self) -> bool:
        """Whether every event has been answered and no more come."""
        return self.is_complete and not self._unanswered

    def add(self, event: Event) -> None:
        """Take an event to be sent."""
        self._unanswered.append(PublishEventsRequest(sequence_number=self._next_number, events=[event]))
        self._next_number += 1

    def message(self, number: int) -> PublishEventsRequest | None:
        """Give the first message to send with this number or a higher one; None if there is none yet."""
        first = self._unanswered[0].sequence_number if self._unanswered else self._next_number
        place = max(0, number - first)
        return self._unanswered[place] if place < len(self._unanswered) else None

    def accept(self, response: PublishEventsResponse) -> Iterator[PublishedEvent]:
        """Take an answer and give what became of its events."""
        self._resumption.progressed()
        while self._unanswered and self._unanswered[0].sequence_number <= response.sequence_number:
            self._unanswered.popleft()
        for told in response.acknowledgements:
            error = error_from_status(told.status) if told.HasField("status") else None
            yield PublishedEvent(told.event_id, told.outcome, error, told.dead_letter)

    def wait_after(self, error: LeadlineError, *, renewable: bool) -> float:
        """Give the seconds to wait before the next stream; see `Resumption.wait_after`."""
        return self._resumption.wait_after(error, renewable=renewable)
