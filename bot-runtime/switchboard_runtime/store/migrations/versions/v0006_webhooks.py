"""What is to be told to the tenant's endpoints, and how each of them does."""

from switchboard_runtime.store.migrations.script import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE webhook_endpoint (
    tenant_id INTEGER NOT NULL, name TEXT NOT NULL,
    due REAL NOT NULL DEFAULT 0, lease_until REAL NOT NULL DEFAULT 0, fence INTEGER NOT NULL DEFAULT 0,
    failing_since REAL, disabled_at REAL, reason TEXT,
    PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE webhook_delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL, endpoint TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL, status INTEGER, error TEXT,
    created_at REAL NOT NULL, updated_at REAL NOT NULL,
    UNIQUE (tenant_id, endpoint, id)
) STRICT;
CREATE INDEX webhook_waiting ON webhook_delivery (tenant_id, endpoint, seq) WHERE state = 'pending';
"""


def upgrade() -> None:
    """Make the tables."""
    run(_SCRIPT)
