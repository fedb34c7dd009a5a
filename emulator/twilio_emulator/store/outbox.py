"""Webhooks still to be called, and every attempt that was made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.models import Delivery, Stage, Webhook

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Stretch

__all__ = ["SCHEMA", "Exchange", "Outbox"]

SCHEMA = """
CREATE TABLE webhooks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, account_sid TEXT NOT NULL,
    resource_sid TEXT NOT NULL, lane TEXT NOT NULL, url TEXT NOT NULL, method TEXT NOT NULL,
    fallback_url TEXT NOT NULL, fallback_method TEXT NOT NULL, params TEXT NOT NULL, body TEXT NOT NULL,
    token TEXT NOT NULL, stage TEXT NOT NULL, attempts INTEGER NOT NULL, error_code INTEGER,
    created REAL NOT NULL, not_before REAL NOT NULL, is_copy INTEGER NOT NULL);
CREATE INDEX webhooks_by_lane ON webhooks (lane, seq);
CREATE INDEX webhooks_held ON webhooks (not_before);
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, account_sid TEXT NOT NULL,
    resource_sid TEXT NOT NULL, url TEXT NOT NULL, attempt INTEGER NOT NULL, status INTEGER,
    error_code INTEGER, error TEXT, at REAL NOT NULL, duration REAL NOT NULL, request_method TEXT NOT NULL,
    request_headers TEXT NOT NULL, request_body TEXT NOT NULL, response_headers TEXT NOT NULL,
    response_body TEXT NOT NULL);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One side of an attempt: what was sent, or what came back."""

    method: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class Outbox:
    """The tables of webhooks and of attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        *,
        kind: str,
        account_sid: str,
        resource_sid: str,
        lane: str,
        url: str,
        method: str,
        params: Sequence[tuple[str, str]],
        body: str,
        token: str,
        now: float,
        not_before: float,
        fallback_url: str,
        fallback_method: str,
        is_copy: bool = False,
    ) -> None:
        """Queue a webhook; it stays queued until it was answered or given up. Callers use ``webhooks.enqueue``."""
        values = {
            "kind": kind,
            "account_sid": account_sid,
            "resource_sid": resource_sid,
            "lane": lane,
            "url": url,
            "method": method,
            "fallback_url": fallback_url,
            "fallback_method": fallback_method,
            "params": json.dumps(list(params)),
            "body": body,
            "token": token,
            "stage": Stage.PRIMARY,
            "attempts": 0,
            "created": now,
            "not_before": not_before,
            "is_copy": is_copy,
        }
        self._database.insert("webhooks", values)

    def is_holding(self, lane: str) -> bool:
        """Say whether a webhook waits in a lane."""
        return self._database.one("SELECT 1 FROM webhooks WHERE lane = ? LIMIT 1", lane) is not None

    def release(self, held: str, *, lane: str, now: float) -> None:
        """Put what waits in the lane ``held`` behind everything in ``lane``, to be called at once."""
        for row in self._database.rows("SELECT * FROM webhooks WHERE lane = ? ORDER BY seq", held):
            values = {name: row[name] for name in row.keys() if name != "seq"}  # noqa: SIM118  # a row is no mapping
            self.finish(row["seq"])
            self._database.insert("webhooks", {**values, "lane": lane, "not_before": now})

    def queue(self, now: float) -> list[tuple[int, str]]:
        """Return position and lane of the webhooks whose turn it may be, oldest first.

        One that is held back holds back those behind it in its lane. One that may be overtaken has a lane of its own.
        """
        rows = self._database.rows(
            "SELECT seq, lane FROM webhooks w WHERE not_before <= ? AND NOT EXISTS ("
            "SELECT 1 FROM webhooks held WHERE held.lane = w.lane AND held.seq < w.seq AND held.not_before > ?)"
            " ORDER BY seq LIMIT 1000",
            now,
            now,
        )
        return [(row["seq"], row["lane"]) for row in rows]

    def next_due(self, now: float) -> float | None:
        """Return when the next webhook that is held back may be called."""
        moment: float | None = self._database.scalar("SELECT min(not_before) FROM webhooks WHERE not_before > ?", now)
        return moment

    def is_empty(self) -> bool:
        """Say whether every webhook was answered or given up."""
        return self._database.one("SELECT 1 FROM webhooks LIMIT 1") is None

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
        duration: float,
        request: Exchange,
        response: Exchange,
    ) -> None:
        """Note an attempt, in the log and on the webhook; nothing when the webhook was forgotten meanwhile."""
        if not self._database.execute("UPDATE webhooks SET attempts = attempts + 1 WHERE seq = ?", webhook.seq):
            return
        values = {
            "kind": "fallback" if webhook.stage == Stage.FALLBACK else webhook.kind,
            "account_sid": webhook.account_sid,
            "resource_sid": webhook.resource_sid,
            "url": url,
            "attempt": webhook.attempts + 1,
            "status": status,
            "error_code": error_code,
            "error": error,
            "at": now,
            "duration": duration,
            "request_method": request.method,
            "request_headers": json.dumps(dict(request.headers)),
            "request_body": request.body,
            "response_headers": json.dumps(dict(response.headers)),
            "response_body": response.body,
        }
        self._database.insert("deliveries", values)

    def last_attempt(self) -> int:
        """Return the position of the newest attempt, 0 for none."""
        return int(self._database.scalar("SELECT max(seq) FROM deliveries") or 0)

    def attempts_since(self, stretch: Stretch, conditions: Sequence[tuple[str, object]] = ()) -> list[Delivery]:
        """Return attempts of a stretch of the log, oldest first."""
        rows = self._database.stretch("deliveries", conditions, stretch)
        return [_delivery(row) for row in rows]


def _delivery(row: sqlite3.Row) -> Delivery:
    values = dict(row)
    for name in ("request_headers", "response_headers"):
        values[name] = json.loads(values[name])
    return Delivery(**values)


def _webhook(row: sqlite3.Row) -> Webhook:
    values = dict(row)
    values["params"] = tuple((name, value) for name, value in json.loads(values["params"]))
    values["is_copy"] = bool(values["is_copy"])
    return Webhook(**values)
