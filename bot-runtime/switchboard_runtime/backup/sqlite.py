"""A tenant's SQLite file as a backup's source or goal."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from switchboard_runtime.backup.places import AT_ONCE, select
from switchboard_runtime.backup.tables import PASSING, TABLES
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from switchboard_runtime.backup.tables import Table

__all__ = ["SqlitePlace", "new_file", "snapshot"]

_HEADS = (
    "UPDATE work SET head = 0",
    "UPDATE work SET head = 1 WHERE id IN (SELECT min(id) FROM work WHERE state = 'pending' GROUP BY conversation_id)",
    "UPDATE outbox SET head = 0",
    "UPDATE outbox SET head = 1 WHERE seq IN"
    " (SELECT min(seq) FROM outbox WHERE state IN ('queued', 'sending') GROUP BY conversation_id)",
)


class SqlitePlace:
    """Implements :class:`~switchboard_runtime.backup.places.Place` on a connection in a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    async def columns(self, table: str) -> tuple[str, ...]:
        """See :class:`Place`."""
        found = self._db.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()  # noqa: S608  # our name
        return tuple(sorted(name for (name,) in found if name not in PASSING))

    async def rows(self, table: Table, columns: Sequence[str]) -> AsyncIterator[list[tuple[Any, ...]]]:
        """See :class:`Place`."""
        cursor = self._db.execute(select(table, columns, order=table.key))
        while batch := cursor.fetchmany(AT_ONCE):
            yield batch  # whoever reads no further may close the connection first

    async def put(self, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """See :class:`Place`."""
        own = await self._has_tenant(table.name)
        names = [*columns, *(["tenant_id"] if own else [])]
        marks = ", ".join("?" * len(names))
        sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  # names of our schema
        self._db.executemany(sql, [(*row, 1) if own else row for row in rows])

    def kept(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """See :class:`Place`."""
        return tuple(row)

    async def empty(self) -> None:
        """See :class:`Place`."""
        for table in reversed(TABLES):
            self._db.execute(f"DELETE FROM {table.name}")  # noqa: S608  # our names

    async def finish(self) -> None:
        """See :class:`Place`; the file hands out higher numbers by itself."""
        for statement in _HEADS:
            self._db.execute(statement)

    async def _has_tenant(self, table: str) -> bool:
        """Whether ``tenant_id`` is a column to be written: in older tables it is computed."""
        sql = f"SELECT hidden FROM pragma_table_xinfo('{table}') WHERE name = 'tenant_id'"  # noqa: S608  # our name
        found = self._db.execute(sql).fetchone()
        return found is not None and found[0] == 0


@contextmanager
def snapshot(path: Path) -> Iterator[SqlitePlace]:
    """The file as it is now, whoever goes on writing it.

    Raises:
        StoreUnavailable: it is not there, or cannot be read.
    """
    if not path.exists():
        raise StoreUnavailable(f"{path}: is not there; was this tenant ever served from this folder?")
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10.0)) as db:
            db.execute("PRAGMA query_only = ON")
            db.execute("BEGIN")
            yield SqlitePlace(db)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path.name}: {error}") from error


@contextmanager
def new_file(path: Path) -> Iterator[SqlitePlace]:
    """A file that takes the place of ``path`` once it is whole; if not, all stays as it is.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    part = path.with_name(path.name + ".restoring")
    _remove(part)
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            migrate(db)
            db.execute("BEGIN IMMEDIATE")
            yield SqlitePlace(db)
            db.execute("COMMIT")
        _remove(path, only_beside=True)
        part.replace(path)
        _sync(path.parent)
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path.name}: {error}") from error
    finally:
        _remove(part)


def _remove(path: Path, *, only_beside: bool = False) -> None:
    """Remove a file with what SQLite keeps beside it, which would be taken for the new file's."""
    for suffix in ("-wal", "-shm", *(() if only_beside else ("",))):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
