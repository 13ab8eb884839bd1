"""A tenant's key is rotated by one operation at a time, which the worker finds without reading all operations."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ASKED_FOR = "method = 'RotateTenantKey' AND state <> 3"


def upgrade() -> None:
    """Adds the index."""
    op.execute(f"CREATE UNIQUE INDEX operations_key_rotation ON operations (tenant_id) WHERE {ASKED_FOR}")


def downgrade() -> None:
    """Drops the index."""
    op.execute("DROP INDEX operations_key_rotation")
