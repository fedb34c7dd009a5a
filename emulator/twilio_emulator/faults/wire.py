"""How an answer is spoiled on its way: connections that close, are reset or break off, JSON that does not parse."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.faults.orders import FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.faults.orders import Order

__all__ = ["PROXY_PAGE", "close", "hang", "is_silent", "send", "spoil_json"]

PROXY_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {reason}</h1></center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n"
)
_NO_LINGER = struct.pack("ii", 1, 0)
_GLANCE = 0.05
"""Seconds between two looks whether a client that is kept waiting has gone."""


def is_silent(kind: FaultKind) -> bool:
    """Say whether the client gets no answer at all."""
    return kind in {FaultKind.DROP, FaultKind.RESET, FaultKind.HANG}


def close(request: web.Request, *, reset: bool = False) -> web.StreamResponse:
    """Close the connection without an answer.

    Args:
        request: the call.
        reset: by a TCP reset instead of an orderly end.
    """
    transport = request.transport
    if transport:
        connection = transport.get_extra_info("socket")
        if reset and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return web.StreamResponse()  # goes nowhere: the connection is closed


async def hang(request: web.Request, order: Order) -> None:
    """Return when the client has gone or the order was withdrawn."""
    while request.transport is not None and not order.withdrawn:  # noqa: ASYNC110  # nothing tells when a client goes
        await asyncio.sleep(_GLANCE)


async def send(
    request: web.Request, *, status: int, body: bytes, content_type: str, headers: Mapping[str, str], share: float = 1.0
) -> web.StreamResponse:
    """Send an answer as it is, byte by byte.

    Args:
        request: the call.
        status: HTTP status.
        body: what ``Content-Length`` counts.
        content_type: of the body.
        headers: the others.
        share: how much of the body is really sent; less than all of it, and the connection is closed.
    """
    response = web.StreamResponse(status=status, headers={**headers, "Content-Type": content_type})
    response.content_length = len(body)
    with contextlib.suppress(ConnectionError):  # the client is gone, which is no error of ours
        await response.prepare(request)
        await response.write(body[: int(len(body) * share)])
        if share < 1 and request.transport:
            response.force_close()
            request.transport.close()
            return response
        await response.write_eof()
    return response


def spoil_json(text: str) -> str:
    """Return a text of the same beginning that is no JSON."""
    return f'{text[: len(text) // 2]}"'
