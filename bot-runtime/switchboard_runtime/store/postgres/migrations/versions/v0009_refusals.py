"""An event that an endpoint refuses is tried again in its own time, and does not hold up the others. Expands only."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns that a program of the release before leaves as they are."""
    op.execute("ALTER TABLE switchboard.webhook_delivery ADD COLUMN due double precision NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE switchboard.webhook_endpoint ADD COLUMN refused integer NOT NULL DEFAULT 0")
    op.execute("UPDATE switchboard.schema_version SET version = 9")
