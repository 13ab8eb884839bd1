"""How many batches the relay has handed over to Redis, by which it notices that Redis has lost some."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Of no tenant, and of no use to anyone but the relay.
TABLE = """
CREATE TABLE relay_progress (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    batch_count bigint NOT NULL DEFAULT 0
)
"""

# What Redis may have lost is sent again; of a row the relay sees only what names it.
STATEMENTS = (
    TABLE,
    "INSERT INTO relay_progress DEFAULT VALUES",
    "GRANT SELECT, UPDATE (batch_count) ON relay_progress TO leadline_relay",
    "GRANT SELECT (tenant_id, id, method, state, update_time) ON operations TO leadline_relay",
    "CREATE POLICY relay_read ON operations FOR SELECT TO leadline_relay USING (state <> 3)",
    "GRANT SELECT (tenant_id, id, state) ON experiments TO leadline_relay",
    "CREATE POLICY relay_read ON experiments FOR SELECT TO leadline_relay USING (state = 1)",
)


def upgrade() -> None:
    """Makes the table, and lets the relay see the operations and experiments that are not over."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drops the table and what the relay may see."""
    op.execute("DROP POLICY relay_read ON experiments")
    op.execute("REVOKE SELECT (tenant_id, id, state) ON experiments FROM leadline_relay")
    op.execute("DROP POLICY relay_read ON operations")
    op.execute("REVOKE SELECT (tenant_id, id, method, state, update_time) ON operations FROM leadline_relay")
    op.execute("DROP TABLE relay_progress")
