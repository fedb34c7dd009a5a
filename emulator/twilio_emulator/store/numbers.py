"""Phone numbers that accounts own, and those lately given back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.models import Number, NumberConfig
from twilio_emulator.store.table import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from twilio_emulator.store.database import Database

__all__ = ["QUARANTINE", "SCHEMA", "Numbers"]

SCHEMA = """
CREATE TABLE numbers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    phone_number TEXT NOT NULL UNIQUE, country TEXT NOT NULL, kind TEXT NOT NULL,
    friendly_name TEXT NOT NULL, config TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX numbers_by_account ON numbers (account_sid, seq);
CREATE TABLE released_numbers (
    phone_number TEXT PRIMARY KEY, account_sid TEXT NOT NULL, released REAL NOT NULL);
"""

QUARANTINE = 10 * 86_400
"""Seconds a released number is offered to nobody; so long its last owner can have it back by the Console."""


class Numbers(Table[Number]):
    """The table of owned numbers, and the quarantine of released ones."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "numbers", _number)

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
            "config": json.dumps(config.as_json()),
            "created": now,
            "updated": now,
        }
        self._database.insert("numbers", values)
        return self.require(sid)

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
            now - QUARANTINE,
        )
        return taken is None

    def change(self, sid: str, *, account_sid: str, friendly_name: str, config: NumberConfig, now: float) -> Number:
        """Set owner, name and configuration."""
        values = {
            "account_sid": account_sid,
            "friendly_name": friendly_name,
            "config": json.dumps(config.as_json()),
            "updated": now,
        }
        self._database.update("numbers", "sid", sid, values)
        return self.require(sid)

    def configure(self, number: Number, *, config: NumberConfig, now: float) -> Number:
        """Set the configuration and nothing else."""
        self._database.update("numbers", "sid", number.sid, {"config": json.dumps(config.as_json()), "updated": now})
        return self.require(number.sid)

    def with_config(self, account_sid: str, fields: Sequence[str], value: str) -> list[Number]:
        """Return the account's numbers of whose configuration one of the fields has this value.

        Args:
            account_sid: whose numbers.
            fields: names of fields of ``NumberConfig``.
            value: such as the SID of an application.
        """
        condition, _ = self.configured(fields, value)
        statement = f"SELECT * FROM numbers WHERE account_sid = ? AND {condition} ORDER BY seq"  # noqa: S608  # our own
        return [_number(row) for row in self._database.rows(statement, account_sid, value)]

    @staticmethod
    def configured(fields: Sequence[str], value: str) -> tuple[str, object]:
        """Return the condition of ``page`` for numbers of whose configuration one of the fields has this value."""
        columns = ", ".join(f"json_extract(config, '$.{field}')" for field in fields)
        return f"? IN ({columns})", value

    def release(self, number: Number, *, now: float) -> None:
        """Take a number from its account and put it into quarantine."""
        self._database.execute("DELETE FROM numbers WHERE sid = ?", number.sid)
        self._database.execute(
            "INSERT OR REPLACE INTO released_numbers VALUES (?, ?, ?)",
            number.phone_number,
            number.account_sid,
            now,
        )

    def released_by(self, phone_number: str, *, now: float) -> str | None:
        """Return the account that gave the number back within the quarantine, or None."""
        account_sid: str | None = self._database.scalar(
            "SELECT account_sid FROM released_numbers WHERE phone_number = ? AND released > ?",
            phone_number,
            now - QUARANTINE,
        )
        return account_sid

    def end_quarantine(self, phone_number: str) -> None:
        """Forget that a number was released."""
        self._database.execute("DELETE FROM released_numbers WHERE phone_number = ?", phone_number)

    def release_all(self, account_sid: str, *, now: float) -> list[Number]:
        """Take every number from an account, and return them."""
        numbers = [
            _number(row) for row in self._database.rows("SELECT * FROM numbers WHERE account_sid = ?", account_sid)
        ]
        for number in numbers:
            self.release(number, now=now)
        return numbers


def _number(row: sqlite3.Row) -> Number:
    values = dict(row)
    values["config"] = NumberConfig(**json.loads(values["config"]))
    return Number(**values)
