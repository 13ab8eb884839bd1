"""Moves messages from the outbox to the Redis streams, in their order, each at least once.

Both sides count the batches. Where Redis has another number than PostgreSQL, it was emptied or has come back with an
older state, and what it lost is made good.
"""

import time
from typing import Final

import asyncpg
import structlog
from redis.asyncio import Redis

from server.runtime import streams
from server.runtime.connection_pool import Driver
from server.runtime.database import Database
from server.runtime.redis import redis_errors_as_unavailable
from server.store.lost_streams import restore_streams

BATCH_SIZE: Final = 500
SCORES_KEPT_SECONDS: Final = 7 * 86_400
"""How long a score change is kept for watchers that resume."""
LARGEST_SCORE_STREAM: Final = 1_000_000
"""The most messages of one tenant's score changes, whatever their age."""
LARGEST_ALARM_STREAM: Final = 10_000
"""About the most alarms that are kept for whoever reads them; PostgreSQL has them all."""
LARGEST_BACKLOG: Final = 10_000
"""With more messages in a stream of changed leads, further ones wait in PostgreSQL, which has more room than Redis."""

# One relay sends at a time: with two, a tenant's later message could overtake an earlier one. The others stand by.
_RELAY_LOCK: Final = 4_019_110_718

# The lock is taken by the statement that reads, to save a round trip. Rows that another relay has deleted since are
# not deleted again, and so not read.
_TAKE: Final = f"""
WITH place AS MATERIALIZED (SELECT pg_try_advisory_xact_lock({_RELAY_LOCK}) AS is_held),
taken AS (
    DELETE FROM outbox USING place
    WHERE place.is_held AND id IN (SELECT id FROM outbox WHERE topic <> ALL ($2) ORDER BY id LIMIT $1)
    RETURNING id, tenant_id, topic, payload
),
counted AS (
    UPDATE relay_progress SET batch_count = batch_count + 1 WHERE EXISTS (SELECT FROM taken) RETURNING batch_count
)
SELECT is_held, coalesce((SELECT batch_count FROM counted), (SELECT batch_count FROM relay_progress)) AS batch_count,
    id, tenant_id, topic, payload
FROM place LEFT JOIN taken ON true ORDER BY id
"""  # noqa: S608 - a constant

# A batch whose transaction failed after Redis had it is sent, and counted, again. Nothing is counted after a loss, so
# that it is noticed again if making it good is cut off.
_COUNT: Final = """
local seen, batch = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])
if seen ~= batch - 1 and seen ~= batch then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""

_STREAMS: Final = {
    "training.requested": streams.TRAINING_REQUESTS,
    "rescoring.requested": streams.RESCORING_REQUESTS,
    "experiment.started": streams.EXPERIMENT_STARTS,
    "model.alarm": streams.MODEL_ALARMS,
}
_LEAD_CHANGED: Final = "lead.changed"
_SCORE_CHANGED: Final = "score.changed"

_log = structlog.get_logger()


class OutboxRelay:
    """Sends the outbox's messages batch by batch.

    Args:
        database: The database in the role of the relay.
        redis: Where the streams are.
        largest_backlog: How many messages may wait in a stream of changed leads, 1 or more.
    """

    def __init__(self, database: Database, redis: Redis, *, largest_backlog: int = LARGEST_BACKLOG) -> None:
        self._database = database
        self._redis = redis
        self._largest_backlog = largest_backlog
        self._full_streams: set[str] = set()

    async def send_batch(self) -> int | None:
        """Sends the oldest messages and deletes them once Redis has them.

        Returns:
            How many were sent; None if another relay is at work.

        Raises:
            DependencyUnavailable: PostgreSQL or Redis can't be reached. What was on the way is sent again.
        """
        await self._look_at_full_streams()
        held_back = [_LEAD_CHANGED] if self._full_streams else []
        async with self._database.session() as connection, connection.transaction():
            rows = await connection.fetch(_TAKE, BATCH_SIZE, held_back)
            if not rows[0]["is_held"]:
                return None
            messages = [row for row in rows if row["id"] is not None]
            batch_count = rows[0]["batch_count"]
            if messages:
                if not await self._send(messages, batch_count):
                    await self._make_good(connection, batch_count - 1)
                    await self._send(messages, batch_count)
            elif not await self._is_as_left(batch_count):
                await self._make_good(connection, batch_count)
            return len(messages)

    @property
    def holds_back(self) -> bool:
        """Whether messages wait since the workers do not keep up."""
        return bool(self._full_streams)

    async def _is_as_left(self, batch_count: int) -> bool:
        with redis_errors_as_unavailable():
            seen = int(await self._redis.get(streams.RELAYED_BATCHES) or 0)
        return seen in (batch_count, batch_count + 1)

    async def _make_good(self, connection: Driver, batch_count: int) -> None:
        _log.error("redis has lost data", batch_count=batch_count)
        await restore_streams(connection, self._redis)
        with redis_errors_as_unavailable():
            await self._redis.set(streams.RELAYED_BATCHES, batch_count)

    async def _send(self, rows: list[asyncpg.Record], batch_count: int) -> bool:
        """Sends a batch; False if Redis turned out not to have all batches of before."""
        oldest_kept = round((time.time() - SCORES_KEPT_SECONDS) * 1000)
        watched: dict[str, None] = {}
        with redis_errors_as_unavailable():
            pipeline = self._redis.pipeline(transaction=False)
            for row in rows:
                stream = _stream_of(row)
                is_score = row["topic"] == _SCORE_CHANGED
                pipeline.xadd(
                    stream,
                    {"tenant_id": str(row["tenant_id"]), "payload": row["payload"]},
                    minid=oldest_kept if is_score else None,
                )
                if row["topic"] == _LEAD_CHANGED:
                    watched[stream] = None
                elif is_score:
                    pipeline.xtrim(stream, maxlen=LARGEST_SCORE_STREAM, approximate=True)
                elif stream == streams.MODEL_ALARMS:
                    pipeline.xtrim(stream, maxlen=LARGEST_ALARM_STREAM, approximate=True)
            pipeline.eval(_COUNT, 1, streams.RELAYED_BATCHES, str(batch_count))
            for stream in watched:
                pipeline.xlen(stream)
            answers = await pipeline.execute()
        if watched:
            lengths = zip(watched, answers[-len(watched) :], strict=True)
            self._full_streams |= {stream for stream, length in lengths if length > self._largest_backlog}
        return bool(answers[-len(watched) - 1])

    async def _look_at_full_streams(self) -> None:
        with redis_errors_as_unavailable():
            for stream in list(self._full_streams):
                if await self._redis.xlen(stream) <= self._largest_backlog // 2:
                    self._full_streams.discard(stream)


def is_full(sent: int | None) -> bool:
    """Tells whether more messages may wait after a batch of this size."""
    return sent == BATCH_SIZE


def _stream_of(row: asyncpg.Record) -> str:
    match row["topic"]:
        case "lead.changed":
            return streams.lead_changes_of(row["tenant_id"])
        case "score.changed":
            return streams.score_changes_of(row["tenant_id"])
        case topic:
            return _STREAMS[topic]
