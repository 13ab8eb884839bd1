"""Leads as rows of the table `leads`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import orjson
from asyncpg import Record

from server.encryption.personal_data import SealedPersonalData
from server.encryption.tenant_cipher import TenantCipher
from server.encryption.tenant_keys import TenantKeys
from server.leads.lead import Grade, Lead, LeadProfile, LeadStatus, ScoreOverride, StoredScore

SELECT_LEADS: Final = """
SELECT id, external_id, personal, data_key, data_key_version, company, owner, status, outcome_time, received_time,
    fields::text AS fields,
    score_probability, score_log_odds, score_base_log_odds, score_value, score_grade, score_model_id, score_time,
    score_id, coalesce(score_probability_low, 0) AS score_probability_low,
    coalesce(score_probability_high, 1) AS score_probability_high,
    coalesce(score_evidence_count, 0) AS score_evidence_count, score_rule_set_id, score_next_grade_time,
    score_next_grade, score_is_overridden, score_override_principal, score_override_time, create_time, update_time,
    revision
FROM leads
"""
"""Gives rows for `lead_from_row`; conditions and order are to follow."""


def lead_from_row(row: Record, cipher: TenantCipher) -> Lead:
    """Gives the lead in a row.

    Args:
        row: A row of `SELECT_LEADS`.
        cipher: Of the lead's tenant, with the versions that the row needs.

    Raises:
        EncryptedDataBroken: The lead's personal data was changed or moved, or its key was destroyed.
    """
    personal = cipher.open_personal(
        row["id"], SealedPersonalData(row["personal"], row["data_key"], row["data_key_version"])
    )
    profile = LeadProfile(
        external_id=row["external_id"] or "",
        email=personal.email,
        display_name=personal.display_name,
        company=row["company"],
        phone=personal.phone,
        owner=row["owner"],
        status=LeadStatus(row["status"]),
        outcome_time=row["outcome_time"],
        received_time=row["received_time"],
        fields=orjson.loads(row["fields"]),
    )
    return Lead(
        lead_id=row["id"],
        profile=profile,
        score=_score_from_row(row),
        create_time=row["create_time"],
        update_time=row["update_time"],
        revision=row["revision"],
    )


async def leads_from_rows(rows: Sequence[Record], tenant_id: UUID, keys: TenantKeys) -> list[Lead]:
    """Gives the leads in a tenant's rows.

    Args:
        rows: Rows of `SELECT_LEADS`.
        tenant_id: The tenant.
        keys: The tenants' keys.

    Raises:
        DependencyUnavailable: The tenant's key is not held, and the key service can't be reached.
        EncryptedDataBroken: As `lead_from_row`.
    """
    cipher = await keys.cipher(tenant_id, {row["data_key_version"] for row in rows})
    return [lead_from_row(row, cipher) for row in rows]


def _score_from_row(row: Record) -> StoredScore | None:
    """Gives the score in a lead's row, None if the lead was never scored."""
    if row["score_value"] is None:
        return None
    return StoredScore(
        score_id=row["score_id"],
        probability=row["score_probability"],
        log_odds=row["score_log_odds"],
        base_log_odds=row["score_base_log_odds"],
        value=row["score_value"],
        grade=None if row["score_grade"] is None else Grade(row["score_grade"]),
        model_id=row["score_model_id"],
        compute_time=row["score_time"],
        probability_low=row["score_probability_low"],
        probability_high=row["score_probability_high"],
        evidence_count=row["score_evidence_count"],
        rule_set_id=row["score_rule_set_id"],
        next_grade_time=row["score_next_grade_time"],
        next_grade=None if row["score_next_grade"] is None else Grade(row["score_next_grade"]),
        # While the stored score has not followed a cleared one yet, nobody's name is left.
        override=ScoreOverride(row["score_override_principal"], row["score_override_time"])
        if row["score_is_overridden"] and row["score_override_principal"] is not None
        else None,
    )
