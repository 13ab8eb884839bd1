"""Reads the stored scores of leads as they are, for watches that begin with them."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID

from scoring.scores.score_filter import ScoreFilter
from server.runtime.database import Database

PAGE_SIZE = 1_000
_BEFORE_ALL = UUID(int=0)

# Read page by page, each in a transaction of its own: a watcher that is slow to take them holds no old version of the
# table.
_PAGE = """
SELECT id AS lead_id, score_id, score_probability AS probability, score_log_odds AS log_odds,
    score_base_log_odds AS base_log_odds, score_value AS value, score_grade AS grade, score_model_id AS model_id,
    score_time AS compute_time, score_probability_low AS probability_low, score_probability_high AS probability_high,
    score_evidence_count AS evidence_count, owner,
    CASE WHEN score_is_overridden AND score_override_value IS NOT NULL THEN score_value END AS override_value,
    score_override_principal AS override_principal, score_override_time AS override_time
FROM leads
WHERE tenant_id = $1 AND id > $2 AND score_model_id IS NOT NULL AND ($3::uuid[] IS NULL OR id = ANY ($3))
ORDER BY id LIMIT $4
"""


class ScoreSnapshot:
    """The stored scores in PostgreSQL. See `StoredScores`.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stored(
        self, tenant_id: UUID, lead_ids: frozenset[str] | None, score_filter: ScoreFilter
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Gives stored scores in the form of entries of a `score.changed` message."""
        last_id, wanted = _BEFORE_ALL, None if lead_ids is None else list(lead_ids)
        while True:
            async with self._database.transaction(tenant_id) as connection:
                rows = await connection.fetch(_PAGE, tenant_id, last_id, wanted, PAGE_SIZE)
            for row in rows:
                if score_filter.passes(row["value"], row["grade"], row["owner"]):
                    yield dict(row)
            if len(rows) < PAGE_SIZE:
                return
            last_id = rows[-1]["lead_id"]
