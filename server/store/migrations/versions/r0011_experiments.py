"""Experiments: models tried beside the champion, and which lead was in which of their arms."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

# Challenger and control may be deleted later; what the experiment showed stays.
EXPERIMENTS = """
CREATE TABLE experiments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
    challenger_id uuid NOT NULL,
    control_id uuid NOT NULL,
    challenger_share double precision NOT NULL CHECK (challenger_share >= 0 AND challenger_share < 1),
    hold_out_share double precision NOT NULL CHECK (hold_out_share >= 0 AND challenger_share + hold_out_share < 1),
    minimum_outcome_count bigint NOT NULL CHECK (minimum_outcome_count > 0),
    create_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz,
    conclusion text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    CHECK ((state = 1) = (end_time IS NULL))
)
"""

# One shadow, and one experiment that decides which model scores a lead: the second is read with every lead.
RUNNING = (
    "CREATE UNIQUE INDEX experiments_shadow ON experiments (tenant_id) WHERE state = 1 AND kind = 1",
    "CREATE UNIQUE INDEX experiments_scoring ON experiments (tenant_id) WHERE state = 1 AND kind > 1",
)

EXPERIMENT_LEADS = """
CREATE TABLE experiment_leads (
    tenant_id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    arm smallint NOT NULL CHECK (arm BETWEEN 1 AND 3),
    probability double precision CHECK (probability > 0 AND probability < 1),
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, experiment_id, lead_id, arm),
    FOREIGN KEY (tenant_id, experiment_id) REFERENCES experiments (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE,
    CHECK ((arm = 3) = (probability IS NULL))
)
"""

TABLES = ("experiments", "experiment_leads")


def upgrade() -> None:
    """Makes the tables, and lets models be in an experiment."""
    op.execute(EXPERIMENTS)
    for statement in RUNNING:
        op.execute(statement)
    op.execute(EXPERIMENT_LEADS)
    # Without it, deleting a lead would read the whole table.
    op.execute("CREATE INDEX experiment_leads_lead ON experiment_leads (tenant_id, lead_id)")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO leadline_app "
            f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO leadline_app")
    op.execute("ALTER TABLE models DROP CONSTRAINT models_state_check")
    op.execute("ALTER TABLE models ADD CONSTRAINT models_state_check CHECK (state BETWEEN 1 AND 5)")


def downgrade() -> None:
    """Drops the tables; models that are in an experiment become candidates."""
    op.execute("DROP TABLE experiment_leads")
    op.execute("DROP TABLE experiments")
    op.execute("ALTER TABLE models NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE models SET state = 1 WHERE state > 3")
    op.execute("ALTER TABLE models FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE models DROP CONSTRAINT models_state_check")
    op.execute("ALTER TABLE models ADD CONSTRAINT models_state_check CHECK (state BETWEEN 1 AND 3)")
