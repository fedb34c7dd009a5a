"""A log of the API calls served, for tests that count them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.models import LoggedRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Stretch

__all__ = ["SCHEMA", "RequestLog"]

SCHEMA = """
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER,
    account_sid TEXT, write INTEGER NOT NULL, at REAL NOT NULL, milliseconds REAL NOT NULL, code INTEGER, fault TEXT);
"""

_KEPT = 200_000
_SWEEP_EVERY = 1_000


class RequestLog:
    """The table of calls; the oldest are forgotten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        method: str,
        path: str,
        status: int | None,
        account_sid: str | None,
        write: bool,
        now: float,
        milliseconds: float = 0.0,
        code: int | None = None,
        fault: str | None = None,
    ) -> None:
        """Note a call; what each is, ``LoggedRequest`` says."""
        values = {
            "method": method,
            "path": path,
            "status": status,
            "account_sid": account_sid,
            "write": write,
            "at": now,
            "milliseconds": milliseconds,
            "code": code,
            "fault": fault,
        }
        seq = self._database.insert("requests", values)
        if seq % _SWEEP_EVERY == 0:
            self._database.execute("DELETE FROM requests WHERE seq <= ?", seq - _KEPT)

    def last(self) -> int:
        """Return the position of the newest call, 0 for none."""
        return int(self._database.scalar("SELECT max(seq) FROM requests") or 0)

    def since(self, stretch: Stretch, conditions: Sequence[tuple[str, object]] = ()) -> list[LoggedRequest]:
        """Return calls of a stretch of the log, oldest first."""
        rows = self._database.stretch("requests", conditions, stretch)
        return [LoggedRequest(**{**dict(row), "write": bool(row["write"])}) for row in rows]
