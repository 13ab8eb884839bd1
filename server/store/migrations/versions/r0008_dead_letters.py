"""Dead letters: what came in and could not be used, kept for 30 days."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

TABLE = """
CREATE TABLE dead_letters (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 2),
    digest bytea NOT NULL,
    content bytea NOT NULL DEFAULT '',
    lead_ids uuid[] NOT NULL DEFAULT '{}',
    status bytea NOT NULL,
    attempt_count integer NOT NULL DEFAULT 1,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, digest)
)
"""

STATEMENTS = (
    TABLE,
    "CREATE INDEX dead_letters_update_time ON dead_letters USING brin (update_time)",
    "ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE dead_letters FORCE ROW LEVEL SECURITY",
    (
        "CREATE POLICY tenant_isolation ON dead_letters TO leadline_app "
        f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
    ),
    "GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters TO leadline_app",
    "GRANT SELECT (update_time), DELETE ON dead_letters TO leadline_relay",
    (
        "CREATE POLICY relay_read ON dead_letters FOR SELECT TO leadline_relay "
        "USING (update_time < now() - interval '30 days')"
    ),
    (
        "CREATE POLICY relay_delete ON dead_letters FOR DELETE TO leadline_relay "
        "USING (update_time < now() - interval '30 days')"
    ),
)


def upgrade() -> None:
    """Makes the table, the policies and the grants."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drops the table with its rows."""
    op.execute("DROP TABLE dead_letters")
