"""People set scores: what they set stands in place of what is computed."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds what was set to leads and to the history of scores; the index finds the few leads that have it."""
    op.execute(
        "ALTER TABLE leads ADD score_override_value smallint CHECK (score_override_value BETWEEN 0 AND 100), "
        "ADD score_override_principal text, ADD score_override_time timestamptz, "
        "ADD score_is_overridden boolean NOT NULL DEFAULT false"
    )
    op.execute("CREATE INDEX leads_score_override ON leads (tenant_id, id) WHERE score_override_value IS NOT NULL")
    op.execute(
        "ALTER TABLE scores ADD override_value smallint, ADD override_principal text, ADD override_time timestamptz"
    )


def downgrade() -> None:
    """Drops the columns."""
    op.execute("ALTER TABLE scores DROP override_value, DROP override_principal, DROP override_time")
    op.execute(
        "ALTER TABLE leads DROP score_override_value, DROP score_override_principal, DROP score_override_time, "
        "DROP score_is_overridden"
    )
