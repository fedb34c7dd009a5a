"""Time as an argument.

The emulator never reads the wall clock itself: status progression, retry pauses and time stamps ask a
``Clock``. Tests give a ``VirtualClock`` and move it; nothing then waits. Socket time-outs are not part of
it, they stay real.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock", "VirtualClock"]


class Clock(Protocol):
    """What the emulator knows of time."""

    @property
    def moved(self) -> float:
        """Seconds by which it was moved since it was made."""
        ...

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        ...

    async def sleep_until(self, moment: float) -> None:
        """Return once ``now`` is at or past ``moment``.

        A moment and not a duration: a duration would begin anew when time moves between taking it and sleeping.
        """
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock forward and wake who has waited long enough."""
        ...


class SystemClock:
    """The machine's clock, until it is moved: then ahead of it."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._jumped = asyncio.Event()

    @property
    def moved(self) -> float:
        """Seconds that it is ahead of the machine's."""
        return self._ahead

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        return time.time() + self._ahead

    async def sleep_until(self, moment: float) -> None:
        """Wait in real time; shorter when the clock is moved meanwhile."""
        while (left := moment - self.now()) > 0:
            try:
                await asyncio.wait_for(self._jumped.wait(), timeout=left)
            except TimeoutError:
                return

    def advance(self, seconds: float) -> None:
        """Move the clock forward and wake who sleeps, to look again."""
        self._ahead += seconds
        self._jumped.set()
        self._jumped = asyncio.Event()


class VirtualClock:
    """A clock that stands still until ``advance`` moves it.

    Args:
        start: its first reading, seconds since the epoch.
    """

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._start = self._now = start
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @property
    def moved(self) -> float:
        """Seconds since its first reading."""
        return self._now - self._start

    def now(self) -> float:
        """Seconds since the Unix epoch, as last set."""
        return self._now

    async def sleep_until(self, moment: float) -> None:
        """Return once ``advance`` has reached the moment; at once if it is past."""
        if moment <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = (moment, woken)
        self._sleepers.append(sleeper)
        try:
            await woken
        finally:
            self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        """Move the clock forward and wake who has waited long enough."""
        self._now += seconds
        for moment, woken in self._sleepers:
            if moment <= self._now and not woken.done():
                woken.set_result(None)
