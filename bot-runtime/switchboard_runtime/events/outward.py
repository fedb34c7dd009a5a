"""POSTs to addresses that a tenant named: only to checked addresses, no redirect, no proxy, within a deadline."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from switchboard_runtime.assistants.egress import EgressRefused
from switchboard_runtime.events.schedule import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_runtime.assistants.egress import Egress

__all__ = ["Outward"]

_DEADLINE = 15.0
_CONNECTIONS = 16


class _Guarded(AbstractResolver):
    """Gives a connection only the addresses that were checked, so that a name cannot mean another one later."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host."""
        del family  # the egress asks for both
        try:
            addresses = await self._egress.addresses(_origin(host, port))
        except EgressRefused as error:
            raise OSError(None, str(error)) from error
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _origin(host: str, port: int) -> str:
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


class Outward:
    """The client that all tenants' endpoints share. Make it within a running loop.

    Args:
        egress: where it may go.
        deadline: seconds for one attempt, from the look-up of the name to the end of the answer's head.
    """

    def __init__(self, egress: Egress, *, deadline: float = _DEADLINE) -> None:
        self._egress = egress
        self._deadline = deadline
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Guarded(egress), use_dns_cache=False, limit=_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
            auto_decompress=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answered:
        """POST once. Never raises for what the endpoint or the network does; the answer's body is not read."""
        try:
            async with asyncio.timeout(self._deadline):
                await self._egress.addresses(url)  # the scheme, and hosts that are addresses and never resolved
                async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                    wish = response.headers.get("Retry-After", "")
                    response.close()
                    return Answered(status=response.status, retry_after=float(wish) if wish.isdecimal() else None)
        except EgressRefused as error:
            return Answered(status=None, problem=f"refused: {error}")
        except TimeoutError:
            return Answered(status=None, problem=f"no answer within {self._deadline:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answered(status=None, problem=_plain(error))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _plain(error: Exception) -> str:
    """What went wrong, without the address: its query may hold a secret."""
    cause = error.__cause__ or error
    known = cause if isinstance(cause, EgressRefused) else getattr(cause, "strerror", None)
    return f"not reached: {known or type(error).__name__}"
