"""How many calls of each account are being served, and what every answer says of it in its headers."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.store import Store

__all__ = ["Traffic", "Visit"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A call that is being served.

    Attributes:
        credential: SID it authenticates with, ``""`` for none; nothing has been verified.
        account: the account of that credential, ``""`` for none.
        in_progress: calls of that account being served when it came, this one among them.
        started: when it came, by the process's own clock.
    """

    credential: str
    account: str
    in_progress: int
    started: float

    @property
    def seconds(self) -> float:
        """Return how long the call has taken so far."""
        return time.perf_counter() - self.started

    def headers(self, host: str) -> Mapping[str, str]:
        """Return what Twilio's answers carry, as seen in recorded ones."""
        return {
            "Twilio-Concurrent-Requests": str(self.in_progress),
            "Twilio-Request-Id": f"RQ{secrets.token_hex(16)}",
            "Twilio-Request-Duration": f"{self.seconds:.3f}",
            "X-Home-Region": "us1",
            "X-API-Domain": f"{host}.twilio.com",
        }


class Traffic:
    """Counts calls by the account that authenticates.

    Args:
        store: where the account of a key is found.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_progress: dict[str, int] = {}

    def enter(self, authorization: str | None) -> Visit:
        """Count a call until it leaves."""
        credential = _username(authorization or "")
        account = self._account_of(credential)
        count = self._in_progress.get(account, 0) + 1
        self._in_progress[account] = count
        return Visit(credential, account, count, time.perf_counter())

    def leave(self, visit: Visit) -> None:
        """Count a call no more."""
        left = self._in_progress[visit.account] - 1
        if left:
            self._in_progress[visit.account] = left
        else:
            del self._in_progress[visit.account]

    def _account_of(self, credential: str) -> str:
        if not credential.startswith("SK"):
            return credential
        key = self._store.keys.find(credential)
        return key.account_sid if key else ""


@lru_cache(maxsize=1024)
def _username(authorization: str) -> str:
    """Return the user name of an ``Authorization`` header, ``""`` when there is none to be read."""
    _, _, encoded = authorization.partition(" ")
    try:
        return base64.b64decode(encoded).partition(b":")[0].decode()
    except ValueError:
        return ""
