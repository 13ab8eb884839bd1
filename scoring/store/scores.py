"""Stores scores: on the lead, in its history, and as a message to whoever watches, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from scoring.scores.replay import KeptScore
from scoring.scores.score import SMALLEST_CHANGE, Score
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.errors import ScoreNotFound
from server.runtime.identifiers import format_name, new_id

# Rows are locked in the order of their ids, so that two batches never wait for each other. A score that is older than
# the stored one, or tells nothing new, is not stored: a batch may thus come twice or late without effect. Rows for
# which there is nothing new are not even locked, which would write them.
_STORE = """
WITH computed AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::float8[], $5::float8[], $6::float8[], $7::smallint[],
            $8::bytea[], $9::smallint[], $13::float8[], $14::float8[])
        AS c (lead_id, score_id, probability, log_odds, base_log_odds, value, features, grade, probability_low,
            probability_high)
), locked AS MATERIALIZED (
    SELECT l.id FROM leads l JOIN computed c ON c.lead_id = l.id
    WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[])
        AND (l.score_model_id IS DISTINCT FROM $10 OR abs(l.score_probability - c.probability) > $12)
    ORDER BY l.id FOR NO KEY UPDATE OF l
), updated AS (
    UPDATE leads l SET
        score_probability = c.probability, score_log_odds = c.log_odds, score_base_log_odds = c.base_log_odds,
        score_value = c.value, score_grade = c.grade, score_id = c.score_id, score_model_id = $10, score_time = $11,
        score_probability_low = c.probability_low, score_probability_high = c.probability_high,
        score_evidence_count = $15
    FROM computed c JOIN locked ON locked.id = c.lead_id
    WHERE l.tenant_id = $1 AND l.id = c.lead_id
        AND (l.score_time IS NULL OR l.score_time <= $11)
        AND (l.score_model_id IS DISTINCT FROM $10 OR abs(l.score_probability - c.probability) > $12)
    RETURNING c.*, l.owner, old.score_probability AS previous_probability, old.score_value AS previous_value,
        old.score_grade AS previous_grade
), history AS (
    INSERT INTO scores (tenant_id, id, lead_id, model_id, probability, log_odds, base_log_odds, compute_time,
        features, value, grade)
    SELECT $1, u.score_id, u.lead_id, $10, u.probability, u.log_odds, u.base_log_odds, $11, u.features, u.value,
        u.grade
    FROM updated u
)
SELECT score_id, lead_id, probability, log_odds, base_log_odds, value, grade, probability_low, probability_high,
    previous_probability, previous_value, previous_grade, owner
FROM updated
"""

_FIND = """
SELECT id, lead_id, model_id, probability, log_odds, base_log_odds, compute_time, features FROM scores
WHERE tenant_id = $1 AND id = $2 AND features IS NOT NULL
"""


class Scores:
    """The scores in PostgreSQL.

    Args:
        database: The database in the role of the application.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, tenant_id: UUID, scores: Sequence[Score]) -> int:
        """Stores scores that one model made at one moment.

        Args:
            tenant_id: The tenant.
            scores: At least one, each of another stored lead; leads deleted meanwhile are passed over.

        Returns:
            How many were stored; the others told nothing new, or something newer was there.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        model, compute_time = scores[0].model, scores[0].compute_time
        intervals = [score.interval for score in scores]
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                _STORE,
                tenant_id,
                [score.record.lead_id for score in scores],
                [new_id() for _ in scores],
                [score.probability for score in scores],
                [score.log_odds for score in scores],
                [score.base_log_odds for score in scores],
                [score.value for score in scores],
                [score.features.tobytes() for score in scores],
                [score.grade for score in scores],
                model.model_id,
                compute_time,
                SMALLEST_CHANGE,
                [low for low, _ in intervals],
                [high for _, high in intervals],
                model.evidence_count,
            )
            if rows:
                alike = {
                    "model_id": model.model_id,
                    "compute_time": compute_time,
                    "evidence_count": model.evidence_count,
                }
                changes = [{**row, **alike} for row in rows]
                await outbox.append(connection, tenant_id, "score.changed", {"scores": changes})
        return len(rows)

    async def find(self, tenant_id: UUID, score_id: UUID) -> KeptScore:
        """Gives a stored score.

        Raises:
            ScoreNotFound: The tenant has no such score, or it was stored before feature vectors were kept.
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        async with self._database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(_FIND, tenant_id, score_id)
        if row is None:
            raise ScoreNotFound(format_name("scores", score_id))
        return KeptScore(
            score_id=row["id"],
            lead_id=row["lead_id"],
            model_id=row["model_id"],
            probability=row["probability"],
            log_odds=row["log_odds"],
            base_log_odds=row["base_log_odds"],
            compute_time=row["compute_time"],
            features=np.frombuffer(row["features"], np.float32),
        )
