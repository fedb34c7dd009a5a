"""What every part of the emulator works with: its memory, its clock, where identifiers come from, its settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.models import Account, AccountStatus, KeyKind

if TYPE_CHECKING:
    from twilio_emulator.clock import Clock
    from twilio_emulator.settings import Settings
    from twilio_emulator.sids import SidFactory
    from twilio_emulator.store import Store

__all__ = ["Core", "digest"]

API_VERSION = "2010-04-01"


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

    def seed(self) -> None:
        """Make the parent account and its Main key, unless the state file has them: what it has, stays."""
        settings, now = self.settings, self.clock.now()
        if self.store.accounts.find(settings.account_sid) is None:
            self.store.accounts.add(
                sid=settings.account_sid,
                owner_sid=settings.account_sid,
                friendly_name="Twilio emulator",
                auth_token=settings.auth_token,
                now=now,
            )
        if settings.main_key and self.store.keys.find(settings.main_key.sid) is None:
            self.store.keys.add(
                sid=settings.main_key.sid,
                account_sid=settings.account_sid,
                friendly_name="Main key",
                kind=KeyKind.MAIN,
                secret_digest=digest(settings.main_key.secret),
                now=now,
            )

    def may_communicate(self, account: Account) -> bool:
        """Say whether messages pass: the account and its owner are both active."""
        owner = self.store.accounts.require(account.owner_sid)
        return account.status == owner.status == AccountStatus.ACTIVE
