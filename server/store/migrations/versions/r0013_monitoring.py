"""The watch over models: how training leads spread, policies, reports and alarms."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

# A row is there from a tenant's first champion on, or from its first own policy.
POLICIES = """
CREATE TABLE monitoring_policies (
    tenant_id uuid NOT NULL,
    check_interval interval NOT NULL DEFAULT '1 hour' CHECK (check_interval >= '1 minute'),
    window_length interval NOT NULL DEFAULT '30 days',
    minimum_lead_count bigint NOT NULL DEFAULT 200,
    minimum_outcome_count bigint NOT NULL DEFAULT 200,
    maximum_stability_index double precision NOT NULL DEFAULT 0.25,
    maximum_calibration_error double precision NOT NULL DEFAULT 0.1,
    maximum_auc_drop double precision NOT NULL DEFAULT 0.05,
    roll_back_on_breach boolean NOT NULL DEFAULT false,
    retrain_on_drift boolean NOT NULL DEFAULT false,
    retrain_interval interval CHECK (retrain_interval >= '1 hour'),
    next_check_time timestamptz NOT NULL DEFAULT now(),
    next_training_time timestamptz,
    due_time timestamptz GENERATED ALWAYS AS (least(next_check_time, next_training_time)) STORED,
    PRIMARY KEY (tenant_id)
)
"""

REPORTS = """
CREATE TABLE drift_reports (
    tenant_id uuid NOT NULL,
    model_id uuid NOT NULL,
    compute_time timestamptz NOT NULL,
    start_time timestamptz NOT NULL,
    report jsonb NOT NULL,
    PRIMARY KEY (tenant_id, model_id),
    FOREIGN KEY (tenant_id, model_id) REFERENCES models (tenant_id, id) ON DELETE CASCADE
)
"""

ALARMS = """
CREATE TABLE alarms (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    model_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    feature text NOT NULL DEFAULT '',
    value double precision NOT NULL,
    threshold double precision NOT NULL,
    message text NOT NULL,
    rolled_back_to uuid,
    training_id uuid,
    create_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz,
    PRIMARY KEY (tenant_id, id)
)
"""

TABLES = ("monitoring_policies", "drift_reports", "alarms")

STATEMENTS = (
    "ALTER TABLE models ADD COLUMN distributions jsonb NOT NULL DEFAULT '{}'",
    POLICIES,
    "CREATE INDEX monitoring_policies_due ON monitoring_policies (due_time)",
    REPORTS,
    ALARMS,
    "CREATE UNIQUE INDEX alarms_standing ON alarms (tenant_id, model_id, kind, feature) WHERE end_time IS NULL",
)

# Workers find by it for which tenants something is due, and nothing else of them.
RELAY = (
    "GRANT SELECT (tenant_id, due_time) ON monitoring_policies TO leadline_relay",
    "CREATE POLICY relay_read ON monitoring_policies FOR SELECT TO leadline_relay USING (due_time <= now())",
)

# The owner is held to row-level security too, and no policy lets it see a row.
FILL = (
    "ALTER TABLE models NO FORCE ROW LEVEL SECURITY",
    "INSERT INTO monitoring_policies (tenant_id) SELECT tenant_id FROM models WHERE state = 2",
    "ALTER TABLE models FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    """Makes the tables and the column, and a policy for each tenant that has a champion."""
    for statement in (*STATEMENTS, *FILL):
        op.execute(statement)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO leadline_app "
            f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO leadline_app")
    for statement in RELAY:
        op.execute(statement)


def downgrade() -> None:
    """Drops the tables and the column."""
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE models DROP COLUMN distributions")
