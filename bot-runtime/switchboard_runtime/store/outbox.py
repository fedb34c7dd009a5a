"""SQL of the outbox: replies and their intents. Functions of a connection, no clock.

A reply is ``queued`` while it is certain that no POST of it was done, ``sending`` from its intent on, and then
``sent`` or ``failed``. The ``due`` of one that is sent is when the next of its lane may follow it.
"""

from __future__ import annotations

import json
import sqlite3  # noqa: TC003  # the type of every first argument
from dataclasses import replace
from typing import TYPE_CHECKING

from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.store.delivery import OPTED_OUT
from switchboard_runtime.store.inbox import next_due
from switchboard_runtime.store.payload import payload_of, reply_of
from switchboard_runtime.store.records import Claim, OutboxItem, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from switchboard_runtime.store.records import Reply, Turn, WorkItem

_UNSENT = "state IN ('queued', 'sending')"

_HEAD = f"{_UNSENT} AND head = 1"

_OTHERS = "seq NOT IN (SELECT value FROM json_each(:held))"

_FREE = f"""
SELECT o.*, c.opted_out, c.last_inbound_at, c.language
FROM outbox AS o CROSS JOIN conversation AS c ON c.id = o.conversation_id
WHERE {_HEAD} AND max(due, lease_until) <= :now AND {_OTHERS}
ORDER BY max(due, lease_until), seq LIMIT :limit
"""  # noqa: S608  # put together from constants

_NEXT_FREE = f"""
SELECT max(due, lease_until) AS free_at FROM outbox WHERE {_HEAD} AND {_OTHERS}
ORDER BY max(due, lease_until), seq LIMIT 1
"""  # noqa: S608  # put together from constants

_LEASED = f"SELECT 1 FROM outbox WHERE {_HEAD} AND lease_until > :now AND {_OTHERS} LIMIT 1"  # noqa: S608

_WAITING = f"SELECT count(*) AS depth, min(created_at) AS oldest FROM outbox WHERE {_UNSENT}"  # noqa: S608

_HOLD = f"""
UPDATE outbox SET due = max(due, coalesce((
    SELECT due FROM outbox WHERE conversation_id = :lane AND state = 'sent' ORDER BY seq DESC LIMIT 1), 0))
WHERE {_HEAD} AND conversation_id = :lane AND state = 'queued' AND attempts = 0
"""  # noqa: S608  # put together from constants

_INTEND = """
UPDATE outbox SET state = 'sending', intent_at = :intent_at, lease_until = :lease_until, owner = :owner,
       fence = fence + 1, attempts = attempts + 1, updated_at = :now
WHERE seq = :seq
"""


def enqueue(
    db: sqlite3.Connection,
    item: WorkItem,
    turn: Turn,
    *,
    now: float,
    new_id: Callable[[], str],
    by_provider: bool,
) -> None:
    """Queue a turn's replies; without a provider the caller hands them over itself, and they are ``sent``."""
    message = item.message
    for reply in turn.replies:
        db.execute(
            "INSERT INTO outbox (id, conversation_id, work_id, channel, sender, recipient, text, payload, author,"
            " trace, received_at, state, due, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new_id(),
                item.conversation_id,
                item.id,
                message.channel,
                message.own,
                message.contact,
                reply.text,
                payload_of(reply),
                reply.author,
                message.trace,
                message.received_at,
                "queued" if by_provider else "sent",
                now,
                now,
                now,
            ),
        )
    if by_provider and turn.replies:
        hold(db, item.conversation_id)


def say(
    db: sqlite3.Connection, conversation_id: int, replies: Sequence[tuple[str, Reply]], *, trace: str, now: float
) -> bool:
    """Queue replies that answer no message. False when there is no such conversation."""
    lane = db.execute("SELECT channel, own, contact FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if lane is None:
        return False
    for reply_id, reply in replies:
        db.execute(
            "INSERT INTO outbox (id, conversation_id, channel, sender, recipient, text, payload, author, trace,"
            " received_at, state, due, created_at, updated_at)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'queued', ?10, ?10, ?10) ON CONFLICT (id) DO NOTHING",
            (reply_id, conversation_id, *lane, reply.text, payload_of(reply), reply.author, trace, now),
        )
    hold(db, conversation_id)
    return True


def hold(db: sqlite3.Connection, conversation_id: int) -> None:
    """Let a lane's oldest reply wait until the one sent before it may be followed; one that was tried is left alone."""
    db.execute(_HOLD, {"lane": conversation_id})


def cancel(db: sqlite3.Connection, conversation_id: int, *, reason: str, now: float, author: str | None = None) -> None:
    """End a conversation's replies that were certainly not sent yet; those of one author, if given."""
    db.execute(
        "UPDATE outbox SET state = 'failed', error = ?1, updated_at = ?2"
        " WHERE conversation_id = ?3 AND state = 'queued' AND (?4 IS NULL OR author = ?4)",
        (reason, now, conversation_id, author),
    )


def replies(db: sqlite3.Connection, work_id: int) -> tuple[str, ...] | None:
    """Texts of a finished work item's replies in order, None while it is not finished."""
    work = db.execute("SELECT state FROM work WHERE id = ?", (work_id,)).fetchone()
    if work is None or work["state"] != "done":
        return None
    rows = db.execute("SELECT text FROM outbox WHERE work_id = ? ORDER BY seq", (work_id,))
    return tuple(row["text"] for row in rows)


def claim(
    db: sqlite3.Connection, *, now: float, lease: float, owner: str, limit: int, held: Collection[int]
) -> Claim[OutboxItem]:
    """Lease the heads of free lanes and write their intents; who opted out meanwhile gets nothing any more."""
    arguments: dict[str, float | int | str] = {"now": now, "limit": limit, "held": json.dumps(list(held))}
    items = []
    for row in db.execute(_FREE, arguments).fetchall():
        look_first = row["state"] == "sending"
        if row["opted_out"] and not look_first and not _reply(row).notice:
            _drop(db, row["seq"], now=now)
            continue
        intent_at = row["intent_at"] if look_first else now
        db.execute(
            _INTEND,
            {
                "intent_at": intent_at,
                "lease_until": now + lease,
                "owner": owner,
                "now": now,
                "seq": row["seq"],
            },
        )
        items.append(item_of(row, intent_at=intent_at, look_first=look_first))
    arguments["held"] = json.dumps([*held, *(item.seq for item in items)])
    return Claim(items=tuple(items), next_due=next_due(db, _NEXT_FREE, _LEASED, arguments))


def _drop(db: sqlite3.Connection, seq: int, *, now: float) -> None:
    """End a reply that nobody wants any more; what is behind it in its lane is looked at by the next claim."""
    db.execute("UPDATE outbox SET state = 'failed', error = 'opted out', updated_at = ? WHERE seq = ?", (now, seq))


def _reply(row: sqlite3.Row) -> Reply:
    return reply_of(text=row["text"], payload=row["payload"], author=row["author"])


def item_of(row: sqlite3.Row, *, intent_at: float, look_first: bool) -> OutboxItem:
    """A reply's row with its conversation's, as it is after it was claimed."""
    return OutboxItem(
        id=row["id"],
        seq=row["seq"],
        fence=row["fence"] + 1,
        attempts=row["attempts"] + 1,
        channel=row["channel"],
        conversation_id=row["conversation_id"],
        sender=row["sender"],
        recipient=row["recipient"],
        reply=_reply(row),
        trace=row["trace"],
        received_at=row["received_at"],
        created_at=row["created_at"],
        intent_at=intent_at,
        last_inbound_at=row["last_inbound_at"],
        look_first=look_first,
        language=row["language"],
    )


def renew(db: sqlite3.Connection, item: OutboxItem, *, now: float, lease: float) -> OutboxItem | None:
    """Date the intent anew, if the item is still ours and unsent; None ends it, since the contact opted out."""
    conversation = db.execute(
        "SELECT c.opted_out FROM outbox AS o JOIN conversation AS c ON c.id = o.conversation_id WHERE o.id = ?",
        (item.id,),
    ).fetchone()
    if conversation["opted_out"] and not item.reply.notice:
        mark_failed(db, item, code=None, reason="opted out", now=now)
        return None
    renewed = db.execute(
        "UPDATE outbox SET intent_at = ?, lease_until = ?, updated_at = ?"
        " WHERE seq = ? AND fence = ? AND state = 'sending'",
        (now, now + lease, now, item.seq, item.fence),
    )
    if renewed.rowcount != 1:
        raise LeaseLost(f"reply {item.id} was taken over, or is sent")
    return replace(item, intent_at=now, look_first=False)


def mark_failed(
    db: sqlite3.Connection,
    item: OutboxItem,
    *,
    code: int | None,
    reason: str,
    now: float,
    instead: tuple[str, Reply] | None = None,
) -> None:
    """End a reply that will not be sent, if it is still ours; an opt-out at the provider becomes ours too."""
    ended = db.execute(
        "UPDATE outbox SET state = 'failed', error_code = ?, error = ?, lease_until = 0, updated_at = ?"
        " WHERE seq = ? AND fence = ? AND state = 'sending'",
        (code, reason, now, item.seq, item.fence),
    )
    if ended.rowcount != 1:
        raise LeaseLost(f"reply {item.id} was taken over, or is sent")
    if instead is not None:
        say(db, item.conversation_id, [instead], trace=item.trace, now=now)
    if code == OPTED_OUT:
        opt_out(db, item.conversation_id, now=now)


def opt_out(db: sqlite3.Connection, conversation_id: int, *, now: float) -> None:
    """Silence a conversation that the provider does not let us write to; a turn in flight is not kept."""
    db.execute(
        "UPDATE conversation SET opted_out = 1, epoch = epoch + 1, updated_at = ? WHERE id = ? AND opted_out = 0",
        (now, conversation_id),
    )
    cancel(db, conversation_id, reason="opted out", now=now)


def postpone(db: sqlite3.Connection, item: OutboxItem, *, due: float, unsent: bool, now: float) -> None:
    """Give a reply back until ``due``; nothing happens when it is not ours any more."""
    db.execute(
        "UPDATE outbox SET state = ?, due = ?, lease_until = 0, updated_at = ?"
        " WHERE seq = ? AND fence = ? AND state = 'sending'",
        ("queued" if unsent else "sending", due, now, item.seq, item.fence),
    )


def claimed_sids(db: sqlite3.Connection, sids: Collection[str], *, other_than: str) -> frozenset[str]:
    """Which SIDs belong to other replies."""
    rows = db.execute(
        "SELECT sid FROM outbox WHERE id <> ? AND sid IN (SELECT value FROM json_each(?))",
        (other_than, json.dumps(list(sids))),
    )
    return frozenset(row["sid"] for row in rows)


def waiting(db: sqlite3.Connection) -> Queue:
    """Depth and age of the outbox."""
    row = db.execute(_WAITING).fetchone()
    return Queue(depth=row["depth"], oldest=row["oldest"])


def release(db: sqlite3.Connection, *, owner: str, now: float) -> None:
    """End an owner's leases on work and replies; a reply whose POST may be done stays one to look up."""
    for table, held in (("work", "state = 'pending' AND head = 1"), ("outbox", _HEAD)):
        db.execute(
            f"UPDATE {table} SET lease_until = 0 WHERE {held} AND owner = ? AND lease_until > ?",  # noqa: S608
            (owner, now),
        )
