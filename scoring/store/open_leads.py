"""Reads open leads in pages, as columns."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import numpy as np

from scoring.bulk.open_leads import OpenLeadPage
from scoring.features.lead_columns import ColumnsNeeded, LeadColumns, ValueKind
from scoring.features.lead_record import EventCounter
from scoring.scores.score import ScoreOverride
from scoring.store.leads import OPEN, Leads
from server.runtime.connection_pool import Driver
from server.runtime.database import Database

_CHAMPION = "SELECT id FROM models WHERE tenant_id = $1 AND state = 2"

_COUNT = f"SELECT count(*) FROM leads WHERE tenant_id = $1 AND status = {OPEN}"

# What PostgreSQL gives of a field whose name is a parameter; only values of the kind itself are anything at all. This
# costs it hardly more than to write the whole document as text, which would be to be parsed again.
_VALUES = {
    ValueKind.NUMBER: "(fields->${}::text->>'number')::float8",
    ValueKind.BOOLEAN: "(fields->${}::text->>'boolean')::boolean",
    ValueKind.CATEGORY: "fields->${}::text->>'category'",
    ValueKind.DATE: "fields->${}::text->>'date'",
    ValueKind.TEXT_LENGTH: "char_length(fields->${}::text->>'text')",
}
_FIRST_FIELD_PARAMETER = 5

# An empty document is added so that a large one is unpacked once, and not for each of its fields.
_PAGE = f"""
SELECT id, received_time, score_probability, score_model_id{{values}}
FROM (
    SELECT id, received_time, score_probability,
        CASE WHEN score_rule_set_id IS NULL THEN score_model_id END AS score_model_id,
        fields || '{{{{}}}}' AS fields
    FROM leads WHERE tenant_id = $1 AND status = {OPEN} AND id > $2 AND id <= $3 ORDER BY id LIMIT $4
) l
ORDER BY id
"""

_READ_TIME = """
SELECT statement_timestamp(), NOT EXISTS (SELECT FROM rule_sets WHERE tenant_id = $1 AND active)
    AND NOT EXISTS (SELECT FROM experiments WHERE tenant_id = $1 AND state = 1 AND kind > 1)
"""

# Few leads have one, and they have an index of their own.
_OVERRIDES = """
SELECT id, score_override_value, score_override_principal, score_override_time
FROM leads WHERE tenant_id = $1 AND id > $2 AND id <= $3 AND score_override_value IS NOT NULL
"""

_COUNTERS = """
SELECT lead_id, type, count, last_time, active_days, decayed_1_day, decayed_7_days, decayed_30_days
FROM lead_event_counters WHERE tenant_id = $1 AND lead_id >= $2 AND lead_id <= $3 AND type = ANY ($4)
"""

# Every so-and-so-many-th open lead, and the last one.
_PAGE_ENDS = f"""
SELECT id FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS number, lead(id) OVER (ORDER BY id) IS NULL AS is_last
    FROM leads WHERE tenant_id = $1 AND status = {OPEN} AND id > $2
) l
WHERE number % $3 = 0 OR is_last ORDER BY id
"""


class OpenLeads:
    """The open leads in PostgreSQL, read only. Every method raises DependencyUnavailable where it can't be reached.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leads = Leads(database)

    async def champion_id(self, tenant_id: UUID) -> UUID | None:
        """Gives the model that makes the tenant's scores; None if there is none yet."""
        async with self._database.transaction(tenant_id) as connection:
            champion_id: UUID | None = await connection.fetchval(_CHAMPION, tenant_id)
        return champion_id

    async def open_count(self, tenant_id: UUID) -> int:
        """Counts the tenant's open leads, which reads them all: once for a long work, never for a page."""
        async with self._database.transaction(tenant_id) as connection:
            count: int = await connection.fetchval(_COUNT, tenant_id)
        return count

    async def open_page_ends(self, tenant_id: UUID, after: UUID, size: int) -> Sequence[UUID]:
        """Gives the last id of each page of `size` open leads after an id, in their order; the last page is shorter.

        It reads all their ids: once for a long work.
        """
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_PAGE_ENDS, tenant_id, after, size)
        return [lead_id for (lead_id,) in rows]

    async def open_page(
        self, tenant_id: UUID, after: UUID, until: UUID, limit: int, needed: ColumnsNeeded
    ) -> OpenLeadPage:
        """Gives the first open leads of a span, in the order of their ids.

        Args:
            tenant_id: The tenant.
            after: Their ids come after this one.
            until: And not after this one.
            limit: How many at most, 1 or more.
            needed: The columns that are wanted.
        """
        async with self._database.transaction(tenant_id) as connection:
            # Before the leads are read: a score must not claim to have seen more than it has.
            [(read_time, columns_suffice)] = await connection.fetch(_READ_TIME, tenant_id)
            if columns_suffice:
                fields = [field for field, _ in needed.fields]
                rows = await connection.fetch(_page_statement(needed), tenant_id, after, until, limit, *fields)
                counters = await _counters(connection, tenant_id, rows, needed.event_types)
                last_id = rows[-1]["id"] if rows else after
                overrides = await connection.fetch(_OVERRIDES, tenant_id, after, last_id)
                return _page_of_columns(needed, rows, counters, overrides, read_time)
        stored_leads = await self._leads.open_leads(tenant_id, after, limit, until)
        return OpenLeadPage(
            [lead.lead_id for lead in stored_leads],
            LeadColumns((), {}, {}),
            np.empty(0),
            (),
            read_time,
            stored_leads=stored_leads,
        )


def _page_of_columns(
    needed: ColumnsNeeded,
    rows: Sequence[asyncpg.Record],
    counters: Mapping[int, Mapping[str, EventCounter]],
    overrides: Sequence[asyncpg.Record],
    read_time: datetime,
) -> OpenLeadPage:
    columns = zip(*rows, strict=True) if rows else ((),) * (_FIRST_FIELD_PARAMETER - 1 + len(needed.fields))
    lead_ids, received_times, probabilities, model_ids, *values = columns
    return OpenLeadPage(
        lead_ids,
        LeadColumns(received_times, dict(zip(needed.fields, values, strict=True)), counters),
        np.array(probabilities, dtype=np.float64),
        model_ids,
        read_time,
        overrides={lead_id: ScoreOverride(*override) for lead_id, *override in overrides},
    )


def _page_statement(needed: ColumnsNeeded) -> str:
    """Gives the statement that reads a page; the names of fields are its parameters from the fifth on."""
    kinds = enumerate((kind for _, kind in needed.fields), _FIRST_FIELD_PARAMETER)
    return _PAGE.format(values="".join(f", {_VALUES[kind].format(parameter)}" for parameter, kind in kinds))


async def _counters(
    connection: Driver, tenant_id: UUID, leads: Sequence[asyncpg.Record], event_types: Sequence[str]
) -> dict[int, dict[str, EventCounter]]:
    """Gives the counters of leads by their places."""
    if not leads or not event_types:
        return {}
    rows = await connection.fetch(_COUNTERS, tenant_id, leads[0]["id"], leads[-1]["id"], event_types)
    places = {lead["id"]: place for place, lead in enumerate(leads)}
    counters: dict[int, dict[str, EventCounter]] = {}
    for lead_id, event_type, count, last_time, active_days, *decayed in rows:
        # Leads in between may have an outcome.
        place = places.get(lead_id)
        if place is not None:
            counter = EventCounter(count, last_time.astimezone(UTC), active_days, tuple(decayed))
            counters.setdefault(place, {})[event_type] = counter
    return counters
