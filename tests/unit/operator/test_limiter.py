"""The way to Twilio of one parent account: how many calls, and whether any."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from switchboard_operator import reasons
from switchboard_operator.adapters.limiter import RECHECK_SECONDS, Channel
from switchboard_operator.errors import Stalled
from tests.support.ports import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test moves."""
    return ManualClock()


async def under_way(channel: Channel, wanted: int) -> int:
    """How many of ``wanted`` calls get a place at once."""
    release = asyncio.Event()
    running = 0

    async def call() -> None:
        nonlocal running
        async with channel.call():
            running += 1
            await release.wait()

    async with asyncio.TaskGroup() as calls:
        for _ in range(wanted):
            calls.create_task(call())
        for _ in range(10):
            await asyncio.sleep(0)
        most = running
        release.set()
    assert running == wanted
    return most


async def test_no_more_calls_than_the_admin_allows(clock: ManualClock) -> None:
    """The rest wait, and all get their turn."""
    assert await under_way(Channel(clock=clock, limit=3), 8) == 3


async def test_each_429_halves_the_cap_but_one_call_always_goes(clock: ManualClock) -> None:
    """Twilio caps concurrency (20429): fewer calls at once is the answer to it."""
    channel = Channel(clock=clock, limit=8)
    caps = []
    for _ in range(5):
        channel.throttled()
        caps.append(channel.cap)

    assert caps == [4, 2, 1, 1, 1]
    assert await under_way(channel, 3) == 1


async def test_good_answers_bring_the_cap_back_and_not_beyond(clock: ManualClock) -> None:
    """It grows by one after a stretch of good answers, up to the admin's limit."""
    channel = Channel(clock=clock, limit=4)
    channel.throttled()
    for _ in range(1000):
        channel.succeeded()

    assert channel.cap == 4


async def test_a_throttle_interrupts_the_stretch(clock: ManualClock) -> None:
    """Growth is slow on purpose."""
    channel = Channel(clock=clock, limit=40)
    channel.throttled()
    for _ in range(19):
        channel.succeeded()
    channel.throttled()
    for _ in range(19):
        channel.succeeded()

    assert channel.cap == 10


async def test_a_place_is_given_back_by_a_call_that_fails(clock: ManualClock) -> None:
    """An error does not cost a place for ever."""
    channel = Channel(clock=clock, limit=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with channel.call():
                raise ZeroDivisionError

    assert await under_way(channel, 2) == 1


async def test_refused_credentials_stop_all_calls(clock: ManualClock) -> None:
    """No call leaves until the re-check is due, and each says why and when."""
    channel = Channel(clock=clock, limit=4)
    channel.refused("Twilio: HTTP 401")

    with pytest.raises(Stalled, match="HTTP 401") as refusal:
        await AsyncExitStack().enter_async_context(channel.call())
    assert refusal.value.reason == reasons.CREDENTIALS_REJECTED
    assert refusal.value.after


async def test_one_probe_goes_after_the_recheck(clock: ManualClock) -> None:
    """One call tries; the others keep waiting until it succeeded."""
    channel = Channel(clock=clock, limit=4)
    channel.refused("Twilio: HTTP 401")
    clock.advance(RECHECK_SECONDS)

    async with channel.call():
        with pytest.raises(Stalled):
            await AsyncExitStack().enter_async_context(channel.call())
        channel.succeeded()
    assert await under_way(channel, 4) == 4


async def test_calls_that_waited_for_a_place_see_the_refusal(clock: ManualClock) -> None:
    """A hundred calls behind a wrong token are one refusal, not a hundred."""
    channel = Channel(clock=clock, limit=1)
    went = 0

    async def call() -> None:
        nonlocal went
        async with channel.call():
            went += 1
            await asyncio.sleep(0)
            channel.refused("Twilio: HTTP 401")

    found = await asyncio.gather(*(call() for _ in range(100)), return_exceptions=True)

    assert went == 1
    assert sum(isinstance(one, Stalled) for one in found) == 99
