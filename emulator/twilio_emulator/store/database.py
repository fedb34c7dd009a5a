"""One SQLite connection, used from the event loop's thread only.

Every call of the API is one transaction: it is done wholly or not at all. Statements take well under a
millisecond, so none is moved to a thread. A file is kept in write-ahead mode with synchronous NORMAL: a
killed process loses nothing, a power cut may lose the last moments.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zlib import crc32

from twilio_emulator.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from twilio_emulator.store.window import Stretch, Window

__all__ = ["Database"]


class Database:
    """The connection, its transactions and the few statements every table needs.

    Args:
        path: the file; None is memory.
        schema: the statements that make every table. A file made by others is refused: its number is theirs.

    Raises:
        StateError: the file cannot be used.
    """

    def __init__(self, path: Path | None, schema: str) -> None:
        self._after_commit: list[Callable[[], None]] = []
        self._after_logging: list[Callable[[], None]] = []
        self._hidden: frozenset[str] = frozenset()
        try:
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._prepare(path, schema)
        except sqlite3.Error as error:
            raise StateError(f"--state {path}: give a writable file of this emulator ({error})") from error

    def _prepare(self, path: Path | None, schema: str) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        wanted = crc32(schema.encode()) >> 1  # SQLite keeps 31 bits and a sign
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(f"BEGIN; {schema} PRAGMA user_version = {wanted}; COMMIT;")
        elif version != wanted:
            self._connection.close()
            raise StateError(
                f"--state {path}: it has schema {version}, this emulator reads {wanted}; name another file"
            )

    def close(self) -> None:
        """Close the connection; nothing is lost by it."""
        self._connection.close()

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each transaction that may have done more than to add to a log."""
        self._after_commit.append(listener)

    def after_logging(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each transaction that only added to a log."""
        self._after_logging.append(listener)

    @contextmanager
    def transaction(self, *, log_only: bool = False) -> Iterator[None]:
        """Do everything in the block, or nothing of it when it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        for listener in self._after_logging if log_only else self._after_commit:
            listener()

    @contextmanager
    def without(self, sids: frozenset[str]) -> Iterator[None]:
        """Leave the rows of these SIDs out of all pages in the block; must not be nested."""
        self._hidden = sids
        try:
            yield
        finally:
            self._hidden = frozenset()

    def erase(self) -> None:
        """Delete every record; numbering goes on, so that a reader's position stays good. Call it in a transaction."""
        for (table,) in self._connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall():
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  # one of our own tables

    def execute(self, statement: str, *values: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def one(self, statement: str, *values: object) -> sqlite3.Row | None:
        """Return the first row, or None."""
        row: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows."""
        return self._connection.execute(statement, values).fetchall()

    def scalar(self, statement: str, *values: object) -> Any:
        """Return the first column of the first row."""
        row = self.one(statement, *values)
        return row[0] if row else None

    def insert(self, table: str, values: Mapping[str, object]) -> int:
        """Add a row and return its ``seq``."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  # our own column names
        cursor = self._connection.execute(statement, tuple(values.values()))
        return int(cursor.lastrowid or 0)

    def update(self, table: str, key: str, identity: object, values: Mapping[str, object]) -> None:
        """Change the row whose column ``key`` is ``identity``."""
        changes = ", ".join(f"{name} = ?" for name in values)
        statement = f"UPDATE {table} SET {changes} WHERE {key} = ?"  # noqa: S608  # our own column names
        self._connection.execute(statement, (*values.values(), identity))

    def stretch(self, table: str, conditions: Sequence[tuple[str, object]], stretch: Stretch) -> list[sqlite3.Row]:
        """Return a stretch of a table, oldest first; conditions as in ``page``."""
        clauses = ["seq > ?", *(clause for clause, _ in conditions)]
        values = [stretch.after, *(value for _, value in conditions)]
        if stretch.before is not None:
            clauses.append("seq < ?")
            values.append(stretch.before)
        order = "DESC" if stretch.newest else "ASC"
        statement = f"SELECT * FROM {table} WHERE {' AND '.join(clauses)} ORDER BY seq {order} LIMIT ?"  # noqa: S608
        rows = self.rows(statement, *values, stretch.most)
        return rows[::-1] if stretch.newest else rows

    def page(
        self, table: str, conditions: Sequence[tuple[str, object]], window: Window
    ) -> tuple[list[sqlite3.Row], bool]:
        """Return one page of a table, newest first, and whether older rows follow.

        Args:
            table: its name.
            conditions: SQL with one mark, and the mark's value, each; all must hold.
            window: the page.
        """
        clauses = [clause for clause, _ in conditions]
        values = [value for _, value in conditions]
        if self._hidden:
            clauses.append("sid NOT IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(sorted(self._hidden)))
        backwards = window.newer_than is not None
        if window.older_than is not None:
            clauses.append("seq < ?")
            values.append(window.older_than)
        elif backwards:
            clauses.append("seq > ?")
            values.append(window.newer_than)
        where = " AND ".join(clauses) or "TRUE"
        order = "ASC" if backwards else "DESC"
        statement = f"SELECT * FROM {table} WHERE {where} ORDER BY seq {order} LIMIT ? OFFSET ?"  # noqa: S608
        rows = self.rows(statement, *values, window.size + 1, window.offset)
        found = rows[: window.size]
        if backwards:
            return found[::-1], True
        return found, len(rows) > window.size
