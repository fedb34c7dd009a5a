"""How many calls a parent account makes at once, and whether it makes any.

Twilio limits concurrency, not rate (error 20429). The cap halves on each 429 and grows by one after a
stretch of good answers, never above the admin's ``maxConcurrency``. Refused credentials open the breaker:
no call leaves until the Secret changes or a slow re-check is due, so that a wrong token is no lock-out storm.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from switchboard_operator import reasons
from switchboard_operator.errors import Stalled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchboard_operator.ports import Clock

RECHECK_SECONDS = 300.0
_GOOD_STRETCH = 20


class Channel:
    """The way to Twilio of one parent account.

    Args:
        clock: for the breaker's re-check.
        limit: most calls at once.
    """

    def __init__(self, *, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._cap = limit
        self._in_flight = 0
        self._good = 0
        self._free = asyncio.Condition()
        self._refused: str | None = None
        self._refused_at = 0.0

    @property
    def cap(self) -> int:
        """How many calls may be under way now."""
        return self._cap

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Hold one place for one call.

        Raises:
            Stalled: the credentials are refused (CredentialsRejected).
        """
        async with self._free:
            await self._free.wait_for(lambda: self._in_flight < self._cap)
            self._check_breaker()  # after the wait: what queued up behind a wrong token must not go out with it
            self._in_flight += 1
        try:
            yield
        finally:
            async with self._free:
                self._in_flight -= 1
                self._free.notify_all()

    def succeeded(self, *, own: bool = True) -> None:
        """Note a good answer: the cap grows slowly; one to the parent's own credentials closes the breaker."""
        if own:
            self._refused = None
        self._good += 1
        if self._good >= _GOOD_STRETCH and self._cap < self._limit:
            self._cap, self._good = self._cap + 1, 0

    def throttled(self) -> None:
        """Note a 429: the cap halves."""
        self._cap, self._good = max(1, self._cap // 2), 0

    def refused(self, message: str) -> None:
        """Note refused credentials: the breaker opens."""
        self._refused = message
        self._refused_at = self._clock.monotonic()

    def _check_breaker(self) -> None:
        if self._refused is None:
            return
        if self._clock.monotonic() - self._refused_at < RECHECK_SECONDS:
            raise Stalled(reasons.CREDENTIALS_REJECTED, self._refused, after=RECHECK_SECONDS)
        self._refused_at = self._clock.monotonic()  # one probe goes through; the others keep waiting
