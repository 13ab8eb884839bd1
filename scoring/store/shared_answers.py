"""Answers to requests for a score, shared by all scorers in Redis.

Each lies under what it was computed from: the lead with its revision and the number of its events, the champion, the
rule set and the experiment. All of these are asked of PostgreSQL first, so what is found is true whatever was missed.
"""

import asyncio
import struct
import time
from collections.abc import Awaitable
from typing import Any, Final
from uuid import UUID

import structlog
from redis.asyncio import Redis

from scoring.scores.answer_cache import Answer
from server.runtime.database import Database
from server.runtime.errors import DependencyUnavailable
from server.runtime.redis import redis_errors_as_unavailable

PATIENCE_SECONDS: Final = 0.05
"""A score that comes later than this is computed sooner."""

PAUSE_SECONDS: Final = 5.0
"""How long Redis is left alone after it did not answer."""

_EXPIRE_TIME: Final = struct.Struct("<d")

# One round trip, as for the leads themselves: see `scoring.store.leads`.
_VERSION: Final = """
SELECT l.revision,
    (SELECT coalesce(sum(c.count), 0)::bigint FROM lead_event_counters c WHERE c.tenant_id = $1 AND c.lead_id = l.id),
    (SELECT m.id FROM models m WHERE m.tenant_id = $1 AND m.state = 2),
    (SELECT r.id FROM rule_sets r WHERE r.tenant_id = $1 AND r.active),
    (SELECT max(e.id::text) FROM experiments e WHERE e.tenant_id = $1 AND e.state = 1)
FROM (SELECT set_config('app.tenant_id', $1::uuid::text, true) AS tenant OFFSET 0) setting,
    LATERAL (SELECT id, revision FROM leads WHERE tenant_id = setting.tenant::uuid AND id = $2 OFFSET 0) l
"""

_log = structlog.get_logger(__name__)


class SharedAnswers:
    """The answers in Redis. Without Redis there are none.

    Args:
        database: The database in the role of the application.
        redis: Where the answers are.
    """

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self._paused_until = 0.0

    async def place(self, tenant_id: UUID, lead_id: UUID, *, explained: bool) -> str | None:
        """Gives the key under which the answer to a request lies.

        Args:
            tenant_id: The caller's tenant.
            lead_id: The lead.
            explained: Whether the answer has the reasons.

        Returns:
            The key; None if the tenant has no such lead or no model, or the stores did not answer in time.
        """
        if asyncio.get_running_loop().time() < self._paused_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._database.session() as connection:
                row = await connection.fetchrow(_VERSION, tenant_id, lead_id)
        except (TimeoutError, DependencyUnavailable):
            return None
        if row is None or row[2] is None:
            return None
        version = ":".join(map(str, row))
        return f"leadline:{{{tenant_id}}}:score:{lead_id}:{version}:{'explained' if explained else 'plain'}"

    async def get(self, place: str) -> Answer | None:
        """Gives the answer under a key, if there is one that has not expired."""
        content: bytes | None = await self._ask(self._redis.get(place))
        if content is None:
            return None
        (expire_time,) = _EXPIRE_TIME.unpack_from(content)
        return Answer(content[_EXPIRE_TIME.size :], expire_time) if expire_time > time.time() else None

    async def put(self, place: str, answer: Answer) -> None:
        """Keeps an answer under a key until it expires."""
        content = _EXPIRE_TIME.pack(answer.expire_time) + answer.content
        milliseconds = max(1, round((answer.expire_time - time.time()) * 1000))
        await self._ask(self._redis.set(place, content, px=milliseconds))

    async def _ask(self, command: Awaitable[Any]) -> Any:
        try:
            with redis_errors_as_unavailable():
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await command
        except DependencyUnavailable as error:
            _log.warning("scores are not shared for a while", cause=repr(error.__cause__))
            self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
            return None
