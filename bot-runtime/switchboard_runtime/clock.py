"""Time as an argument.

Wall-clock time, since leases are compared between processes that share one file. A jump forward makes a
lease look expired early; the fence on each item keeps that harmless.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Where the runtime reads and awaits time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def wait(self, event: asyncio.Event, *, until: float) -> None:
        """Return when ``event`` is set or ``until`` (seconds since the epoch) has come."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def wait(self, event: asyncio.Event, *, until: float) -> None:
        """Return when ``event`` is set or ``until`` has come."""
        try:
            async with asyncio.timeout(max(0.0, until - time.time())):
                await event.wait()
        except TimeoutError:
            return
