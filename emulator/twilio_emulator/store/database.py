"""One SQLite connection, used from the event loop's thread only.

Every call of the API is one transaction: it is done wholly or not at all. Statements take well under a
millisecond, so none is moved to a thread. A file is kept in write-ahead mode with synchronous NORMAL: a
killed process loses nothing, a power cut may lose the last moments.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from twilio_emulator.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from twilio_emulator.store.window import Window

__all__ = ["Database"]

_VERSION = 1

_SCHEMA = """
CREATE TABLE accounts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, owner_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL, status TEXT NOT NULL, auth_token TEXT NOT NULL,
    secondary_token TEXT, secondary_created REAL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX accounts_by_name ON accounts (friendly_name, seq);
CREATE INDEX accounts_by_owner ON accounts (owner_sid, seq);
CREATE INDEX accounts_by_status ON accounts (owner_sid, status, seq);
CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL, kind TEXT NOT NULL, secret_digest TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX api_keys_by_account ON api_keys (account_sid, seq);
CREATE TABLE numbers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    phone_number TEXT NOT NULL UNIQUE, country TEXT NOT NULL, kind TEXT NOT NULL,
    friendly_name TEXT NOT NULL, config TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX numbers_by_account ON numbers (account_sid, seq);
CREATE TABLE released_numbers (
    phone_number TEXT PRIMARY KEY, account_sid TEXT NOT NULL, released REAL NOT NULL);
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    direction TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, body TEXT NOT NULL,
    status TEXT NOT NULL, num_segments INTEGER NOT NULL, media TEXT NOT NULL,
    status_callback TEXT NOT NULL, profile_name TEXT, price TEXT, created REAL NOT NULL,
    sent REAL, updated REAL NOT NULL, next_at REAL);
CREATE INDEX messages_by_account ON messages (account_sid, seq);
CREATE INDEX messages_by_recipient ON messages (recipient, seq);
CREATE INDEX messages_to_move ON messages (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, account_sid TEXT NOT NULL,
    message_sid TEXT NOT NULL, url TEXT NOT NULL, method TEXT NOT NULL, fallback_url TEXT NOT NULL,
    fallback_method TEXT NOT NULL, params TEXT NOT NULL, token TEXT NOT NULL, stage TEXT NOT NULL,
    attempts INTEGER NOT NULL, error_code INTEGER, created REAL NOT NULL);
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, account_sid TEXT NOT NULL,
    message_sid TEXT NOT NULL, url TEXT NOT NULL, attempt INTEGER NOT NULL, status INTEGER,
    error_code INTEGER, error TEXT, at REAL NOT NULL);
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER,
    account_sid TEXT, write INTEGER NOT NULL, at REAL NOT NULL);
"""

_TABLES = (
    "accounts",
    "api_keys",
    "numbers",
    "released_numbers",
    "messages",
    "webhooks",
    "deliveries",
    "requests",
)


class Database:
    """The connection, its transactions and the few statements every table needs.

    Args:
        path: the file; None is memory.

    Raises:
        StateError: the file cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._after_commit: list[Callable[[], None]] = []
        try:
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._prepare(path)
        except sqlite3.Error as error:
            raise StateError(f"--state {path}: give a writable file of this emulator ({error})") from error

    def _prepare(self, path: Path | None) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            self._connection.close()
            raise StateError(
                f"--state {path}: it has schema {version}, this emulator reads {_VERSION}; name another file"
            )

    def close(self) -> None:
        """Close the connection; nothing is lost by it."""
        self._connection.close()

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each transaction."""
        self._after_commit.append(listener)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything in the block, or nothing of it when it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        for listener in self._after_commit:
            listener()

    def erase(self) -> None:
        """Delete every record; numbering goes on, so that a reader's position stays good. Call it in a transaction."""
        for table in _TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  # a name from the list above

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
