"""Gives the answer of ScoreLead once more as long as it is true, before anything is read or computed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol
from uuid import UUID

from leadline.v1 import score_pb2, scoring_service_pb2

from scoring.scores.answer_cache import Answer, AnswerCache, AnswerKey
from server.interceptors.authentication import bearer_token
from server.interceptors.method_interceptor import (
    Behavior,
    Handler,
    Method,
    MethodInterceptor,
    behavior_of,
    with_behavior,
)
from server.interceptors.page_origins import page_origin
from server.interceptors.permissions import required_scope
from server.interceptors.telemetry import log_call, request_id_of
from server.interceptors.tokens import TokenVerifier
from server.runtime.errors import LeadlineError
from server.runtime.identifiers import parse_name
from server.runtime.logging import set_current_request_id
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
    """Computes answers of ScoreLead to be held. The innermost interceptor: who may ask is decided before.

    Only scores of a model are held: without one, each outcome of another lead changes them.

    Attributes:
        answers: The answers of this process.

    Args:
        answers: The answers of this process.
        shared: The answers of all.
        seconds: How long an answer may be given, above 0.
    """

    def __init__(self, answers: AnswerCache, shared: SharedAnswers, seconds: float) -> None:
        super().__init__()
        self.answers = answers
        self._shared = shared
        self._seconds = seconds

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Goes before the handler of ScoreLead, and leaves the others alone."""
        if method.path != SCORE_LEAD:
            return handler
        return with_behavior(handler, self._behavior(behavior_of(handler)), response_serializer=lambda content: content)

    def _behavior(self, inner: Behavior) -> Behavior:
        answers = self.answers

        async def behavior(request: Any, context: Any) -> bytes:
            key = AnswerKey(current_principal().tenant_id, request.name, not request.omit_attributions)
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
                    expire_time = time.time() + self._seconds
                    if score.HasField("next_grade_time"):
                        expire_time = min(expire_time, score.next_grade_time.ToMicroseconds() / 1e6)
                    answer = Answer(content, expire_time)
            finally:
                is_held = answers.put(key, ticket, answer)
            if is_held and place is not None and answer is not None:
                await self._shared.put(place, answer)
            return content

        return behavior


class HeldAnswersInterceptor(MethodInterceptor):
    """Gives answers that are held. The outermost interceptor, so that they cost little more than their bytes.

    The token is verified and the permission asked for as for any call, and the call is logged. Other checks have been
    passed by the request to which the answer was computed.

    Args:
        answers: The answers of this process.
        verifier: Verifies tokens.
    """

    def __init__(self, answers: AnswerCache, verifier: TokenVerifier) -> None:
        super().__init__()
        self._answers = answers
        self._verifier = verifier

    def wrap(self, method: Method, handler: Handler) -> Handler:
        """Goes before all that happens with ScoreLead, and leaves the others alone."""
        if method.path != SCORE_LEAD or method.descriptor is None:
            return handler
        return with_behavior(handler, self._behavior(behavior_of(handler), required_scope(method.descriptor)))

    def _behavior(self, inner: Behavior, scope: str | None) -> Behavior:
        answers, verifier = self._answers, self._verifier

        async def behavior(request: Any, context: Any) -> Any:
            begin = time.perf_counter()
            try:
                principal = verifier.verify(bearer_token(context))
            except LeadlineError:
                return await inner(request, context)
            if page_origin(context) is not None:  # whose pages may call, the interceptors know
                return await inner(request, context)
            if scope in principal.permissions and isinstance(request, scoring_service_pb2.ScoreLeadRequest):
                content = answers.get(AnswerKey(principal.tenant_id, request.name, not request.omit_attributions))
                if content is not None:
                    set_current_request_id(request_id_of(context))
                    log_call(SCORE_LEAD, begin, tenant=str(principal.tenant_id))
                    return content
            return await inner(request, context)

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
