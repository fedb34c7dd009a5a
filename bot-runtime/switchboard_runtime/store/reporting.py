"""SQL of what the provider says became of replies: their SIDs, their delivery. Functions of a connection, no clock."""

from __future__ import annotations

import sqlite3  # noqa: TC003  # the type of every first argument
from typing import TYPE_CHECKING

from switchboard_runtime.store import outbox
from switchboard_runtime.store.delivery import DELIVERY_RANK, OPTED_OUT, REPORTED, UNDELIVERED

if TYPE_CHECKING:
    from switchboard_runtime.store.base import Instead
    from switchboard_runtime.store.records import StatusUpdate

_ROW = """
SELECT o.*, c.opted_out, c.last_inbound_at, c.language
FROM outbox AS o JOIN conversation AS c ON c.id = o.conversation_id WHERE o.id = ?
"""

_RELEASE = """
UPDATE outbox SET due = :now
WHERE conversation_id = :lane AND state IN ('queued', 'sending') AND head = 1 AND state = 'queued' AND attempts = 0
  AND due > :now AND seq > :seq AND NOT EXISTS (
    SELECT 1 FROM outbox AS later
    WHERE later.conversation_id = :lane AND later.seq > :seq AND later.seq < outbox.seq
      AND later.state = 'sent')
"""
"""A report about a reply frees the next one, not one that waits for a later reply."""


def mark_sent(db: sqlite3.Connection, item_id: str, *, sid: str, now: float, wait: float) -> bool:
    """Record the provider's SID. False when the reply has another one.

    The next of the lane waits ``wait`` seconds, unless the provider has reported this one already, or does.
    """
    sent = db.execute(
        "UPDATE outbox SET state = 'sent', sid = ?, due = ?, lease_until = 0, error_code = NULL, error = NULL,"
        " updated_at = ? WHERE id = ? AND sid IS NULL RETURNING conversation_id",
        (sid, now + wait, now, item_id),
    ).fetchone()
    if sent is None:
        row = db.execute("SELECT sid FROM outbox WHERE id = ?", (item_id,)).fetchone()
        return row is not None and row["sid"] == sid
    if wait > 0:
        outbox.hold(db, sent["conversation_id"])
    for told in db.execute("SELECT status, error_code FROM callback WHERE sid = ?", (sid,)).fetchall():
        _raise(db, item_id, status=told["status"], error_code=told["error_code"], now=now)
    return True


def record_status(db: sqlite3.Connection, update: StatusUpdate, *, wait: float, instead: Instead | None) -> bool:
    """Keep a callback, learn an unsure send's SID from it, and raise (never lower) the delivery status."""
    found = _ours(db, update)
    if found is not None:
        mark_sent(db, found, sid=update.sid, now=update.received_at, wait=wait)
    db.execute(
        "INSERT OR IGNORE INTO callback (sid, status, outbox_id, error_code, received_at) VALUES (?, ?, ?, ?, ?)",
        (update.sid, update.status, update.outbox_id, update.error_code, update.received_at),
    )
    if found is None:
        return False
    raised = _raise(db, found, status=update.status, error_code=update.error_code, now=update.received_at)
    row = db.execute(_ROW, (found,)).fetchone()
    if raised and update.status in UNDELIVERED and instead is not None:
        reply = instead(outbox.item_of(row, intent_at=row["intent_at"] or row["created_at"], look_first=False))
        if reply is not None:
            outbox.say(db, row["conversation_id"], [reply], trace=row["trace"], now=update.received_at)
    if update.error_code == OPTED_OUT:
        outbox.opt_out(db, row["conversation_id"], now=update.received_at)
    return True


def _ours(db: sqlite3.Connection, update: StatusUpdate) -> str | None:
    """The id of the reply that a callback is about."""
    row = db.execute("SELECT id FROM outbox WHERE sid = ?", (update.sid,)).fetchone()
    if row is None and update.outbox_id:
        row = db.execute(
            "SELECT id FROM outbox WHERE id = ? AND sender = ? AND recipient = ? AND sid IS NULL",
            (update.outbox_id, update.sender, update.recipient),
        ).fetchone()
    return None if row is None else str(row["id"])


def _raise(db: sqlite3.Connection, item_id: str, *, status: str, error_code: int | None, now: float) -> bool:
    """Take over a status that is higher; from "sent" on the next reply may follow. Whether it was higher."""
    row = db.execute("SELECT seq, conversation_id, delivery FROM outbox WHERE id = ?", (item_id,)).fetchone()
    rank = DELIVERY_RANK.get(status, -1)
    if rank <= DELIVERY_RANK.get(row["delivery"] or "", -1):
        return False
    db.execute(
        "UPDATE outbox SET delivery = ?, error_code = ?, updated_at = ? WHERE id = ?",
        (status, error_code, now, item_id),
    )
    if rank >= REPORTED:
        db.execute("UPDATE outbox SET due = min(due, ?) WHERE id = ?", (now, item_id))
        db.execute(_RELEASE, {"now": now, "lane": row["conversation_id"], "seq": row["seq"]})
    return True
