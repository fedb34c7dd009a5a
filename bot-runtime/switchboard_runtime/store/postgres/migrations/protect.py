"""What each table of tenants' rows gets: row-level security, forced, and no more rights than it needs."""

from __future__ import annotations

from alembic import op

__all__ = ["protect"]

_MINE = "(SELECT r.tenant_id FROM switchboard.tenant_role AS r WHERE r.role = current_user)"


def protect(table: str, rights: str) -> None:
    """Let tenants' roles see and write their own rows of a new table.

    Args:
        table: its name, in the schema ``switchboard``; it has a ``tenant_id``.
        rights: such as ``SELECT, INSERT, UPDATE``; DELETE only where retention or erasure needs it.
    """
    op.execute(f"ALTER TABLE switchboard.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE switchboard.{table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY mine ON switchboard.{table} TO switchboard_tenant"
        f" USING (tenant_id = {_MINE}) WITH CHECK (tenant_id = {_MINE})"
    )
    op.execute(f"GRANT {rights} ON switchboard.{table} TO switchboard_tenant")
