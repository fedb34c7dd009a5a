"""Webhooks still to be called, and every attempt that was made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.models import Delivery, Stage, Webhook

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from twilio_emulator.store.database import Database

__all__ = ["Outbox"]


class Outbox:
    """The tables of webhooks and of attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        *,
        kind: str,
        account_sid: str,
        message_sid: str,
        url: str,
        method: str,
        params: Sequence[tuple[str, str]],
        token: str,
        now: float,
        fallback_url: str = "",
        fallback_method: str = "POST",
    ) -> None:
        """Queue a webhook; it stays queued until it was answered or given up."""
        values = {
            "kind": kind,
            "account_sid": account_sid,
            "message_sid": message_sid,
            "url": url,
            "method": method,
            "fallback_url": fallback_url,
            "fallback_method": fallback_method,
            "params": json.dumps(list(params)),
            "token": token,
            "stage": Stage.PRIMARY,
            "attempts": 0,
            "created": now,
        }
        self._database.insert("webhooks", values)

    def queue(self) -> list[tuple[int, str]]:
        """Return position and message of the webhooks that are not finished, oldest first."""
        rows = self._database.rows("SELECT seq, message_sid FROM webhooks ORDER BY seq LIMIT 1000")
        return [(row["seq"], row["message_sid"]) for row in rows]

    def find(self, seq: int) -> Webhook | None:
        """Return a webhook that is not finished, or None."""
        row = self._database.one("SELECT * FROM webhooks WHERE seq = ?", seq)
        return _webhook(row) if row else None

    def fall_back(self, seq: int, *, error_code: int) -> None:
        """Turn a webhook to its fallback URL."""
        values = {"stage": Stage.FALLBACK, "attempts": 0, "error_code": error_code}
        self._database.update("webhooks", "seq", seq, values)

    def finish(self, seq: int) -> None:
        """Take a webhook off the queue."""
        self._database.execute("DELETE FROM webhooks WHERE seq = ?", seq)

    def record(
        self,
        webhook: Webhook,
        *,
        url: str,
        status: int | None,
        error_code: int | None,
        error: str | None,
        now: float,
    ) -> None:
        """Note an attempt, in the log and on the webhook; nothing when the webhook was forgotten meanwhile."""
        if not self._database.execute("UPDATE webhooks SET attempts = attempts + 1 WHERE seq = ?", webhook.seq):
            return
        values = {
            "kind": "fallback" if webhook.stage == Stage.FALLBACK else webhook.kind,
            "account_sid": webhook.account_sid,
            "message_sid": webhook.message_sid,
            "url": url,
            "attempt": webhook.attempts + 1,
            "status": status,
            "error_code": error_code,
            "error": error,
            "at": now,
        }
        self._database.insert("deliveries", values)

    def attempts_since(self, after: int, *, most: int) -> list[Delivery]:
        """Return attempts after a position, oldest first."""
        rows = self._database.rows("SELECT * FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?", after, most)
        return [Delivery(**dict(row)) for row in rows]


def _webhook(row: sqlite3.Row) -> Webhook:
    values = dict(row)
    values["params"] = tuple((name, value) for name, value in json.loads(values["params"]))
    return Webhook(**values)
