"""The work queue: which resource is looked at next.

One key at a time, each key at most once in the queue, and lanes that age: every entry has a virtual
deadline, the time it was added plus its lane's allowance, and the earliest deadline goes first. So a user's
change overtakes ten thousand resyncs, and a resync waits no longer than its allowance.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")


class Lane(Enum):
    """Why a key is in the queue; the value is its allowance in seconds."""

    USER = 0.0
    DELETE = 0.5
    RETRY = 5.0
    DRIFT = 30.0
    RESYNC = 60.0


@dataclass(order=True, slots=True)
class _Entry(Generic[K]):
    deadline: float
    order: int
    key: K = field(compare=False)
    live: bool = field(compare=False, default=True)


class WorkQueue(Generic[K]):
    """Keys waiting to be worked on.

    Args:
        time: monotonic seconds; the event loop's clock in production, a virtual one in tests.
    """

    def __init__(self, *, time: Callable[[], float]) -> None:
        self._time = time
        self._order = itertools.count()
        self._ready: list[_Entry[K]] = []
        self._queued: dict[K, _Entry[K]] = {}
        self._delayed: list[tuple[float, int, K, Lane]] = []
        self._planned: dict[K, int] = {}
        self._working: set[K] = set()
        self._again: dict[K, Lane] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def working(self) -> int:
        """How many keys are being worked on."""
        return len(self._working)

    @property
    def delayed(self) -> int:
        """How many keys wait for their time."""
        return len(self._planned)

    def add(self, key: K, lane: Lane) -> None:
        """Queue a key now. A queued key moves up if the new deadline is earlier; a working one comes again."""
        if key in self._working:
            former = self._again.get(key)
            if former is None or lane.value < former.value:
                self._again[key] = lane
            return
        deadline = self._time() + lane.value
        queued = self._queued.get(key)
        if queued and queued.deadline <= deadline:
            return
        if queued:
            queued.live = False
        entry = _Entry(deadline, next(self._order), key)
        self._queued[key] = entry
        heapq.heappush(self._ready, entry)
        self._changed.set()

    def add_after(self, key: K, lane: Lane, delay: float) -> None:
        """Queue a key after ``delay`` seconds. Only the latest request of a key counts."""
        order = next(self._order)
        self._planned[key] = order
        heapq.heappush(self._delayed, (self._time() + delay, order, key, lane))
        self._changed.set()

    def forget(self, key: K) -> None:
        """Drop what is planned for a key that is gone."""
        self._planned.pop(key, None)
        self._again.pop(key, None)
        entry = self._queued.pop(key, None)
        if entry:
            entry.live = False

    def next_due(self) -> float | None:
        """When the earliest delayed key is due; None when none is delayed."""
        while self._delayed and self._planned.get(self._delayed[0][2]) != self._delayed[0][1]:
            heapq.heappop(self._delayed)
        return self._delayed[0][0] if self._delayed else None

    def take(self) -> K | None:
        """The next key, now being worked on, or None when none is ready."""
        self._ripen()
        while self._ready:
            entry = heapq.heappop(self._ready)
            if entry.live:
                del self._queued[entry.key]
                self._working.add(entry.key)
                return entry.key
        return None

    async def get(self) -> K:
        """Wait for the next key."""
        while True:
            key = self.take()
            if key is not None:
                return key
            self._changed.clear()
            due = self.next_due()
            timeout = None if due is None else max(0.0, due - self._time())
            try:
                await asyncio.wait_for(self._changed.wait(), timeout)
            except TimeoutError:
                continue

    def done(self, key: K) -> None:
        """The work on a key ended; if it was added meanwhile, it is queued again."""
        self._working.discard(key)
        lane = self._again.pop(key, None)
        if lane is not None:
            self.add(key, lane)

    def _ripen(self) -> None:
        while (due := self.next_due()) is not None and due <= self._time():
            _, _, key, lane = heapq.heappop(self._delayed)
            del self._planned[key]
            self.add(key, lane)
