"""The audit log: one row a change that somebody made by the API; the oldest are forgotten."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.store.table import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from twilio_emulator.store.database import Database

__all__ = ["SCHEMA", "AuditEvent", "AuditLog"]

SCHEMA = """
CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    actor_sid TEXT NOT NULL, event_type TEXT NOT NULL, resource_sid TEXT NOT NULL, resource_url TEXT NOT NULL,
    source_ip TEXT NOT NULL, state TEXT NOT NULL, changes TEXT NOT NULL, created REAL NOT NULL);
CREATE INDEX audit_events_by_account ON audit_events (account_sid, seq);
CREATE INDEX audit_events_by_resource ON audit_events (resource_sid, seq);
"""

_KEPT = 100_000
_SWEEP_EVERY = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """One change.

    Attributes:
        seq: its position in the log.
        sid: ``AE…``.
        account_sid: where it was made.
        actor_sid: the account that made it.
        event_type: such as ``phone-number.updated``.
        resource_sid: what was changed, ``""`` for what has no SID.
        resource_url: where that is found.
        source_ip: from where.
        state: the properties it has since, without anything secret.
        changes: ``previous`` and ``updated`` value of each property that changed.
        created: when.
    """

    seq: int
    sid: str
    account_sid: str
    actor_sid: str
    event_type: str
    resource_sid: str
    resource_url: str
    source_ip: str
    state: Mapping[str, object]
    changes: Mapping[str, object]
    created: float


class AuditLog(Table[AuditEvent]):
    """The table of changes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "audit_events", _event)

    def add(
        self,
        *,
        sid: str,
        account_sid: str,
        actor_sid: str,
        event_type: str,
        resource_sid: str,
        resource_url: str,
        source_ip: str,
        state: Mapping[str, object],
        changes: Mapping[str, object],
        now: float,
    ) -> None:
        """Note a change; arguments as in ``AuditEvent``."""
        values = {
            "sid": sid,
            "account_sid": account_sid,
            "actor_sid": actor_sid,
            "event_type": event_type,
            "resource_sid": resource_sid,
            "resource_url": resource_url,
            "source_ip": source_ip,
            "state": json.dumps(dict(state)),
            "changes": json.dumps(dict(changes)),
            "created": now,
        }
        seq = self._database.insert("audit_events", values)
        if seq % _SWEEP_EVERY == 0:
            self._database.execute("DELETE FROM audit_events WHERE seq <= ?", seq - _KEPT)

    def last_of(self, resource_sid: str) -> AuditEvent | None:
        """Return the latest change of a resource, or None."""
        row = self._database.one(
            "SELECT * FROM audit_events WHERE resource_sid = ? ORDER BY seq DESC LIMIT 1", resource_sid
        )
        return _event(row) if row else None


def _event(row: sqlite3.Row) -> AuditEvent:
    values = dict(row)
    for name in ("state", "changes"):
        values[name] = json.loads(values[name])
    return AuditEvent(**values)
