"""Webhooks that were not understood are put aside; what was given up is found without reading all."""

from switchboard_runtime.store.migrations.script import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL,
    reason TEXT NOT NULL, received_at REAL NOT NULL, replayed_at REAL
) STRICT;
CREATE INDEX quarantine_waiting ON quarantine (id) WHERE replayed_at IS NULL;
CREATE INDEX work_dead ON work (id) WHERE outcome = 'assistant failed';
"""


def upgrade() -> None:
    """Make the table and the index."""
    run(_SCRIPT)
