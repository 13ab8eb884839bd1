"""What a watch has in common in both clients: what it passes on, and how it goes on after a failure."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from google.rpc.status_pb2 import Status
from leadline.v1.score_pb2 import Score
from leadline.v1.scoring_service_pb2 import WatchScoresRequest, WatchScoresResponse

from leadline_sdk.errors import LeadlineError, error_from_status
from leadline_sdk.resuming import EndlessResumption

REMEMBERED_UPDATES = 4_096
STREAM_SECONDS = 900.0
"""How long one stream is kept: each new one is opened with the token of then, so a watch outlives its first token."""


class WatchMessage(Protocol):
    """A message of a stream that can be resumed."""

    @property
    def resume_token(self) -> str:
        """What goes on right after this message."""
        ...

    @property
    def status(self) -> Status:
        """Why the stream ends, if it does."""
        ...

    def WhichOneof(self, _group: Literal["event"], /) -> str | None:  # noqa: N802 -- protobuf's name
        """Name what the message carries."""
        ...


_Request_co = TypeVar("_Request_co", covariant=True)
_Message = TypeVar("_Message", bound=WatchMessage)
_Update = TypeVar("_Update")


class Watch(ABC, Generic[_Request_co, _Message, _Update]):
    """A watch that goes on over as many streams as it takes, and passes each update on once.

    Args:
        resume_token: of the last update that was handled; empty to start from now.
        most_failures: streams that may fail in a row.

    Attributes:
        resume_token: of the last message.
    """

    def __init__(self, resume_token: str, most_failures: int) -> None:
        self.resume_token = resume_token
        self._resumption = EndlessResumption(most_failures)
        self._passed_on: OrderedDict[Hashable, None] = OrderedDict()

    @abstractmethod
    def request(self) -> _Request_co:
        """Give the request of the next stream."""

    @abstractmethod
    def _update(self, message: _Message, event: str | None) -> _Update | None:
        """Give the update of a message that does not end the stream; None if it has none or repeats one.

        Args:
            message: the message.
            event: which of its events it carries.
        """

    def accept(self, message: _Message) -> _Update | None:
        """Take a message; give the update to pass on, or None if it has none or repeats one.

        Raises:
            LeadlineError: the message says why the stream ends.
        """
        event = message.WhichOneof("event")
        if event == "status":
            raise error_from_status(message.status)
        self._resumption.progressed()
        self.resume_token = message.resume_token or self.resume_token
        return self._update(message, event)

    def _is_repeated(self, key: Hashable) -> bool:
        """Tell whether what this key names was passed on before, and remember it: announcing is at least once."""
        if key in self._passed_on:
            return True
        self._passed_on[key] = None
        if len(self._passed_on) > REMEMBERED_UPDATES:
            self._passed_on.popitem(last=False)
        return False

    def wait_after(self, error: LeadlineError, *, renewable: bool = False) -> float:
        """Give the seconds to wait before the next stream; see `Resumption.wait_after`."""
        return self._resumption.wait_after(error, renewable=renewable)


@dataclass(frozen=True, slots=True)
class ScoreUpdate:
    """A new score of a lead.

    Attributes:
        score: the score, without attributions; `score.lead` says whose it is.
        previous_probability: the probability before, in [0, 1]; None if this is the lead's first score.
        resume_token: give it to `watch_scores` to go on right after this update, even in another process.
        is_snapshot: whether it is a stored score as it is, and not a change.
    """

    score: Score
    previous_probability: float | None
    resume_token: str
    is_snapshot: bool = False


class ScoreWatch(Watch[WatchScoresRequest, WatchScoresResponse, ScoreUpdate]):
    """A watch that goes on over as many streams as it takes.

    It keeps the resume token of the last message, and the latest scores that it passed on: storing and announcing a
    score is at least once, so the same one can come again.
    """

    def __init__(
        self,
        leads: Collection[str],
        resume_token: str,
        most_failures: int,
        score_filter: str = "",
        *,
        snapshot: bool = False,
    ) -> None:
        super().__init__(resume_token, most_failures)
        self._leads = tuple(leads)
        self._filter = score_filter
        self._snapshot = snapshot

    def request(self) -> WatchScoresRequest:
        """Give the request of the next stream."""
        return WatchScoresRequest(
            names=self._leads, resume_token=self.resume_token, filter=self._filter, snapshot=self._snapshot
        )

    def _update(self, message: WatchScoresResponse, event: str | None) -> ScoreUpdate | None:
        if event == "snapshot_score":
            return ScoreUpdate(message.snapshot_score, None, self.resume_token, is_snapshot=True)
        if event != "score_change":
            return None
        change = message.score_change
        score = change.score
        if self._is_repeated((score.lead, score.model, score.compute_time.ToNanoseconds())):
            return None
        return ScoreUpdate(
            score=score,
            previous_probability=change.previous_probability if change.HasField("previous_probability") else None,
            resume_token=self.resume_token,
        )
