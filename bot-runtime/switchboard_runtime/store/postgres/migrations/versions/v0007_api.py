"""Answers of the API to requests with an Idempotency-Key."""

from alembic import op

from switchboard_runtime.store.postgres.migrations.protect import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a table that nobody uses yet."""
    op.execute(
        """
        CREATE TABLE switchboard.api_request (
            tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
            token text NOT NULL, key text NOT NULL, digest text NOT NULL,
            status integer NOT NULL, body text NOT NULL, created_at double precision NOT NULL,
            PRIMARY KEY (tenant_id, token, key)
        )
        """
    )
    op.execute("CREATE INDEX api_request_old ON switchboard.api_request (tenant_id, created_at)")
    protect("api_request", "SELECT, INSERT, UPDATE, DELETE")
    op.execute("UPDATE switchboard.schema_version SET version = 7")
