"""People in the storm: a person takes a conversation over, writes and gives it back; a contact says STOP and START.

What each of them asked for holds from when it was acknowledged, whatever dies meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dev.chaos.senders import Senders

__all__ = ["PERSONS", "Interruptions"]

PERSONS = 1000
"""Numbers from here on are a person's own words."""

_AGAIN = 0.2
_API = "/api/v1/conversations"
_WAITS = aiohttp.ClientTimeout(total=15)


class Interruptions:
    """What befalls some of the phones once each.

    Args:
        senders: the phones.
        token: of the tenant's API.
        answered: what each phone has got by now.
    """

    def __init__(
        self, senders: Senders, *, token: str, answered: Callable[[], Awaitable[dict[str, list[int]]]]
    ) -> None:
        self._senders = senders
        self._token = token
        self._answered = answered

    async def stop(self, contact: str, number: int) -> None:
        """STOP; a message that is not to be answered; START."""
        await self._senders.say(contact, "STOP", number=None)
        self._senders.loosen(contact)
        await self._senders.say(contact, f"n{number}", number=number, answer="never")
        await self._senders.say(contact, "START", number=None)
        self._senders.seen["STOP and START"] += 1

    async def take_over(self, contact: str, number: int) -> None:
        """A person takes over, a message comes, the person writes and gives the conversation back."""
        conversation = await self._conversation(contact)
        await self._post(f"{_API}/{conversation}/take-over", {"person": "ana"}, key=f"over-{contact}")
        self._senders.loosen(contact)
        await self._senders.say(contact, f"n{number}", number=number, answer="may")
        words = {"person": "ana", "messages": [{"text": f"Answer {PERSONS + number}."}]}
        await self._post(f"{_API}/{conversation}/messages", words, key=f"says-{contact}")
        self._senders.expect(contact, PERSONS + number)
        if number in (await self._answered()).get(contact, ()):
            self._senders.promises[contact, number] = "never"
        await self._post(f"{_API}/{conversation}/hand-back", {"person": "ana"}, key=f"back-{contact}")
        self._senders.seen["taken over"] += 1

    async def _conversation(self, contact: str) -> int:
        while True:
            found = await self._ask("GET", f"{_API}?contact={contact.replace('+', '%2B')}", None, {})
            if found and found["items"]:
                return int(found["items"][0]["id"])
            await asyncio.sleep(_AGAIN)

    async def _post(self, path: str, body: dict[str, Any], *, key: str) -> None:
        """Ask until it is acknowledged, under the same key."""
        while await self._ask("POST", path, body, {"Idempotency-Key": key}) is None:  # noqa: ASYNC110  # polled
            await asyncio.sleep(_AGAIN)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> dict[str, Any] | None:
        """One request to one of the processes; None when it was not acknowledged."""
        named = {
            "Host": self._senders.host,
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            **headers,
        }
        data = None if body is None else json.dumps(body).encode()
        url = self._senders.somewhere() + path
        try:
            async with self._senders.session.request(method, url, data=data, headers=named, timeout=_WAITS) as reply:
                self._senders.seen[f"API answered {reply.status}"] += 1
                if reply.status in {200, 201, 202}:
                    answer: dict[str, Any] = await reply.json()
                    return answer
                if reply.status in {400, 401, 403, 404, 422}:
                    raise RuntimeError(f"{method} {path}: {reply.status} {await reply.text()}")
        except (aiohttp.ClientError, TimeoutError):
            self._senders.seen["no answer"] += 1
        return None
