"""What else names people is kept encrypted: the texts of notifications, and answers that are kept for repetitions."""

from typing import Any
from uuid import UUID

from alembic import op
from sqlalchemy import text

from server.store.migrations.ciphers import cipher_of
from server.store.notifications import text_context

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("notifications", "idempotency_keys", "tenant_keys")
# Requests are known again by digests of another kind from now on, so these answers are never given again. The keys
# stay, so that a repetition is refused and not done twice.
FORGET_ANSWERS = """
UPDATE idempotency_keys SET response = '' WHERE method IN (
    '/leadline.v1.LeadService/CreateLead', '/leadline.v1.LeadService/BatchCreateLeads',
    '/leadline.v1.LeadService/UpdateLead'
)
"""
# What was replaced stays in the files until the tables are written anew.
REWRITE = (
    "ALTER TABLE notifications ALTER COLUMN reason TYPE text USING reason || ''",
    "ALTER TABLE idempotency_keys ALTER COLUMN method TYPE text USING method || ''",
)
SAVE = "UPDATE notifications SET {column} = :text WHERE tenant_id = :tenant_id AND id = :id"


def upgrade() -> None:
    """Encrypts the texts, and empties the answers."""
    _hold_owner(force=False)
    op.execute("ALTER TABLE notifications ADD COLUMN sealed bytea NOT NULL DEFAULT ''")
    connection = op.get_bind()
    save = text(SAVE.format(column="sealed"))
    for tenant_id in _tenants():
        cipher = cipher_of(connection, tenant_id)
        for row in _notifications(tenant_id):
            sealed = cipher.seal(row.text.encode(), text_context(row.id))
            connection.execute(save, {"text": sealed, "tenant_id": tenant_id, "id": row.id})
    op.execute("ALTER TABLE notifications DROP COLUMN text, ALTER COLUMN sealed DROP DEFAULT")
    op.execute("ALTER TABLE notifications RENAME COLUMN sealed TO text")
    op.execute(FORGET_ANSWERS)
    for statement in REWRITE:
        op.execute(statement)
    _hold_owner(force=True)


def downgrade() -> None:
    """Decrypts the texts."""
    _hold_owner(force=False)
    op.execute("ALTER TABLE notifications ADD COLUMN plain text NOT NULL DEFAULT ''")
    connection = op.get_bind()
    save = text(SAVE.format(column="plain"))
    for tenant_id in _tenants():
        cipher = cipher_of(connection, tenant_id)
        for row in _notifications(tenant_id):
            plain = cipher.open(row.text, text_context(row.id)).decode()
            connection.execute(save, {"text": plain, "tenant_id": tenant_id, "id": row.id})
    op.execute("ALTER TABLE notifications DROP COLUMN text, ALTER COLUMN plain DROP DEFAULT")
    op.execute("ALTER TABLE notifications RENAME COLUMN plain TO text")
    op.execute(FORGET_ANSWERS)
    _hold_owner(force=True)


def _tenants() -> list[UUID]:
    return list(op.get_bind().execute(text("SELECT DISTINCT tenant_id FROM notifications WHERE text <> ''")).scalars())


def _notifications(tenant_id: UUID) -> list[Any]:
    query = text("SELECT id, text FROM notifications WHERE tenant_id = :tenant_id AND text <> ''")
    return list(op.get_bind().execute(query, {"tenant_id": tenant_id}))


def _hold_owner(*, force: bool) -> None:
    """Lets the owner see all rows, or none again: no policy lets it."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} {'' if force else 'NO '}FORCE ROW LEVEL SECURITY")
