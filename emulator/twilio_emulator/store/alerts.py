"""Monitor alerts: what went wrong with a customer's webhook, with the request and the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.models import Alert
from twilio_emulator.store.table import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from twilio_emulator.store.database import Database

__all__ = ["SCHEMA", "Alerts"]

SCHEMA = """
CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    resource_sid TEXT NOT NULL, error_code INTEGER NOT NULL, log_level TEXT NOT NULL, text TEXT NOT NULL,
    request_method TEXT NOT NULL, request_url TEXT NOT NULL, request_headers TEXT NOT NULL,
    request_variables TEXT NOT NULL, response_headers TEXT NOT NULL, response_body TEXT NOT NULL,
    created REAL NOT NULL);
CREATE INDEX alerts_by_account ON alerts (account_sid, seq);
"""

_KEPT = 100_000
_SWEEP_EVERY = 1_000


class Alerts(Table[Alert]):
    """The table of alerts; the oldest are forgotten."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "alerts", _alert)

    def add(
        self,
        *,
        sid: str,
        account_sid: str,
        resource_sid: str,
        error_code: int,
        text: str,
        now: float,
        log_level: str = "error",
        request_method: str = "",
        request_url: str = "",
        request_headers: Mapping[str, str] | None = None,
        request_variables: str = "",
        response_headers: Mapping[str, str] | None = None,
        response_body: str = "",
    ) -> None:
        """Note an alert; without a request when it is about none."""
        values = {
            "sid": sid,
            "account_sid": account_sid,
            "resource_sid": resource_sid,
            "error_code": error_code,
            "log_level": log_level,
            "text": text,
            "request_method": request_method,
            "request_url": request_url,
            "request_headers": json.dumps(dict(request_headers or {})),
            "request_variables": request_variables,
            "response_headers": json.dumps(dict(response_headers or {})),
            "response_body": response_body,
            "created": now,
        }
        seq = self._database.insert("alerts", values)
        if seq % _SWEEP_EVERY == 0:
            self._database.execute("DELETE FROM alerts WHERE seq <= ?", seq - _KEPT)


def _alert(row: sqlite3.Row) -> Alert:
    values = dict(row)
    for name in ("request_headers", "response_headers"):
        values[name] = json.loads(values[name])
    return Alert(**values)
