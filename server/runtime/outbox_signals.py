"""Listens to what PostgreSQL tells at each commit with a message, on a connection of its own.

A signal comes as the transaction commits, so whoever holds a copy of a lead learns at once that it is stale. The
connection is proven every half second: its answer comes after all signals of before, so when one has come, nothing of
before is still on the way.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

import structlog

from server.runtime.listening import LOST, RETRY_SECONDS, listen
from server.runtime.outbox import CHANNEL

PROOF_SECONDS: Final = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a commit tells.

    Attributes:
        topic: The topic of its message.
        tenant_id: Whose it is.
        lead_ids: The leads that have changed; None where they are too many to be named, and for other topics.
    """

    topic: str
    tenant_id: UUID
    lead_ids: tuple[UUID, ...] | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a signal.

        Raises:
            ValueError: The text is none.
        """
        topic, tenant_id, named = text.split(" ", 2)
        lead_ids = tuple(map(UUID, named.split(","))) if named else None
        return cls(topic, UUID(tenant_id), lead_ids)


class OutboxSignals:
    """Tells of each signal, and of each time in which signals may have been missed.

    Args:
        url: The database, in any role.
        on_signal: Called with each signal, on the event loop.
        on_gap: Called when signals may have been missed: at the start, and when the connection was lost.
    """

    def __init__(self, url: str, *, on_signal: Callable[[Signal], None], on_gap: Callable[[], None]) -> None:
        self._url = url
        self._on_signal = on_signal
        self._on_gap = on_gap
        self._proven_time: float | None = None

    @property
    def proven_time(self) -> float | None:
        """The event loop's time up to which every signal has been told; None while nothing is known."""
        return self._proven_time

    async def run(self) -> None:
        """Listens until it is cancelled, and finds PostgreSQL again after an outage."""
        while True:
            try:
                await listen(
                    self._url,
                    CHANNEL,
                    self._told,
                    self._on_gap,
                    proof_seconds=PROOF_SECONDS,
                    on_proof=self._note_proof,
                )
            except LOST as error:
                if self._proven_time is not None:
                    _log.warning("signals of the outbox are missed", cause=repr(error))
            finally:
                self._proven_time = None
                self._on_gap()
            await asyncio.sleep(RETRY_SECONDS)

    def _told(self, payload: str) -> None:
        self._on_signal(Signal.parse(payload))

    def _note_proof(self, time: float) -> None:
        self._proven_time = time
