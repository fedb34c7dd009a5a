"""SQL of messages on their way in: many in a few statements. Functions of a connection, no clock.

A statement costs more than a row of it, and each lets the event loop's thread have the interpreter, for which the
writer's then waits. So what arrived together is looked up, made and told together. Ids are given here: the
transaction is the file's only one that writes, and the last ids are looked up in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from switchboard_runtime.store.lanes import suppressed
from switchboard_runtime.store.records import Accepted, ConversationState, Inbound, WorkItem
from switchboard_runtime.store.suppressing import Lane

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

__all__ = ["Arrival", "Hold", "accept"]

_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Rows of a statement: few sizes, so that all of them stay prepared. What is left over of one is NULL and no row."""

_LOOK = """
WITH given (place, provider, account, sid, channel, own, contact) AS (VALUES {rows})
SELECT json_group_array(json_array(
    place,
    (SELECT w.id FROM message AS m JOIN work AS w ON w.message_id = m.id
     WHERE m.provider = given.provider AND m.account = given.account AND m.sid = given.sid),
    c.id, c.mode, c.opted_out, c.contacted, c.language, c.epoch,
    EXISTS (SELECT 1 FROM work WHERE conversation_id = c.id AND state = 'pending'))),
    (SELECT coalesce(max(id), 0) FROM conversation), (SELECT coalesce(max(id), 0) FROM message),
    (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'work'), EXISTS (SELECT 1 FROM suppression)
FROM given LEFT JOIN conversation AS c
ON c.channel = given.channel AND c.own = given.own AND c.contact = given.contact
WHERE given.place IS NOT NULL
"""

_CONVERSATIONS = """
INSERT INTO conversation (id, channel, own, contact, created_at, updated_at, last_inbound_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
ON CONFLICT DO UPDATE SET updated_at = excluded.updated_at, last_inbound_at = excluded.last_inbound_at
"""

_MESSAGES = """
INSERT INTO message (id, conversation_id, provider, account, sid, kind, text, opt_out, fields, trace, received_at)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
"""

_WORKS = """
INSERT INTO work (id, conversation_id, message_id, due, created_at, head, lease_until, owner, fence, attempts)
SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL
"""


class Hold(NamedTuple):
    """Whose a lease is, and until when (seconds since the epoch)."""

    owner: str
    until: float


class Arrival(NamedTuple):
    """A message to store: ``fields`` are its own, encoded; ``hold`` leases its work if it is the first of its lane."""

    message: Inbound
    fields: str
    hold: Hold | None


class _Found(msgspec.Struct, array_like=True):
    """What the file knows of an arrival: the work of an earlier delivery, and its conversation."""

    place: int
    work: int | None
    lane: int | None
    mode: Literal["bot", "human"] | None
    opted_out: int | None
    contacted: int | None
    language: str | None
    epoch: int | None
    waiting: int


_DECODER = msgspec.json.Decoder(list[_Found])


def accept(db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
    """Store messages with their conversations and work items, or find the work items of earlier deliveries."""
    if not arrivals:
        return []
    looked, last_ids, suppressing = _look(db, arrivals)
    batch = _Batch(*last_ids)
    stopped = _stopped(db, arrivals, looked) if suppressing else ()
    accepted = [batch.add(arrival, found) for arrival, found in zip(arrivals, looked, strict=True)]
    for sql, rows in ((_CONVERSATIONS, batch.conversations), (_MESSAGES, batch.messages), (_WORKS, batch.works)):
        for part in _parts(rows):
            _execute(db, sql, part)
    for lane in stopped:
        db.execute("UPDATE conversation SET opted_out = 1 WHERE channel = ? AND own = ? AND contact = ?", lane)
    return accepted


def _stopped(db: sqlite3.Connection, arrivals: Sequence[Arrival], looked: Sequence[_Found]) -> frozenset[Lane]:
    """The new conversations that begin opted out; what was found of their arrivals says so from now on."""
    lanes = [Lane(one.channel, one.own, one.contact) for one, _, _ in arrivals]
    fresh = {lane for lane, found in zip(lanes, looked, strict=True) if found.lane is None}
    stopped = suppressed(db, fresh) if fresh else frozenset()
    for lane, found in zip(lanes, looked, strict=True):
        if lane in stopped:
            found.opted_out = 1
    return stopped


def _look(db: sqlite3.Connection, arrivals: Sequence[Arrival]) -> tuple[list[_Found], tuple[int, int, int], bool]:
    """What is known of each, in their order; the last ids of lanes, messages, work; whether anybody is suppressed."""
    given = [
        (place, one.provider, one.account, one.sid, one.channel, one.own, one.contact)
        for place, (one, _, _) in enumerate(arrivals)
    ]
    rows = [tuple(_execute(db, _LOOK, part).fetchone()) for part in _parts(given)]
    found = [one for row in rows for one in _DECODER.decode(row[0])]
    _, *last_ids, suppressing = rows[0]
    return sorted(found, key=lambda one: one.place), (last_ids[0], last_ids[1], last_ids[2]), bool(suppressing)


@dataclass(slots=True)
class _Batch:
    """Rows to write, made from the last ids of their tables on."""

    last_lane: int
    last_message: int
    last_work: int
    conversations: list[tuple[object, ...]] = field(default_factory=list)
    messages: list[tuple[object, ...]] = field(default_factory=list)
    works: list[tuple[object, ...]] = field(default_factory=list)
    known: dict[tuple[str, str, str], int] = field(default_factory=dict)
    lanes: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def add(self, arrival: Arrival, found: _Found) -> Accepted:
        """Make an arrival's rows, unless it is known, also from earlier in this batch."""
        message = arrival.message
        key = (message.provider, message.account, message.sid)
        earlier = found.work or self.known.get(key)
        if earlier is not None:
            return Accepted(work_id=earlier, duplicate=True)
        lane, first = self._lane(message, found)
        self.last_message += 1
        self.last_work += 1
        self.known[key] = work = self.last_work
        self.messages.append(
            (
                self.last_message,
                lane,
                message.provider,
                message.account,
                message.sid,
                message.kind,
                message.text,
                message.opt_out,
                arrival.fields,
                message.trace,
                message.received_at,
            )
        )
        hold = arrival.hold if first else None
        due = max(message.received_at, message.not_before)
        lease = (hold.until, hold.owner, 1, 1) if hold else (0.0, None, 0, 0)
        self.works.append((work, lane, self.last_message, due, message.received_at, first, *lease))
        return Accepted(work_id=work, duplicate=False, begun=_begun(work, lane, message, found) if hold else None)

    def _lane(self, message: Inbound, found: _Found) -> tuple[int, bool]:
        """The id of a message's conversation, and whether nothing waits in it."""
        key = (message.channel, message.own, message.contact)
        lane, first = self.lanes.get(key), False
        if lane is None:
            first = not found.waiting
            if found.lane is None:
                self.last_lane += 1
            self.lanes[key] = lane = found.lane or self.last_lane
        self.conversations.append((lane, *key, message.received_at, message.received_at, message.received_at))
        return lane, first


def _begun(work: int, lane: int, message: Inbound, found: _Found) -> WorkItem:
    state = ConversationState(
        mode=found.mode or "bot",
        opted_out=bool(found.opted_out),
        contacted=bool(found.contacted),
        language=found.language,
        epoch=found.epoch or 0,
    )
    return WorkItem(id=work, fence=1, attempts=1, conversation_id=lane, state=state, message=message)


def _parts(rows: Sequence[tuple[object, ...]]) -> Iterator[Sequence[tuple[object, ...]]]:
    """The rows in lots that a statement takes."""
    return (rows[at : at + _SIZES[-1]] for at in range(0, len(rows), _SIZES[-1]))


def _execute(db: sqlite3.Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> sqlite3.Cursor:
    columns = len(rows[0])
    size = next(size for size in _SIZES if size >= len(rows))
    values = [value for row in rows for value in row]
    values += [None] * (columns * (size - len(rows)))
    return db.execute(_for_rows(sql, size, columns), values)


@lru_cache(maxsize=4 * len(_SIZES))
def _for_rows(sql: str, rows: int, columns: int) -> str:
    return sql.format(rows=", ".join([f"({', '.join('?' * columns)})"] * rows))
