"""Access tokens that were revoked before they expire, as each process knows them.

Whoever revokes writes to one sorted set in Redis; each process asks for what is new once a second and keeps it in its
memory, so that a call asks nobody. While Redis is away, tokens that are not yet known as revoked stay good until they
expire, minutes later.
"""

import asyncio
import time
from uuid import UUID

import structlog
from redis.asyncio import Redis

from server.runtime.errors import DependencyUnavailable
from server.runtime.principal import Principal
from server.runtime.redis import redis_errors_as_unavailable

REVOCATIONS_KEY = "leadline:revocations"
POLL_SECONDS = 1.0
# What another process writes may come late, by as much as clocks differ.
OVERLAP_SECONDS = 30.0
# Longer than any access token lives, with clocks that differ.
REMEMBERED_SECONDS = 3600.0

_log = structlog.get_logger()


class Revocations:
    """What was revoked of late.

    Args:
        redis: Where it is written.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sessions: dict[UUID, float] = {}
        self._subjects: dict[str, float] = {}
        self._asked_time = 0.0

    def refuses(self, principal: Principal) -> bool:
        """Tells whether the token of a principal was revoked."""
        if principal.session_id is not None and principal.session_id in self._sessions:
            return True
        revoke_time = self._subjects.get(principal.subject)
        return revoke_time is not None and principal.issue_time <= revoke_time

    async def poll(self) -> None:
        """Asks for what is new.

        Raises:
            DependencyUnavailable: Redis can't be reached.
        """
        now = time.time()
        with redis_errors_as_unavailable():
            found: list[tuple[bytes, float]] = await self._redis.zrangebyscore(  # type: ignore[assignment]
                REVOCATIONS_KEY, self._asked_time, "+inf", withscores=True
            )
        for member, revoke_time in found:
            self._note(member.decode(), revoke_time)
        self._asked_time = now - OVERLAP_SECONDS
        self._forget(now - REMEMBERED_SECONDS)

    async def follow(self) -> None:
        """Asks again and again, without an end."""
        away = False
        while True:
            try:
                await self.poll()
            except DependencyUnavailable as error:
                if not away:
                    _log.warning("revocations can't be read", cause=repr(error.__cause__))
                away = True
            else:
                away = False
            await asyncio.sleep(POLL_SECONDS)

    def _note(self, member: str, revoke_time: float) -> None:
        kind, _, revoked = member.partition(" ")
        if kind == "session":
            self._sessions[UUID(revoked)] = revoke_time
        else:
            self._subjects[revoked] = max(revoke_time, self._subjects.get(revoked, 0.0))

    def _forget(self, until: float) -> None:
        """Forgets what concerns only tokens that have expired by themselves."""
        known: dict[UUID, float] | dict[str, float]
        for known in (self._sessions, self._subjects):
            if any(revoke_time < until for revoke_time in known.values()):
                kept = {revoked: revoke_time for revoked, revoke_time in known.items() if revoke_time >= until}
                known.clear()
                known.update(kept)  # type: ignore[arg-type]
