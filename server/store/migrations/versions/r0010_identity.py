"""Identity: users, invitations, roles, the credentials of programs, outside issuers, and the keys that sign tokens."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

TABLES = """
ALTER TABLE tenants ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false;

CREATE TABLE users (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email)),
    display_name text NOT NULL,
    role text NOT NULL,
    state smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 2),
    password_hash text,
    email_verified boolean NOT NULL DEFAULT false,
    second_factor text,
    second_factor_enabled boolean NOT NULL DEFAULT false,
    second_factor_step bigint NOT NULL DEFAULT 0,
    last_log_in_time timestamptz,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CHECK (second_factor IS NOT NULL OR NOT second_factor_enabled)
);
CREATE UNIQUE INDEX users_email ON users (tenant_id, email);
CREATE INDEX users_email_of_any_tenant ON users (email);

CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX recovery_codes_user ON recovery_codes (tenant_id, user_id);

CREATE TABLE invitations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email)),
    role text NOT NULL,
    state smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 3),
    inviter text NOT NULL,
    token_digest bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE roles (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    display_name text NOT NULL,
    permissions text[] NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX roles_display_name ON roles (tenant_id, display_name);

CREATE TABLE credentials (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 2),
    display_name text NOT NULL,
    permissions text[] NOT NULL,
    secret_digest bytea NOT NULL,
    previous_digest bytea,
    previous_expire_time timestamptz,
    prefix text NOT NULL,
    expire_time timestamptz,
    revoke_time timestamptz,
    creator text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    rotate_time timestamptz,
    last_used_time timestamptz,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE identity_providers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    display_name text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    role text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX identity_providers_of_any_tenant ON identity_providers (id);

CREATE TABLE external_identities (
    tenant_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, subject),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE signing_keys (
    id text PRIMARY KEY,
    public_key jsonb NOT NULL,
    sealed_private_key text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    sign_from_time timestamptz NOT NULL,
    sign_until_time timestamptz
);
"""

# What the application may do with each table.
APPLICATION_GRANTS = {
    "users": "SELECT, INSERT, UPDATE",
    "recovery_codes": "SELECT, INSERT, DELETE",
    "invitations": "SELECT, INSERT, UPDATE",
    "roles": "SELECT, INSERT, UPDATE, DELETE",
    "credentials": "SELECT, INSERT, UPDATE",
    "identity_providers": "SELECT, INSERT, UPDATE, DELETE",
    "external_identities": "SELECT, INSERT",
}

# Before log-in the tenant is not known. These functions say which one it may be, and nothing else; they run as the
# owner of the tables, whom the policies beside them let see just that.
LOOK_UPS = (
    "CREATE POLICY look_up ON users FOR SELECT TO leadline_owner USING (true)",
    "CREATE POLICY look_up ON identity_providers FOR SELECT TO leadline_owner USING (true)",
    """CREATE FUNCTION accounts_of_email(wanted text) RETURNS TABLE (tenant_id uuid, user_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT u.tenant_id, u.id FROM public.users u WHERE u.email = wanted ORDER BY u.id LIMIT 8'""",
    """CREATE FUNCTION tenant_of_identity_provider(wanted uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT p.tenant_id FROM public.identity_providers p WHERE p.id = wanted'""",
    "REVOKE ALL ON FUNCTION accounts_of_email, tenant_of_identity_provider FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION accounts_of_email, tenant_of_identity_provider TO leadline_app",
)


def upgrade() -> None:
    """Makes the tables, the policies, the grants and the look-ups."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table, privileges in APPLICATION_GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO leadline_app USING (tenant_id = {TENANT}) "
            f"WITH CHECK (tenant_id = {TENANT})"
        )
        op.execute(f"GRANT {privileges} ON {table} TO leadline_app")
    # Sign-up makes tenants; the plan is not the application's to change.
    op.execute(
        "GRANT INSERT (id, display_name), UPDATE (display_name, second_factor_required) ON tenants TO leadline_app"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON signing_keys TO leadline_app")
    for statement in LOOK_UPS:
        op.execute(statement)


def downgrade() -> None:
    """Drops the tables with their rows."""
    op.execute("DROP FUNCTION accounts_of_email, tenant_of_identity_provider")
    for table in (*reversed(APPLICATION_GRANTS), "signing_keys"):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute(
        "REVOKE INSERT (id, display_name), UPDATE (display_name, second_factor_required) ON tenants FROM leadline_app"
    )
    op.execute("ALTER TABLE tenants DROP COLUMN second_factor_required")
