"""Replies that are more than words, or answer no message; when a contact wrote last; the tenant's number.

The number is what statements of both stores name. SQLite cannot make a column nullable, so replies move to a new table.
"""

from switchboard_runtime.store.migrations.script import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE conversation ADD COLUMN last_inbound_at REAL;

UPDATE conversation SET last_inbound_at = (
    SELECT max(received_at) FROM message WHERE conversation_id = conversation.id);

CREATE TABLE outbox_next (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    work_id INTEGER REFERENCES work (id),
    channel TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    text TEXT NOT NULL, payload TEXT NOT NULL DEFAULT '{}', author TEXT NOT NULL DEFAULT 'bot',
    trace TEXT NOT NULL, received_at REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    due REAL NOT NULL,
    lease_until REAL NOT NULL DEFAULT 0, owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    intent_at REAL,
    sid TEXT UNIQUE, delivery TEXT, error_code INTEGER, error TEXT,
    created_at REAL NOT NULL, updated_at REAL NOT NULL,
    head INTEGER NOT NULL DEFAULT 0,
    tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL
) STRICT;

INSERT INTO outbox_next (seq, id, conversation_id, work_id, channel, sender, recipient, text, trace, received_at,
    state, due, lease_until, owner, fence, attempts, intent_at, sid, delivery, error_code, error, created_at,
    updated_at, head)
SELECT seq, id, conversation_id, work_id, channel, sender, recipient, text, trace, received_at,
    state, due, lease_until, owner, fence, attempts, intent_at, sid, delivery, error_code, error, created_at,
    updated_at, head FROM outbox;

DROP TABLE outbox;
ALTER TABLE outbox_next RENAME TO outbox;
CREATE INDEX outbox_lane ON outbox (conversation_id, seq) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_work ON outbox (work_id);
CREATE INDEX outbox_free ON outbox (max(due, lease_until), seq) WHERE state IN ('queued', 'sending') AND head = 1;
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state IN ('queued', 'sending') AND head = 1;

CREATE TRIGGER outbox_arrives AFTER INSERT ON outbox WHEN NEW.state IN ('queued', 'sending') BEGIN
    UPDATE outbox SET head = 1 WHERE seq = NEW.seq AND NOT EXISTS (
        SELECT 1 FROM outbox
        WHERE conversation_id = NEW.conversation_id AND state IN ('queued', 'sending') AND seq < NEW.seq); END;

CREATE TRIGGER outbox_ends AFTER UPDATE OF state ON outbox
WHEN OLD.state IN ('queued', 'sending') AND NEW.state NOT IN ('queued', 'sending') BEGIN
    UPDATE outbox SET head = 1 WHERE head = 0 AND seq = (
        SELECT min(seq) FROM outbox
        WHERE conversation_id = NEW.conversation_id AND state IN ('queued', 'sending')); END;

ALTER TABLE conversation ADD COLUMN tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL;
ALTER TABLE message ADD COLUMN tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL;
ALTER TABLE work ADD COLUMN tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL;
ALTER TABLE callback ADD COLUMN tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL;
CREATE INDEX message_history ON message (conversation_id, id);
CREATE INDEX outbox_history ON outbox (conversation_id, seq);
"""


def upgrade() -> None:
    """Move the replies and add the columns."""
    run(_SCRIPT)
