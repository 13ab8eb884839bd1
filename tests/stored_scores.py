"""Stores leads and scores as the scorer does, for tests of what comes after."""

from datetime import UTC, datetime
from uuid import UUID

from server.encryption.tenant_keys import TenantKeys
from server.leads.create_leads import CreateLeads
from server.leads.lead import LeadProfile, LeadStatus
from server.runtime import outbox
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.leads import PostgresLeadStore


async def store_lead(database: Database, tenant_id: UUID, *, owner: str = "", external_id: str = "") -> UUID:
    """Stores a lead without a score, and gives its id."""
    lead_id = new_id()
    async with database.transaction(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO leads (tenant_id, id, owner, external_id) VALUES ($1, $2, $3, $4)",
            tenant_id,
            lead_id,
            owner,
            external_id or None,
        )
    return lead_id


async def store_named_lead(database: Database, keys: TenantKeys, tenant_id: UUID, display_name: str) -> UUID:
    """Stores a lead of that name with the external id `crm-1`, and gives its id."""
    profile = LeadProfile("crm-1", "", display_name, "", "", "", LeadStatus.OPEN, None, None, {})
    create = CreateLeads(PostgresLeadStore(database, keys), lambda: datetime.now(UTC))
    (lead,) = await create(tenant_id, [profile])
    return lead.lead_id


async def store_score(
    database: Database,
    tenant_id: UUID,
    lead_id: UUID,
    value: int,
    *,
    grade: int | None = None,
    time: datetime | None = None,
) -> None:
    """Stores a lead's new score with its history and its message, in one transaction.

    Args:
        database: The database in the role of the application.
        tenant_id: The tenant.
        lead_id: The lead.
        value: The score's value, 0 to 100.
        grade: 1 for A to 4 for D; None if it is withheld.
        time: When it was computed; None for now.
    """
    probability, compute_time, model_id = min(max(value / 100, 0.001), 0.999), time or datetime.now(UTC), new_id()
    async with database.transaction(tenant_id) as connection:
        row = await connection.fetchrow(
            "UPDATE leads SET score_probability = $3, score_log_odds = 0, score_base_log_odds = 0, score_value = $4, "
            "score_grade = $5, score_model_id = $6, score_time = $7 WHERE tenant_id = $1 AND id = $2 "
            "RETURNING old.score_value, old.score_grade, old.score_probability",
            tenant_id,
            lead_id,
            probability,
            value,
            grade,
            model_id,
            compute_time,
        )
        assert row is not None
        score_id = new_id()
        await connection.execute(
            "INSERT INTO scores (tenant_id, id, lead_id, model_id, probability, log_odds, base_log_odds, compute_time, "
            "value, grade) VALUES ($1, $2, $3, $4, $5, 0, 0, $6, $7, $8)",
            tenant_id,
            score_id,
            lead_id,
            model_id,
            probability,
            compute_time,
            value,
            grade,
        )
        change = {
            "score_id": score_id,
            "lead_id": lead_id,
            "probability": probability,
            "value": value,
            "grade": grade,
            "compute_time": compute_time,
            "previous_probability": row["score_probability"],
            "previous_value": row["score_value"],
            "previous_grade": row["score_grade"],
        }
        await outbox.append(connection, tenant_id, "score.changed", {"scores": [change]})
