"""Storing goes before answering, for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.conversation import Policy
from switchboard_runtime.conversation.precedence import Precedence
from tests.unit.runtime.kit import eventually, served

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from tests.unit.runtime.kit import FakeTwilio, TurnedClock

MANY, LONGEST, LULL = 4, 5.0, 0.05


@dataclass
class Time:
    """A clock that is turned by hand."""

    time: float = 1_700_000_000.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    async def wait(self, event: asyncio.Event, *, until: float) -> None:
        """Nobody waits here."""
        raise NotImplementedError


def precedence(clock: Time, *, many: int = MANY) -> Precedence:
    """With few that are many."""
    return Precedence(clock=clock, many=many, longest=LONGEST)


def arrive(one: Precedence, count: int) -> None:
    """So many at once."""
    for _ in range(count):
        one.arrives()


def leave(one: Precedence, count: int) -> None:
    """So many are stored."""
    for _ in range(count):
        one.arrived()


def test_few_messages_make_nobody_wait() -> None:
    """A turn begins at once."""
    one = precedence(Time())
    arrive(one, MANY - 1)
    assert one.turns_wait() is None


def test_many_make_turns_wait_until_a_lull() -> None:
    """What is stored together is acknowledged together: the burst is over when no more come for a moment."""
    clock = Time()
    one = precedence(clock)
    arrive(one, MANY)
    leave(one, MANY)
    again = one.turns_wait()
    assert again is not None
    assert 0 < again - clock.time <= LULL + 1e-6
    clock.time = again
    assert one.turns_wait() is None


def test_where_none_are_many_nobody_waits() -> None:
    """Zero turns it off."""
    one = precedence(Time(), many=0)
    arrive(one, 1000)
    assert one.turns_wait() is None


@given(st.lists(st.floats(0.001, 0.04), min_size=400, max_size=400))
def test_a_load_without_an_end_lets_turns_in_for_half_of_the_time(gaps: list[float]) -> None:
    """They never wait longer than they may, and then are let in for as long."""
    clock = Time()
    one = precedence(clock)
    arrive(one, MANY)
    waited = {True: 0.0, False: 0.0}
    longest, since = 0.0, clock.time
    for gap in gaps:
        waits = one.turns_wait() is not None
        if not waits:
            since = clock.time
        longest = max(longest, clock.time - since)
        waited[waits] += gap
        clock.time += gap
        arrive(one, 1)
        leave(one, 1)

    assert longest <= LONGEST
    assert waited[True] - waited[False] <= LONGEST + 0.05


async def test_whoever_is_on_the_line_is_answered_in_the_middle_of_a_burst(
    root: Path, clock: TurnedClock, twilio: FakeTwilio
) -> None:
    """A message waits until the burst is over, and who asks over HTTP, or calls, does not."""
    async with served(root, clock=clock, policy=Policy(many_arriving=1)) as caller:
        await caller.say("mesa")
        answer = await caller.json("/webhook/muebles-sur", {"telefono": "+5491155500200", "mensaje": "mesa"})
        posted = list(twilio.posts)
        clock.turn(LULL)
        await eventually(lambda: twilio.posts)

    assert (answer.status, posted) == (200, [])
    assert "Mesa Pampa" in answer.json()["respuesta"]
