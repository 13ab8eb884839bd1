"""The audit log: records that wait to be sealed, and the chain of those that are."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

TABLES = (
    # What is no JSON, or no jsonb, could never be sealed, and would hold up all that comes after.
    """
    CREATE TABLE unsealed_audit_records (
        tenant_id uuid NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY,
        content text NOT NULL CHECK (content IS JSON OBJECT AND strpos(content, '\\u0000') = 0),
        PRIMARY KEY (tenant_id, position)
    )
    """,
    # The content is the record; the columns that queries need are made of it, and so can't say anything else. They are
    # texts, so that no content can fail to become them; times are all UTC and written alike, and sort as texts.
    """
    CREATE TABLE audit_records (
        tenant_id uuid NOT NULL,
        sequence_number bigint NOT NULL CHECK (sequence_number >= 1),
        previous_digest bytea NOT NULL CHECK (octet_length(previous_digest) = 32),
        digest bytea NOT NULL CHECK (octet_length(digest) = 32),
        content text NOT NULL,
        id text NOT NULL GENERATED ALWAYS AS (coalesce(content::jsonb ->> 'id', '')) STORED,
        create_time text COLLATE "C" GENERATED ALWAYS AS (content::jsonb ->> 'time') STORED,
        principal text GENERATED ALWAYS AS (content::jsonb ->> 'principal') STORED,
        PRIMARY KEY (tenant_id, sequence_number)
    )
    """,
    "CREATE INDEX audit_records_id ON audit_records (tenant_id, id)",
    "CREATE INDEX audit_records_principal ON audit_records (tenant_id, principal, sequence_number)",
)

APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    # For each statement, so that it refuses also whoever sees no row.
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON unsealed_audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
    # A record may leave only if the chain has it as it was.
    """
    CREATE FUNCTION refuse_audit_loss() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT FROM audit_records
            WHERE tenant_id = OLD.tenant_id AND id = coalesce(OLD.content::jsonb ->> 'id', '')
                AND content = OLD.content
        ) THEN
            RAISE EXCEPTION 'an audit record may not be deleted before it is sealed'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE CONSTRAINT TRIGGER no_loss AFTER DELETE ON unsealed_audit_records
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_audit_loss()
    """,
    # Not even for sessions in which triggers are off otherwise.
    "ALTER TABLE audit_records ENABLE ALWAYS TRIGGER append_only",
    "ALTER TABLE unsealed_audit_records ENABLE ALWAYS TRIGGER append_only",
    "ALTER TABLE unsealed_audit_records ENABLE ALWAYS TRIGGER no_loss",
)

ACCESS = (
    *(
        statement
        for table in ("audit_records", "unsealed_audit_records")
        for statement in (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            (
                f"CREATE POLICY tenant_isolation ON {table} TO leadline_app "
                f"USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
            ),
            f"CREATE POLICY relay ON {table} TO leadline_relay USING (true) WITH CHECK (true)",
        )
    ),
    # The application writes records and reads the chain. The relay's role makes the chain, and nobody changes it.
    "GRANT SELECT, INSERT ON unsealed_audit_records TO leadline_app",
    "GRANT SELECT ON audit_records TO leadline_app",
    "GRANT SELECT, DELETE ON unsealed_audit_records TO leadline_relay",
    "GRANT SELECT (tenant_id, sequence_number, digest, id, content), INSERT ON audit_records TO leadline_relay",
)


def upgrade() -> None:
    """Makes the tables, what keeps them append-only, the policies and the grants."""
    for statement in (*TABLES, *APPEND_ONLY, *ACCESS):
        op.execute(statement)


def downgrade() -> None:
    """Drops the log."""
    op.execute("DROP TABLE unsealed_audit_records, audit_records")
    op.execute("DROP FUNCTION refuse_audit_loss(), refuse_audit_change()")
