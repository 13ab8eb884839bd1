"""Gives the answer of ScoreLead once more as long as it is true, before anything is read or computed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol
from uuid import UUID

from leadline.v1 import score_pb2

from scoring.scores.answer_cache import Answer, AnswerCache, AnswerKey
from server.interceptors.method_interceptor import (
    Behavior,
    Handler,
    Method,
    MethodInterceptor,
    behavior_of,
    with_behavior,
)
from server.runtime.identifiers import parse_name
from server.runtime.outbox_signals import PROOF_SECONDS, OutboxSignals
from server.runtime.principal import current_principal

SCORE_LEAD: Final = "/leadline.v1.ScoringService/ScoreLead"

LONGEST_DOUBT_SECONDS: Final = 4 * PROOF_SECONDS
"""For so long answers are given without a new proof that PostgreSQL's signals arrive: the bound of their staleness."""


class SharedAnswers(Protocol):
    """Answers that all scorers share."""

    async def place(self, tenant_id: UUID, lead_id: UUID, *, explained: bool) -> str | None:
        """Gives the key under which the answer to a request lies; None if it is not shared."""

    async def get(self, place: str) -> Answer | None:
        """Gives the answer under a key, if there is one that has not expired."""

    async def put(self, place: str, answer: Answer) -> None:
        """Keeps an answer under a key until it expires."""


class ScoreAnswersInterceptor(MethodInterceptor):
    """Holds answers of ScoreLead. The innermost interceptor: who may ask is decided before.

    Only scores of a model are held: without one, each outcome of another lead changes them.

    Args:
        answers: The answers of this process.
        shared: The answers of all.
        seconds: How long an answer may be given, above 0.
    """

    def __init__(self, answers: AnswerCache, shared: SharedAnswers, seconds: float) -> None:
        super().__init__()
        self._answers = answers
        self._shared = shared
        self._seconds = seconds

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Goes before the handler of ScoreLead, and leaves the others alone."""
        if method.path != SCORE_LEAD:
            return handler
        return with_behavior(handler, self._behavior(behavior_of(handler)), response_serializer=lambda content: content)

    def _behavior(self, inner: Behavior) -> Behavior:
        answers = self._answers

        async def behavior(request: Any, context: Any) -> bytes:
            key = AnswerKey(current_principal().tenant_id, request.name, not request.omit_attributions)
            content = answers.get(key)
            if content is not None:
                return content
            ticket, answer, place = answers.begin(key), None, None
            try:
                if not answers.has_changed(key):
                    place = await self._shared.place(
                        key.tenant_id, parse_name(key.lead, "leads"), explained=key.explained
                    )
                    answer = None if place is None else await self._shared.get(place)
                if answer is not None:
                    return answer.content
                score: score_pb2.Score = await inner(request, context)
                content = score.SerializeToString()
                if score.basis == score_pb2.SCORE_BASIS_MODEL:
                    answer = Answer(content, time.time() + self._seconds)
            finally:
                is_held = answers.put(key, ticket, answer)
            if is_held and place is not None and answer is not None:
                await self._shared.put(place, answer)
            return content

        return behavior


@asynccontextmanager
async def held_answers(
    database_url: str, shared: SharedAnswers, seconds: float
) -> AsyncIterator[ScoreAnswersInterceptor | None]:
    """Holds answers, and listens to what makes them untrue.

    Args:
        database_url: The database, where commits are told.
        shared: The answers of all scorers.
        seconds: How long an answer may be given; 0 for not at all.

    Yields:
        The interceptor that gives them; None if none are to be given.
    """
    if seconds == 0.0:
        yield None
        return
    loop = asyncio.get_running_loop()

    def is_live() -> bool:
        return signals.proven_time is not None and loop.time() - signals.proven_time < LONGEST_DOUBT_SECONDS

    answers = AnswerCache(is_live)
    signals = OutboxSignals(
        database_url,
        on_signal=lambda signal: answers.forget(signal.topic, signal.tenant_id, signal.lead_ids),
        on_gap=answers.forget_all,
    )
    listening = asyncio.create_task(signals.run())
    try:
        yield ScoreAnswersInterceptor(answers, shared, seconds)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
