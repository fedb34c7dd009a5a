"""Contacts who said STOP and were erased since, as keyed hashes. Expands only."""

from alembic import op

from switchboard_runtime.store.postgres.migrations.protect import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE switchboard.suppression_key (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        ipad bytea NOT NULL, opad bytea NOT NULL,
        PRIMARY KEY (tenant_id, ipad)
    )
    """,
    """
    CREATE TABLE switchboard.suppression (
        tenant_id integer NOT NULL REFERENCES switchboard.tenant (id),
        digest bytea NOT NULL,
        PRIMARY KEY (tenant_id, digest)
    )
    """,
)


def upgrade() -> None:
    """Make two tables that nobody uses yet."""
    for table in _TABLES:
        op.execute(table)
    protect("suppression_key", "SELECT, INSERT")
    protect("suppression", "SELECT, INSERT, DELETE")
    op.execute("UPDATE switchboard.schema_version SET version = 11")
