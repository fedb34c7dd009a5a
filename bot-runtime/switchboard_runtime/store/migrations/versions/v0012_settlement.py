"""What turns took, on its way into sums that all turns write."""

from switchboard_runtime.store.migrations.script import run

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE settlement (
    tenant_id INTEGER NOT NULL, work_id INTEGER NOT NULL, fence INTEGER NOT NULL,
    accounts TEXT NOT NULL, tokens INTEGER NOT NULL, micros INTEGER NOT NULL,
    held_tokens INTEGER NOT NULL, held_micros INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, work_id, fence)
) STRICT, WITHOUT ROWID;
"""


def upgrade() -> None:
    """Make a table that a program of the release before knows nothing of."""
    run(_SCRIPT)
