"""Accounts, subaccounts and API keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.models import Account, AccountStatus, AccountType, ApiKey
from twilio_emulator.store.table import Table
from twilio_emulator.store.window import slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Slice, Window

__all__ = ["SCHEMA", "Accounts", "ApiKeys"]

SCHEMA = """
CREATE TABLE accounts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, owner_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL, status TEXT NOT NULL, auth_token TEXT NOT NULL,
    secondary_token TEXT, secondary_created REAL, created REAL NOT NULL, updated REAL NOT NULL,
    type TEXT NOT NULL, suspended_by TEXT NOT NULL);
CREATE INDEX accounts_by_name ON accounts (friendly_name, seq);
CREATE INDEX accounts_by_owner ON accounts (owner_sid, seq);
CREATE INDEX accounts_by_status ON accounts (owner_sid, status, seq);
CREATE TABLE open_subaccounts (owner_sid TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER subaccount_opened AFTER INSERT ON accounts WHEN new.sid <> new.owner_sid AND new.status <> 'closed' BEGIN
    INSERT INTO open_subaccounts VALUES (new.owner_sid, 1) ON CONFLICT (owner_sid) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER subaccount_closed AFTER UPDATE OF status ON accounts
WHEN new.sid <> new.owner_sid AND old.status <> 'closed' AND new.status = 'closed' BEGIN
    UPDATE open_subaccounts SET number = number - 1 WHERE owner_sid = new.owner_sid;
END;
CREATE TABLE api_keys (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL, kind TEXT NOT NULL, secret_digest TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, permissions TEXT NOT NULL, alive INTEGER NOT NULL);
CREATE INDEX api_keys_by_account ON api_keys (account_sid, seq);
"""

_CONTAINING = """EXISTS (SELECT 1 FROM (SELECT lower(?) AS part) WHERE instr(lower(friendly_name), part)
    OR instr(lower(accounts.sid), part)
    OR EXISTS (SELECT 1 FROM numbers WHERE numbers.account_sid = accounts.sid AND instr(phone_number, part)))"""


class Accounts(Table[Account]):
    """The table of accounts."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "accounts", lambda row: Account(**dict(row)))

    def add(
        self,
        *,
        sid: str,
        owner_sid: str,
        friendly_name: str,
        auth_token: str,
        now: float,
        type_: str = AccountType.FULL,
    ) -> Account:
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
                "type": type_,
                "suspended_by": "",
            },
        )
        return self.require(sid)

    def parent(self) -> Account | None:
        """Return the account that owns itself, or None in an empty store."""
        row = self._database.one("SELECT * FROM accounts WHERE sid = owner_sid")
        return Account(**dict(row)) if row else None

    def count_open_subaccounts(self, owner_sid: str) -> int:
        """Count the subaccounts that use up the quota: closed ones do not."""
        return int(self._database.scalar("SELECT number FROM open_subaccounts WHERE owner_sid = ?", owner_sid) or 0)

    @staticmethod
    def subaccounts(owner_sid: str, *, containing: str = "", status: str = "") -> list[tuple[str, object]]:
        """Return conditions for an owner's subaccounts; ``containing`` is part of a name, a SID or a number."""
        conditions: list[tuple[str, object]] = [("owner_sid = ?", owner_sid), ("sid <> ?", owner_sid)]
        if status:
            conditions.append(("status = ?", status))
        if containing:
            conditions.append((_CONTAINING, containing))
        return conditions

    def count(self, conditions: Sequence[tuple[str, object]]) -> int:
        """Count the accounts that meet the conditions."""
        clauses = " AND ".join(clause for clause, _ in conditions)
        values = (value for _, value in conditions)
        return int(self._database.scalar(f"SELECT count(*) FROM accounts WHERE {clauses}", *values))  # noqa: S608

    def count_numbers(self, sid: str) -> int:
        """Count the numbers that an account owns."""
        return int(self._database.scalar("SELECT count(*) FROM numbers WHERE account_sid = ?", sid))

    def change(self, sid: str, *, now: float, **values: object) -> Account:
        """Set columns of an account."""
        self._database.update("accounts", "sid", sid, {**values, "updated": now})
        return self.require(sid)

    def change_subaccounts(self, owner_sid: str, *, of: tuple[str, str], to: tuple[str, str], now: float) -> None:
        """Set status and suspender of all subaccounts that have those of ``of`` to those of ``to``."""
        self._database.execute(
            "UPDATE accounts SET status = ?, suspended_by = ?, updated = ?"
            " WHERE owner_sid = ? AND sid <> owner_sid AND status = ? AND suspended_by = ?",
            *to,
            now,
            owner_sid,
            *of,
        )


class ApiKeys:
    """The table of API keys; a deleted one stays, so that a seeded Main key does not come back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        sid: str,
        account_sid: str,
        friendly_name: str,
        kind: str,
        secret_digest: str,
        now: float,
        permissions: Sequence[str] = (),
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
            "permissions": json.dumps(list(permissions)),
            "alive": True,
        }
        self._database.insert("api_keys", values)
        return self.require(sid)

    def find(self, sid: str) -> ApiKey | None:
        """Return the key, or None when it never was or is deleted."""
        row = self._database.one("SELECT * FROM api_keys WHERE sid = ? AND alive", sid)
        return _key(row) if row else None

    def require(self, sid: str) -> ApiKey:
        """Return a key that is known to exist."""
        key = self.find(sid)
        if key is None:
            raise LookupError(f"key {sid} is gone")
        return key

    def was_there(self, sid: str) -> bool:
        """Say whether there is such a key or was one before it was deleted."""
        return self._database.one("SELECT 1 FROM api_keys WHERE sid = ?", sid) is not None

    def page(self, account_sid: str, window: Window) -> Slice[ApiKey]:
        """Return one page of an account's keys."""
        rows, more = self._database.page("api_keys", [("account_sid = ?", account_sid), ("alive = ?", True)], window)
        return slice_of([_key(row) for row in rows], more=more)

    def change(
        self, sid: str, *, now: float, friendly_name: str | None = None, permissions: Sequence[str] | None = None
    ) -> ApiKey:
        """Give a key another name or other permissions; None leaves them."""
        values: dict[str, object] = {"updated": now}
        if friendly_name is not None:
            values["friendly_name"] = friendly_name
        if permissions is not None:
            values["permissions"] = json.dumps(list(permissions))
        self._database.update("api_keys", "sid", sid, values)
        return self.require(sid)

    def delete(self, sid: str) -> None:
        """Remove a key; whoever uses it is refused from now on."""
        self._database.update("api_keys", "sid", sid, {"alive": False})

    def delete_all(self, account_sid: str) -> None:
        """Remove all keys of an account."""
        self._database.update("api_keys", "account_sid", account_sid, {"alive": False})


def _key(row: sqlite3.Row) -> ApiKey:
    values = dict(row)
    values["permissions"] = tuple(json.loads(values["permissions"]))
    return ApiKey(**values)
