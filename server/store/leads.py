"""Leads in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import column, delete, select, table, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from server.encryption.personal_data import PersonalData
from server.encryption.tenant_cipher import TenantCipher
from server.encryption.tenant_keys import TenantKeys
from server.leads.contact import comparable_email, comparable_phone
from server.leads.lead import Lead, LeadProfile
from server.leads.lead_query import LeadQuery
from server.leads.ports import DuplicatePolicy, ImportCounts, LeadTransaction, StoredLeads
from server.runtime import idempotency, outbox
from server.runtime.database import Database
from server.runtime.errors import LeadAlreadyExists
from server.runtime.identifiers import format_name
from server.runtime.unit_of_work import UnitOfWork, unit_of_work
from server.store.lead_pages import fetch_page
from server.store.lead_rows import SELECT_LEADS, leads_from_rows

IMPORT_METHOD: Final = "/leadline.v1.LeadService/ImportLeads"

_LEADS: Final = table(
    "leads",
    *map(column, ("tenant_id", "id", "external_id", "company", "owner")),
    *map(column, ("personal", "data_key", "data_key_version", "email_index", "phone_index")),
    *map(column, ("status", "outcome_time", "received_time", "update_time", "revision")),
    column("fields", JSONB),
)

_SELECT_ONE: Final = f"{SELECT_LEADS} WHERE tenant_id = $1 AND id = $2"

_ADD_BEGIN: Final = """
WITH stored AS (
INSERT INTO leads (
    tenant_id, id, external_id, personal, data_key, data_key_version, email_index, phone_index, company, owner, status,
    outcome_time, received_time, fields, create_time, update_time
)
SELECT $1, id, external_id, personal, data_key, data_key_version, email_index, phone_index, company, owner, status,
    outcome_time, received_time, fields::jsonb, $2, $2
FROM unnest($3::new_lead[])
-- Transactions that add the same leads lock them in the same order, so none waits for another in a circle.
ORDER BY external_id
ON CONFLICT (tenant_id, external_id) WHERE external_id IS NOT NULL
"""
# Two arrays come back much cheaper than a row for each lead.
_ADD_END: Final = """
RETURNING leads.id, leads.external_id, old.id IS NULL AS is_new
)
SELECT array_agg(id) FILTER (WHERE is_new) AS created, array_agg(id) FILTER (WHERE NOT is_new) AS replaced,
    array_agg(external_id) FILTER (WHERE NOT is_new) AS replaced_external_ids
FROM stored
"""
_ON_CONFLICT: Final = {
    DuplicatePolicy.SKIP: "DO NOTHING",
    DuplicatePolicy.REPLACE: """
        DO UPDATE SET
            email_index = excluded.email_index, phone_index = excluded.phone_index, company = excluded.company,
            owner = excluded.owner, status = excluded.status,
            outcome_time = excluded.outcome_time, fields = excluded.fields, update_time = excluded.update_time,
            received_time = CASE WHEN excluded.received_time = excluded.create_time
                THEN leads.create_time ELSE excluded.received_time END,
            revision = leads.revision + 1
    """,
}
# What is encrypted for one lead can't be read as another's, so a replaced lead gets its own once its id is known.
_SEAL_REPLACED: Final = """
UPDATE leads SET personal = given.personal, data_key = given.data_key, data_key_version = given.data_key_version
FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::integer[]) AS given (id, personal, data_key, data_key_version)
WHERE leads.tenant_id = $1 AND leads.id = given.id
"""


def _new_lead(lead: Lead, cipher: TenantCipher) -> tuple[object, ...]:
    """Gives a lead as a value of the type `new_lead`."""
    profile = lead.profile
    return (
        lead.lead_id,
        profile.external_id or None,
        *cipher.seal_personal(lead.lead_id, _personal(profile)),
        cipher.email_index(comparable_email(profile.email)),
        cipher.phone_index(comparable_phone(profile.phone)),
        profile.company,
        profile.owner,
        profile.status,
        profile.outcome_time,
        profile.received_time,
        orjson.dumps(profile.fields).decode(),
    )


def _personal(profile: LeadProfile) -> PersonalData:
    return PersonalData(profile.email, profile.display_name, profile.phone)


class PostgresLeadTransaction:
    """The leads of one tenant in one transaction. See the port `LeadTransaction`.

    Args:
        work: The transaction.
        keys: The tenants' keys.
    """

    def __init__(self, work: UnitOfWork, keys: TenantKeys) -> None:
        self._work = work
        self._keys = keys

    async def add(self, leads: Sequence[Lead], policy: DuplicatePolicy) -> StoredLeads:
        """Stores leads, in one statement; those that replace others in two."""
        cipher = await self._keys.cipher(self._work.tenant_id)
        row = await self._work.driver.fetchrow(
            f"{_ADD_BEGIN} {_ON_CONFLICT[policy]} {_ADD_END}",
            self._work.tenant_id,
            leads[0].create_time,
            [_new_lead(lead, cipher) for lead in leads],
        )
        if row is None:
            raise RuntimeError("an aggregate without a row")
        if row["replaced"]:
            profiles = {lead.profile.external_id: lead.profile for lead in leads}
            holders = zip(row["replaced"], row["replaced_external_ids"], strict=True)
            sealed = [
                cipher.seal_personal(lead_id, _personal(profiles[external_id])) for lead_id, external_id in holders
            ]
            await self._work.driver.execute(
                _SEAL_REPLACED, self._work.tenant_id, row["replaced"], *map(list, zip(*sealed, strict=True))
            )
        return StoredLeads(created=row["created"] or [], replaced=row["replaced"] or [])

    async def lock(self, lead_id: UUID) -> Lead | None:
        """Gives a lead, which nobody else can change until the transaction ends; None if there is none."""
        rows = await self._work.driver.fetch(f"{_SELECT_ONE} FOR NO KEY UPDATE", self._work.tenant_id, lead_id)
        leads = await leads_from_rows(rows, self._work.tenant_id, self._keys)
        return leads[0] if leads else None

    async def save(self, lead: Lead) -> None:
        """Stores the profile, update time and revision of a lead that is stored and locked."""
        profile = lead.profile
        cipher = await self._keys.cipher(self._work.tenant_id)
        personal, data_key, data_key_version = cipher.seal_personal(lead.lead_id, _personal(profile))
        statement = (
            update(_LEADS)
            .where(_LEADS.c.tenant_id == self._work.tenant_id, _LEADS.c.id == lead.lead_id)
            .values(
                external_id=profile.external_id or None,
                personal=personal,
                data_key=data_key,
                data_key_version=data_key_version,
                email_index=cipher.email_index(comparable_email(profile.email)),
                phone_index=cipher.phone_index(comparable_phone(profile.phone)),
                company=profile.company,
                owner=profile.owner,
                status=int(profile.status),
                outcome_time=profile.outcome_time,
                received_time=profile.received_time,
                fields=profile.fields,
                update_time=lead.update_time,
                revision=lead.revision,
            )
        )
        # A broken constraint ends the transaction, except back to this point, from where the other lead can be named.
        await self._work.driver.execute("SAVEPOINT before_save")
        try:
            await self._work.connection.execute(statement)
        except IntegrityError as error:
            await self._work.driver.execute("ROLLBACK TO SAVEPOINT before_save")
            existing = await self.find_by_external_id([profile.external_id])
            # It may have been deleted since it stood in the way.
            holder = existing.get(profile.external_id)
            raise LeadAlreadyExists(profile.external_id, format_name("leads", holder) if holder else "") from error

    async def delete(self, lead_id: UUID) -> None:
        """Deletes a lead with its events, counters and scores, which their foreign keys take along."""
        await self._work.connection.execute(
            delete(_LEADS).where(_LEADS.c.tenant_id == self._work.tenant_id, _LEADS.c.id == lead_id)
        )

    async def find_by_external_id(self, external_ids: Collection[str]) -> dict[str, UUID]:
        """Gives the ids of the leads that have one of these external ids, by external id."""
        found = await self._work.connection.execute(
            select(_LEADS.c.external_id, _LEADS.c.id).where(
                _LEADS.c.tenant_id == self._work.tenant_id, _LEADS.c.external_id.in_(external_ids)
            )
        )
        return {row.external_id: row.id for row in found}

    async def announce(self, lead_ids: Sequence[UUID]) -> None:
        """Tells the rest of the system, once the transaction is committed, that leads have changed."""
        payload = {"lead_ids": list(map(str, lead_ids))}
        await outbox.append(self._work.driver, self._work.tenant_id, "lead.changed", payload)

    async def once(self, key: str, request_digest: bytes, count: Callable[[], Awaitable[ImportCounts]]) -> ImportCounts:
        """Imports a batch at most once: a repetition of the key is given the first one's counts."""

        async def answer() -> bytes:
            return orjson.dumps(await count())

        stored = await idempotency.once(
            self._work, method=IMPORT_METHOD, key=key, request_digest=request_digest, answer=answer
        )
        return ImportCounts(**orjson.loads(stored))

    async def commit(self) -> None:
        """Makes the changes last."""
        await self._work.commit()


class PostgresLeadStore:
    """The leads of all tenants. See the port `LeadStore`.

    Args:
        database: The database in the role of the application.
        keys: The tenants' keys.
    """

    def __init__(self, database: Database, keys: TenantKeys) -> None:
        self._database = database
        self._keys = keys

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[LeadTransaction]:
        """Opens a transaction that sees one tenant's leads."""
        async with unit_of_work(self._database, tenant_id) as work:
            yield PostgresLeadTransaction(work, self._keys)

    async def get(self, tenant_id: UUID, lead_id: UUID) -> Lead | None:
        """Gives a lead, None if the tenant has none with this id."""
        async with self._database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_SELECT_ONE, tenant_id, lead_id)
        leads = await leads_from_rows(rows, tenant_id, self._keys)
        return leads[0] if leads else None

    async def page(self, tenant_id: UUID, query: LeadQuery) -> list[Lead]:
        """Gives the leads that a query asks for, in its order."""
        cipher = await self._keys.cipher(tenant_id)
        async with self._database.transaction(tenant_id) as connection:
            rows = await fetch_page(connection, tenant_id, query, cipher)
        return await leads_from_rows(rows, tenant_id, self._keys)
