-- Generated from the revisions, by `make generate`.
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL, own TEXT NOT NULL, contact TEXT NOT NULL,
    mode TEXT NOT NULL DEFAULT 'bot' CHECK (mode IN ('bot', 'human')),
    opted_out INTEGER NOT NULL DEFAULT 0,
    contacted INTEGER NOT NULL DEFAULT 0,
    language TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, last_inbound_at REAL, tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    UNIQUE (channel, own, contact)
) STRICT;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    provider TEXT NOT NULL, account TEXT NOT NULL, sid TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, opt_out TEXT, fields TEXT NOT NULL,
    trace TEXT NOT NULL, received_at REAL NOT NULL, tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
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
, head INTEGER NOT NULL DEFAULT 0, tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL) STRICT;

CREATE INDEX work_lane ON work (conversation_id, id) WHERE state = 'pending';

CREATE TABLE callback (
    sid TEXT NOT NULL, status TEXT NOT NULL, outbox_id TEXT, error_code INTEGER, received_at REAL NOT NULL, tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    PRIMARY KEY (sid, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER work_ends AFTER UPDATE OF state ON work WHEN OLD.state = 'pending' AND NEW.state <> 'pending' BEGIN
    UPDATE work SET head = 1 WHERE head = 0 AND id = (
        SELECT min(id) FROM work WHERE conversation_id = NEW.conversation_id AND state = 'pending'); END;

CREATE INDEX work_free ON work (max(due, lease_until), id) WHERE state = 'pending' AND head = 1;

CREATE INDEX work_leased ON work (lease_until) WHERE state = 'pending' AND head = 1;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL,
    reason TEXT NOT NULL, received_at REAL NOT NULL, replayed_at REAL
, tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL) STRICT;

CREATE INDEX quarantine_waiting ON quarantine (id) WHERE replayed_at IS NULL;

CREATE INDEX work_dead ON work (id) WHERE outcome = 'assistant failed';

CREATE TABLE "outbox" (
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

CREATE INDEX message_history ON message (conversation_id, id);

CREATE INDEX outbox_history ON outbox (conversation_id, seq);

CREATE TABLE usage (
    tenant_id INTEGER NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL, period TEXT NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0, micros INTEGER NOT NULL DEFAULT 0,
    reserved_tokens INTEGER NOT NULL DEFAULT 0, reserved_micros INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0, updated_at REAL NOT NULL,
    PRIMARY KEY (tenant_id, scope, subject, period)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_old ON usage (tenant_id, updated_at) WHERE scope <> 'tenant';

CREATE TABLE reservation (
    tenant_id INTEGER NOT NULL, work_id INTEGER NOT NULL,
    accounts TEXT NOT NULL, tokens INTEGER NOT NULL, micros INTEGER NOT NULL, expires_at REAL NOT NULL,
    PRIMARY KEY (tenant_id, work_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservation_end ON reservation (tenant_id, expires_at);

CREATE TABLE pace (
    tenant_id INTEGER NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL, free_at REAL NOT NULL,
    PRIMARY KEY (tenant_id, scope, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE spending (
    tenant_id INTEGER NOT NULL, work_id INTEGER NOT NULL, at REAL NOT NULL,
    assistant TEXT NOT NULL, model TEXT, outcome TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    requests INTEGER NOT NULL, estimated INTEGER NOT NULL, micros INTEGER, currency TEXT,
    PRIMARY KEY (tenant_id, work_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX spending_at ON spending (tenant_id, at);

CREATE TABLE silence (
    tenant_id INTEGER NOT NULL, conversation_id INTEGER NOT NULL,
    silent_until REAL NOT NULL, times INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_endpoint (
    tenant_id INTEGER NOT NULL, name TEXT NOT NULL,
    due REAL NOT NULL DEFAULT 0, lease_until REAL NOT NULL DEFAULT 0, fence INTEGER NOT NULL DEFAULT 0,
    failing_since REAL, disabled_at REAL, reason TEXT, refused INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE webhook_delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL, endpoint TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL, status INTEGER, error TEXT,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, due REAL NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, endpoint, id)
) STRICT;

CREATE INDEX webhook_waiting ON webhook_delivery (tenant_id, endpoint, seq) WHERE state = 'pending';

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

CREATE TRIGGER work_arrives AFTER INSERT ON work WHEN NEW.state = 'pending' AND NEW.head = 0 BEGIN
    UPDATE work SET head = 1 WHERE id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM work WHERE conversation_id = NEW.conversation_id AND state = 'pending' AND id < NEW.id); END;

CREATE TABLE api_request (
    tenant_id INTEGER NOT NULL, token TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, created_at REAL NOT NULL,
    PRIMARY KEY (tenant_id, token, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_request_old ON api_request (tenant_id, created_at);

CREATE TABLE settlement (
    tenant_id INTEGER NOT NULL, work_id INTEGER NOT NULL, fence INTEGER NOT NULL,
    accounts TEXT NOT NULL, tokens INTEGER NOT NULL, micros INTEGER NOT NULL,
    held_tokens INTEGER NOT NULL, held_micros INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, work_id, fence)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppression_key (
    tenant_id INTEGER NOT NULL, ipad BLOB NOT NULL, opad BLOB NOT NULL,
    PRIMARY KEY (tenant_id, ipad)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppression (
    tenant_id INTEGER NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (tenant_id, digest)
) STRICT, WITHOUT ROWID;
