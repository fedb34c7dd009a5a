"""Messages in and out, and the moment each moves on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.models import Message
from twilio_emulator.store.table import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Stretch

__all__ = ["SCHEMA", "Conversation", "Messages"]

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

_NUMBER = "replace(CASE direction WHEN 'inbound' THEN recipient ELSE sender END, 'whatsapp:', '')"
_PHONE = "replace(CASE direction WHEN 'inbound' THEN sender ELSE recipient END, 'whatsapp:', '')"
_CONVERSATIONS = f"""
SELECT {_NUMBER} AS number, {_PHONE} AS phone, count(*) AS count, max(seq) AS seq FROM messages
WHERE seq > (SELECT max(seq) FROM messages) - 20000 AND instr(number || ' ' || phone, ?)
GROUP BY number, phone ORDER BY max(seq) DESC LIMIT ?
"""  # noqa: S608  # our own column names


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """All that an account's number and a phone wrote to each other; both without their channel."""

    number: str
    phone: str
    messages: int
    last: Message


class Messages(Table[Message]):
    """The table of messages."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "messages", _message)

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

    def since(self, stretch: Stretch, conditions: Sequence[tuple[str, object]] = ()) -> list[Message]:
        """Return messages of a stretch of the log, oldest first."""
        return [_message(row) for row in self._database.stretch("messages", conditions, stretch)]

    def conversations(self, containing: str, *, most: int) -> list[Conversation]:
        """Return who wrote with whom, the latest first; of the messages only the newest 20,000 are looked at.

        Args:
            containing: part of the number or of the phone, ``""`` for all.
            most: most conversations.
        """
        rows = self._database.rows(_CONVERSATIONS, containing, most)
        return [
            Conversation(number=row["number"], phone=row["phone"], messages=row["count"], last=self._at(row["seq"]))
            for row in rows
        ]

    def _at(self, seq: int) -> Message:
        row = self._database.one("SELECT * FROM messages WHERE seq = ?", seq)
        if row is None:
            raise LookupError(f"message number {seq} is gone")
        return _message(row)

    def last_sender(self, *, service_sid: str, recipient: str) -> str | None:
        """Return whom a Messaging Service last wrote to a recipient from."""
        sender: str | None = self._database.scalar(
            "SELECT sender FROM messages WHERE recipient = ? AND service_sid = ? AND sender != ''"
            " ORDER BY seq DESC LIMIT 1",
            recipient,
            service_sid,
        )
        return sender

    def queued(self, sender: str) -> int:
        """Return how many messages of a sender wait to be sent."""
        return int(
            self._database.scalar(
                "SELECT count(*) FROM messages WHERE next_at IS NOT NULL AND sender = ? AND status = 'queued'", sender
            )
        )

    def reply_before(self, *, sender: str, recipient: str, count: int) -> float | None:
        """Return when the reply was made that lies ``count`` back in a conversation, 1 for the last; None for none."""
        moment: float | None = self._database.scalar(
            "SELECT created FROM messages WHERE recipient = ? AND sender = ? AND direction = 'outbound-reply'"
            " ORDER BY seq DESC LIMIT 1 OFFSET ?",
            recipient,
            sender,
            count - 1,
        )
        return moment

    def change(self, sid: str, **values: object) -> Message:
        """Set columns of a message.

        ``extra`` is a mapping, whose fields replace those of the same name; ``media`` is a list of URLs.
        """
        if "media" in values:
            values["media"] = json.dumps(values["media"])
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
