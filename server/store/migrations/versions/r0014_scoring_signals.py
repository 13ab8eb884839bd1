"""Whoever holds copies of scores is told when a tenant's models, rules or experiments change."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("models", "rule_sets", "experiments")

# Told at the commit, on the channel of the outbox, in the form of its signals.
FUNCTION = """
CREATE FUNCTION tell_scoring_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NULLIF(current_setting('app.tenant_id', true), '') IS NOT NULL THEN
        PERFORM pg_notify('leadline_outbox', 'scoring.changed ' || current_setting('app.tenant_id') || ' ');
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Makes the function and a trigger on each table that decides how leads are scored."""
    op.execute(FUNCTION)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER tell_scoring_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tell_scoring_changed()"
        )


def downgrade() -> None:
    """Drops the triggers and the function."""
    for table in TABLES:
        op.execute(f"DROP TRIGGER tell_scoring_changed ON {table}")
    op.execute("DROP FUNCTION tell_scoring_changed()")
