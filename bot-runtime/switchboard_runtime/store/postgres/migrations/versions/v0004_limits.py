"""What was used and reserved, how fast, and with whom the bot is silent. Expands only."""

from alembic import op

from switchboard_runtime.store.postgres.migrations.protect import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE switchboard.usage (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        scope text NOT NULL, subject text NOT NULL, period text NOT NULL,
        messages bigint NOT NULL DEFAULT 0, tokens bigint NOT NULL DEFAULT 0, micros bigint NOT NULL DEFAULT 0,
        reserved_tokens bigint NOT NULL DEFAULT 0, reserved_micros bigint NOT NULL DEFAULT 0,
        told integer NOT NULL DEFAULT 0, updated_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, scope, subject, period)
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX usage_old ON switchboard.usage (tenant_id, updated_at) WHERE scope <> 'tenant'",
    """
    CREATE TABLE switchboard.reservation (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        work_id bigint NOT NULL,
        accounts text NOT NULL, tokens bigint NOT NULL, micros bigint NOT NULL, expires_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, work_id)
    )
    """,
    "CREATE INDEX reservation_end ON switchboard.reservation (tenant_id, expires_at)",
    """
    CREATE TABLE switchboard.pace (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        scope text NOT NULL, subject text NOT NULL, free_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, scope, subject)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE switchboard.spending (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        work_id bigint NOT NULL, at double precision NOT NULL,
        assistant text NOT NULL, model text, outcome text NOT NULL,
        input_tokens bigint NOT NULL, cached_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
        requests integer NOT NULL, estimated integer NOT NULL, micros bigint, currency text,
        PRIMARY KEY (tenant_id, work_id)
    )
    """,
    "CREATE INDEX spending_at ON switchboard.spending (tenant_id, at)",
    """
    CREATE TABLE switchboard.silence (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        conversation_id bigint NOT NULL,
        silent_until double precision NOT NULL, times integer NOT NULL, reason text NOT NULL,
        PRIMARY KEY (tenant_id, conversation_id)
    )
    """,
)

_RIGHTS = {
    "usage": "SELECT, INSERT, UPDATE, DELETE",
    "reservation": "SELECT, INSERT, DELETE",
    "pace": "SELECT, INSERT, UPDATE",
    "spending": "SELECT, INSERT",
    "silence": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES:
        op.execute(statement)
    for table, rights in _RIGHTS.items():
        protect(table, rights)
    op.execute("UPDATE switchboard.schema_version SET version = 4")
