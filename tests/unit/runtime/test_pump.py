"""A pump does what is claimed and what is begun elsewhere, no more at once than it has places, and forgets nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.conversation.pump import Pump
from switchboard_runtime.store import Claim
from tests.unit.runtime.kit import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

LANES = 4


@dataclass
class Queue:
    """Numbers that wait; what is being done is done when the test says so, or at once."""

    waiting: list[int] = field(default_factory=list)
    under_way: dict[int, asyncio.Event] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    most: int = 0
    at_once: bool = False
    claims: int = 0

    async def claim(self, limit: int, held: Collection[int]) -> Claim[int]:
        """Up to ``limit`` of the oldest."""
        assert not set(held) & set(self.waiting)
        self.claims += 1
        await asyncio.sleep(0)  # as the writer's thread makes it wait
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return Claim(items=tuple(taken), next_due=None)

    async def handle(self, item: int) -> bool:
        """Be at it until it is to end."""
        self.under_way[item] = end = asyncio.Event()
        self.most = max(self.most, len(self.under_way))
        if not self.at_once:
            await end.wait()
        del self.under_way[item]
        self.done.append(item)
        return True

    def pump(self, *, waits: Callable[[], float | None] | None = None) -> Pump[int]:
        """A pump over it that only looks when it is told or knows."""
        return Pump(
            name="numbers",
            claim=self.claim,
            handle=self.handle,
            key=lambda item: item,
            clock=SystemClock(),
            lanes=LANES,
            idle_poll=3600.0,
            waits=waits,
        )


@given(st.lists(st.sampled_from(["arrives", "arrives", "is not leased", "ends", "passes"]), max_size=60))
def test_whatever_arrives_is_done_once_and_never_more_than_the_places_at_once(happenings: list[str]) -> None:
    """Arrivals are begun if there is a place, else they wait in the queue and the pump is told."""
    queue = Queue()

    async def scene() -> int:
        pump, arrived = queue.pump(), 0
        pump.start()
        for happening in happenings:
            if happening == "ends" and queue.under_way:
                next(iter(queue.under_way.values())).set()
            elif happening == "passes":
                await asyncio.sleep(0.001)
            elif happening in {"arrives", "is not leased"}:
                await _arrive(pump, queue, arrived, leased=happening == "arrives")
                arrived += 1
        queue.at_once = True
        for end in list(queue.under_way.values()):
            end.set()
        await eventually(lambda: len(queue.done) == arrived)
        await pump.stop(within=1.0)
        return arrived

    arrived = asyncio.run(scene())
    assert sorted(queue.done) == list(range(arrived))
    assert queue.most <= LANES


async def _arrive(pump: Pump[int], queue: Queue, number: int, *, leased: bool) -> None:
    """As the service does it; the store's transaction takes a pass of the loop."""
    place = pump.reserve()
    await asyncio.sleep(0)
    if place and leased:
        pump.take(number)
        return
    queue.waiting.append(number)
    if place:
        pump.take(None)
    else:
        pump.nudge()


def test_older_items_go_before_what_arrives() -> None:
    """At the start, and while a claim took as much as it might, there may be some."""
    queue = Queue(waiting=list(range(20)))

    async def scene() -> None:
        pump = queue.pump()
        pump.start()
        assert not pump.reserve()
        await eventually(lambda: len(queue.under_way) == LANES)
        assert not pump.reserve()
        queue.at_once = True
        for end in list(queue.under_way.values()):
            end.set()
        await eventually(lambda: len(queue.done) == 20)
        assert pump.reserve()
        pump.take(None)
        await pump.stop(within=1.0)

    asyncio.run(scene())
    assert queue.done == list(range(20))


def test_nothing_is_claimed_after_an_item_with_nothing_behind_it() -> None:
    """A thousand messages begun as they come need no claim."""
    queue = Queue(at_once=True)

    async def scene() -> int:
        pump = queue.pump()
        pump.start()
        await eventually(lambda: pump.healthy)
        before = queue.claims
        for number in range(1000):
            assert pump.reserve()
            pump.take(number)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await pump.stop(within=1.0)
        return queue.claims - before

    assert asyncio.run(scene()) == 0
    assert queue.done == list(range(1000))


def test_what_is_begun_after_the_end_was_asked_for_is_left_to_its_lease() -> None:
    """A place kept before the end is not used after it."""
    queue = Queue(at_once=True)

    async def scene() -> None:
        pump = queue.pump()
        pump.start()
        await eventually(lambda: pump.healthy)
        assert pump.reserve()
        await pump.stop(within=1.0)
        pump.take(1)
        assert not pump.reserve()
        await asyncio.sleep(0)

    asyncio.run(scene())
    assert queue.done == []


def test_nothing_is_begun_while_something_else_goes_first() -> None:
    """However often it is nudged; what waited is begun when that is over, without another nudge."""
    queue = Queue(at_once=True)
    first = [True]

    async def scene() -> tuple[bool, int, list[int]]:
        pump = queue.pump(waits=lambda: SystemClock().now() + 0.02 if first[0] else None)
        pump.start()
        await asyncio.sleep(0)
        reserved = pump.reserve()
        queue.waiting += range(10)
        for _ in range(10):
            pump.nudge()
            await asyncio.sleep(0)
        claims, done = queue.claims, list(queue.done)
        first[0] = False
        await eventually(lambda: len(queue.done) == 10)
        await pump.stop(within=1.0)
        return reserved, claims, done

    reserved, claims, done = asyncio.run(scene())
    assert (reserved, claims, done) == (False, 0, [])
