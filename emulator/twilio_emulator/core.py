"""What every part of the emulator works with: its memory, its clock, where identifiers come from, its settings."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError, StateError
from twilio_emulator.faults import Faults
from twilio_emulator.models import Account, AccountStatus, AccountType, KeyKind, Record
from twilio_emulator.signals import Signal, Signals

if TYPE_CHECKING:
    from twilio_emulator.clock import Clock
    from twilio_emulator.settings import Settings
    from twilio_emulator.sids import SidFactory
    from twilio_emulator.store import Store

__all__ = ["Core", "Listener", "Timer", "digest"]

_log = logging.getLogger(__name__)
_CLOCK = "clock"
"""Kind of the record that says how far the clock was moved."""


def digest(secret: str) -> str:
    """Return what is kept of an API key's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Core:
    """The emulator without its sockets."""

    settings: Settings
    store: Store
    clock: Clock
    sids: SidFactory
    faults: Faults = field(default_factory=Faults)
    signals: Signals = field(default_factory=Signals)

    def seed(self) -> None:
        """Make the parent account and its Main key, unless the state file has them: what it has, stays.

        Raises:
            StateError: the state file was made for another parent account.
        """
        settings, accounts = self.settings, self.store.accounts
        parent = accounts.parent()
        if parent is None:
            accounts.add(
                sid=settings.account_sid,
                owner_sid=settings.account_sid,
                friendly_name="Twilio emulator",
                auth_token=settings.auth_token,
                now=self.clock.now(),
            )
        elif parent.sid != settings.account_sid:
            raise StateError(
                f"--account-sid {settings.account_sid}: the state file belongs to {parent.sid}; "
                "give that SID or name another --state"
            )
        elif settings.auth_token not in {parent.auth_token, parent.secondary_token}:
            _log.warning("--auth-token is not that of the state file, which holds: log in with the token it has")
        self._seed_main_key()

    def _seed_main_key(self) -> None:
        key = self.settings.main_key
        if key and not self.store.keys.was_there(key.sid):
            self.store.keys.add(
                sid=key.sid,
                account_sid=self.settings.account_sid,
                friendly_name="Main key",
                kind=KeyKind.MAIN,
                secret_digest=digest(key.secret),
                now=self.clock.now(),
            )

    def keep_time(self) -> None:
        """Note how far the clock was moved, for the next process; call it in a transaction."""
        records, owner, moved = self.store.records, self.settings.account_sid, str(self.clock.moved)
        kept = records.find(_CLOCK, owner)
        if kept:
            records.change(kept, status=moved)
        else:
            records.add(_CLOCK, sid=owner, account_sid=owner, now=self.clock.now(), status=moved)

    def resume_time(self) -> None:
        """Move the clock as far as the last process had moved it: what that has dated is not in the future."""
        kept = self.store.records.find(_CLOCK, self.settings.account_sid)
        if kept:
            self.clock.advance(max(0.0, float(kept.status) - self.clock.moved))

    def status_of(self, account: Account) -> AccountStatus:
        """Return an account's state in effect: a subaccount is suspended when its parent is."""
        own = AccountStatus(account.status)
        if own != AccountStatus.ACTIVE or account.is_parent:
            return own
        return AccountStatus(self.store.accounts.require(account.owner_sid).status)

    def may_communicate(self, account: Account) -> bool:
        """Say whether messages and calls pass: the account and its owner are both active."""
        return self.status_of(account) == AccountStatus.ACTIVE

    def check_active(self, account: Account) -> None:
        """Refuse what only an active account may do: messages, calls, purchases.

        Raises:
            ApiError: 403/20005, it or its parent is suspended.
        """
        if not self.may_communicate(account):
            raise ApiError(status=403, code=20005, message="Account is not active")

    def is_trial(self, account: Account) -> bool:
        """Say whether an account does not pay; a trial account's subaccount is one too."""
        return AccountType.TRIAL in {account.type, self.store.accounts.require(account.owner_sid).type}


Listener = Callable[[Core, Signal], None]
"""Is told of everything that happens, in the transaction in which it happens; must not fail."""

Timer = Callable[[Core, Record, float], None]
"""What happens when the timer of a record fires: it is given the record and the moment, and sets the next one."""
