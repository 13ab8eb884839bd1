"""Reads leads: some to be scored, all open ones in pages, all with an outcome as a stream."""

import functools
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import orjson

from scoring.cold_start.conversion_rate import OutcomeCounts
from scoring.experiments.experiment import Split
from scoring.features.event_log import counters_before
from scoring.features.lead_record import LeadRecord, moment_of_outcome
from scoring.scores.score import ScoreMakers, ScoreOverride, StoredLead
from scoring.store.lead_rows import counters_from_json, times_from_json
from server.runtime.database import Database

OPEN, CONVERTED, LOST = 1, 2, 3
OUTCOMES = {OPEN: None, CONVERTED: True, LOST: False}

_LAST_OF_ALL = UUID(int=2**128 - 1)

# Rows fetched at a time while a training reads its leads.
PREFETCH_ROWS = 2000

# An experiment never changes while it runs, so what is held of it is never stale.
SPLITS_HELD = 4_096

# One round trip: the tenant is set and the leads are read by one statement, which is its own transaction, so that the
# setting ends with it. The scan of the leads takes the tenant from the setting's result and thus comes after it;
# if it ever did not, row-level security would show no lead at all.
_LEADS_OF_TENANT = """
SELECT l.id, l.status, l.received_time, l.fields::text,
    (SELECT json_object_agg(c.type, json_build_array(c.count, extract(epoch FROM c.last_time), c.active_days,
        c.decayed_1_day, c.decayed_7_days, c.decayed_30_days))
     FROM lead_event_counters c WHERE c.tenant_id = $1 AND c.lead_id = l.id)::text,
    (SELECT m.id FROM models m WHERE m.tenant_id = $1 AND m.state = 2),
    statement_timestamp(),
    (SELECT ARRAY[e.id::text, e.challenger_id::text, e.challenger_share::text, e.hold_out_share::text]
     FROM experiments e WHERE e.tenant_id = $1 AND e.state = 1 AND e.kind > 1),
    (SELECT r.id FROM rule_sets r WHERE r.tenant_id = $1 AND r.active),
    l.score_override_value, l.score_override_principal, l.score_override_time
FROM (SELECT set_config('app.tenant_id', $1::uuid::text, true) AS tenant OFFSET 0) setting,
    LATERAL (SELECT * FROM leads WHERE tenant_id = setting.tenant::uuid AND {condition}) l
"""

_BY_ID = _LEADS_OF_TENANT.format(condition="id = ANY ($2) OFFSET 0")

_OPEN_PAGE = _LEADS_OF_TENANT.format(condition=f"status = {OPEN} AND id > $2 AND id <= $4 ORDER BY id LIMIT $3")

# Both counts come from the index by status.
_OUTCOME_COUNTS = f"""
SELECT count(*) FILTER (WHERE status = {CONVERTED}), count(*) FILTER (WHERE status = {LOST})
FROM leads WHERE tenant_id = $1 AND status IN ({CONVERTED}, {LOST})
"""

_CHAMPION = "SELECT id FROM models WHERE tenant_id = $1 AND state = 2"

# One round trip, as above.
_MAKERS = """
SELECT (SELECT id FROM models WHERE tenant_id = setting.tenant::uuid AND state = 2),
    (SELECT id FROM rule_sets WHERE tenant_id = setting.tenant::uuid AND active)
FROM (SELECT set_config('app.tenant_id', $1::uuid::text, true) AS tenant OFFSET 0) setting
"""

_OPEN_COUNT = f"SELECT count(*) FROM leads WHERE tenant_id = $1 AND status = {OPEN}"

_WITH_OUTCOME = f"""
SELECT l.id, l.status, l.received_time, l.outcome_time, l.fields::text AS fields,
    (SELECT json_object_agg(e.type, e.times)::text
     FROM (SELECT type, json_agg((extract(epoch FROM LEAST(occurred_time, record_time)) * 1000000)::bigint) AS times
           FROM events WHERE tenant_id = $1 AND lead_id = l.id GROUP BY type) e) AS event_times
FROM leads l
WHERE l.tenant_id = $1 AND l.status IN ({CONVERTED}, {LOST})
ORDER BY l.received_time, l.id
"""


class Leads:
    """The leads in PostgreSQL, read only. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def leads(self, tenant_id: UUID, lead_ids: Sequence[UUID]) -> list[StoredLead]:
        """Gives the tenant's leads of these ids, in any order, without those that do not exist. One round trip."""
        async with self._database.session() as connection:
            rows = await connection.fetch(_BY_ID, tenant_id, lead_ids)
        return [_stored_lead(row) for row in rows]

    async def champion_id(self, tenant_id: UUID) -> UUID | None:
        """Gives the model that makes the tenant's scores; None if there is none yet."""
        async with self._database.transaction(tenant_id) as connection:
            champion_id: UUID | None = await connection.fetchval(_CHAMPION, tenant_id)
        return champion_id

    async def makers(self, tenant_id: UUID) -> ScoreMakers:
        """Gives the model that makes the tenant's scores and the active rules, each None if there are none."""
        async with self._database.session() as connection:
            row = await connection.fetchrow(_MAKERS, tenant_id)
        return ScoreMakers(None, None) if row is None else ScoreMakers(*row)

    async def outcome_counts(self, tenant_id: UUID) -> OutcomeCounts:
        """Counts the tenant's converted and lost leads, which reads their part of an index: not for each call."""
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_OUTCOME_COUNTS, tenant_id)
        return OutcomeCounts(0, 0) if row is None else OutcomeCounts(*row)

    async def open_count(self, tenant_id: UUID) -> int:
        """Counts the tenant's open leads, which reads them all: once for a long work, never for a page."""
        async with self._database.transaction(tenant_id) as connection:
            count: int = await connection.fetchval(_OPEN_COUNT, tenant_id)
        return count

    async def open_leads(
        self, tenant_id: UUID, after: UUID, limit: int, until: UUID = _LAST_OF_ALL
    ) -> list[StoredLead]:
        """Gives up to `limit` open leads, in the order of their ids. One round trip.

        Args:
            tenant_id: The tenant.
            after: Their ids come after this one.
            limit: How many at most, 1 or more.
            until: Their ids don't come after this one.
        """
        async with self._database.session() as connection:
            rows = await connection.fetch(_OPEN_PAGE, tenant_id, after, limit, until)
        return [_stored_lead(row) for row in rows]

    async def with_outcome(self, tenant_id: UUID) -> AsyncIterator[LeadRecord]:
        """Streams every lead that converted or was lost, the oldest received first.

        The counters are as they were just before the outcome, by replay of the log of events; where nobody knows when
        the outcome came, all events count.
        """
        async with self._database.transaction(tenant_id) as connection:
            async for row in connection.cursor(_WITH_OUTCOME, tenant_id, prefetch=PREFETCH_ROWS):
                moment = moment_of_outcome(row["received_time"], row["outcome_time"])
                yield LeadRecord(
                    lead_id=row["id"],
                    received_time=row["received_time"],
                    fields=orjson.loads(row["fields"]),
                    counters=counters_before(moment, times_from_json(row["event_times"])),
                    outcome=row["status"] == CONVERTED,
                    outcome_time=row["outcome_time"],
                )


def _stored_lead(row: asyncpg.Record) -> StoredLead:
    lead_id, status, received_time, fields, counters, champion_id, read_time, split, rule_set_id, *override = row
    if split is not None:
        champion_id = _split(*split).model_id(lead_id, champion_id)
    return StoredLead(
        lead_id,
        LeadRecord(lead_id, received_time, orjson.loads(fields), counters_from_json(counters), OUTCOMES[status]),
        status == OPEN,
        champion_id,
        read_time,
        rule_set_id,
        None if override[0] is None else ScoreOverride(*override),
    )


@functools.lru_cache(maxsize=SPLITS_HELD)
def _split(experiment_id: str, challenger_id: str, challenger_share: str, hold_out_share: str) -> Split:
    return Split(UUID(experiment_id), UUID(challenger_id), float(challenger_share), float(hold_out_share))
