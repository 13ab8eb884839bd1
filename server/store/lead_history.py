"""Events and past scores of leads in PostgreSQL."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from server.leads.history import HistoryCursor, PastScore, RecordedEvent
from server.leads.lead import Grade, ScoreOverride, StoredScore
from server.runtime.database import Database

_LEAD: Final = "SELECT 1 FROM leads WHERE tenant_id = $1 AND id = $2"
_EVENTS: Final = """
SELECT id, event_id, type, occurred_time, properties::text AS properties, record_time
FROM events
WHERE tenant_id = $1 AND lead_id = $2
    AND ($3::timestamptz IS NULL OR occurred_time <= $3 AND (occurred_time, id) < ($3, $4::uuid))
ORDER BY occurred_time DESC, id DESC LIMIT $5
"""
# Scores from before values were kept have what the probability says.
_SCORES: Final = """
SELECT id, probability, log_odds, base_log_odds, coalesce(value, round(probability * 100)::smallint) AS value, grade,
    model_id, compute_time, rule_set_id, override_principal, override_time
FROM scores
WHERE tenant_id = $1 AND lead_id = $2
    AND ($3::timestamptz IS NULL OR compute_time <= $3 AND (compute_time, id) < ($3, $4::uuid))
ORDER BY compute_time DESC, id DESC LIMIT $5
"""


class PostgresLeadHistoryStore:
    """The histories of all tenants' leads. See the port `LeadHistoryStore`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(
        self, tenant_id: UUID, lead_id: UUID, limit: int, before: HistoryCursor | None
    ) -> Sequence[RecordedEvent] | None:
        """Gives events of a lead, the latest first, from those before a cursor on; None if there is no such lead."""
        rows = await self._page(_EVENTS, tenant_id, lead_id, limit, before)
        return None if rows is None else [_event_from_row(row) for row in rows]

    async def scores(
        self, tenant_id: UUID, lead_id: UUID, limit: int, before: HistoryCursor | None
    ) -> Sequence[PastScore] | None:
        """Gives scores of a lead, the latest first, from those before a cursor on; None if there is no such lead."""
        rows = await self._page(_SCORES, tenant_id, lead_id, limit, before)
        return None if rows is None else [_score_from_row(row) for row in rows]

    async def _page(
        self, statement: str, tenant_id: UUID, lead_id: UUID, limit: int, before: HistoryCursor | None
    ) -> Sequence[asyncpg.Record] | None:
        place = (before.time, before.entry_id) if before else (None, None)
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(statement, tenant_id, lead_id, *place, limit)
            if not rows and await connection.fetchval(_LEAD, tenant_id, lead_id) is None:
                return None
        return rows


def _event_from_row(row: asyncpg.Record) -> RecordedEvent:
    recorded_id, event_id, event_type, occurred_time, properties, record_time = row
    return RecordedEvent(recorded_id, event_id, event_type, occurred_time, orjson.loads(properties), record_time)


def _score_from_row(row: asyncpg.Record) -> PastScore:
    score = StoredScore(
        score_id=row["id"],
        probability=row["probability"],
        log_odds=row["log_odds"],
        base_log_odds=row["base_log_odds"],
        value=row["value"],
        grade=Grade(row["grade"]) if row["grade"] else None,
        model_id=row["model_id"],
        compute_time=row["compute_time"],
        rule_set_id=row["rule_set_id"],
        override=ScoreOverride(row["override_principal"], row["override_time"]) if row["override_principal"] else None,
    )
    return PastScore(row["id"], score)
