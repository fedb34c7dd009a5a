"""Resources of which there are few: all kinds in one table, each a JSON document with what is looked for beside it.

Accounts, numbers and messages have tables of their own, because there are many of them. Everything else (addresses,
services, senders, triggers, sinks) is a ``Record``: it costs a module of rules and of rendering, and no SQL.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.models import Record
from twilio_emulator.store.window import slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Slice, Window

__all__ = ["SCHEMA", "Records"]

SCHEMA = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, sid TEXT NOT NULL, account_sid TEXT NOT NULL,
    parent_sid TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL, data TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, next_at REAL, UNIQUE (kind, sid));
CREATE INDEX records_by_account ON records (kind, account_sid, seq);
CREATE INDEX records_by_parent ON records (kind, parent_sid, seq);
CREATE INDEX records_by_key ON records (kind, key, seq);
CREATE INDEX records_due ON records (next_at) WHERE next_at IS NOT NULL;
"""


class Records:
    """The table of records; a kind is a name such as ``address``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: str,
        *,
        sid: str,
        account_sid: str,
        now: float,
        data: Mapping[str, object] | None = None,
        parent_sid: str = "",
        key: str = "",
        status: str = "",
        next_at: float | None = None,
    ) -> Record:
        """Add a record.

        Args:
            kind: what it is.
            sid: its SID; no other record of the kind has it.
            account_sid: whose it is.
            now: when it was made.
            data: what the kind keeps of it; JSON.
            parent_sid: the resource it lies under, such as a service.
            key: what it is also found by, such as a phone number; need not be unique.
            status: its state.
            next_at: when its timer fires, None for never.
        """
        values = {
            "kind": kind,
            "sid": sid,
            "account_sid": account_sid,
            "parent_sid": parent_sid,
            "key": key,
            "status": status,
            "data": json.dumps(dict(data or {})),
            "created": now,
            "updated": now,
            "next_at": next_at,
        }
        self._database.insert("records", values)
        return self.require(kind, sid)

    def find(self, kind: str, sid: str) -> Record | None:
        """Return the record, or None."""
        row = self._database.one("SELECT * FROM records WHERE kind = ? AND sid = ?", kind, sid)
        return _record(row) if row else None

    def require(self, kind: str, sid: str) -> Record:
        """Return a record that is known to exist."""
        record = self.find(kind, sid)
        if record is None:
            raise LookupError(f"{kind} {sid} is gone")
        return record

    def where(self, kind: str, **columns: object) -> list[Record]:
        """Return the records of a kind whose columns have these values, oldest first."""
        clauses = "".join(f" AND {name} = ?" for name in columns)
        statement = f"SELECT * FROM records WHERE kind = ?{clauses} ORDER BY seq"  # noqa: S608  # our own columns
        return [_record(row) for row in self._database.rows(statement, kind, *columns.values())]

    def first(self, kind: str, **columns: object) -> Record | None:
        """Return the oldest record of a kind whose columns have these values, or None."""
        found = self.where(kind, **columns)
        return found[0] if found else None

    def page(self, kind: str, conditions: Sequence[tuple[str, object]], window: Window) -> Slice[Record]:
        """Return one page of the records of a kind that meet the conditions, newest first.

        Args:
            kind: what they are.
            conditions: SQL with one mark, and the mark's value, each. A field of the data is
                ``json_extract(data, '$.name') = ?``.
            window: the page.
        """
        rows, more = self._database.page("records", [("kind = ?", kind), *conditions], window)
        return slice_of([_record(row) for row in rows], more=more)

    def change(
        self,
        record: Record,
        *,
        now: float | None = None,
        data: Mapping[str, object] | None = None,
        **columns: object,
    ) -> Record:
        """Change a record.

        Args:
            record: which one.
            now: when; None leaves the time of the last update.
            data: fields to be replaced; those not named stay.
            **columns: ``status``, ``key``, ``next_at``, ``account_sid``, ``parent_sid``.
        """
        values = dict(columns)
        if data is not None:
            kept = self.require(record.kind, record.sid).data
            values["data"] = json.dumps({**kept, **data})
        if now is not None:
            values["updated"] = now
        if values:
            self._database.update("records", "seq", record.seq, values)
        return self.require(record.kind, record.sid)

    def delete(self, record: Record) -> None:
        """Remove a record."""
        self._database.execute("DELETE FROM records WHERE seq = ?", record.seq)

    def due(self, now: float) -> list[Record]:
        """Return the records whose timer has fired, in the order of their moments."""
        rows = self._database.rows("SELECT * FROM records WHERE next_at <= ? ORDER BY next_at, seq", now)
        return [_record(row) for row in rows]

    def next_due(self) -> float | None:
        """Return when the next timer fires."""
        moment: float | None = self._database.scalar("SELECT min(next_at) FROM records WHERE next_at IS NOT NULL")
        return moment


def _record(row: sqlite3.Row) -> Record:
    values = dict(row)
    values["data"] = json.loads(values["data"])
    return Record(**values)
