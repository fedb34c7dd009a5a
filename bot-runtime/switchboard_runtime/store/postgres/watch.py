"""Interrupts what this process is answering when its conversation changed hands in another one.

A hand-over tells all processes of the tenant, in its own transaction: what is rolled back is not heard, and what is
heard can be read. The word says of no conversation; who hears it reads, under its own role, the epochs of those that
it is answering. So whoever else hears it learns nothing, and whoever else says it makes a look and no more. It is
looked also after the listening connection was lost. Whatever is missed all the same, the fence drops.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from switchboard_runtime.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from switchboard_runtime.store.base import Flights

__all__ = ["Watch"]


class Watch:
    """Looks when it is told to, one look at a time.

    Args:
        look: reads the epochs of conversations.
    """

    def __init__(self, look: Callable[[Collection[int]], Awaitable[Mapping[int, int]]]) -> None:
        self._look = look
        self._flights: Flights | None = None
        self._again = False
        self._task: asyncio.Task[None] | None = None

    def begin(self, flights: Flights) -> None:
        """Watch over ``flights`` from now on."""
        self._flights = flights

    def heard(self) -> None:
        """Look, now or as soon as the look that runs has ended."""
        self._again = True
        if self._flights is not None and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(self._flights), name="store watch")

    async def close(self) -> None:
        """Look no more."""
        self._flights = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, flights: Flights) -> None:
        while self._again:
            self._again = False
            held = flights.epochs()
            if held:
                with contextlib.suppress(StoreUnavailable):  # the fence is there all the same
                    flights.outdated(await self._look(tuple(held)))
