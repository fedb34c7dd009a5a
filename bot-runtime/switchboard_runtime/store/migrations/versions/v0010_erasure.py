"""Statements of both stores reach webhooks that were not understood, to empty those of an erased contact."""

from switchboard_runtime.store.migrations.script import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE quarantine ADD COLUMN tenant_id INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL;
"""


def upgrade() -> None:
    """Add the tenant's number."""
    run(_SCRIPT)
