"""SQL of conversations themselves, and statements of the common dialect on a SQLite connection."""

from __future__ import annotations

import sqlite3  # noqa: TC003  # the type of every first argument
from contextlib import closing
from typing import TYPE_CHECKING, Literal, TypeVar

from switchboard_runtime.store.statements import bound
from switchboard_runtime.store.suppressing import Key, Lane

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

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
    lane = Lane(channel, own, contact)
    known = db.execute("SELECT id FROM conversation WHERE channel = ? AND own = ? AND contact = ?", lane).fetchone()
    if known is not None:
        return int(known["id"])
    made = db.execute(
        "INSERT INTO conversation (channel, own, contact, created_at, updated_at, opted_out) VALUES (?, ?, ?, ?, ?, ?)",
        (*lane, now, now, bool(suppressed(db, {lane}))),
    )
    return int(made.lastrowid or 0)


def suppressed(db: sqlite3.Connection, lanes: AbstractSet[Lane]) -> frozenset[Lane]:
    """Which of these begin opted out if they are new."""
    keys = [Key(*row) for row in db.execute("SELECT ipad, opad FROM suppression_key")]
    digests = {key.digest(lane): lane for key in keys for lane in lanes}
    marks = ", ".join("?" * len(digests))
    rows = db.execute(f"SELECT digest FROM suppression WHERE digest IN ({marks})", tuple(digests))  # noqa: S608
    return frozenset(digests[row["digest"]] for row in rows)


def hand_over(db: sqlite3.Connection, conversation_id: int, *, to: Literal["bot", "human"], now: float) -> bool:
    """Change who answers; whoever was about to finds the epoch changed."""
    changed = db.execute(
        "UPDATE conversation SET mode = ?, epoch = epoch + 1, updated_at = ? WHERE id = ? AND mode <> ?",
        (to, now, conversation_id, to),
    )
    return changed.rowcount == 1
