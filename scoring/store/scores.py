"""Stores scores: on the lead, in its history, and as a message to whoever watches, in one transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from scoring.explanation.grades import Grade
from scoring.rules.compiled_rule_set import Finding
from scoring.scores.replay import KeptScore
from scoring.scores.score import SMALLEST_CHANGE, Score, ScoreOverride, score_value
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.errors import ScoreNotFound
from server.runtime.identifiers import format_name, new_id

# Rows are locked in the order of their ids, so that two batches never wait for each other. A score that is older than
# the stored one, or tells nothing new, is not stored: a batch may thus come twice or late without effect. Rows for
# which there is nothing new are not even locked, which would write them.
# With rules, points may have changed or faded although the model says the same; and a person may have set the value, or
# let go of it.
_TELLS_SOMETHING_NEW = """
l.score_model_id IS DISTINCT FROM $10 OR abs(l.score_probability - c.probability) > $12
    OR l.score_rule_set_id IS DISTINCT FROM $16
    OR l.score_is_overridden <> (c.override_value IS NOT NULL)
    OR ($16 IS NOT NULL OR c.override_value IS NOT NULL)
        AND (l.score_value <> c.value OR l.score_next_grade_time IS DISTINCT FROM c.next_grade_time)
"""

_STORE = f"""
WITH computed AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::float8[], $5::float8[], $6::float8[], $7::smallint[],
            $8::bytea[], $9::smallint[], $13::float8[], $14::float8[], $17::text[], $18::timestamptz[], $19::smallint[],
            $20::smallint[], $21::text[], $22::timestamptz[])
        AS c (lead_id, score_id, probability, log_odds, base_log_odds, value, features, grade, probability_low,
            probability_high, rule_findings, next_grade_time, next_grade,
            override_value, override_principal, override_time)
), locked AS MATERIALIZED (
    SELECT l.id FROM leads l JOIN computed c ON c.lead_id = l.id
    WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[])
        AND ({_TELLS_SOMETHING_NEW})
    ORDER BY l.id FOR NO KEY UPDATE OF l
), updated AS (
    UPDATE leads l SET
        score_probability = c.probability, score_log_odds = c.log_odds, score_base_log_odds = c.base_log_odds,
        score_value = c.value, score_grade = c.grade, score_id = c.score_id, score_model_id = $10, score_time = $11,
        score_probability_low = c.probability_low, score_probability_high = c.probability_high,
        score_evidence_count = $15, score_rule_set_id = $16, score_next_grade_time = c.next_grade_time,
        score_next_grade = c.next_grade, score_is_overridden = c.override_value IS NOT NULL
    FROM computed c JOIN locked ON locked.id = c.lead_id
    WHERE l.tenant_id = $1 AND l.id = c.lead_id
        AND (l.score_time IS NULL OR l.score_time <= $11)
        AND ({_TELLS_SOMETHING_NEW})
    RETURNING c.*, l.owner, old.score_probability AS previous_probability, old.score_value AS previous_value,
        old.score_grade AS previous_grade
), history AS (
    INSERT INTO scores (tenant_id, id, lead_id, model_id, probability, log_odds, base_log_odds, compute_time,
        features, value, grade, rule_set_id, rule_findings, override_value, override_principal, override_time)
    SELECT $1, u.score_id, u.lead_id, $10, u.probability, u.log_odds, u.base_log_odds, $11, u.features, u.value,
        u.grade, $16, u.rule_findings::jsonb, u.override_value, u.override_principal, u.override_time
    FROM updated u
)
SELECT score_id, lead_id, probability, log_odds, base_log_odds, value, grade, probability_low, probability_high,
    next_grade_time, next_grade, override_value, override_principal, override_time, previous_probability,
    previous_value, previous_grade, owner
FROM updated
"""

_FIND = """
SELECT id, lead_id, model_id, probability, log_odds, base_log_odds, compute_time, features, value, grade, rule_set_id,
    rule_findings::text AS rule_findings, override_value, override_principal, override_time
FROM scores
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
        """Stores scores that one model and one version of the rules made at one moment.

        Args:
            tenant_id: The tenant.
            scores: At least one, each of another stored lead; leads deleted meanwhile are passed over.

        Returns:
            How many were stored; the others told nothing new, or something newer was there.

        Raises:
            DependencyUnavailable: PostgreSQL can't be reached.
        """
        model, compute_time = scores[0].model, scores[0].compute_time
        rules = [score.rules for score in scores]
        rule_set_id = None if rules[0] is None else rules[0].rule_set_id
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
                rule_set_id,
                [None if result is None else _findings_to_json(result.findings) for result in rules],
                [None if result is None else result.next_grade_time for result in rules],
                [None if result is None else result.next_grade for result in rules],
                *_columns([score.override for score in scores]),
            )
            if rows:
                alike = {
                    "model_id": model.model_id,
                    "compute_time": compute_time,
                    "evidence_count": model.evidence_count,
                    "rule_set_id": rule_set_id,
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
            value=score_value(row["probability"]) if row["value"] is None else row["value"],
            grade=None if row["grade"] is None else Grade(row["grade"]),
            rule_set_id=row["rule_set_id"],
            findings=_findings_from_json(row["rule_findings"]),
            override=None
            if row["override_value"] is None
            else ScoreOverride(row["override_value"], row["override_principal"], row["override_time"]),
        )


def _columns(overrides: Sequence[ScoreOverride | None]) -> Iterator[list[Any]]:
    """Gives the values, the principals and the times, each with None where there is no override."""
    for field in ScoreOverride._fields:
        yield [None if override is None else getattr(override, field) for override in overrides]


def _findings_to_json(findings: Sequence[Finding]) -> str:
    return orjson.dumps([[finding.index, finding.anchor, finding.error] for finding in findings]).decode()


def _findings_from_json(text: str | None) -> tuple[Finding, ...]:
    if text is None:
        return ()
    return tuple(
        Finding(index, None if anchor is None else datetime.fromisoformat(anchor), error)
        for index, anchor, error in orjson.loads(text)
    )
