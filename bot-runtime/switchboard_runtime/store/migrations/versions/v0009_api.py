"""Answers of the API to requests with an Idempotency-Key."""

from switchboard_runtime.store.migrations.script import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE api_request (
    tenant_id INTEGER NOT NULL, token TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, created_at REAL NOT NULL,
    PRIMARY KEY (tenant_id, token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_request_old ON api_request (tenant_id, created_at);
"""


def upgrade() -> None:
    """Make the table."""
    run(_SCRIPT)
