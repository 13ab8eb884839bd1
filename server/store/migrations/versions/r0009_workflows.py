"""Workflows, what they remember and did, webhook deliveries, notifications, and the queue for the CRM."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

TABLES = (
    """
    CREATE TABLE workflows (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        display_name text NOT NULL,
        trigger jsonb NOT NULL,
        actions jsonb NOT NULL,
        cool_down interval NOT NULL,
        enabled boolean NOT NULL,
        secret_generation integer NOT NULL DEFAULT 0,
        previous_secret_expire_time timestamptz,
        owner_turn bigint NOT NULL DEFAULT 0,
        create_time timestamptz NOT NULL,
        update_time timestamptz NOT NULL,
        revision bigint NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    # What workflows have yet to look at. It is written in the transaction of the change, and deleted in that of the
    # workflows' effects: each change is thus looked at exactly once.
    """
    CREATE TABLE workflow_changes (
        tenant_id uuid NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        topic text NOT NULL,
        payload jsonb NOT NULL,
        create_time timestamptz NOT NULL DEFAULT now(),
        failed boolean NOT NULL DEFAULT false,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE workflow_states (
        tenant_id uuid NOT NULL,
        workflow_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        armed boolean NOT NULL,
        crossed_time timestamptz,
        acted_time timestamptz,
        PRIMARY KEY (tenant_id, workflow_id, lead_id),
        FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX workflow_states_lead ON workflow_states (tenant_id, lead_id)",
    """
    CREATE TABLE workflow_runs (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        workflow_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        crossing_key uuid NOT NULL,
        state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
        reason text NOT NULL,
        action_results jsonb NOT NULL,
        create_time timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, crossing_key),
        FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX workflow_runs_workflow ON workflow_runs (tenant_id, workflow_id, id DESC)",
    "CREATE INDEX workflow_runs_lead ON workflow_runs (tenant_id, lead_id, id DESC)",
    """
    CREATE TABLE webhook_deliveries (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        workflow_id uuid NOT NULL,
        run_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        webhook_id uuid NOT NULL,
        url text NOT NULL,
        payload text NOT NULL,
        state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
        attempt_count integer NOT NULL DEFAULT 0,
        next_attempt_time timestamptz,
        create_time timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, webhook_id),
        CHECK ((state = 1) = (next_attempt_time IS NOT NULL)),
        FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant_id, next_attempt_time) WHERE state = 1",
    "CREATE INDEX webhook_deliveries_workflow ON webhook_deliveries (tenant_id, workflow_id, id DESC)",
    "CREATE INDEX webhook_deliveries_lead ON webhook_deliveries (tenant_id, lead_id)",
    """
    CREATE TABLE webhook_attempts (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        delivery_id uuid NOT NULL,
        attempt_time timestamptz NOT NULL,
        status_code smallint NOT NULL,
        failure text NOT NULL,
        duration interval NOT NULL,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX webhook_attempts_delivery ON webhook_attempts (tenant_id, delivery_id, id DESC)",
    """
    CREATE TABLE notifications (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        recipients text[] NOT NULL,
        text text NOT NULL,
        reason text NOT NULL,
        workflow_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        create_time timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX notifications_sequence ON notifications (tenant_id, sequence)",
    "CREATE INDEX notifications_lead ON notifications (tenant_id, lead_id)",
    """
    CREATE TABLE notification_reads (
        tenant_id uuid NOT NULL,
        notification_id uuid NOT NULL,
        subject text NOT NULL,
        read_time timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, notification_id, subject),
        FOREIGN KEY (tenant_id, notification_id) REFERENCES notifications (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE crm_queue_items (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        queue text NOT NULL,
        workflow_id uuid NOT NULL,
        lead_id uuid NOT NULL,
        reason text NOT NULL,
        take_count integer NOT NULL DEFAULT 0,
        lease_expire_time timestamptz,
        acknowledge_time timestamptz,
        create_time timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, id),
        FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX crm_queue_items_open ON crm_queue_items (tenant_id, queue, id) WHERE acknowledge_time IS NULL",
    "CREATE INDEX crm_queue_items_lead ON crm_queue_items (tenant_id, lead_id)",
)

# The capacity of an owner is counted in open leads.
OWNER_INDEX = "CREATE INDEX leads_owner ON leads (tenant_id, owner) WHERE owner <> '' AND status = 1"

APPLICATION_GRANTS = {
    "workflows": "SELECT, INSERT, UPDATE, DELETE",
    "workflow_changes": "SELECT, INSERT, UPDATE, DELETE",
    "workflow_states": "SELECT, INSERT, UPDATE, DELETE",
    "workflow_runs": "SELECT, INSERT, DELETE",
    "webhook_deliveries": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_attempts": "SELECT, INSERT, DELETE",
    "notifications": "SELECT, INSERT, DELETE",
    "notification_reads": "SELECT, INSERT, DELETE",
    "crm_queue_items": "SELECT, INSERT, UPDATE, DELETE",
}

# The worker asks, in the role of the relay, whose work waits, and sees nothing else of it.
RELAY = (
    "GRANT SELECT (tenant_id, failed) ON workflow_changes TO leadline_relay",
    "CREATE POLICY relay_read ON workflow_changes FOR SELECT TO leadline_relay USING (true)",
    "GRANT SELECT (tenant_id, state, next_attempt_time) ON webhook_deliveries TO leadline_relay",
    "CREATE POLICY relay_read ON webhook_deliveries FOR SELECT TO leadline_relay USING (true)",
)
EXPIRING = ("workflow_runs", "webhook_deliveries", "notifications", "crm_queue_items")


def upgrade() -> None:
    """Makes the tables, the policies and the grants; scores keep their value and grade from now on."""
    op.execute("ALTER TABLE scores ADD COLUMN value smallint, ADD COLUMN grade smallint")
    op.execute(OWNER_INDEX)
    for statement in TABLES:
        op.execute(statement)
    for table, privileges in APPLICATION_GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO leadline_app USING (tenant_id = {TENANT}) "
            f"WITH CHECK (tenant_id = {TENANT})"
        )
        op.execute(f"GRANT {privileges} ON {table} TO leadline_app")
    for statement in RELAY:
        op.execute(statement)
    for table in EXPIRING:
        op.execute(f"GRANT SELECT (create_time), DELETE ON {table} TO leadline_relay")
        op.execute(
            f"CREATE POLICY relay_delete ON {table} FOR DELETE TO leadline_relay "
            "USING (create_time < now() - interval '90 days')"
        )
        if table != "webhook_deliveries":
            op.execute(
                f"CREATE POLICY relay_read ON {table} FOR SELECT TO leadline_relay "
                "USING (create_time < now() - interval '90 days')"
            )


def downgrade() -> None:
    """Drops the tables with their rows."""
    for table in reversed(APPLICATION_GRANTS):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP INDEX leads_owner")
    op.execute("ALTER TABLE scores DROP COLUMN grade, DROP COLUMN value")
