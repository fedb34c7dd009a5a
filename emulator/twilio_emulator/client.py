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
        **fields: Any,
    ) -> dict[str, Any]:
        """A phone writes; return ``{"message": …, "request": …}``; ``fields`` are others of ``POST /inbound``."""
        order: dict[str, object] = {
            "from": sender,
            "to": recipient,
            "body": body,
            "media": list(media),
            "profileName": profile_name,
            "deliver": deliver,
            **fields,
        }
        return await self._call("POST", "/inbound", body=order)

    async def call(self, *, sender: str, recipient: str) -> dict[str, Any]:
        """A phone calls a number; return the call as ``call_state`` does."""
        return await self._call("POST", "/calls", body={"from": sender, "to": recipient})

    async def calls(self, *, wait: float = 0, **filters: str | int) -> list[dict[str, Any]]:
        """Return calls of all accounts, oldest first.

        Args:
            wait: seconds to wait for the first one.
            **filters: ``account``, ``from_``, ``to``, ``direction``, ``status``, ``after``.
        """
        return await self._list("/calls", "calls", wait, filters)

    async def call_state(self, sid: str, *, after: int = 0, wait: float = 0) -> dict[str, Any]:
        """Return a call, what it waits for and its transcript after a position; wait for something new in it."""
        return await self._call("GET", f"/calls/{sid}", query={"after": str(after), "wait": str(wait)})

    async def press(self, sid: str, digits: str) -> dict[str, Any]:
        """The person at the phone presses keys."""
        return await self._call("POST", f"/calls/{sid}/digits", body={"digits": digits})

    async def speak(self, sid: str, text: str, *, confidence: float = 0.9) -> dict[str, Any]:
        """The person at the phone says something; ``confidence`` from 0 to 1 is the recogniser's."""
        return await self._call("POST", f"/calls/{sid}/speech", body={"text": text, "confidence": confidence})

    async def hang_up(self, sid: str) -> dict[str, Any]:
        """The person at the phone hangs up, or does not take the call that rings."""
        return await self._call("POST", f"/calls/{sid}/hangup")

    async def messages(self, *, wait: float = 0, **filters: Any) -> list[dict[str, Any]]:
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

    async def add_fault(self, **order: object) -> dict[str, Any]:
        """Order the next matching calls or webhooks to fail; fields, and what comes back, as in the admin API."""
        return await self._call("POST", "/faults", body=order)

    async def faults(self) -> list[dict[str, Any]]:
        """Return the orders, each with its ``state`` and its ``hits``."""
        found: list[dict[str, Any]] = (await self._call("GET", "/faults"))["faults"]
        return found

    async def remove_fault(self, number: int) -> dict[str, Any]:
        """Withdraw one order, and return how often it struck."""
        return await self._call("DELETE", f"/faults/{number}")

    async def clear_faults(self) -> None:
        """Withdraw all orders."""
        await self._call("DELETE", "/faults")

    async def suspend(self, account_sid: str) -> None:
        """Have Twilio suspend an account: the customer cannot lift it."""
        await self._call("POST", f"/accounts/{account_sid}/suspend")

    async def resume(self, account_sid: str) -> None:
        """Have Twilio lift its suspension."""
        await self._call("POST", f"/accounts/{account_sid}/resume")

    async def revoke_credentials(self, account_sid: str) -> str:
        """Make the tokens and keys of an account dead, and return its new auth token."""
        return str((await self._call("POST", f"/accounts/{account_sid}/revoke-credentials"))["authToken"])

    async def set_quota(self, subaccounts: int) -> None:
        """Set how many open subaccounts the parent may have."""
        await self._call("POST", "/quota", body={"maxSubaccounts": subaccounts})

    async def accounts(self, *, account: str = "") -> list[dict[str, Any]]:
        """Return what the accounts hold, oldest account first; of one account when it is named."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            query = {"after": str(after), "limit": "1000", **({"account": account} if account else {})}
            answer = await self._call("GET", "/state", query=query)
            found += answer["accounts"]
            if answer["next"] is None:
                return found
            after = answer["next"]

    async def snapshot(self) -> dict[str, Any]:
        """Return every record, without secrets."""
        return await self._call("GET", "/state", query={"full": "1"}, patience=_LONG_PATIENCE)

    async def record(self, *, after: str = "", wait: float = 0) -> dict[str, Any]:
        """Return API calls and webhooks in the order they happened, as ``{"entries": […], "after": …}``.

        Args:
            after: the position an earlier answer gave; ``end`` for that behind everything.
            wait: seconds to wait for the first entry.
        """
        return await self._call("GET", "/record", query={"after": after, "wait": str(wait)})

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
