"""Writes :file:`schema.sql`, what all revisions together make, which a new file gets at once (``make generate``)."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from switchboard_runtime.store.migrations.upgrading import upgrade
from switchboard_runtime.store.schema import NEWEST, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["generated", "main"]

_FIRST = "-- Generated from the revisions, by `make generate`.\n"
_MADE = """
SELECT sql FROM sqlite_master
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND tbl_name <> 'alembic_version' ORDER BY rowid
"""


def generated() -> str:
    """The statements, in the order in which the revisions leave them, with an empty line between any two."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        upgrade(db, f"{NEWEST:04}")
        made = [sql.replace("\n\n", "\n") for (sql,) in db.execute(_MADE)]
    return _FIRST + ";\n\n".join(made) + ";\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or with ``--check`` say that it is out of date.

    Returns:
        The exit status: 1 when ``--check`` found a difference.
    """
    parser = argparse.ArgumentParser(prog="generate", description="Write the schema of a new SQLite file.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is out of date")
    text = generated()
    if not parser.parse_args(arguments).check:
        SCHEMA.write_text(text, encoding="utf-8")
        return 0
    if SCHEMA.exists() and SCHEMA.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{SCHEMA.name} differs from its source\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
