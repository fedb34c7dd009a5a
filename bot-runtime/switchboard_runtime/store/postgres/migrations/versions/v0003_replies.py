"""Replies that are more than words, or answer no message; when a contact wrote last. Expands only."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, a table at a time so that no lock waits for another, and the index beside the writers."""
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE switchboard.conversation ADD COLUMN IF NOT EXISTS last_inbound_at double precision")
        op.execute(
            "ALTER TABLE switchboard.outbox ADD COLUMN IF NOT EXISTS payload text NOT NULL DEFAULT '{}',"
            " ADD COLUMN IF NOT EXISTS author text NOT NULL DEFAULT 'bot', ALTER COLUMN work_id DROP NOT NULL"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS switchboard.outbox_history")
        op.execute("CREATE INDEX CONCURRENTLY outbox_history ON switchboard.outbox (tenant_id, conversation_id, seq)")
    op.execute("UPDATE switchboard.schema_version SET version = 3")
