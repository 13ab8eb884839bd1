"""How much each website may send, counted in Redis. Keys of a tenant share its hash tag, and so a cluster's slot."""

from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from server.runtime.errors import TrackingThrottled
from server.runtime.redis import redis_errors_as_unavailable

# KEYS: counter. ARGV: events, milliseconds of the window. Gives the count and the milliseconds left.
_COUNT: Final = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {count, redis.call('PTTL', KEYS[1])}
"""
_WINDOW_MILLISECONDS: Final = 60_000


class RedisTrackingLimit:
    """Counts the events of each key in windows of a minute. See the port `TrackingLimit`.

    Args:
        redis: The client.
        events_per_minute: How many a key may send in a window.
    """

    def __init__(self, redis: Redis, events_per_minute: int) -> None:
        self._most = events_per_minute
        self._count = redis.register_script(_COUNT)

    async def count(self, tenant_id: UUID, key_id: UUID, events: int) -> None:
        """Counts events of a key.

        Raises:
            TrackingThrottled: It has sent too many.
            DependencyUnavailable: Redis can't be reached.
        """
        with redis_errors_as_unavailable():
            count, left = await self._count(
                keys=[f"leadline:{{{tenant_id}}}:tracked:{key_id}"], args=[events, _WINDOW_MILLISECONDS]
            )
        if count > self._most:
            raise TrackingThrottled(max(left, 1) / 1000)
