"""What is to be told to tenants' endpoints, and how each of them does."""

from alembic import op

from switchboard_runtime.store.postgres.migrations.protect import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE switchboard.webhook_endpoint (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        name text NOT NULL,
        due double precision NOT NULL DEFAULT 0, lease_until double precision NOT NULL DEFAULT 0,
        fence bigint NOT NULL DEFAULT 0,
        failing_since double precision, disabled_at double precision, reason text,
        PRIMARY KEY (tenant_id, name)
    )
    """,
    """
    CREATE TABLE switchboard.webhook_delivery (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        seq bigint GENERATED ALWAYS AS IDENTITY,
        endpoint text NOT NULL, id text NOT NULL, type text NOT NULL, body text NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
        attempts integer NOT NULL, status integer, error text,
        created_at double precision NOT NULL, updated_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, seq),
        UNIQUE (tenant_id, endpoint, id)
    )
    """,
    "CREATE INDEX webhook_waiting ON switchboard.webhook_delivery (tenant_id, endpoint, seq) WHERE state = 'pending'",
)


def upgrade() -> None:
    """Make two tables that nobody uses yet."""
    for table in _TABLES:
        op.execute(table)
    protect("webhook_endpoint", "SELECT, INSERT, UPDATE")
    protect("webhook_delivery", "SELECT, INSERT, UPDATE, DELETE")
    op.execute("UPDATE switchboard.schema_version SET version = 5")
