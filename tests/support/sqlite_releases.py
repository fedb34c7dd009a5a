"""Files of a tenant as earlier releases left them, and what the last release before alembic does with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.store.migrations.upgrading import upgrade

if TYPE_CHECKING:
    import sqlite3

STEPS = 10
"""How many numbered steps the last release before alembic knew."""


def as_release_left(db: sqlite3.Connection, steps: int) -> None:
    """Give a new file the schema of a release with so many steps, which knew ``user_version`` alone."""
    db.execute("BEGIN IMMEDIATE")
    upgrade(db, f"{steps:04}")
    db.execute("DROP TABLE alembic_version")
    db.execute(f"PRAGMA user_version = {steps}")
    db.execute("COMMIT")


def accepted_by_the_last_release(db: sqlite3.Connection) -> bool:
    """Whether the release before alembic serves from a file: it refuses what is newer, and lacks no step of it."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    assert version >= STEPS, f"it would run its steps after {version} on tables that are there"
    return bool(version == STEPS)


def write_as_the_first_release(db: sqlite3.Connection) -> None:
    """Two lanes of two messages each, one ended; and a reply that waits behind one sent. It knows no heads."""
    for lane in (1, 2):
        db.execute(
            "INSERT INTO conversation (id, channel, own, contact, created_at, updated_at)"
            " VALUES (?, 'sms', '+9', ?, 0, 0)",
            (lane, f"+{lane}"),
        )
    message = (
        "INSERT INTO message (id, conversation_id, provider, account, sid, kind, text, fields, trace, received_at)"
        " VALUES (?, ?, 'twilio', 'AC', ?, 'text', 'x', '[]', 't', 0)"
    )
    work = "INSERT INTO work (id, conversation_id, message_id, state, due, created_at) VALUES (?, ?, ?, ?, 0, 0)"
    for number, lane, state in ((1, 1, "done"), (2, 1, "pending"), (3, 2, "pending"), (4, 1, "pending")):
        db.execute(message, (number, lane, f"SM{number}"))
        db.execute(work, (number, lane, number, state))
    for seq, state in ((1, "sent"), (2, "queued"), (3, "queued")):
        db.execute(
            "INSERT INTO outbox (seq, id, conversation_id, work_id, channel, sender, recipient, text,"
            " trace, received_at, state, due, created_at, updated_at)"
            " VALUES (?, ?, 1, 1, 'sms', '+9', '+1', ?, 't', 0, ?, 0, 0, 0)",
            (seq, f"o{seq}", f"text {seq}", state),
        )
