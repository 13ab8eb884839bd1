"""What must hold of a tenant once all is quiet again, asked of the stores themselves."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

import asyncpg
from redis.asyncio import Redis

from deploy.local.ports import LOOPBACK
from deploy.local.stack import Stack
from scoring.features.event_log import counters_before
from scoring.features.lead_record import EventCounter
from scoring.registry.model_cache import ModelCache
from scoring.scores.lead_scorer import LeadScorer
from scoring.store.leads import Leads
from scoring.store.models import Models
from server.runtime import streams
from server.runtime.database import Database
from server.runtime.identifiers import format_name
from server.runtime.redis import connect_redis
from tests.faults.live_load import SentEvent
from tfserving.client import PredictionClient

# What time alone moves a score in the minutes of a test; each change that is sent moves it further.
LARGEST_FADING = 2e-3

_WAITING = """
SELECT (SELECT count(*) FROM outbox WHERE tenant_id = $1)
    + (SELECT count(*) FROM workflow_changes WHERE tenant_id = $1)
    + (SELECT count(*) FROM webhook_deliveries WHERE tenant_id = $1 AND state = 1)
"""
# The lease of a delivery whose worker died lasts a minute: here it need not be waited for.
_END_LEASES = "UPDATE webhook_deliveries SET next_attempt_time = now() WHERE tenant_id = $1 AND state = 1"
_CROSSINGS = """
SELECT lead_id, count(*) AS count
FROM (
    SELECT lead_id, value, compute_time,
        lag(value, 1, -1::smallint) OVER (PARTITION BY lead_id ORDER BY compute_time, id) AS previous
    FROM scores WHERE tenant_id = $1
) AS steps
WHERE compute_time > $2 AND previous < $3 AND value >= $3
GROUP BY lead_id
"""


@dataclass(frozen=True)
class FinalState:
    """A tenant as the stores have it.

    Attributes:
        administrator: A connection that row-level security does not bind.
        database: The database in the role of the application.
        redis: The streams.
        predictions: The model server.
        tenant_id: The tenant.
    """

    administrator: "asyncpg.Connection[asyncpg.Record]"
    database: Database
    redis: Redis
    predictions: PredictionClient
    tenant_id: UUID

    @classmethod
    @asynccontextmanager
    async def of(cls, stack: Stack, tenant_id: UUID) -> AsyncIterator[Self]:
        """Connects to a stack's stores for the time of the block."""
        administrator = await asyncpg.connect(stack.postgres.url("postgres"))
        database = await Database.connect(stack.postgres.url("leadline_app"))
        redis = await connect_redis(stack.valkey.url)
        async with PredictionClient(f"{LOOPBACK}:{stack.ports.model_server}") as predictions:
            yield cls(administrator, database, redis, predictions, tenant_id)
        await redis.aclose()
        await database.close()
        await administrator.close()

    async def is_quiet(self) -> bool:
        """Tells whether nothing waits to be done any more."""
        await self.administrator.execute(_END_LEASES, self.tenant_id)
        waiting = await self.administrator.fetchval(_WAITING, self.tenant_id)
        return not waiting and not await self.redis.xlen(streams.lead_changes_of(self.tenant_id))

    async def given_up(self) -> int:
        """Counts what was put aside as not to be handled."""
        letters = await self.administrator.fetchval(
            "SELECT count(*) FROM dead_letters WHERE tenant_id = $1", self.tenant_id
        )
        return int(letters) + await self.redis.xlen("leadline:dead-letter")

    async def logged(self, event_ids: Sequence[str]) -> Counter[SentEvent]:
        """Gives the events of these ids in the log."""
        rows = await self.administrator.fetch(
            "SELECT event_id, 'leads/' || lead_id AS lead, type, occurred_time FROM events "
            "WHERE tenant_id = $1 AND event_id = ANY ($2)",
            self.tenant_id, event_ids,
        )  # fmt: skip
        return Counter(SentEvent(**row) for row in rows)

    async def features(self, lead_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, EventCounter]]:
        """Gives the counters that scores are made from."""
        return {
            lead.lead_id: lead.record.counters for lead in await Leads(self.database).leads(self.tenant_id, lead_ids)
        }

    async def replayed(self, lead_ids: Sequence[UUID]) -> dict[UUID, dict[str, EventCounter]]:
        """Gives the counters that the log alone gives."""
        times: dict[UUID, dict[str, list[datetime]]] = defaultdict(dict)
        for row in await self.administrator.fetch(
            "SELECT lead_id, type, occurred_time FROM events WHERE tenant_id = $1 AND lead_id = ANY ($2)",
            self.tenant_id, lead_ids,
        ):  # fmt: skip
            times[row["lead_id"]].setdefault(row["type"], []).append(row["occurred_time"])
        return {lead_id: counters_before(None, times[lead_id]) for lead_id in lead_ids}

    async def probabilities(self, lead_ids: Sequence[UUID]) -> dict[UUID, float]:
        """Gives the stored scores."""
        return {lead_id: probability for lead_id, (probability, _) in (await self._scores(lead_ids)).items()}

    async def _scores(self, lead_ids: Sequence[UUID]) -> dict[UUID, tuple[float, datetime]]:
        rows = await self.administrator.fetch(
            "SELECT id, score_probability, score_time FROM leads WHERE tenant_id = $1 AND id = ANY ($2)",
            self.tenant_id, lead_ids,
        )  # fmt: skip
        return {row["id"]: (row["score_probability"], row["score_time"]) for row in rows}

    async def stale_scores(self, lead_ids: Sequence[UUID]) -> dict[UUID, tuple[float, float]]:
        """Gives the leads whose stored score is not that of a replay from the log: both probabilities."""
        replayed, stored = await self.replayed(lead_ids), await self._scores(lead_ids)
        models, scorer, stale = ModelCache(Models(self.database)), LeadScorer(self.predictions), {}
        for lead in await Leads(self.database).leads(self.tenant_id, lead_ids):
            assert lead.champion_id is not None
            model = await models.model(self.tenant_id, lead.champion_id)
            record = replace(lead.record, counters=replayed[lead.lead_id])
            probability, score_time = stored[lead.lead_id]
            # A score that tells nothing new is not stored: the one before holds as of then, or as of now.
            clean = [
                (await scorer.score(model, [record], as_of, explained=False))[0].probability
                for as_of in (score_time, datetime.now(UTC))
            ]
            if min(abs(probability - other) for other in clean) > LARGEST_FADING:
                stale[lead.lead_id] = (probability, clean[-1])
        return stale

    async def crossings(self, since: datetime, threshold: int) -> Counter[str]:
        """Counts by lead how often the stored scores rose over a threshold.

        Args:
            since: From when on they are looked at, UTC.
            threshold: The value at and above which it is over.
        """
        rows = await self.administrator.fetch(_CROSSINGS, self.tenant_id, since, threshold)
        return Counter({format_name("leads", row["lead_id"]): row["count"] for row in rows})
