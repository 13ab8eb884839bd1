"""Reads samples of a tenant's leads, the newest ones, to try rules on."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from scoring.features.event_log import counters_before
from scoring.features.lead_record import LeadRecord, moment_of_outcome
from scoring.scores.score import ScoreMakers
from scoring.store.lead_rows import counters_from_json, times_from_json
from scoring.store.leads import CONVERTED, LOST, OPEN, Leads
from server.runtime.database import Database

# The ids are in the order of their making, so the primary key gives the newest leads.
_NEWEST_OPEN = f"""
SELECT l.id, l.received_time, l.fields::text AS fields,
    (SELECT json_object_agg(c.type, json_build_array(c.count, extract(epoch FROM c.last_time), c.active_days,
        c.decayed_1_day, c.decayed_7_days, c.decayed_30_days))
     FROM lead_event_counters c WHERE c.tenant_id = $1 AND c.lead_id = l.id)::text AS counters
FROM leads l WHERE l.tenant_id = $1 AND l.status = {OPEN} ORDER BY l.id DESC LIMIT $2
"""

_NEWEST_DECIDED = f"""
SELECT l.id, l.status, l.received_time, l.outcome_time, l.fields::text AS fields,
    (SELECT json_object_agg(e.type, e.times)::text
     FROM (SELECT type, json_agg((extract(epoch FROM LEAST(occurred_time, record_time)) * 1000000)::bigint) AS times
           FROM events WHERE tenant_id = $1 AND lead_id = l.id GROUP BY type) e) AS event_times
FROM leads l WHERE l.tenant_id = $1 AND l.status IN ({CONVERTED}, {LOST}) ORDER BY l.id DESC LIMIT $2
"""


class LeadSamples:
    """Samples from PostgreSQL. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
        leads: The leads in it.
    """

    def __init__(self, database: Database, leads: Leads) -> None:
        self._database = database
        self._leads = leads

    async def makers(self, tenant_id: UUID) -> ScoreMakers:
        """Gives the champion and the active rules, each None if there are none."""
        return await self._leads.makers(tenant_id)

    async def newest_open(self, tenant_id: UUID, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` open leads, the newest first."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_NEWEST_OPEN, tenant_id, limit)
        return [
            LeadRecord(
                lead_id=row["id"],
                received_time=row["received_time"],
                fields=orjson.loads(row["fields"]),
                counters=counters_from_json(row["counters"]),
            )
            for row in rows
        ]

    async def newest_decided(self, tenant_id: UUID, limit: int) -> Sequence[LeadRecord]:
        """Gives up to `limit` leads with an outcome, the newest first, each with its events just before the outcome."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_NEWEST_DECIDED, tenant_id, limit)
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
