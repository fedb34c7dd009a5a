"""Messages in and out, and the moment each moves on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.models import Message
from twilio_emulator.store.window import slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Slice, Window

__all__ = ["SCHEMA", "Messages"]

SCHEMA = """
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    direction TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, body TEXT NOT NULL,
    status TEXT NOT NULL, num_segments INTEGER NOT NULL, media TEXT NOT NULL,
    status_callback TEXT NOT NULL, profile_name TEXT, price TEXT, created REAL NOT NULL,
    sent REAL, updated REAL NOT NULL, next_at REAL, service_sid TEXT, error_code INTEGER,
    extra TEXT NOT NULL);
CREATE INDEX messages_by_account ON messages (account_sid, seq);
CREATE INDEX messages_by_recipient ON messages (recipient, seq);
CREATE INDEX messages_to_move ON messages (next_at) WHERE next_at IS NOT NULL;
"""


class Messages:
    """The table of messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        sid: str,
        account_sid: str,
        direction: str,
        sender: str,
        recipient: str,
        body: str,
        status: str,
        num_segments: int,
        media: Sequence[str],
        now: float,
        status_callback: str = "",
        profile_name: str | None = None,
        sent: float | None = None,
        next_at: float | None = None,
        service_sid: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> Message:
        """Add a message."""
        values = {
            "sid": sid,
            "account_sid": account_sid,
            "direction": direction,
            "sender": sender,
            "recipient": recipient,
            "body": body,
            "status": status,
            "num_segments": num_segments,
            "media": json.dumps(list(media)),
            "status_callback": status_callback,
            "profile_name": profile_name,
            "created": now,
            "updated": now,
            "sent": sent,
            "next_at": next_at,
            "service_sid": service_sid,
            "extra": json.dumps(dict(extra or {})),
        }
        self._database.insert("messages", values)
        return self.require(sid)

    def find(self, sid: str) -> Message | None:
        """Return the message, or None."""
        row = self._database.one("SELECT * FROM messages WHERE sid = ?", sid)
        return _message(row) if row else None

    def require(self, sid: str) -> Message:
        """Return a message that is known to exist."""
        message = self.find(sid)
        if message is None:
            raise LookupError(f"message {sid} is gone")
        return message

    def page(self, conditions: Sequence[tuple[str, object]], window: Window) -> Slice[Message]:
        """Return one page of the messages that meet the conditions."""
        rows, more = self._database.page("messages", conditions, window)
        return slice_of([_message(row) for row in rows], more=more)

    def since(self, after: int, conditions: Sequence[tuple[str, object]], *, most: int) -> list[Message]:
        """Return messages after a position, oldest first."""
        clauses = "".join(f" AND {clause}" for clause, _ in conditions)
        statement = f"SELECT * FROM messages WHERE seq > ?{clauses} ORDER BY seq LIMIT ?"  # noqa: S608
        rows = self._database.rows(statement, after, *(value for _, value in conditions), most)
        return [_message(row) for row in rows]

    def change(self, sid: str, **values: object) -> Message:
        """Set columns of a message; ``extra`` as a mapping, whose fields replace those of the same name."""
        if "extra" in values:
            values["extra"] = json.dumps({**self.require(sid).extra, **values["extra"]})  # type: ignore[dict-item]
        self._database.update("messages", "sid", sid, values)
        return self.require(sid)

    def delete(self, sid: str) -> None:
        """Remove a message."""
        self._database.execute("DELETE FROM messages WHERE sid = ?", sid)

    def due(self, now: float) -> list[Message]:
        """Return messages whose state has to move on, oldest first."""
        rows = self._database.rows("SELECT * FROM messages WHERE next_at <= ? ORDER BY next_at, seq", now)
        return [_message(row) for row in rows]

    def next_due(self) -> float | None:
        """Return when the next message has to move on."""
        moment: float | None = self._database.scalar("SELECT min(next_at) FROM messages WHERE next_at IS NOT NULL")
        return moment


def _message(row: sqlite3.Row) -> Message:
    values = dict(row)
    values["media"] = tuple(json.loads(values["media"]))
    values["extra"] = json.loads(values["extra"])
    return Message(**values)
