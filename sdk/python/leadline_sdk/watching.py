"""What a watch of scores has in common in both clients: what it passes on, and how it goes on after a failure."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

import grpc
from leadline.v1.score_pb2 import Score
from leadline.v1.scoring_service_pb2 import WatchScoresRequest, WatchScoresResponse

from leadline_sdk.errors import LeadlineError, error_from_status
from leadline_sdk.resuming import Resumption

REMEMBERED_SCORES = 4_096
STREAM_SECONDS = 900.0
"""How long one stream is kept: each new one is opened with the token of then, so a watch outlives its first token."""


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


class Watch:
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
        self._leads = tuple(leads)
        self._filter = score_filter
        self._snapshot = snapshot
        self._resume_token = resume_token
        self._resumption = Resumption(most_failures)
        self._passed_on: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    def request(self) -> WatchScoresRequest:
        """Give the request of the next stream."""
        return WatchScoresRequest(
            names=self._leads, resume_token=self._resume_token, filter=self._filter, snapshot=self._snapshot
        )

    def accept(self, message: WatchScoresResponse) -> ScoreUpdate | None:
        """Take a message; give the update to pass on, or None if it has none or repeats one.

        Raises:
            LeadlineError: the message says why the stream ends.
        """
        event = message.WhichOneof("event")
        if event == "status":
            raise error_from_status(message.status)
        self._resumption.progressed()
        self._resume_token = message.resume_token or self._resume_token
        if event == "snapshot_score":
            return ScoreUpdate(message.snapshot_score, None, self._resume_token, is_snapshot=True)
        if event != "score_change" or self._is_repeated(message.score_change.score):
            return None
        change = message.score_change
        return ScoreUpdate(
            score=change.score,
            previous_probability=change.previous_probability if change.HasField("previous_probability") else None,
            resume_token=self._resume_token,
        )

    def _is_repeated(self, score: Score) -> bool:
        key = (score.lead, score.model, score.compute_time.ToNanoseconds())
        if key in self._passed_on:
            return True
        self._passed_on[key] = None
        if len(self._passed_on) > REMEMBERED_SCORES:
            self._passed_on.popitem(last=False)
        return False

    def wait_after(self, error: LeadlineError, *, renewable: bool = False) -> float:
        """Give the seconds to wait before the next stream.

        Args:
            error: what the stream failed with.
            renewable: whether the next stream will have another access token than the one that was refused.

        Raises:
            LeadlineError: the error itself, where a new stream would not help or too many failed in a row.
        """
        if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:  # the stream's own time is over, as intended
            return 0.1
        return self._resumption.wait_after(error, renewable=renewable)
