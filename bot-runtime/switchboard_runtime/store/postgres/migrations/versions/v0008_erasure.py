"""What erasure needs to make usage nameless: a reservation's accounts may be changed. Expands only."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give the right."""
    op.execute("GRANT UPDATE (accounts) ON switchboard.reservation TO switchboard_tenant")
    op.execute("UPDATE switchboard.schema_version SET version = 8")
