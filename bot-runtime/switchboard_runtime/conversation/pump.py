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
        handle: does one item; what it raises is logged, and the item comes back when its lease ends.
        key: an item's key.
        clock: time.
        lanes: items in flight at most.
        idle_poll: seconds between two claims when nothing is known to wait.
        shares: what this pump and those of others have together; None when there are no others.
    """

    def __init__(
        self,
        *,
        name: str,
        claim: Callable[[int, Collection[int]], Awaitable[Claim[Item]]],
        handle: Callable[[Item], Awaitable[None]],
        key: Callable[[Item], int],
        clock: Clock,
        lanes: int,
        idle_poll: float,
        shares: Shares | None = None,
    ) -> None:
        self._name = name
        self._claim = claim
        self._handle = handle
        self._key = key
        self._clock = clock
        self._lanes = lanes
        self._idle_poll = idle_poll
        self._shares = shares or Shares(lanes)
        self._wake = asyncio.Event()
        self._flights: dict[int, asyncio.Task[None]] = {}
        self._main: asyncio.Task[None] | None = None
        self._stopping = False
        self.healthy = False

    def start(self) -> None:
        """Begin."""
        self._main = asyncio.create_task(self._run(), name=f"pump {self._name}")

    def nudge(self) -> None:
        """Look for work now."""
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
        room = self._lanes - len(self._flights)
        if room <= 0:
            return float("inf")  # a landing wakes us
        taken = self._shares.take(self._name, room, again=self.nudge)
        if not taken:
            return float("inf")  # whoever gives room wakes us
        unused = taken
        try:
            claim = await self._claim(taken, tuple(self._flights))
            for item in claim.items:
                key = self._key(item)
                self._flights[key] = asyncio.create_task(self._fly(key, item))
                unused -= 1
            if unused:
                self._shares.sated(self._name)
        finally:
            self._shares.give(self._name, unused)
        if claim.next_due is None:
            return float("inf")
        return max(claim.next_due, self._clock.now() + _SHORTEST_NAP)

    async def _fly(self, key: int, item: Item) -> None:
        try:
            await self._handle(item)
        except Exception as error:  # noqa: BLE001  # one bad item must not stop the others
            log_event(_LOG, logging.ERROR, "item failed", queue=self._name, key=key, failure=error)
        finally:
            del self._flights[key]
            self._shares.give(self._name)
            self._wake.set()
