"""What a watch of scores tells, and how far it has come."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self
from uuid import UUID

from scoring.scores.score_filter import EVERY_SCORE, ScoreFilter


class Position(NamedTuple):
    """How far a watch has come in its tenant's stream of score changes. Positions sort as the stream does.

    Attributes:
        milliseconds: First half of the id of a stream entry.
        sequence: Second half of the id.
        told: How many changes of that entry have been passed, 0 or more; all entries before it have.
    """

    milliseconds: int
    sequence: int
    told: int

    @property
    def entry_id(self) -> str:
        """The id of the stream entry."""
        return f"{self.milliseconds}-{self.sequence}"

    @classmethod
    def before_entry(cls, entry_id: str) -> Self:
        """The position at which nothing of an entry has been told."""
        milliseconds, _, sequence = entry_id.partition("-")
        return cls(int(milliseconds), int(sequence), 0)


START = Position(0, 0, 0)
SNAPSHOT = Position(0, 0, -1)
"""Where a watch stands as long as its snapshot is not complete."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """Something that a watch tells.

    Attributes:
        position: Where the watch stands after it.
        change: An entry of a `score.changed` message; None for a sign of life.
        stored: Of a snapshot, a stored score, in the form of such an entry.
        snapshot_count: At the end of a snapshot, how many scores it had.
        earliest: The place before the earliest change that is kept; in signs of life and at the end of a snapshot.
    """

    position: Position
    change: Mapping[str, Any] | None = None
    stored: Mapping[str, Any] | None = None
    snapshot_count: int | None = None
    earliest: Position | None = None


class StoredScores(Protocol):
    """Where the scores of leads are read as they are."""

    def stored(
        self, tenant_id: UUID, lead_ids: frozenset[str] | None, score_filter: ScoreFilter
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Gives stored scores in the form of entries of a `score.changed` message.

        Args:
            tenant_id: The tenant.
            lead_ids: Only of these leads; None for all.
            score_filter: Only these scores.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """


class ScoreWatch(Protocol):
    """Tells of new scores."""

    def watch(
        self,
        tenant_id: UUID,
        lead_ids: frozenset[str] | None,
        after: Position | None,
        score_filter: ScoreFilter = EVERY_SCORE,
        *,
        snapshot: bool = False,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Tells of each new score of a tenant, without end; at once, and when nothing happens, gives a sign of life.

        Args:
            tenant_id: The tenant.
            lead_ids: Only these leads; None for all.
            after: Where to go on; None for now.
            score_filter: Only these scores.
            snapshot: Whether to tell all stored scores first if `after` is None, or is not kept any more.

        Raises:
            ResumeTokenExpired: What comes after `after` is not kept any more, and no snapshot was asked for.
            SlowConsumer: The events were not taken fast enough.
            DependencyUnavailable: Redis can't be reached.
        """
