"""Conversations, messages, work and replies."""

from switchboard_runtime.store.migrations.script import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL, own TEXT NOT NULL, contact TEXT NOT NULL,
    mode TEXT NOT NULL DEFAULT 'bot' CHECK (mode IN ('bot', 'human')),
    opted_out INTEGER NOT NULL DEFAULT 0,
    contacted INTEGER NOT NULL DEFAULT 0,
    language TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (channel, own, contact)
) STRICT;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    provider TEXT NOT NULL, account TEXT NOT NULL, sid TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, opt_out TEXT, fields TEXT NOT NULL,
    trace TEXT NOT NULL, received_at REAL NOT NULL,
    UNIQUE (provider, account, sid)
) STRICT;

CREATE TABLE work (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    message_id INTEGER NOT NULL UNIQUE REFERENCES message (id),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
    outcome TEXT,
    due REAL NOT NULL,
    lease_until REAL NOT NULL DEFAULT 0, owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX work_lane ON work (conversation_id, id) WHERE state = 'pending';

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    work_id INTEGER NOT NULL REFERENCES work (id),
    channel TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, text TEXT NOT NULL,
    trace TEXT NOT NULL, received_at REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    due REAL NOT NULL,
    lease_until REAL NOT NULL DEFAULT 0, owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    intent_at REAL,
    sid TEXT UNIQUE, delivery TEXT, error_code INTEGER, error TEXT,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
) STRICT;
CREATE INDEX outbox_lane ON outbox (conversation_id, seq) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_work ON outbox (work_id);

CREATE TABLE callback (
    sid TEXT NOT NULL, status TEXT NOT NULL, outbox_id TEXT, error_code INTEGER, received_at REAL NOT NULL,
    PRIMARY KEY (sid, status)
) STRICT, WITHOUT ROWID;
"""


def upgrade() -> None:
    """Make them."""
    run(_SCRIPT)
