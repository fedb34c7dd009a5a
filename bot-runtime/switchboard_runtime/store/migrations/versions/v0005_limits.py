"""What was used and reserved, how fast, and with whom the bot is silent."""

from switchboard_runtime.store.migrations.script import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SCRIPT = """
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
"""


def upgrade() -> None:
    """Make the tables."""
    run(_SCRIPT)
