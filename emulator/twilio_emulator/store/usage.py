"""What was used and what it cost: one row an account, day and category, so that any record is a sum over few rows.

Money is counted in hundred-thousandths of a dollar, whole numbers: no sum of many prices loses anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.store.database import Database

__all__ = ["EVERYBODY", "SCHEMA", "DailyUsage", "Usage"]

SCHEMA = """
CREATE TABLE usage (
    account_sid TEXT NOT NULL, day INTEGER NOT NULL, category TEXT NOT NULL, count INTEGER NOT NULL,
    amount INTEGER NOT NULL, price INTEGER NOT NULL, PRIMARY KEY (account_sid, day, category)) WITHOUT ROWID;
CREATE TABLE credit (price INTEGER NOT NULL);
"""

EVERYBODY = ""
"""The account whose rows are the sums of all accounts' rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DailyUsage:
    """What was used of a category on one day.

    Attributes:
        day: days since 1970-01-01, GMT.
        category: the most particular one, such as ``sms-outbound-longcode``.
        count: how often.
        amount: how much, in the category's unit.
        price: what it cost, hundred-thousandths of a dollar.
    """

    day: int
    category: str
    count: int
    amount: int
    price: int


class Usage:
    """The table of what was used, and what was paid in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, account_sid: str, used: DailyUsage) -> None:
        """Add to what an account, and with it everybody, used on a day."""
        for sid in (account_sid, EVERYBODY):
            self._database.execute(
                "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " count = count + excluded.count, amount = amount + excluded.amount, price = price + excluded.price",
                sid,
                used.day,
                used.category,
                used.count,
                used.amount,
                used.price,
            )

    def between(self, account_sid: str, first: int, last: int) -> list[DailyUsage]:
        """Return what an account, or ``EVERYBODY``, used from one day to another, both included."""
        rows = self._database.rows(
            "SELECT day, category, count, amount, price FROM usage WHERE account_sid = ? AND day BETWEEN ? AND ?",
            account_sid,
            first,
            last,
        )
        return [DailyUsage(**dict(row)) for row in rows]

    def spent(self) -> int:
        """Return what everything cost so far."""
        return int(self._database.scalar("SELECT sum(price) FROM usage WHERE account_sid = ?", EVERYBODY) or 0)

    def credit(self) -> int | None:
        """Return what was paid in, None when nobody ever said."""
        paid: int | None = self._database.scalar("SELECT price FROM credit")
        return paid

    def set_credit(self, price: int) -> None:
        """Say what was paid in."""
        self._database.execute("DELETE FROM credit")
        self._database.insert("credit", {"price": price})
