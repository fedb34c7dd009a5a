"""What the store holds, counted and copied, for people who look into it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twilio_emulator.store.database import Database

__all__ = ["Snapshots"]

_SECRET = frozenset({"auth_token", "secondary_token", "secret_digest", "token"})
_SECRET_NAME = re.compile("secret|token|password", re.IGNORECASE)
_LOGS = frozenset({"requests", "deliveries"})
_JSON_FIRST = ("{", "[")
_ANY_OF = "account_sid IN (SELECT value FROM json_each(?))"
_COUNTED = {"numbers": "numbers", "messages": "messages", "calls": "calls", "keys": "api_keys", "alerts": "alerts"}


class Snapshots:
    """Reads across all tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts(self, after: int, *, most: int, account_sid: str = "") -> list[Mapping[str, object]]:
        """Return rows of accounts after a position, oldest first, without secrets."""
        only = "AND sid = ?" if account_sid else "AND ? = ''"
        statement = f"SELECT * FROM accounts WHERE seq > ? {only} ORDER BY seq LIMIT ?"  # noqa: S608  # our own words
        return [_row(dict(row)) for row in self._database.rows(statement, after, account_sid, most)]

    def counts(self, account_sids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Count what each of some accounts has, by name of the table or kind of the record."""
        found: dict[str, dict[str, int]] = {sid: {} for sid in account_sids}
        for name, table in _COUNTED.items():
            statement = f"SELECT account_sid, count(*) AS times FROM {table} WHERE {_ANY_OF} GROUP BY account_sid"  # noqa: S608
            for row in self._database.rows(statement, json.dumps(account_sids)):
                found[row["account_sid"]][name] = row["times"]
        statement = (
            f"SELECT account_sid, kind, count(*) AS times FROM records WHERE {_ANY_OF} GROUP BY account_sid, kind"  # noqa: S608
        )
        for row in self._database.rows(statement, json.dumps(account_sids)):
            found[row["account_sid"]][row["kind"]] = row["times"]
        return found

    def totals(self) -> dict[str, int]:
        """Count the rows of every table."""
        return {table: int(self._database.scalar(f"SELECT count(*) FROM {table}")) for table in self._tables()}  # noqa: S608

    def belongings(
        self, table: str, account_sids: Sequence[str], *, most: int
    ) -> dict[str, list[Mapping[str, object]]]:
        """Return the oldest rows of a table that belong to each of some accounts, ``most`` of one account at most."""
        found: dict[str, list[Mapping[str, object]]] = {sid: [] for sid in account_sids}
        statement = f"SELECT * FROM {table} WHERE {_ANY_OF} ORDER BY seq"  # noqa: S608  # our own words
        for row in self._database.rows(statement, json.dumps(account_sids)):
            if len(found[row["account_sid"]]) < most:
                found[row["account_sid"]].append(_row(dict(row)))
        return found

    def everything(self) -> dict[str, list[Mapping[str, object]]]:
        """Return all rows of all tables but the logs, without secrets."""
        return {
            table: [_row(dict(row)) for row in self._database.rows(f"SELECT * FROM {table}")]  # noqa: S608
            for table in self._tables()
            if table not in _LOGS
        }

    def _tables(self) -> Sequence[str]:
        rows = self._database.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        return [row["name"] for row in rows]


def _row(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return a row without secrets, its JSON columns read."""
    return {name: _value(value) for name, value in row.items() if name not in _SECRET}


def _value(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_JSON_FIRST):
        return value
    try:
        return _open(json.loads(value))
    except (ValueError, RecursionError):
        return value


def _open(node: object) -> object:
    """Return what a JSON column holds, its secrets hidden."""
    if isinstance(node, dict):
        return {name: "hidden" if _SECRET_NAME.search(name) else _open(value) for name, value in node.items()}
    return [_open(item) for item in node] if isinstance(node, list) else node
