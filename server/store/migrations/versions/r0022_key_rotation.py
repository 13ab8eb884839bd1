"""Versions of tenants' keys are retired when nothing is encrypted by them any more, and destroyed later."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# What else was encrypted by a version is forgotten after 90 days at the latest.
EXPIRED = "retire_time < now() - interval '91 days'"


def upgrade() -> None:
    """Adds the time, and lets the application rotate and the relay destroy what has expired."""
    op.execute("ALTER TABLE tenant_keys ADD COLUMN retire_time timestamptz")
    op.execute("GRANT UPDATE (wrapped_key, retire_time) ON tenant_keys TO leadline_app")
    op.execute("GRANT SELECT (tenant_id, retire_time), DELETE ON tenant_keys TO leadline_relay")
    op.execute("CREATE POLICY relay_read ON tenant_keys FOR SELECT TO leadline_relay USING (true)")
    op.execute(f"CREATE POLICY relay_delete ON tenant_keys FOR DELETE TO leadline_relay USING ({EXPIRED})")


def downgrade() -> None:
    """Takes back the rights and the time; all versions stay."""
    op.execute("DROP POLICY relay_delete ON tenant_keys")
    op.execute("DROP POLICY relay_read ON tenant_keys")
    op.execute("REVOKE SELECT (tenant_id, retire_time), DELETE ON tenant_keys FROM leadline_relay")
    op.execute("REVOKE UPDATE (wrapped_key, retire_time) ON tenant_keys FROM leadline_app")
    op.execute("ALTER TABLE tenant_keys DROP COLUMN retire_time")
