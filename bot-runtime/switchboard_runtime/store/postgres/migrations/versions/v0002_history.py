"""A conversation's history is found without reading the table. Expands only: older programs go on."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index beside the writers, never in their way; one left half built by a failure is made anew."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS switchboard.message_history")
        op.execute("CREATE INDEX CONCURRENTLY message_history ON switchboard.message (tenant_id, conversation_id, id)")
    op.execute("UPDATE switchboard.schema_version SET version = 2")
