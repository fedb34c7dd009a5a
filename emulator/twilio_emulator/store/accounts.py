"""Accounts, subaccounts and API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.models import Account, AccountStatus, ApiKey
from twilio_emulator.store.window import slice_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Slice, Window

__all__ = ["SCHEMA", "Accounts", "ApiKeys"]

SCHEMA = """
CREATE TABLE accounts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, owner_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL, status TEXT NOT NULL, auth_token TEXT NOT NULL,
    secondary_token TEXT, secondary_created REAL, created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX accounts_by_name ON accounts (friendly_name, seq);
CREATE INDEX accounts_by_owner ON accounts (owner_sid, seq);
CREATE INDEX accounts_by_status ON accounts (owner_sid, status, seq);
CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL, kind TEXT NOT NULL, secret_digest TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX api_keys_by_account ON api_keys (account_sid, seq);
"""


class Accounts:
    """The table of accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, *, sid: str, owner_sid: str, friendly_name: str, auth_token: str, now: float) -> Account:
        """Add an active account."""
        self._database.insert(
            "accounts",
            {
                "sid": sid,
                "owner_sid": owner_sid,
                "friendly_name": friendly_name,
                "status": AccountStatus.ACTIVE,
                "auth_token": auth_token,
                "created": now,
                "updated": now,
            },
        )
        return self.require(sid)

    def find(self, sid: str) -> Account | None:
        """Return the account, or None."""
        row = self._database.one("SELECT * FROM accounts WHERE sid = ?", sid)
        return Account(**dict(row)) if row else None

    def require(self, sid: str) -> Account:
        """Return an account that is known to exist."""
        account = self.find(sid)
        if account is None:
            raise LookupError(f"account {sid} is gone")
        return account

    def parent(self) -> Account | None:
        """Return the account that owns itself, or None in an empty store."""
        row = self._database.one("SELECT * FROM accounts WHERE sid = owner_sid")
        return Account(**dict(row)) if row else None

    def count_open_subaccounts(self, owner_sid: str) -> int:
        """Count the subaccounts that use up the quota: closed ones do not."""
        return int(
            self._database.scalar(
                "SELECT count(*) FROM accounts WHERE owner_sid = ? AND sid <> owner_sid AND status <> ?",
                owner_sid,
                AccountStatus.CLOSED,
            )
        )

    def page(self, conditions: Sequence[tuple[str, object]], window: Window) -> Slice[Account]:
        """Return one page of the accounts that meet the conditions."""
        rows, more = self._database.page("accounts", conditions, window)
        return slice_of([Account(**dict(row)) for row in rows], more=more)

    def change(self, sid: str, *, now: float, **values: object) -> Account:
        """Set columns of an account."""
        self._database.update("accounts", "sid", sid, {**values, "updated": now})
        return self.require(sid)


class ApiKeys:
    """The table of API keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, *, sid: str, account_sid: str, friendly_name: str, kind: str, secret_digest: str, now: float
    ) -> ApiKey:
        """Add a key."""
        values = {
            "sid": sid,
            "account_sid": account_sid,
            "friendly_name": friendly_name,
            "kind": kind,
            "secret_digest": secret_digest,
            "created": now,
            "updated": now,
        }
        seq = self._database.insert("api_keys", values)
        row = self._database.one("SELECT * FROM api_keys WHERE seq = ?", seq)
        return ApiKey(**dict(row or {}))

    def find(self, sid: str) -> ApiKey | None:
        """Return the key, or None."""
        row = self._database.one("SELECT * FROM api_keys WHERE sid = ?", sid)
        return ApiKey(**dict(row)) if row else None

    def page(self, account_sid: str, window: Window) -> Slice[ApiKey]:
        """Return one page of an account's keys."""
        rows, more = self._database.page("api_keys", [("account_sid = ?", account_sid)], window)
        return slice_of([ApiKey(**dict(row)) for row in rows], more=more)

    def rename(self, sid: str, *, friendly_name: str, now: float) -> None:
        """Give a key another name."""
        self._database.update("api_keys", "sid", sid, {"friendly_name": friendly_name, "updated": now})

    def delete(self, sid: str) -> None:
        """Remove a key; whoever uses it is refused from now on."""
        self._database.execute("DELETE FROM api_keys WHERE sid = ?", sid)
