"""The web origins that a tenant allows."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column, which the application may change."""
    op.execute("ALTER TABLE tenants ADD COLUMN allowed_origins text[] NOT NULL DEFAULT '{}'")
    op.execute("GRANT UPDATE (allowed_origins) ON tenants TO leadline_app")


def downgrade() -> None:
    """Drops the column."""
    op.execute("ALTER TABLE tenants DROP COLUMN allowed_origins")
