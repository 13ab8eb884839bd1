"""Sessions, one-time tokens and attempts in Redis. Keys of a tenant share its hash tag, and so a cluster's slot."""

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from redis.asyncio import Redis

from server.identity.ports import Session
from server.interceptors.revocations import REMEMBERED_SECONDS, REVOCATIONS_KEY
from server.runtime.errors.identity import LogInThrottled
from server.runtime.redis import redis_errors_as_unavailable

# KEYS: session. ARGV: old digest, new digest, session, milliseconds to live.
_ROTATE = """
if redis.call('HGET', KEYS[1], 'digest') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'digest', ARGV[2], 'session', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
# KEYS: value. ARGV: expected value.
_TAKE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
"""
# KEYS: counter. ARGV: milliseconds of the window. Gives the count and the milliseconds left.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""


class RedisSessionStore:
    """The sessions of all tenants. See the port `SessionStore`.

    Args:
        redis: The client.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._rotate = redis.register_script(_ROTATE)

    async def begin(self, tenant_id: UUID, session: Session, refresh_digest: bytes) -> None:
        """Keeps a session until it expires."""
        key, index = _session_key(tenant_id, session.session_id), _index_key(tenant_id, session.user_id)
        with redis_errors_as_unavailable():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(key, mapping={"digest": refresh_digest, "session": _encode(session)})
                pipeline.pexpireat(key, _milliseconds(session.expire_time))
                pipeline.zadd(index, {session.session_id.bytes: session.create_time.timestamp()})
                await pipeline.execute()

    async def get(self, tenant_id: UUID, session_id: UUID) -> Session | None:
        """Gives a session; None if it has ended."""
        with redis_errors_as_unavailable():
            text = await self._redis.hget(_session_key(tenant_id, session_id), "session")
        return None if text is None else _decode(text)

    async def of_user(self, tenant_id: UUID, user_id: UUID) -> Sequence[Session]:
        """Gives a user's sessions, the newest first, and forgets those that have expired."""
        with redis_errors_as_unavailable():
            index = _index_key(tenant_id, user_id)
            members: list[bytes] = await self._redis.zrevrange(index, 0, -1)  # type: ignore[assignment]
            found = [UUID(bytes=member) for member in members]
            sessions = [await self.get(tenant_id, session_id) for session_id in found]
            gone = [known.bytes for known, session in zip(found, sessions, strict=True) if session is None]
            if gone:
                await self._redis.zrem(index, *gone)
        return [session for session in sessions if session is not None]

    async def rotate(self, tenant_id: UUID, session: Session, old_digest: bytes, new_digest: bytes) -> bool:
        """Puts another refresh token in place of the newest one."""
        lifetime = _milliseconds(session.expire_time) - round(time.time() * 1000)
        with redis_errors_as_unavailable():
            done = await self._rotate(
                keys=[_session_key(tenant_id, session.session_id)],
                args=[old_digest, new_digest, _encode(session), lifetime],
            )
        return bool(done)

    async def end(self, tenant_id: UUID, user_id: UUID, session_ids: Sequence[UUID]) -> None:
        """Ends sessions of a user and revokes their access tokens."""
        if not session_ids:
            return
        with redis_errors_as_unavailable():
            await self._revoke([f"session {session_id}" for session_id in session_ids])
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(*[_session_key(tenant_id, session_id) for session_id in session_ids])
                pipeline.zrem(_index_key(tenant_id, user_id), *[session_id.bytes for session_id in session_ids])
                await pipeline.execute()

    async def revoke_tokens(self, subjects: Sequence[str]) -> None:
        """Revokes the access tokens that were issued until now to principals."""
        with redis_errors_as_unavailable():
            await self._revoke([f"subject {subject}" for subject in subjects])

    async def _revoke(self, members: Sequence[str]) -> None:
        if not members:
            return
        now = time.time()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.zadd(REVOCATIONS_KEY, dict.fromkeys(members, now))
            pipeline.zremrangebyscore(REVOCATIONS_KEY, "-inf", now - REMEMBERED_SECONDS)
            await pipeline.execute()


class RedisOneTimeStore:
    """Things that count once and for a time. See the port `OneTimeStore`.

    Args:
        redis: The client.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._count = redis.register_script(_COUNT)

    async def put(self, tenant_id: UUID, kind: str, key: UUID, value: str, lifetime: timedelta) -> None:
        """Keeps a value."""
        with redis_errors_as_unavailable():
            await self._redis.set(_one_time_key(tenant_id, kind, key), value, px=lifetime)

    async def take(self, tenant_id: UUID, kind: str, key: UUID, value: str) -> bool:
        """Takes a value away if it is the one that is kept."""
        with redis_errors_as_unavailable():
            return bool(await self._take(keys=[_one_time_key(tenant_id, kind, key)], args=[value]))

    async def count(self, tenant_id: UUID, kind: str, key: UUID, lifetime: timedelta) -> int:
        """Counts one more, from 1, until the time is over."""
        with redis_errors_as_unavailable():
            milliseconds = round(lifetime.total_seconds() * 1000)
            counted = await self._count(keys=[_one_time_key(tenant_id, kind, key)], args=[milliseconds])
        return int(counted[0])


class RedisThrottle:
    """Counts attempts in windows of 15 minutes. See the port `Throttle`.

    One address gets few attempts for one account. All addresses together get more, so that nobody can lock a user out
    with a few calls, and one address gets more for all accounts, since an office may share it.

    Args:
        redis: The client.
        purpose: What is attempted; each purpose counts alone.
        for_account_from_address: How often in a window, for one account from one address.
        for_account: Likewise for one account from all addresses.
        from_address: Likewise from one address for all accounts.
    """

    WINDOW = timedelta(minutes=15)

    def __init__(
        self,
        redis: Redis,
        purpose: str,
        *,
        for_account_from_address: int = 10,
        for_account: int = 100,
        from_address: int = 300,
    ) -> None:
        self._redis = redis
        self._purpose = purpose
        self._limits = (for_account_from_address, for_account, from_address)
        self._count = redis.register_script(_COUNT)

    async def attempt(self, account: str, address: str) -> None:
        """Counts an attempt."""
        window = round(self.WINDOW.total_seconds() * 1000)
        longest = 0
        with redis_errors_as_unavailable():
            for key, limit in zip(self._keys(account, address), self._limits, strict=True):
                count, left = await self._count(keys=[key], args=[window])
                if count > limit:
                    longest = max(longest, left)
        if longest:
            raise LogInThrottled(longest / 1000)

    async def forgive(self, account: str, address: str) -> None:
        """Forgets the attempts for an account from an address."""
        with redis_errors_as_unavailable():
            await self._redis.delete(self._keys(account, address)[0])

    def _keys(self, account: str, address: str) -> tuple[str, str, str]:
        # Digests, since an e-mail address is personal and of any length.
        purpose, who = f"leadline:attempts:{self._purpose}", _short_digest(account)
        return (
            f"{purpose}:{who}:{_short_digest(address)}",
            f"{purpose}:{who}",
            f"{purpose}:from:{_short_digest(address)}",
        )


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _session_key(tenant_id: UUID, session_id: UUID) -> str:
    return f"leadline:{{{tenant_id}}}:session:{session_id}"


def _index_key(tenant_id: UUID, user_id: UUID) -> str:
    return f"leadline:{{{tenant_id}}}:sessions:{user_id}"


def _one_time_key(tenant_id: UUID, kind: str, key: UUID) -> str:
    return f"leadline:{{{tenant_id}}}:{kind}:{key}"


def _milliseconds(time_point: datetime) -> int:
    return round(time_point.timestamp() * 1000)


def _encode(session: Session) -> bytes:
    # The driver has its own kind of UUID.
    return orjson.dumps(session, default=str)


def _decode(text: bytes | str) -> Session:
    values = orjson.loads(text)
    for name in ("session_id", "user_id"):
        values[name] = UUID(values[name])
    for name in ("create_time", "last_refresh_time", "expire_time"):
        values[name] = datetime.fromisoformat(values[name]).astimezone(UTC)
    return Session(**values)
