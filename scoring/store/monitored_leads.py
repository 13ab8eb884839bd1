"""Reads leads to check a model by them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
import orjson

from scoring.features.distribution import Distributions
from scoring.features.event_log import counters_before
from scoring.features.feature_set import FeatureSet
from scoring.features.lead_record import LeadRecord, moment_of_outcome
from scoring.monitoring.ports import ScoredOutcomes, WatchedModel
from scoring.store.lead_rows import times_from_json
from scoring.store.leads import CONVERTED, LOST
from scoring.store.models import COLUMNS, to_model
from server.runtime.database import Database

_CHAMPION = f"SELECT {COLUMNS} FROM models WHERE tenant_id = $1 AND state = 2"

_RECEIVED = """
SELECT id, received_time, fields::text AS fields FROM leads
WHERE tenant_id = $1 AND received_time >= $2 ORDER BY received_time DESC, id DESC LIMIT $3
"""

_DECIDED = f"""
SELECT l.id, l.status, l.received_time, l.outcome_time, l.fields::text AS fields,
    (SELECT json_object_agg(e.type, e.times)::text
     FROM (SELECT type, json_agg((extract(epoch FROM LEAST(occurred_time, record_time)) * 1000000)::bigint) AS times
           FROM events WHERE tenant_id = $1 AND lead_id = l.id GROUP BY type) e) AS event_times
FROM leads l
WHERE l.tenant_id = $1 AND l.status IN ({CONVERTED}, {LOST}) AND l.outcome_time >= $2
ORDER BY l.outcome_time DESC, l.id DESC LIMIT $3
"""

# The score of a lead is no longer renewed once it has its outcome. One that is newer than the outcome all the same,
# since the outcome was entered late, would be no prediction.
_SCORED_OUTCOMES = f"""
SELECT score_probability, status = {CONVERTED} AS converted FROM leads
WHERE tenant_id = $1 AND status IN ({CONVERTED}, {LOST}) AND score_model_id = $2
    AND coalesce(outcome_time, update_time) >= greatest($3, score_time)
ORDER BY coalesce(outcome_time, update_time) DESC, id DESC LIMIT $4
"""


class MonitoredLeads:
    """The leads in PostgreSQL, read only. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def champion(self, tenant_id: UUID) -> WatchedModel | None:
        """Gives the champion; None if there is none."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_CHAMPION, tenant_id)
        if row is None:
            return None
        model = to_model(row)
        return WatchedModel(
            model.model_id,
            model.champion_time or model.create_time,
            FeatureSet.from_json(model.description.feature_set),
            Distributions.from_json(model.description.distributions),
            model.description.evaluation["auc"],
        )

    async def received(self, tenant_id: UUID, since: datetime, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` leads received since a time, the newest first, without their events."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_RECEIVED, tenant_id, since, limit)
        return [LeadRecord(row["id"], row["received_time"], orjson.loads(row["fields"]), {}) for row in rows]

    async def decided(self, tenant_id: UUID, since: datetime, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` leads whose outcome came since a time, as of just before it, the newest first."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_DECIDED, tenant_id, since, limit)
        return [
            LeadRecord(
                lead_id=row["id"],
                received_time=row["received_time"],
                fields=orjson.loads(row["fields"]),
                counters=counters_before(
                    moment_of_outcome(row["received_time"], row["outcome_time"]), times_from_json(row["event_times"])
                ),
                outcome=row["status"] == CONVERTED,
                outcome_time=row["outcome_time"],
            )
            for row in rows
        ]

    async def scored_outcomes(self, tenant_id: UUID, model_id: UUID, since: datetime, limit: int) -> ScoredOutcomes:
        """Gives up to `limit` outcomes that came since a time, of leads that a model had scored before."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_SCORED_OUTCOMES, tenant_id, model_id, since, limit)
        return ScoredOutcomes(
            np.array([row["converted"] for row in rows], dtype=np.bool_),
            np.array([row["score_probability"] for row in rows], dtype=np.float64),
        )
