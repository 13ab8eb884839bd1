"""Which leads are to be looked at when, though nothing happens with them: a sorted set for each tenant, in Redis.

The sets hold nothing that can't be found out again, and are made anew where they are lost.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from server.runtime.redis import redis_errors_as_unavailable
from server.runtime.streams import EPOCH

TENANTS = "leadline:due-tenants"
"""The tenants that have a set."""


def due_leads_of(tenant_id: UUID) -> str:
    """Gives the key of a tenant's set: ids of leads by the time at which they are due, in milliseconds since 1970."""
    return f"leadline:{{{tenant_id}}}:due-leads"


class DueLeads:
    """The sets. Every method raises DependencyUnavailable if Redis can't be reached.

    Args:
        redis: Where they are.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def bring_forward(self, tenant_id: UUID, lead_ids: Sequence[UUID], due: datetime) -> None:
        """Has leads looked at by a time, those that are due earlier still earlier."""
        if lead_ids:
            milliseconds = _milliseconds(due)
            with redis_errors_as_unavailable():
                pipeline = self._redis.pipeline(transaction=False)
                pipeline.zadd(due_leads_of(tenant_id), dict.fromkeys(map(str, lead_ids), milliseconds), lt=True)
                pipeline.sadd(TENANTS, str(tenant_id))
                await pipeline.execute()

    async def set(self, tenant_id: UUID, due: Mapping[UUID, datetime | None], taken: datetime) -> None:
        """Writes down when leads are due next, or that they never are; what was brought forward meanwhile stays.

        Args:
            tenant_id: The tenant.
            due: The time of each lead, None for never.
            taken: The time by which they were due when they were taken.
        """
        key, limit = due_leads_of(tenant_id), _milliseconds(taken)
        with redis_errors_as_unavailable():
            now_due = await self._redis.zmscore(key, [str(lead_id) for lead_id in due])
            pipeline = self._redis.pipeline(transaction=False)
            for (lead_id, time), milliseconds in zip(due.items(), now_due, strict=True):
                if milliseconds is not None and milliseconds > limit:
                    continue
                if time is None:
                    pipeline.zrem(key, str(lead_id))
                else:
                    pipeline.zadd(key, {str(lead_id): _milliseconds(time)})
            await pipeline.execute()

    async def due(self, tenant_id: UUID, time: datetime, limit: int) -> list[UUID]:
        """Gives up to `limit` leads that are due by a time, the longest due first."""
        with redis_errors_as_unavailable():
            members: Any = await self._redis.zrange(
                due_leads_of(tenant_id), "-inf", _milliseconds(time), byscore=True, offset=0, num=limit
            )
        return [UUID(member.decode()) for member in members]

    async def tenants(self) -> list[UUID]:
        """Gives the tenants that have a set."""
        with redis_errors_as_unavailable():
            members: Any = await self._redis.smembers(TENANTS)
        return [UUID(member.decode()) for member in members]

    async def basis(self, tenant_id: UUID) -> str | None:
        """Gives what a tenant's set was made for, as it was told; None if it was not, or the set is lost."""
        with redis_errors_as_unavailable():
            basis: Any = await self._redis.get(_basis_of(tenant_id))
        return None if basis is None else str(basis, "ascii")

    async def epoch(self) -> str:
        """Gives what is another text once Redis has lost data: handed-over changes of leads, perhaps."""
        with redis_errors_as_unavailable():
            epoch: Any = await self._redis.get(EPOCH)
        return "" if epoch is None else str(epoch, "ascii")

    async def set_basis(self, tenant_id: UUID, basis: str) -> None:
        """Writes down what a tenant's set was made for."""
        with redis_errors_as_unavailable():
            await self._redis.set(_basis_of(tenant_id), basis)


def _basis_of(tenant_id: UUID) -> str:
    return f"leadline:{{{tenant_id}}}:due-basis"


def _milliseconds(time: datetime) -> int:
    return round(time.astimezone(UTC).timestamp() * 1000)
