"""Runs claimed items side by side: claim, handle, claim again; sleeps until woken or until one is due."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from switchboard_runtime.conversation.shares import Shares
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store import Claim

__all__ = ["Pump"]

_LOG = logging.getLogger(__name__)
_AFTER_FAILURE = 1.0
_SHORTEST_NAP = 0.05

Item = TypeVar("Item")


class Pump(Generic[Item]):
    """Works on a queue until told to stop.

    Args:
        name: for the log.
        claim: leases up to ``limit`` items, given the keys of those in flight.
        handle: does one item; True says that nothing waits behind it. What it raises is logged, and the item comes
            back when its lease ends.
        key: an item's key.
        clock: time.
        lanes: items in flight at most.
        idle_poll: seconds between two claims when nothing is known to wait.
        shares: what this pump and those of others have together; None when there are no others.
        waits: when to ask again if nothing may be begun, since something else goes first; None when nothing does.
    """

    def __init__(
        self,
        *,
        name: str,
        claim: Callable[[int, Collection[int]], Awaitable[Claim[Item]]],
        handle: Callable[[Item], Awaitable[bool | None]],
        key: Callable[[Item], int],
        clock: Clock,
        lanes: int,
        idle_poll: float,
        shares: Shares | None = None,
        waits: Callable[[], float | None] | None = None,
    ) -> None:
        self._name = name
        self._claim = claim
        self._handle = handle
        self._key = key
        self._clock = clock
        self._lanes = lanes
        self._idle_poll = idle_poll
        self._shares = shares or Shares(lanes)
        self._waits = waits or _never
        self._wake = asyncio.Event()
        self._flights: dict[int, asyncio.Task[None]] = {}
        self._reserved = 0
        self._claiming = 0
        self._behind = True
        self._holds = False
        self._main: asyncio.Task[None] | None = None
        self._stopping = False
        self.healthy = False

    def start(self) -> None:
        """Begin."""
        self._main = asyncio.create_task(self._run(), name=f"pump {self._name}")

    def nudge(self) -> None:
        """Look for work now."""
        if not self._holds:
            self._wake.set()

    def reserve(self, *, at_once: bool = False) -> bool:
        """Keep a place for an item that is about to be leased elsewhere; :meth:`take` ends that.

        Args:
            at_once: somebody is on the line for it: it goes before what may wait, if half of the places stay free.

        Returns:
            False when there is no place, when older items may wait, or when nothing may be begun now.
        """
        free = self._lanes - len(self._flights) - self._reserved - self._claiming
        overtakes = at_once and free > self._lanes // 2
        stays_behind = not overtakes and (self._behind or self._waits() is not None)
        if stays_behind or self._stopping or free <= 0:
            self._behind = True  # what is not taken now waits in the queue
            return False
        if not self._shares.take(self._name, 1, again=self.nudge):
            self._behind = True
            return False
        self._reserved += 1
        return True

    def take(self, item: Item | None) -> None:
        """Do an item in the place that was kept for it; None when it was not leased after all.

        One that comes after the end was asked for is left to its lease, as is what the end interrupts.
        """
        self._reserved -= 1
        if item is not None and not self._stopping:
            self._launch(item)
            return
        self._shares.give(self._name)
        self._wake.set()

    async def stop(self, *, within: float) -> None:
        """Claim no more, give what is in flight ``within`` seconds, then cancel it."""
        self._stopping = True
        self._wake.set()
        if self._main:
            await self._main
        if self._flights:
            _, late = await asyncio.wait(self._flights.values(), timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self.healthy = False

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            self._holds = False
            until = self._clock.now() + self._idle_poll
            try:
                until = min(until, await self._fill())
                self.healthy = True
            except Exception as error:  # noqa: BLE001  # the pump must outlive whatever a claim meets
                self.healthy = False
                until = self._clock.now() + _AFTER_FAILURE
                expected = isinstance(error, StoreUnavailable)
                log_event(
                    _LOG,
                    logging.ERROR,
                    "cannot claim",
                    queue=self._name,
                    error=str(error),
                    failure=None if expected else error,
                )
            if not self._stopping:
                await self._clock.wait(self._wake, until=until)

    async def _fill(self) -> float:
        """Start what is free. Returns when to look again, if nothing wakes us before."""
        waits = self._waits()
        if waits is not None:
            self._behind = self._holds = True
            return waits
        room = self._lanes - len(self._flights) - self._reserved
        if room <= 0:
            self._behind = True
            return float("inf")  # a landing wakes us
        wanted = room - room // 2  # the other half is for what comes meanwhile
        self._claiming = taken = self._shares.take(self._name, wanted, again=self.nudge)
        if not taken:
            self._behind = True
            return float("inf")  # whoever gives room wakes us
        unused = taken
        try:
            claim = await self._claim(taken, tuple(self._flights))
            self._behind = len(claim.items) == taken
            for item in claim.items:
                self._launch(item)
                unused -= 1
            if unused:
                self._shares.sated(self._name)
        finally:
            self._claiming = 0
            self._shares.give(self._name, unused)
        if self._behind:
            return self._clock.now()
        if claim.next_due is None:
            return float("inf")
        return max(claim.next_due, self._clock.now() + _SHORTEST_NAP)

    def _launch(self, item: Item) -> None:
        key = self._key(item)
        self._flights[key] = asyncio.create_task(self._fly(key, item))

    async def _fly(self, key: int, item: Item) -> None:
        empty: bool | None = False
        try:
            empty = await self._handle(item)
        except Exception as error:  # noqa: BLE001  # one bad item must not stop the others
            log_event(_LOG, logging.ERROR, "item failed", queue=self._name, key=key, failure=error)
        finally:
            del self._flights[key]
            self._shares.give(self._name)
            if self._behind or not empty:
                self._wake.set()


def _never() -> None:
    """Nothing goes first."""
