"""All tables behind one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.store import accounts, alerts, audit, calls, messages, numbers, outbox, records, requests, usage
from twilio_emulator.store.accounts import Accounts, ApiKeys
from twilio_emulator.store.alerts import Alerts
from twilio_emulator.store.audit import AuditLog
from twilio_emulator.store.calls import Calls
from twilio_emulator.store.database import Database
from twilio_emulator.store.messages import Messages
from twilio_emulator.store.numbers import Numbers
from twilio_emulator.store.outbox import Outbox
from twilio_emulator.store.records import Records
from twilio_emulator.store.requests import RequestLog
from twilio_emulator.store.snapshot import Snapshots
from twilio_emulator.store.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["Store"]

_SCHEMA = "".join(
    table.SCHEMA.strip()
    for table in (accounts, alerts, audit, calls, messages, numbers, outbox, records, requests, usage)
)


class Store:
    """The emulator's memory.

    Args:
        path: a SQLite file, made when absent; None keeps everything in memory.

    Raises:
        StateError: the file cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._database = Database(path, _SCHEMA)
        self.accounts = Accounts(self._database)
        self.keys = ApiKeys(self._database)
        self.numbers = Numbers(self._database)
        self.messages = Messages(self._database)
        self.calls = Calls(self._database)
        self.records = Records(self._database)
        self.outbox = Outbox(self._database)
        self.alerts = Alerts(self._database)
        self.requests = RequestLog(self._database)
        self.snapshots = Snapshots(self._database)
        self.audit = AuditLog(self._database)
        self.usage = Usage(self._database)

    def transaction(self) -> AbstractContextManager[None]:
        """Do everything in the block, or nothing of it when it raises."""
        return self._database.transaction()

    def logging(self) -> AbstractContextManager[None]:
        """Be a transaction that adds to a log and nothing else: nothing falls due by it."""
        return self._database.transaction(log_only=True)

    def without(self, sids: frozenset[str]) -> AbstractContextManager[None]:
        """Leave the resources with these SIDs out of all pages in the block."""
        return self._database.without(sids)

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each transaction that may have done more than to add to a log."""
        self._database.after_commit(listener)

    def after_logging(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each transaction that only added to a log."""
        self._database.after_logging(listener)

    def erase(self) -> None:
        """Forget everything."""
        self._database.erase()

    def close(self) -> None:
        """Close the file."""
        self._database.close()
