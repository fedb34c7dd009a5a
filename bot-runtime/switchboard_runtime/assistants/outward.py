"""HTTP to places that a tenant named: pinned to checked addresses, with no redirect and a bounded answer.

Needs the extra ``llm``; import it only where a call is about to be made.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, cast

import httpx2

from switchboard_runtime.assistants.egress import EgressRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchboard_runtime.assistants.egress import Egress

__all__ = ["TooLarge", "outward_client"]


class TooLarge(Exception):
    """The answer is larger than anybody needs; it was not read to its end."""


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error beyond ``limit`` bytes."""

    def __init__(self, stream: httpx2.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._left = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body's pieces."""
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge
            yield piece

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._stream.aclose()


class _Pinned(httpx2.AsyncBaseTransport):
    """Connects to an address that was checked, and keeps the name for TLS and the Host header."""

    def __init__(self, egress: Egress, *, limit: int, verify: ssl.SSLContext) -> None:
        self._egress = egress
        self._limit = limit
        self._inner = httpx2.AsyncHTTPTransport(verify=verify, retries=0)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it to where its name may lead."""
        addresses = await self._egress.addresses(str(request.url))
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host=addresses[0])
        request.headers["Accept-Encoding"] = "identity"  # the bound holds for what is read, not for what it unpacks to
        response = await self._inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise EgressRefused("answered in an encoding that was not asked for")
        response.stream = _Bounded(cast("httpx2.AsyncByteStream", response.stream), self._limit)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def outward_client(egress: Egress, *, limit: int, timeout: float) -> httpx2.AsyncClient:
    """A client for one place.

    Args:
        egress: where it may go.
        limit: bytes of an answer.
        timeout: seconds without a byte; whoever calls has a deadline of its own.
    """
    return httpx2.AsyncClient(
        transport=_Pinned(egress, limit=limit, verify=ssl.create_default_context()),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )
