"""Tracking: the keys of websites, their visitors, and what visitors did before they were known."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

TABLES = (
    """
    CREATE TABLE tracking_keys (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        display_name text NOT NULL,
        allowed_origins text[] NOT NULL,
        creator text NOT NULL,
        create_time timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    # Whoever deletes a lead deletes what is known of its visits.
    """
    CREATE TABLE visitors (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        lead_id uuid,
        update_time timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE visitor_events (
        tenant_id uuid NOT NULL,
        visitor_id uuid NOT NULL,
        event_id text NOT NULL,
        type text NOT NULL,
        occurred_time timestamptz NOT NULL,
        properties jsonb NOT NULL,
        create_time timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, visitor_id, event_id),
        FOREIGN KEY (tenant_id, visitor_id) REFERENCES visitors (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX visitors_lead ON visitors (tenant_id, lead_id)",
    "CREATE INDEX visitors_update_time ON visitors USING brin (update_time)",
    "CREATE INDEX visitor_events_create_time ON visitor_events USING brin (create_time)",
)

# When what a table keeps has expired, by the column that tells its age.
EXPIRY = {"visitors": ("update_time", "400 days"), "visitor_events": ("create_time", "30 days")}


def upgrade() -> None:
    """Makes the tables, the policies and the grants."""
    for statement in TABLES:
        op.execute(statement)
    for table in ("tracking_keys", "visitors", "visitor_events"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO leadline_app "
            f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO leadline_app")
    for table, (column, lifetime) in EXPIRY.items():
        op.execute(f"GRANT SELECT ({column}), DELETE ON {table} TO leadline_relay")
        for purpose in ("SELECT", "DELETE"):
            op.execute(
                f"CREATE POLICY relay_{purpose.lower()} ON {table} FOR {purpose} TO leadline_relay "
                f"USING ({column} < now() - interval '{lifetime}')"
            )


def downgrade() -> None:
    """Drops the tables with their rows."""
    op.execute("DROP TABLE visitor_events, visitors, tracking_keys")
