"""SQL of conversations themselves, and statements of the common dialect on a SQLite connection."""

from __future__ import annotations

import sqlite3  # noqa: TC003  # the type of every first argument
from contextlib import closing
from typing import TYPE_CHECKING, Literal, TypeVar

from switchboard_runtime.store.statements import bound

if TYPE_CHECKING:
    from switchboard_runtime.store.statements import Also, Job, Statement

Result = TypeVar("Result")

_TENANT = 1
"""A file has one tenant; its rows say so as PostgreSQL's do."""


def run_job(db: sqlite3.Connection, job: Job[Result]) -> Result:
    """Run a body of statements in the caller's transaction."""
    with closing(job()) as body:
        try:
            one = next(body)
            while True:
                one = body.send([dict(row) for row in _execute(db, one).fetchall()])
        except StopIteration as end:
            result: Result = end.value
            return result


def _execute(db: sqlite3.Connection, one: Statement) -> sqlite3.Cursor:
    """Run a statement; SQLite itself knows parameters by name, but no lists."""
    if any(type(value) is tuple for value in one.values.values()):
        return db.execute(*bound(one, tenant=_TENANT, place=lambda _: "?", convert=_kept))
    return db.execute(one.sql, {"tenant": _TENANT, **{name: _kept(value) for name, value in one.values.items()}})


def run_also(db: sqlite3.Connection, also: Also) -> None:
    """Run bodies one after the other."""
    for job in also:
        run_job(db, job)


def _kept(value: object) -> object:
    """A value as SQLite keeps it: no half of a surrogate pair."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "replace").decode()


def conversation(db: sqlite3.Connection, *, channel: str, own: str, contact: str, now: float) -> int:
    """The conversation between two addresses, made if it is new."""
    row = db.execute(
        "INSERT INTO conversation (channel, own, contact, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (channel, own, contact) DO UPDATE SET updated_at = updated_at RETURNING id",
        (channel, own, contact, now, now),
    ).fetchone()
    return int(row["id"])


def hand_over(db: sqlite3.Connection, conversation_id: int, *, to: Literal["bot", "human"], now: float) -> bool:
    """Change who answers; whoever was about to finds the epoch changed."""
    changed = db.execute(
        "UPDATE conversation SET mode = ?, epoch = epoch + 1, updated_at = ? WHERE id = ? AND mode <> ?",
        (to, now, conversation_id, to),
    )
    return changed.rowcount == 1
