"""Makes good what Redis lost: nothing that was committed stays undone, and no watcher skips a change unknowingly."""

from typing import Final

import orjson
from redis.asyncio import Redis

from server.runtime import streams
from server.runtime.connection_pool import Driver
from server.runtime.identifiers import new_id
from server.runtime.redis import redis_errors_as_unavailable

# Who works on an operation tells every few seconds where it stands, and needs no second message.
_OPERATIONS: Final = """
SELECT tenant_id, id, method FROM operations
WHERE method = ANY ($1) AND (state = 1 OR state = 2 AND update_time < now() - interval '30 seconds')
ORDER BY id
"""
_EXPERIMENTS: Final = "SELECT tenant_id, id FROM experiments WHERE state = 1 ORDER BY id"

_STREAMS: Final = {"TrainModel": streams.TRAINING_REQUESTS, "RescoreLeads": streams.RESCORING_REQUESTS}


async def restore_streams(connection: Driver, redis: Redis) -> None:
    """Sends again what may have been lost of requests, and begins a new epoch.

    In the new epoch the workers score every open lead once more, and with it each whose change was lost. The streams
    of score changes are dropped, whatever is left of them: a resume token from before then counts as expired, and the
    watcher gets a snapshot, instead of going on behind a gap.

    Args:
        connection: A connection in the role of the relay.
        redis: Where the streams are.

    Raises:
        DependencyUnavailable: Redis can't be reached; nothing is lost by doing all of it again.
    """
    operations = await connection.fetch(_OPERATIONS, list(_STREAMS))
    experiments = await connection.fetch(_EXPERIMENTS)
    with redis_errors_as_unavailable():
        async for stream in redis.scan_iter(match=streams.EVERY_SCORE_CHANGES, count=1_000):
            await redis.unlink(stream)
        pipeline = redis.pipeline(transaction=False)
        for row in operations:
            payload = orjson.dumps({"operation_id": str(row["id"])})
            pipeline.xadd(_STREAMS[row["method"]], {"tenant_id": str(row["tenant_id"]), "payload": payload})
        for row in experiments:
            payload = orjson.dumps({"experiment_id": str(row["id"])})
            pipeline.xadd(streams.EXPERIMENT_STARTS, {"tenant_id": str(row["tenant_id"]), "payload": payload})
        # At the end: what comes before is done again if it is cut off.
        pipeline.set(streams.EPOCH, str(new_id()))
        await pipeline.execute()
