"""Versions of scoring rules, and what they added to scores."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

RULE_SETS = """
CREATE TABLE rule_sets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    display_name text NOT NULL,
    content jsonb NOT NULL,
    active boolean NOT NULL DEFAULT false,
    revision bigint NOT NULL DEFAULT 1,
    create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    activate_time timestamptz,
    PRIMARY KEY (tenant_id, id)
)
"""


def upgrade() -> None:
    """Makes the table and the columns; scores from before have no rules."""
    op.execute(RULE_SETS)
    op.execute("CREATE UNIQUE INDEX rule_sets_version ON rule_sets (tenant_id, version)")
    # Read with every lead.
    op.execute("CREATE UNIQUE INDEX rule_sets_active ON rule_sets (tenant_id) INCLUDE (id) WHERE active")
    op.execute("ALTER TABLE rule_sets ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE rule_sets FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant_isolation ON rule_sets TO leadline_app "
        f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
    )
    # What a version says never changes.
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE (active, revision, activate_time) ON rule_sets TO leadline_app")
    op.execute("ALTER TABLE scores ADD COLUMN rule_set_id uuid, ADD COLUMN rule_findings jsonb")
    op.execute("""
        ALTER TABLE leads
            ADD COLUMN score_rule_set_id uuid,
            ADD COLUMN score_next_grade_time timestamptz,
            ADD COLUMN score_next_grade smallint
    """)


def downgrade() -> None:
    """Drops the columns and the table; values of scores keep what rules added until they are scored again."""
    op.execute("""
        ALTER TABLE leads
            DROP COLUMN score_next_grade, DROP COLUMN score_next_grade_time, DROP COLUMN score_rule_set_id
    """)
    op.execute("ALTER TABLE scores DROP COLUMN rule_findings, DROP COLUMN rule_set_id")
    op.execute("DROP TABLE rule_sets")
