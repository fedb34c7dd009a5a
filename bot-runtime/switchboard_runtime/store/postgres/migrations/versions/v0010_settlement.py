"""What turns took, on its way into sums that all turns write; and tries of a message as one row. Expands only."""

from alembic import op

from switchboard_runtime.store.postgres.migrations.protect import protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a table that nobody uses yet, and give the right."""
    op.execute(
        """
        CREATE TABLE switchboard.settlement (
            tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
            work_id bigint NOT NULL, fence bigint NOT NULL,
            accounts text NOT NULL, tokens bigint NOT NULL, micros bigint NOT NULL,
            held_tokens bigint NOT NULL, held_micros bigint NOT NULL,
            PRIMARY KEY (tenant_id, work_id, fence)
        )
        """
    )
    protect("settlement", "SELECT, INSERT, DELETE")
    op.execute("GRANT UPDATE ON switchboard.spending TO switchboard_tenant")
    op.execute("UPDATE switchboard.schema_version SET version = 10")
