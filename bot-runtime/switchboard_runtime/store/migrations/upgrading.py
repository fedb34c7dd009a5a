"""Has alembic run revisions on a connection and in a transaction that are somebody else's.

For: files that are behind, and what generates and tests the schema. To import it, and with it alembic and sqlalchemy,
takes more than half as long as a whole start, which has no time for that when its files are at the newest revision.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from switchboard_runtime.errors import StoreUnavailable

if TYPE_CHECKING:
    import sqlite3

__all__ = ["revisions", "upgrade"]

_ALONE = threading.Lock()
"""``alembic.op`` is one for the process, and files are opened by several threads."""


def upgrade(connection: sqlite3.Connection, to: str) -> None:
    """Run the revisions that a file lacks up to ``to``, and tell ``alembic_version``; nothing is committed.

    Args:
        connection: in a transaction, which the caller ends.
        to: the revision's number, in four digits.

    Raises:
        StoreUnavailable: a revision failed; the caller must roll back.
    """
    try:
        with _ALONE:
            _run(connection, to)
    except Exception as error:  # a revision is code: whatever it raises must not end the thread that opens files
        reason = error.orig if isinstance(error, DBAPIError) else error  # without the statement and its values
        raise StoreUnavailable(f"the schema cannot be moved to {to}: {reason}") from error


@cache
def revisions() -> ScriptDirectory:
    """The revisions of this program; read once, however many files are behind."""
    folder = Path(__file__).parent
    return ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])


def _run(connection: sqlite3.Connection, to: str) -> None:
    engine = create_engine("sqlite://", creator=lambda: _Held(connection), poolclass=StaticPool)
    with engine.begin() as held:
        context = MigrationContext.configure(
            held,
            opts={
                "fn": lambda before, _context: revisions()._upgrade_revs(to, before),  # noqa: SLF001  # as alembic's own command does
                "transactional_ddl": True,
            },
        )
        with Operations.context(context):
            context.run_migrations()


class _Held:
    """A connection as SQLAlchemy sees it: it neither ends its transaction nor closes it, and leaves nothing on it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def create_function(self, *_args: object, **_options: object) -> None:
        """SQLAlchemy brings two that no revision needs."""

    def commit(self) -> None:
        """The caller's to do."""

    def rollback(self) -> None:
        """The caller's to do."""

    def close(self) -> None:
        """The caller's to do."""
