"""People: contacts, leads, who attends a conversation, what was done by whom, what was erased."""

from switchboard_runtime.store.migrations.script import run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE contact (
    tenant_id INTEGER NOT NULL, id TEXT NOT NULL,
    name TEXT, phone TEXT, email TEXT, language TEXT, stage TEXT NOT NULL, fields TEXT NOT NULL DEFAULT '{}',
    created_at REAL NOT NULL, updated_at REAL NOT NULL, last_seen REAL NOT NULL, merged_into TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_phone ON contact (tenant_id, phone);

CREATE TABLE identity (
    tenant_id INTEGER NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL,
    contact_id TEXT NOT NULL, created_at REAL NOT NULL,
    PRIMARY KEY (tenant_id, channel, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_contact ON identity (tenant_id, contact_id);

CREATE TABLE contact_tag (
    tenant_id INTEGER NOT NULL, contact_id TEXT NOT NULL, tag TEXT NOT NULL,
    PRIMARY KEY (tenant_id, contact_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_tag_tag ON contact_tag (tenant_id, tag);

CREATE TABLE contact_note (
    tenant_id INTEGER NOT NULL, id TEXT NOT NULL, contact_id TEXT NOT NULL,
    at REAL NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_note_contact ON contact_note (tenant_id, contact_id, at);

CREATE TABLE lead (
    tenant_id INTEGER NOT NULL, id TEXT NOT NULL, contact_id TEXT NOT NULL, conversation_id INTEGER NOT NULL,
    at REAL NOT NULL, name TEXT, phone TEXT, email TEXT, interest TEXT NOT NULL, trace TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lead_at ON lead (tenant_id, at, id);
CREATE INDEX lead_contact ON lead (tenant_id, contact_id);

CREATE TABLE attendance (
    tenant_id INTEGER NOT NULL, conversation_id INTEGER NOT NULL,
    person TEXT, since REAL NOT NULL, last_at REAL NOT NULL, ended_at REAL,
    PRIMARY KEY (tenant_id, conversation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attendance_open ON attendance (tenant_id, last_at) WHERE ended_at IS NULL;

CREATE TABLE absence (
    tenant_id INTEGER NOT NULL, conversation_id INTEGER NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    tenant_id INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, at REAL NOT NULL,
    actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, details TEXT NOT NULL,
    prev TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, seq),
    UNIQUE (tenant_id, id)
) STRICT;

CREATE TABLE audit_head (
    tenant_id INTEGER NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;

CREATE TABLE erasure (
    tenant_id INTEGER NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, actor TEXT NOT NULL,
    subjects TEXT NOT NULL, counts TEXT NOT NULL, pending TEXT NOT NULL,
    attempts INTEGER NOT NULL, due REAL NOT NULL, done_at REAL, receipt TEXT,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_waiting ON erasure (tenant_id, due) WHERE done_at IS NULL;
"""


def upgrade() -> None:
    """Make the tables."""
    run(_SCRIPT)
