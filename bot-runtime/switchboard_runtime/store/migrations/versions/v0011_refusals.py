"""An event that an endpoint refuses is tried again in its own time, and does not hold up the others."""

from switchboard_runtime.store.migrations.script import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE webhook_delivery ADD COLUMN due REAL NOT NULL DEFAULT 0;

ALTER TABLE webhook_endpoint ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
"""


def upgrade() -> None:
    """Add two columns that a program of the release before leaves as they are."""
    run(_SCRIPT)
