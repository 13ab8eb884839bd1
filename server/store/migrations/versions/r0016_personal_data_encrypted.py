"""Personal data of leads is kept encrypted; what was kept plain is encrypted, and its text leaves the table."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from alembic import op
from sqlalchemy import Connection, text

from server.encryption.personal_data import PersonalData, SealedPersonalData
from server.leads.contact import comparable_email, comparable_phone
from server.store.migrations.ciphers import cipher_of

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
BATCH_LEADS = 2_000

TABLE = """
CREATE TABLE tenant_keys (
    tenant_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    wrapped_key bytea NOT NULL,
    wrapped_index_key bytea NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, version)
)
"""

ENCRYPTED = """
ALTER TABLE leads
    ADD COLUMN personal bytea,
    ADD COLUMN data_key bytea,
    ADD COLUMN data_key_version integer,
    ADD COLUMN email_index bytea,
    ADD COLUMN phone_index bytea
"""
PLAIN = """
ALTER TABLE leads
    ADD COLUMN email text NOT NULL DEFAULT '',
    ADD COLUMN display_name text NOT NULL DEFAULT '',
    ADD COLUMN phone text NOT NULL DEFAULT ''
"""
WITHOUT_PLAIN = "ALTER TABLE leads DROP COLUMN email, DROP COLUMN display_name, DROP COLUMN phone"
WITHOUT_ENCRYPTED = """
ALTER TABLE leads DROP COLUMN personal, DROP COLUMN data_key, DROP COLUMN data_key_version,
    DROP COLUMN email_index, DROP COLUMN phone_index
"""
# Dropped columns stay in the rows that are there, and old rows in the file, until the table is written anew.
REWRITE = "ALTER TABLE leads ALTER COLUMN revision TYPE bigint USING revision + 0"

INDEXES = (
    "CREATE INDEX leads_email_index ON leads (tenant_id, email_index) WHERE email_index IS NOT NULL",
    "CREATE INDEX leads_phone_index ON leads (tenant_id, phone_index) WHERE phone_index IS NOT NULL",
)

TYPE = """
CREATE TYPE new_lead AS (
    id uuid, external_id text, personal bytea, data_key bytea, data_key_version integer, email_index bytea,
    phone_index bytea, company text, owner text, status smallint, outcome_time timestamptz, received_time timestamptz,
    fields text
)
"""
OLD_TYPE = """
CREATE TYPE new_lead AS (
    id uuid, external_id text, email text, display_name text, company text, phone text, owner text, status smallint,
    outcome_time timestamptz, received_time timestamptz, fields text
)
"""

PAGE = """
SELECT * FROM leads WHERE tenant_id = :tenant_id AND id > :after AND {condition} ORDER BY id LIMIT :limit
"""
ENCRYPT = """
UPDATE leads SET personal = given.personal, data_key = given.data_key, data_key_version = given.data_key_version,
    email_index = given.email_index, phone_index = given.phone_index
FROM unnest(CAST(:ids AS uuid[]), CAST(:personal AS bytea[]), CAST(:data_keys AS bytea[]), CAST(:versions AS integer[]),
    CAST(:emails AS bytea[]), CAST(:phones AS bytea[]))
    AS given (id, personal, data_key, data_key_version, email_index, phone_index)
WHERE leads.tenant_id = :tenant_id AND leads.id = given.id
"""
DECRYPT = """
UPDATE leads SET email = given.email, display_name = given.display_name, phone = given.phone
FROM unnest(CAST(:ids AS uuid[]), CAST(:emails AS text[]), CAST(:names AS text[]), CAST(:phones AS text[]))
    AS given (id, email, display_name, phone)
WHERE leads.tenant_id = :tenant_id AND leads.id = given.id
"""
HAS_PLAIN = "(email <> '' OR display_name <> '' OR phone <> '')"
HAS_ENCRYPTED = "personal IS NOT NULL"


def upgrade() -> None:
    """Makes the table of keys, encrypts personal data and drops the columns that held it plain."""
    op.execute(TABLE)
    op.execute(ENCRYPTED)
    op.execute("DROP INDEX leads_email")
    connection = op.get_bind()
    # The owner is held to row-level security too, and no policy lets it see a row.
    op.execute("ALTER TABLE leads NO FORCE ROW LEVEL SECURITY")
    for tenant_id in _tenants(connection, HAS_PLAIN):
        _encrypt(connection, tenant_id)
    op.execute(WITHOUT_PLAIN)
    op.execute(REWRITE)
    op.execute("ALTER TABLE leads FORCE ROW LEVEL SECURITY")
    for index in INDEXES:
        op.execute(index)
    op.execute("DROP TYPE new_lead")
    op.execute(TYPE)
    op.execute("ALTER TABLE tenant_keys ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tenant_keys FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant_isolation ON tenant_keys TO leadline_app "
        f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
    )
    op.execute("GRANT SELECT, INSERT ON tenant_keys TO leadline_app")


def downgrade() -> None:
    """Decrypts personal data and drops the keys."""
    op.execute(PLAIN)
    connection = op.get_bind()
    for table in ("leads", "tenant_keys"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for tenant_id in _tenants(connection, HAS_ENCRYPTED):
        _decrypt(connection, tenant_id)
    op.execute("DROP TABLE tenant_keys")
    op.execute(WITHOUT_ENCRYPTED)
    op.execute("ALTER TABLE leads FORCE ROW LEVEL SECURITY")
    op.execute("CREATE INDEX leads_email ON leads (tenant_id, email)")
    op.execute("DROP TYPE new_lead")
    op.execute(OLD_TYPE)


def _tenants(connection: Connection, condition: str) -> list[UUID]:
    found = connection.execute(text(f"SELECT DISTINCT tenant_id FROM leads WHERE {condition}"))  # noqa: S608 - a constant
    return list(found.scalars())


def _encrypt(connection: Connection, tenant_id: UUID) -> None:
    cipher = cipher_of(connection, tenant_id)
    for rows in _batches(connection, tenant_id, HAS_PLAIN):
        sealed = [cipher.seal_personal(row.id, PersonalData(row.email, row.display_name, row.phone)) for row in rows]
        connection.execute(
            text(ENCRYPT),
            {
                "tenant_id": tenant_id,
                "ids": [row.id for row in rows],
                "personal": [each.content for each in sealed],
                "data_keys": [each.data_key for each in sealed],
                "versions": [each.key_version for each in sealed],
                "emails": [cipher.email_index(comparable_email(row.email)) for row in rows],
                "phones": [cipher.phone_index(comparable_phone(row.phone)) for row in rows],
            },
        )


def _decrypt(connection: Connection, tenant_id: UUID) -> None:
    cipher = cipher_of(connection, tenant_id)
    for rows in _batches(connection, tenant_id, HAS_ENCRYPTED):
        opened = [
            cipher.open_personal(row.id, SealedPersonalData(row.personal, row.data_key, row.data_key_version))
            for row in rows
        ]
        connection.execute(
            text(DECRYPT),
            {
                "tenant_id": tenant_id,
                "ids": [row.id for row in rows],
                "emails": [each.email for each in opened],
                "names": [each.display_name for each in opened],
                "phones": [each.phone for each in opened],
            },
        )


def _batches(connection: Connection, tenant_id: UUID, condition: str) -> Iterator[list[Any]]:
    after = UUID(int=0)
    while rows := list(
        connection.execute(
            text(PAGE.format(condition=condition)),
            {"tenant_id": tenant_id, "after": after, "limit": BATCH_LEADS},
        )
    ):
        yield rows
        after = rows[-1].id
