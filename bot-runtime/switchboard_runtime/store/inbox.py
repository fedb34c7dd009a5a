"""SQL of the work that messages make. Functions of a connection, no clock."""

from __future__ import annotations

import json
import sqlite3  # noqa: TC003  # the type of every first argument
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.store.records import Claim, ConversationState, Inbound, Queue, WorkItem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switchboard_runtime.store.records import Turn

OTHERS_POLL = 0.5
"""Seconds until an item in another process's hands is looked at again; it may finish long before its lease."""

_HEAD = "state = 'pending' AND head = 1"

_OTHERS = "id NOT IN (SELECT value FROM json_each(:held))"

_FIELDS = msgspec.json.Encoder()

_DECODER = msgspec.json.Decoder(tuple[tuple[str, str], ...])

_FINISH = """
UPDATE work SET state = 'done', outcome = ?, lease_until = 0 WHERE id = ? AND fence = ? AND state = 'pending'
AND EXISTS (SELECT 1 FROM conversation WHERE id = work.conversation_id AND epoch = ?)
"""

_ANY = "SELECT 1 FROM work WHERE conversation_id = ? AND state = 'pending' LIMIT 1"

_CLAIM = f"""
UPDATE work SET lease_until = :lease_until, owner = :owner, fence = fence + 1, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM work WHERE {_HEAD} AND max(due, lease_until) <= :now AND {_OTHERS}
    ORDER BY max(due, lease_until), id LIMIT :limit
) RETURNING id
"""  # noqa: S608  # put together from constants

_NEXT_FREE = f"""
SELECT max(due, lease_until) AS free_at FROM work WHERE {_HEAD} AND {_OTHERS}
ORDER BY max(due, lease_until), id LIMIT 1
"""  # noqa: S608  # put together from constants

_LEASED = f"SELECT 1 FROM work WHERE {_HEAD} AND lease_until > :now AND {_OTHERS} LIMIT 1"  # noqa: S608

_WAITING = "SELECT count(*) AS depth, min(created_at) AS oldest FROM work WHERE state = 'pending'"

_ITEM = """
SELECT w.id AS work_id, w.fence, w.attempts, w.conversation_id, c.mode, c.opted_out, c.contacted, c.language,
       c.epoch, c.channel, c.own, c.contact, m.provider, m.account, m.sid, m.kind, m.text, m.opt_out, m.fields,
       m.trace, m.received_at
FROM work AS w JOIN message AS m ON m.id = w.message_id JOIN conversation AS c ON c.id = w.conversation_id
WHERE w.id = ?
"""

_BEHIND = (
    _ITEM.removesuffix("WHERE w.id = ?\n") + "WHERE w.conversation_id = ? AND w.state = 'pending' AND w.id > ?"
    " ORDER BY w.id LIMIT ?"
)


def encode_fields(message: Inbound) -> str:
    """All that came, as it is kept."""
    return _FIELDS.encode(message.fields).decode()


def claim(
    db: sqlite3.Connection, *, now: float, lease: float, owner: str, limit: int, held: Collection[int]
) -> Claim[WorkItem]:
    """Lease the heads of free lanes."""
    arguments: dict[str, float | int | str] = {
        "now": now,
        "lease_until": now + lease,
        "owner": owner,
        "limit": limit,
        "held": json.dumps(list(held)),
    }
    ids = sorted(row["id"] for row in db.execute(_CLAIM, arguments).fetchall())
    items = tuple(_item(db.execute(_ITEM, (work,)).fetchone()) for work in ids)
    arguments["held"] = json.dumps([*held, *ids])
    return Claim(items=items, next_due=next_due(db, _NEXT_FREE, _LEASED, arguments))


def next_due(db: sqlite3.Connection, free: str, leased: str, arguments: Mapping[str, object]) -> float | None:
    """When a head that is not held may become free: as its row says, or sooner when another process has one."""
    first = db.execute(free, arguments).fetchone()
    if first is None:
        return None
    free_at = float(first["free_at"])
    if db.execute(leased, arguments).fetchone() is None:
        return free_at
    return min(free_at, float(str(arguments["now"])) + OTHERS_POLL)


def _item(row: sqlite3.Row) -> WorkItem:
    return WorkItem(
        id=row["work_id"],
        fence=row["fence"],
        attempts=row["attempts"],
        conversation_id=row["conversation_id"],
        state=_state(row),
        message=Inbound(
            provider=row["provider"],
            account=row["account"],
            sid=row["sid"],
            channel=row["channel"],
            own=row["own"],
            contact=row["contact"],
            text=row["text"],
            kind=row["kind"],
            opt_out=row["opt_out"],
            fields=_DECODER.decode(row["fields"]),
            trace=row["trace"],
            received_at=row["received_at"],
        ),
    )


def _state(row: sqlite3.Row) -> ConversationState:
    return ConversationState(
        mode=row["mode"],
        opted_out=bool(row["opted_out"]),
        contacted=bool(row["contacted"]),
        language=row["language"],
        epoch=row["epoch"],
    )


def take_along(db: sqlite3.Connection, item: WorkItem, *, limit: int) -> WorkItem:
    """Add the messages behind an item; they stay in their lane until the item is finished with them."""
    behind = db.execute(_BEHIND, (item.conversation_id, item.id, limit)).fetchall()
    return replace(item, joined=tuple((row["work_id"], _item(row).message) for row in behind))


def finish(db: sqlite3.Connection, item: WorkItem, turn: Turn, *, now: float) -> None:
    """End a work item and keep the conversation's state, if both are as they were claimed."""
    done = db.execute(_FINISH, (turn.outcome, item.id, item.fence, item.state.epoch))
    if done.rowcount != 1:
        raise LeaseLost(f"work {item.id} was taken over, or its conversation was")
    for joined, _ in item.joined:
        db.execute(
            "UPDATE work SET state = 'done', outcome = ? WHERE id = ? AND state = 'pending'", (turn.outcome, joined)
        )
    after = turn.state
    if turn.replies or after != item.state:
        db.execute(
            "UPDATE conversation SET mode = ?, opted_out = ?, contacted = ?, language = ?, epoch = ?,"
            " updated_at = ? WHERE id = ?",
            (
                after.mode,
                after.opted_out,
                after.contacted,
                after.language,
                after.epoch,
                now,
                item.conversation_id,
            ),
        )


def is_empty(db: sqlite3.Connection, conversation_id: int) -> bool:
    """Whether no work waits in a lane."""
    return db.execute(_ANY, (conversation_id,)).fetchone() is None


def postpone(db: sqlite3.Connection, item: WorkItem, *, due: float, counted: bool) -> None:
    """Give an item back until ``due``; nothing happens when it is not ours any more."""
    db.execute(
        "UPDATE work SET due = ?, lease_until = 0, attempts = ? WHERE id = ? AND fence = ? AND state = 'pending'",
        (due, item.attempts if counted else item.attempts - 1, item.id, item.fence),
    )


def waiting(db: sqlite3.Connection) -> Queue:
    """Depth and age of the inbox."""
    row = db.execute(_WAITING).fetchone()
    return Queue(depth=row["depth"], oldest=row["oldest"])
