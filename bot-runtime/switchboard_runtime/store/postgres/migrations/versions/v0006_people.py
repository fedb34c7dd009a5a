"""People: contacts with their addresses, leads, who attends, what was done by whom, what was erased. Expands only."""

from alembic import op

from switchboard_runtime.store.postgres.migrations.protect import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE switchboard.contact (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id), id text NOT NULL,
        name text, phone text, email text, language text, stage text NOT NULL, fields text NOT NULL DEFAULT '{}',
        created_at double precision NOT NULL, updated_at double precision NOT NULL,
        last_seen double precision NOT NULL, merged_into text,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX contact_phone ON switchboard.contact (tenant_id, phone)",
    """
    CREATE TABLE switchboard.identity (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id), channel text NOT NULL, address text NOT NULL,
        contact_id text NOT NULL, created_at double precision NOT NULL,
        PRIMARY KEY (tenant_id, channel, address)
    )
    """,
    "CREATE INDEX identity_contact ON switchboard.identity (tenant_id, contact_id)",
    """
    CREATE TABLE switchboard.contact_tag (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id), contact_id text NOT NULL, tag text NOT NULL,
        PRIMARY KEY (tenant_id, contact_id, tag)
    )
    """,
    "CREATE INDEX contact_tag_tag ON switchboard.contact_tag (tenant_id, tag)",
    """
    CREATE TABLE switchboard.contact_note (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id), id text NOT NULL, contact_id text NOT NULL,
        at double precision NOT NULL, author text NOT NULL, text text NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX contact_note_contact ON switchboard.contact_note (tenant_id, contact_id, at)",
    """
    CREATE TABLE switchboard.lead (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        id text NOT NULL, contact_id text NOT NULL, conversation_id bigint NOT NULL,
        at double precision NOT NULL, name text, phone text, email text, interest text NOT NULL, trace text NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX lead_at ON switchboard.lead (tenant_id, at, id)",
    "CREATE INDEX lead_contact ON switchboard.lead (tenant_id, contact_id)",
    """
    CREATE TABLE switchboard.attendance (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id), conversation_id bigint NOT NULL,
        person text, since double precision NOT NULL, last_at double precision NOT NULL, ended_at double precision,
        PRIMARY KEY (tenant_id, conversation_id)
    )
    """,
    "CREATE INDEX attendance_open ON switchboard.attendance (tenant_id, last_at) WHERE ended_at IS NULL",
    """
    CREATE TABLE switchboard.absence (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        conversation_id bigint NOT NULL, until double precision NOT NULL,
        PRIMARY KEY (tenant_id, conversation_id)
    )
    """,
    """
    CREATE TABLE switchboard.audit (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        seq bigint NOT NULL, id text NOT NULL, at double precision NOT NULL,
        actor text NOT NULL, action text NOT NULL, subject text NOT NULL, details text NOT NULL,
        prev text NOT NULL, hash text NOT NULL,
        PRIMARY KEY (tenant_id, seq),
        UNIQUE (tenant_id, id)
    )
    """,
    """
    CREATE TABLE switchboard.audit_head (
        tenant_id integer NOT NULL PRIMARY KEY REFERENCES switchboard.tenant (id),
        seq bigint NOT NULL, hash text NOT NULL
    )
    """,
    """
    CREATE TABLE switchboard.erasure (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        id text NOT NULL, at double precision NOT NULL, actor text NOT NULL,
        subjects text NOT NULL, counts text NOT NULL, pending text NOT NULL,
        attempts integer NOT NULL, due double precision NOT NULL, done_at double precision, receipt text,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX erasure_waiting ON switchboard.erasure (tenant_id, due) WHERE done_at IS NULL",
)

_RIGHTS = {
    "contact": "SELECT, INSERT, UPDATE, DELETE",
    "identity": "SELECT, INSERT, UPDATE, DELETE",
    "contact_tag": "SELECT, INSERT, DELETE",
    "contact_note": "SELECT, INSERT, UPDATE, DELETE",
    "lead": "SELECT, INSERT, UPDATE, DELETE",
    "attendance": "SELECT, INSERT, UPDATE",
    "absence": "SELECT, INSERT, UPDATE",
    "audit": "SELECT, INSERT",
    "audit_head": "SELECT, INSERT, UPDATE",
    "erasure": "SELECT, INSERT, UPDATE",
}
"""What was done is never changed or taken away. Who a contact is can be: by erasure, retention and merging."""

_FOLDED = r"""
CREATE FUNCTION switchboard.folded(written text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(lower(normalize(written, NFKD)), '[\u0300-\u036f]', '', 'g')
"""
"""Text to search in: without case and accents. SQLite has a function of that name from the program."""

_ENDED = (
    "GRANT DELETE ON switchboard.message, switchboard.work, switchboard.outbox, switchboard.callback"
    " TO switchboard_tenant",
    "GRANT UPDATE (text, fields, trace) ON switchboard.message TO switchboard_tenant",
)
"""Retention takes away what is old, erasure empties what a contact said."""


def upgrade() -> None:
    """Make them; only this program uses them."""
    for statement in (*_TABLES, _FOLDED, *_ENDED):
        op.execute(statement)
    for table, rights in _RIGHTS.items():
        protect(table, rights)
    op.execute("UPDATE switchboard.schema_version SET version = 6")
