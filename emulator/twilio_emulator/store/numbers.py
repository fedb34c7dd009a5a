"""Phone numbers that accounts own, and those lately given back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from twilio_emulator.models import Number, NumberConfig
from twilio_emulator.store.window import slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Slice, Window

__all__ = ["SCHEMA", "Numbers"]

SCHEMA = """
CREATE TABLE numbers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    phone_number TEXT NOT NULL UNIQUE, country TEXT NOT NULL, kind TEXT NOT NULL,
    friendly_name TEXT NOT NULL, config TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX numbers_by_account ON numbers (account_sid, seq);
CREATE TABLE released_numbers (
    phone_number TEXT PRIMARY KEY, account_sid TEXT NOT NULL, released REAL NOT NULL);
"""

_QUARANTINE = 10 * 86_400
"""Seconds a released number is offered to nobody."""


class Numbers:
    """The table of owned numbers, and the quarantine of released ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        sid: str,
        account_sid: str,
        phone_number: str,
        country: str,
        kind: str,
        friendly_name: str,
        config: NumberConfig,
        now: float,
    ) -> Number:
        """Give a number to an account."""
        values = {
            "sid": sid,
            "account_sid": account_sid,
            "phone_number": phone_number,
            "country": country,
            "kind": kind,
            "friendly_name": friendly_name,
            "config": json.dumps(asdict(config)),
            "created": now,
            "updated": now,
        }
        self._database.insert("numbers", values)
        return self.require(sid)

    def find(self, sid: str) -> Number | None:
        """Return the number with this SID, or None."""
        row = self._database.one("SELECT * FROM numbers WHERE sid = ?", sid)
        return _number(row) if row else None

    def require(self, sid: str) -> Number:
        """Return a number that is known to exist."""
        number = self.find(sid)
        if number is None:
            raise LookupError(f"number {sid} is gone")
        return number

    def owner_of(self, phone_number: str) -> Number | None:
        """Return who owns a number in E.164 form, or None."""
        row = self._database.one("SELECT * FROM numbers WHERE phone_number = ?", phone_number)
        return _number(row) if row else None

    def is_free(self, phone_number: str, *, now: float) -> bool:
        """Say whether the number could be bought: nobody owns it and nobody just gave it back."""
        taken = self._database.one(
            "SELECT 1 FROM numbers WHERE phone_number = ?"
            " UNION ALL SELECT 1 FROM released_numbers WHERE phone_number = ? AND released > ?",
            phone_number,
            phone_number,
            now - _QUARANTINE,
        )
        return taken is None

    def page(self, conditions: Sequence[tuple[str, object]], window: Window) -> Slice[Number]:
        """Return one page of the numbers that meet the conditions."""
        rows, more = self._database.page("numbers", conditions, window)
        return slice_of([_number(row) for row in rows], more=more)

    def change(self, sid: str, *, account_sid: str, friendly_name: str, config: NumberConfig, now: float) -> Number:
        """Set owner, name and configuration."""
        values = {
            "account_sid": account_sid,
            "friendly_name": friendly_name,
            "config": json.dumps(asdict(config)),
            "updated": now,
        }
        self._database.update("numbers", "sid", sid, values)
        return self.require(sid)

    def release(self, number: Number, *, now: float) -> None:
        """Take a number from its account and put it into quarantine."""
        self._database.execute("DELETE FROM numbers WHERE sid = ?", number.sid)
        self._database.execute(
            "INSERT OR REPLACE INTO released_numbers VALUES (?, ?, ?)",
            number.phone_number,
            number.account_sid,
            now,
        )

    def release_all(self, account_sid: str, *, now: float) -> None:
        """Take every number from an account."""
        for row in self._database.rows("SELECT * FROM numbers WHERE account_sid = ?", account_sid):
            self.release(_number(row), now=now)


def _number(row: sqlite3.Row) -> Number:
    values = dict(row)
    values["config"] = NumberConfig(**json.loads(values["config"]))
    return Number(**values)
