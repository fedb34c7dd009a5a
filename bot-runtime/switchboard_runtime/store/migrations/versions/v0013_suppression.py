"""Contacts who said STOP and were erased since, as keyed hashes."""

from switchboard_runtime.store.migrations.script import run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE suppression_key (
    tenant_id INTEGER NOT NULL, ipad BLOB NOT NULL, opad BLOB NOT NULL,
    PRIMARY KEY (tenant_id, ipad)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppression (
    tenant_id INTEGER NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (tenant_id, digest)
) STRICT, WITHOUT ROWID;
"""


def upgrade() -> None:
    """Make two tables that nobody uses yet."""
    run(_SCRIPT)
