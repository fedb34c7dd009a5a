"""Several statements as one text, as SQLite's triggers and tables are best read."""

from __future__ import annotations

from alembic import op

__all__ = ["run"]


def run(script: str) -> None:
    """Run the statements of a script, each ended by a semicolon at the end of a line.

    A trigger's own statements end elsewhere than at the end of a line: ``...; END;``.
    """
    for statement in script.split(";\n"):
        if statement.strip():
            op.execute(statement)
