"""Everybody writes while processes die and the store is harmed; over when all is acknowledged, or a wrong is seen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dev.chaos.people import Interruptions
from dev.chaos.tenant import TOKEN, answered_numbers
from dev.chaos.verdict import Verdict, judge

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from dev.chaos.fleet import Fleet
    from dev.chaos.senders import Senders
    from dev.chaos.stores import Store
    from twilio_emulator.testing import RunningEmulator

__all__ = ["Storm", "answers"]

_WATCH = 0.5
_LAST_HARM = 60.0
_ONE_IN = 6
"""Phones of which one says STOP and one is taken over by a person."""

_FIRST, _THEN = 1.5, 2.5
"""Seconds until the first harm and the first kill: a process that starts on a full disk refuses nothing, it ends."""


@dataclass(kw_only=True)
class Storm:
    """A storm over one tenant.

    Attributes:
        fleet: what is killed.
        store: what is harmed.
        senders: who writes.
        emulator: Twilio.
        chance: what happens when.
        kill_every: seconds between two kills.
        harm_every: seconds between two harms.
        phones: how many write.
        messages: of each.
        watching: whether the first wrong that is seen ends it.
        seen: the verdict of that moment.
    """

    fleet: Fleet
    store: Store
    senders: Senders
    emulator: RunningEmulator
    chance: random.Random
    kill_every: float
    harm_every: float
    phones: int
    messages: int
    watching: bool
    seen: Verdict | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def rage(self) -> None:
        """Until it is over; every process runs again then, and the store can be used."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.harm_every, lambda: self.store.harm(self.fleet.pids), first=_FIRST))
            tasks.create_task(self._repeat(self.kill_every, lambda: self.fleet.kill(self.chance), first=_THEN))
            if self.watching:
                tasks.create_task(self._watch())
            writing = tasks.create_task(self._write())
            over = tasks.create_task(self._over.wait())
            await asyncio.wait((writing, over), return_when=asyncio.FIRST_COMPLETED)
            self._over.set()
            writing.cancel()
        await self.senders.abandon()
        await self.fleet.revive()

    async def _write(self) -> None:
        people = Interruptions(self.senders, token=TOKEN, answered=lambda: answers(self.emulator))
        befalls = {0: people.stop, 1: people.take_over}
        await asyncio.gather(
            *(
                self.senders.write(f"+54911{50_000_000 + number}", self.messages, befalls.get(number % _ONE_IN))
                for number in range(self.phones)
            )
        )
        await self.senders.finished()
        async with asyncio.timeout(_LAST_HARM):
            while not (self.fleet.kills and all(self.store.harms.values())):  # noqa: ASYNC110  # polled
                await asyncio.sleep(_WATCH)

    async def _repeat(self, every: float, act: Callable[[], Awaitable[None]], *, first: float) -> None:
        """Act again and again, soon for the first time; an act that began is not broken off."""
        pause = min(every, first)
        while not await self._is_over(within=pause):
            await act()
            pause = every * (0.5 + self.chance.random())

    async def _watch(self) -> None:
        """Look for a wrong that no later moment can mend: twice, or out of order."""
        while not await self._is_over(within=_WATCH):
            deliveries = list(self.senders.deliveries)
            asked = {(one.contact, one.number) for one in deliveries}
            known = {
                contact: [number for number in got if (contact, number) in asked]
                for contact, got in (await answers(self.emulator)).items()
            }
            verdict = judge(deliveries, known, dict(self.senders.promises))
            if verdict.twice or verdict.disordered or verdict.unwanted:
                self.seen = verdict
                self._over.set()

    async def _is_over(self, *, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                return await self._over.wait()
        except TimeoutError:
            return False


async def answers(emulator: RunningEmulator) -> dict[str, list[int]]:
    """What each phone has got, oldest first."""
    got: dict[str, list[int]] = {}
    after = 0
    while page := await emulator.admin.messages(direction="outbound-api", after=after):
        after = page[-1]["seq"]
        for message in page:
            got.setdefault(message["to"], []).extend(answered_numbers(message["body"]))
    return got
