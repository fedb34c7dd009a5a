"""Calls in and out, and what was heard and done in each.

This is the log: what a call that is under way needs beyond it lies in a record that goes when the call ends.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.store.table import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Stretch

__all__ = ["SCHEMA", "CallEntry", "CallEvent", "Calls"]

SCHEMA = """
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    parent_sid TEXT NOT NULL, number_sid TEXT NOT NULL, direction TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
    started REAL, ended REAL, duration INTEGER, price TEXT, extra TEXT NOT NULL);
CREATE INDEX calls_by_account ON calls (account_sid, seq);
CREATE INDEX calls_by_parent ON calls (parent_sid, seq);
CREATE TABLE call_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, call_sid TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
    data TEXT NOT NULL);
CREATE INDEX call_events_by_call ON call_events (call_sid, seq);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEntry:
    """One call in the log.

    Attributes:
        parent_sid: the call that dialled this one, ``""`` for none.
        number_sid: the account's own number at one end, ``""`` when it has none there.
        direction: inbound, outbound-api or outbound-dial.
        sender: who calls: a number, or a SIP or client address; likewise ``recipient``.
        started: when it began to ring, None while it is queued.
        duration: seconds from answer to end; None until the end.
        price: dollars, negative; None for a call that cost nothing or is not over.
        extra: how the customer wants to be told of it, JSON.
    """

    seq: int
    sid: str
    account_sid: str
    parent_sid: str
    number_sid: str
    direction: str
    sender: str
    recipient: str
    status: str
    created: float
    updated: float
    started: float | None
    ended: float | None
    duration: int | None
    price: str | None
    extra: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallEvent:
    """Something that was heard or done in a call: ``kind`` says what, ``data`` how, JSON."""

    seq: int
    call_sid: str
    at: float
    kind: str
    data: Mapping[str, object]


class Calls(Table[CallEntry]):
    """The table of calls and that of what happened in them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "calls", _call)

    def add(
        self,
        *,
        sid: str,
        account_sid: str,
        direction: str,
        sender: str,
        recipient: str,
        status: str,
        now: float,
        parent_sid: str = "",
        number_sid: str = "",
        started: float | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> CallEntry:
        """Add a call."""
        values = {
            "sid": sid,
            "account_sid": account_sid,
            "parent_sid": parent_sid,
            "number_sid": number_sid,
            "direction": direction,
            "sender": sender,
            "recipient": recipient,
            "status": status,
            "created": now,
            "updated": now,
            "started": started,
            "extra": json.dumps(dict(extra or {})),
        }
        self._database.insert("calls", values)
        return self.require(sid)

    def since(self, stretch: Stretch, conditions: Sequence[tuple[str, object]] = ()) -> list[CallEntry]:
        """Return calls of a stretch of the log, oldest first."""
        return [_call(row) for row in self._database.stretch("calls", conditions, stretch)]

    def children(self, sid: str) -> list[CallEntry]:
        """Return the calls that a call dialled, oldest first."""
        return [_call(row) for row in self._database.rows("SELECT * FROM calls WHERE parent_sid = ? ORDER BY seq", sid)]

    def change(self, sid: str, *, extra: Mapping[str, object] | None = None, **values: object) -> CallEntry:
        """Set columns of a call; the fields of ``extra`` replace those of the same name."""
        if extra is not None:
            values["extra"] = json.dumps({**self.require(sid).extra, **extra})
        self._database.update("calls", "sid", sid, values)
        return self.require(sid)

    def delete(self, sid: str) -> None:
        """Remove a call and what happened in it."""
        self._database.execute("DELETE FROM calls WHERE sid = ?", sid)
        self._database.execute("DELETE FROM call_events WHERE call_sid = ?", sid)

    def note(self, sid: str, kind: str, /, *, at: float, **data: object) -> None:
        """Add what happened in a call."""
        values = {"call_sid": sid, "at": at, "kind": kind, "data": json.dumps(data)}
        self._database.insert("call_events", values)

    def events(self, sid: str, *, after: int = 0) -> list[CallEvent]:
        """Return what happened in a call after a position, oldest first."""
        rows = self._database.rows("SELECT * FROM call_events WHERE call_sid = ? AND seq > ? ORDER BY seq", sid, after)
        return [_event(row) for row in rows]


def _call(row: sqlite3.Row) -> CallEntry:
    values = dict(row)
    values["extra"] = json.loads(values["extra"])
    return CallEntry(**values)


def _event(row: sqlite3.Row) -> CallEvent:
    values = dict(row)
    values["data"] = json.loads(values["data"])
    return CallEvent(**values)
