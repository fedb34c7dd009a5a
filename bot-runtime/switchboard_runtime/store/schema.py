"""Brings a tenant's SQLite file to the newest schema, forward only.

For: whoever opens or makes such a file. A new one gets :file:`migrations/schema.sql` at once; one at the newest
revision costs a read; for one that is behind alembic is loaded and runs the revisions it lacks (:mod:`.migrations`).
Assumes: a program of the last release may open the file too, before, after, or at the same moment.
Refuses: a file that a newer program has moved.

A revision's number stands in two places, written together. ``alembic_version`` is alembic's. SQLite's
``user_version`` is what releases before alembic go by: they refuse a number above their own, and move a file up to
theirs without a word to alembic. So the further of the two is true.
"""

from __future__ import annotations

import logging
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NEWEST", "SCHEMA", "migrate"]

NEWEST = 13
"""The newest revision that this program brings; it works with no other."""

SCHEMA = Path(__file__).parent / "migrations" / "schema.sql"
"""What all revisions together make, without ``alembic_version``; generated."""

_NEWEST_ALREADY = "SELECT version_num, user_version FROM alembic_version, pragma_user_version"
_NUMBERS = """
SELECT user_version, EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'alembic_version') FROM pragma_user_version
"""
_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
"""
"""As alembic makes it."""

_LOGGER = logging.getLogger(__name__)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest schema, in one transaction; several processes may try at once, and one does it.

    Args:
        connection: to the file, with no transaction begun and none begun by itself (``isolation_level=None``).

    Raises:
        StoreUnavailable: a newer program has moved the file, or a revision failed; the file is as it was.
        sqlite3.Error: the file cannot be locked, read or written; it is as it was.
    """
    if _is_newest(connection):
        return
    if _is_behind(_revision(connection)):
        _upgrade()  # loaded before the lock is taken, for which whoever shares the file waits five seconds at most
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = _forward(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a disk that is full ends it by itself
            connection.execute("ROLLBACK")
        raise
    if _is_behind(before):
        file = Path(connection.execute("PRAGMA database_list").fetchone()[2]).name
        log_event(_LOGGER, logging.INFO, "schema moved", file=file, before=before, after=NEWEST)


def _is_newest(connection: sqlite3.Connection) -> bool:
    """One read, without a lock."""
    try:
        rows = connection.execute(_NEWEST_ALREADY).fetchall()
    except sqlite3.OperationalError:  # there is no such table; whatever else is wrong comes again under the lock
        return False
    return [tuple(row) for row in rows] == [(f"{NEWEST:04}", NEWEST)]


def _is_behind(revision: int) -> bool:
    return 0 < revision < NEWEST


def _revision(connection: sqlite3.Connection) -> int:
    """The revision of a file, 0 of a new one."""
    number, has_table = connection.execute(_NUMBERS).fetchone()
    told = "SELECT max(CAST(version_num AS INTEGER)) FROM alembic_version"
    by_alembic = connection.execute(told).fetchone()[0] if has_table else None
    revision = max(int(number), int(by_alembic or 0))
    if revision > NEWEST:
        raise StoreUnavailable(f"the file has schema {revision}, this program knows {NEWEST}; upgrade the program")
    return revision


def _forward(connection: sqlite3.Connection) -> int:
    """Make or move the schema, and write down that it is the newest; where it stood before."""
    before = _revision(connection)
    if _is_newest(connection):  # by another process, while this one waited
        return before
    if not before:
        for statement in _statements():
            connection.execute(statement)
    elif before < NEWEST:
        _stamp(connection, before)
        _upgrade()(connection, f"{NEWEST:04}")
    _stamp(connection, NEWEST)
    return before


def _stamp(connection: sqlite3.Connection, revision: int) -> None:
    """Write a revision down, for alembic and for the releases before it."""
    connection.execute(_VERSION_TABLE)
    connection.execute("DELETE FROM alembic_version")
    connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (f"{revision:04}",))
    connection.execute(f"PRAGMA user_version = {revision}")


@cache
def _statements() -> tuple[str, ...]:
    """Those of the newest schema; in none of them is an empty line."""
    return tuple(SCHEMA.read_text(encoding="utf-8").split("\n\n"))


def _upgrade() -> Callable[[sqlite3.Connection, str], None]:
    """What runs revisions; to load it takes more than half as long as a whole start."""
    try:
        from switchboard_runtime.store.migrations.upgrading import upgrade  # noqa: PLC0415  # as said
    except ImportError as error:
        raise StoreUnavailable(f"its schema is behind, and alembic does not load ({error}); install it") from error
    return upgrade
