"""Tenants, conversations, messages, work and replies, each row a tenant's own by row-level security."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MINE = "(SELECT r.tenant_id FROM switchboard.tenant_role AS r WHERE r.role = current_user)"

_TENANTS = (
    """
    CREATE TABLE switchboard.schema_version (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        version integer NOT NULL,
        oldest_program integer NOT NULL
    )
    """,
    "INSERT INTO switchboard.schema_version (version, oldest_program) VALUES (1, 1)",
    """
    CREATE TABLE switchboard.tenant (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        channel text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE switchboard.tenant_role (
        role name PRIMARY KEY,
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id)
    )
    """,
)

_ENGINE = (
    """
    CREATE TABLE switchboard.conversation (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        id bigint GENERATED ALWAYS AS IDENTITY,
        channel text NOT NULL, own text NOT NULL, contact text NOT NULL,
        mode text NOT NULL DEFAULT 'bot' CHECK (mode IN ('bot', 'human')),
        opted_out boolean NOT NULL DEFAULT false,
        contacted boolean NOT NULL DEFAULT false,
        language text,
        epoch bigint NOT NULL DEFAULT 0,
        created_at double precision NOT NULL, updated_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, channel, own, contact)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE switchboard.message (
        tenant_id integer NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        conversation_id bigint NOT NULL,
        provider text NOT NULL, account text NOT NULL, sid text NOT NULL,
        kind text NOT NULL, text text NOT NULL, opt_out text, fields text NOT NULL,
        trace text NOT NULL, received_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, provider, account, sid),
        FOREIGN KEY (tenant_id, conversation_id) REFERENCES switchboard.conversation (tenant_id, id)
    )
    """,
    """
    CREATE TABLE switchboard.work (
        tenant_id integer NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        conversation_id bigint NOT NULL,
        message_id bigint NOT NULL,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
        head boolean NOT NULL,
        outcome text,
        due double precision NOT NULL,
        lease_until double precision NOT NULL DEFAULT 0, owner text,
        free_at double precision NOT NULL GENERATED ALWAYS AS (greatest(due, lease_until)) STORED,
        fence bigint NOT NULL DEFAULT 0, attempts integer NOT NULL DEFAULT 0,
        created_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, message_id),
        CHECK (state = 'pending' OR NOT head),
        FOREIGN KEY (tenant_id, conversation_id) REFERENCES switchboard.conversation (tenant_id, id),
        FOREIGN KEY (tenant_id, message_id) REFERENCES switchboard.message (tenant_id, id)
    )
    """,
    "CREATE INDEX work_lane ON switchboard.work (tenant_id, conversation_id, id) WHERE state = 'pending'",
    "CREATE UNIQUE INDEX work_head ON switchboard.work (tenant_id, conversation_id) WHERE head",
    "CREATE INDEX work_free ON switchboard.work (tenant_id, free_at, id) WHERE head",
    "CREATE INDEX work_leased ON switchboard.work (tenant_id, lease_until) WHERE head AND lease_until > 0",
    """
    CREATE TABLE switchboard.outbox (
        tenant_id integer NOT NULL,
        seq bigint GENERATED ALWAYS AS IDENTITY,
        id text NOT NULL,
        conversation_id bigint NOT NULL,
        work_id bigint NOT NULL,
        channel text NOT NULL, sender text NOT NULL, recipient text NOT NULL, text text NOT NULL,
        trace text NOT NULL, received_at double precision NOT NULL,
        state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
        head boolean NOT NULL,
        due double precision NOT NULL,
        lease_until double precision NOT NULL DEFAULT 0, owner text,
        free_at double precision NOT NULL GENERATED ALWAYS AS (greatest(due, lease_until)) STORED,
        fence bigint NOT NULL DEFAULT 0, attempts integer NOT NULL DEFAULT 0,
        intent_at double precision,
        sid text, delivery text, error_code bigint, error text,
        created_at double precision NOT NULL, updated_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, seq),
        UNIQUE (tenant_id, id),
        UNIQUE (tenant_id, sid),
        CHECK (state IN ('queued', 'sending') OR NOT head),
        FOREIGN KEY (tenant_id, conversation_id) REFERENCES switchboard.conversation (tenant_id, id),
        FOREIGN KEY (tenant_id, work_id) REFERENCES switchboard.work (tenant_id, id)
    )
    """,
    "CREATE INDEX outbox_lane ON switchboard.outbox (tenant_id, conversation_id, seq)"
    " WHERE state IN ('queued', 'sending')",
    "CREATE UNIQUE INDEX outbox_head ON switchboard.outbox (tenant_id, conversation_id) WHERE head",
    "CREATE INDEX outbox_free ON switchboard.outbox (tenant_id, free_at, seq) WHERE head",
    "CREATE INDEX outbox_leased ON switchboard.outbox (tenant_id, lease_until) WHERE head AND lease_until > 0",
    "CREATE INDEX outbox_work ON switchboard.outbox (tenant_id, work_id)",
    """
    CREATE TABLE switchboard.callback (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        sid text NOT NULL, status text NOT NULL, outbox_id text, error_code bigint,
        received_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, sid, status)
    )
    """,
    """
    CREATE TABLE switchboard.quarantine (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        id bigint GENERATED ALWAYS AS IDENTITY,
        key text NOT NULL,
        path text NOT NULL, content_type text NOT NULL, body bytea NOT NULL,
        reason text NOT NULL, received_at double precision NOT NULL, replayed_at double precision,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, key)
    )
    """,
    "CREATE INDEX quarantine_waiting ON switchboard.quarantine (tenant_id, id) WHERE replayed_at IS NULL",
    "CREATE INDEX work_dead ON switchboard.work (tenant_id, id) WHERE outcome = 'assistant failed'",
)

_GRANTS = {
    "conversation": "SELECT, INSERT, UPDATE",
    "message": "SELECT, INSERT",
    "work": "SELECT, INSERT, UPDATE",
    "outbox": "SELECT, INSERT, UPDATE",
    "callback": "SELECT, INSERT",
    "quarantine": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Make everything; nobody uses it yet."""
    for statement in (*_TENANTS, *_ENGINE):
        op.execute(statement)
    for table in ("tenant", "tenant_role", *_GRANTS):
        op.execute(f"ALTER TABLE switchboard.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE switchboard.{table} FORCE ROW LEVEL SECURITY")
    for table in ("tenant", "tenant_role"):
        op.execute(
            f"CREATE POLICY administration ON switchboard.{table} TO switchboard_owner USING (true) WITH CHECK (true)"
        )
    op.execute(
        "CREATE POLICY mine ON switchboard.tenant_role FOR SELECT TO switchboard_tenant USING (role = current_user)"
    )
    op.execute(f"CREATE POLICY mine ON switchboard.tenant FOR SELECT TO switchboard_tenant USING (id = {_MINE})")
    op.execute(
        "GRANT SELECT ON switchboard.schema_version, switchboard.tenant, switchboard.tenant_role TO switchboard_tenant"
    )
    for table, rights in _GRANTS.items():
        op.execute(
            f"CREATE POLICY mine ON switchboard.{table} TO switchboard_tenant"
            f" USING (tenant_id = {_MINE}) WITH CHECK (tenant_id = {_MINE})"
        )
        op.execute(f"GRANT {rights} ON switchboard.{table} TO switchboard_tenant")
