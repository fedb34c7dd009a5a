"""Phones that write, and Twilio's part in it: signed webhooks, tried until they are acknowledged.

Some come twice at once, some again much later, some overtake one another; a failure goes to the fallback address.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import aiohttp
from twilio.request_validator import RequestValidator

from dev.chaos.tenant import NUMBER
from dev.chaos.verdict import Delivery

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from dev.chaos.fleet import Process
    from dev.chaos.tenant import Tenant
    from dev.chaos.verdict import Answer
    from twilio_emulator.testing import RunningEmulator

__all__ = ["Senders"]

_TWILIO_WAITS = aiohttp.ClientTimeout(total=15)
_WEBHOOK, _FALLBACK = "/bot/twilio/webhook", "/bot/twilio/fallback"


class Senders:
    """All phones."""

    def __init__(
        self,
        *,
        emulator: RunningEmulator,
        session: aiohttp.ClientSession,
        tenant: Tenant,
        processes: list[Process],
        chance: random.Random,
        pause: float,
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.promises: dict[tuple[str, int], Answer] = {}
        self.seen: Counter[str] = Counter()
        self._emulator = emulator
        self.session = session
        self._tenant = tenant
        self._validator = RequestValidator(tenant.auth_token)
        self._processes = processes
        self._chance = chance
        self.pause = pause
        self._late: set[asyncio.Task[None]] = set()

    @property
    def host(self) -> str:
        """The tenant's."""
        return self._tenant.url.removeprefix("http://")

    def somewhere(self) -> str:
        """One of the processes, as a Service would choose."""
        return self._chance.choice(self._processes).url

    async def write(self, contact: str, messages: int, interrupt: Callable[[str, int], Awaitable[None]] | None) -> None:
        """A phone writes its messages, most of them one after the other; something may come between them once."""
        order = list(range(messages))
        for index in range(messages - 1):
            if self._chance.random() < 0.1:
                order[index], order[index + 1] = order[index + 1], order[index]
                self.seen["reordered"] += 1
        for place, number in enumerate(order):
            if interrupt and place == messages // 2:
                await interrupt(contact, messages)
            await self.say(contact, f"n{number}", number=number)
            await asyncio.sleep(self._chance.random() * self.pause)

    async def say(self, contact: str, body: str, *, number: int | None, answer: Answer = "must") -> None:
        """Write one message until it is acknowledged; without a number no answer is expected."""
        form = await self._form(contact, body)
        began = time.monotonic()
        await self._until_acknowledged(form)
        if number is not None:
            self.promises[contact, number] = answer
            delivery = Delivery(contact=contact, number=number, began=began, acknowledged=time.monotonic())
            self.deliveries.append(delivery)

    def expect(self, contact: str, number: int) -> None:
        """A person wrote: that is to arrive, in whatever order with the bot's answers."""
        self.promises[contact, number] = "must"
        self.deliveries.append(Delivery(contact=contact, number=number, began=0.0, acknowledged=time.monotonic()))

    def loosen(self, contact: str) -> None:
        """Somebody interfered: what is not answered by now need not be."""
        for one in self.deliveries:
            if one.contact == contact:
                self.promises[contact, one.number] = "may"

    async def finished(self) -> None:
        """Wait for what comes again late."""
        await asyncio.gather(*self._late)

    async def abandon(self) -> None:
        """Forget what would come again."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _form(self, contact: str, body: str) -> dict[str, str]:
        received = await self._emulator.admin.inbound(sender=contact, recipient=NUMBER, body=body, deliver=False)
        return dict(parse_qsl(received["request"]["body"], keep_blank_values=True))

    async def _until_acknowledged(self, form: dict[str, str]) -> None:
        path = _WEBHOOK
        if self._chance.random() < 0.1:
            self._again(form, 0.0)
        while not await self._try(path, form):
            path = _FALLBACK if path == _WEBHOOK else _WEBHOOK
            await asyncio.sleep(0.05 + 0.25 * self._chance.random())
        if self._chance.random() < 0.1:
            self._again(form, 2.0 * self._chance.random())

    def _again(self, form: dict[str, str], seconds: float) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await self._try(_WEBHOOK, form)

        self.seen["sent again"] += 1
        self._late.add(asyncio.create_task(later()))

    async def _try(self, path: str, form: dict[str, str]) -> bool:
        """One attempt at one of the processes, as a Service would choose; whether it was acknowledged."""
        url = self._tenant.url + path
        if path == _FALLBACK:
            form = {**form, "ErrorCode": "11200", "ErrorUrl": self._tenant.url + _WEBHOOK}
        headers = {
            "Host": self.host,
            "X-Twilio-Signature": self._validator.compute_signature(url, form),
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        }
        try:
            async with self.session.post(
                self.somewhere() + path, data=urlencode(form).encode(), headers=headers, timeout=_TWILIO_WAITS
            ) as reply:
                self.seen[f"answered {reply.status}"] += 1
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError):
            self.seen["no answer"] += 1
            return False
