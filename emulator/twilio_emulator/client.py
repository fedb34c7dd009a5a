"""A client of the admin API, for the command line and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AdminClient"]

_PATIENCE = 10.0
_LONG_PATIENCE = 120.0


class AdminClient:
    """The admin API of a running emulator.

    Args:
        session: what makes the calls.
        base_url: where the emulator is.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._root = f"{base_url.rstrip('/')}/emulator/v1"

    async def inbound(
        self,
        *,
        sender: str,
        recipient: str,
        body: str,
        media: Sequence[str] = (),
        profile_name: str | None = None,
        deliver: bool = True,
    ) -> dict[str, Any]:
        """A phone writes; return ``{"message": …, "request": …}``."""
        order = {
            "from": sender,
            "to": recipient,
            "body": body,
            "media": list(media),
            "profileName": profile_name,
            "deliver": deliver,
        }
        return await self._call("POST", "/inbound", body=order)

    async def messages(self, *, wait: float = 0, **filters: str | int) -> list[dict[str, Any]]:
        """Return messages of all accounts, oldest first.

        Args:
            wait: seconds to wait for the first one.
            **filters: ``account``, ``from_``, ``to``, ``direction``, ``after``.
        """
        return await self._list("/messages", "messages", wait, filters)

    async def requests(self, *, wait: float = 0, **filters: str | int) -> list[dict[str, Any]]:
        """Return API calls served, oldest first; ``after`` is the only filter."""
        return await self._list("/requests", "requests", wait, filters)

    async def deliveries(self, *, wait: float = 0, count: int = 1, **filters: str | int) -> list[dict[str, Any]]:
        """Return webhook attempts, oldest first; wait until there are ``count`` of them."""
        found: list[dict[str, Any]] = []
        after = int(filters.get("after", 0))
        while True:
            more = await self._list("/deliveries", "deliveries", wait, {"after": after})
            found += more
            if not more or len(found) >= count:
                return found
            after = more[-1]["seq"]

    async def add_fault(self, **order: object) -> None:
        """Order the next matching calls to fail; fields as in the admin API."""
        await self._call("POST", "/faults", body=order)

    async def clear_faults(self) -> None:
        """Withdraw all orders."""
        await self._call("DELETE", "/faults")

    async def reset(self) -> None:
        """Forget everything but the parent account."""
        await self._call("POST", "/reset")

    async def advance(self, seconds: float) -> float:
        """Move the emulator's clock forward, have all done that falls due, and return the new time in seconds."""
        return float((await self._call("POST", "/clock", body={"seconds": seconds}, patience=_LONG_PATIENCE))["now"])

    async def idle(self, *, wait: float = 0) -> bool:
        """Say whether nothing is due and no webhook is under way, after waiting up to ``wait`` seconds for it."""
        return bool((await self._call("GET", "/idle", query={"wait": str(wait)}))["idle"])

    async def _list(self, path: str, key: str, wait: float, filters: Mapping[str, str | int]) -> list[dict[str, Any]]:
        query = {name.rstrip("_"): str(value) for name, value in filters.items()}
        answer = await self._call("GET", path, query={**query, "wait": str(wait)})
        items: list[dict[str, Any]] = answer[key]
        return items

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: dict[str, str] | None = None,
        patience: float = _PATIENCE,
    ) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=patience + float((query or {}).get("wait", 0)))
        async with self._session.request(
            method, f"{self._root}{path}", json=body, params=query, timeout=timeout
        ) as reply:
            answer: dict[str, Any] = await reply.json() if reply.status != 204 else {}
            if reply.status >= 400:
                raise AdminError(status=reply.status, message=str(answer.get("error", answer)))
            return answer
