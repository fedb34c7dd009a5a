"""The answer to nearly every webhook, put together once instead of each time.

Assumes: aiohttp asks an answer to ``prepare`` and to ``write_eof`` itself, and reads its ``keep_alive``.
Refuses: connections that are to be closed after it, and HTTP before 1.1: those get an answer of their own.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, web

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["no_twiml"]

_NO_TWIML = b"<?xml version='1.0' encoding='UTF-8'?><Response/>"
_XML = "text/xml; charset=utf-8"


def no_twiml(request: web.Request) -> web.StreamResponse:
    """Twilio has nothing more to do."""
    if request.keep_alive and request.version == HttpVersion11:
        return _ACKNOWLEDGEMENT
    return web.Response(body=_NO_TWIML, headers={"Content-Type": _XML})


class _Acknowledgement(web.Response):
    """Keeps nothing of a request, so that one serves all of them."""

    @property
    def keep_alive(self) -> bool:
        """The connection stays."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write all of it.

        Raises:
            ConnectionResetError: the client is gone.
        """
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        transport.write(_written(int(time.time())))
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """All is written."""


_ACKNOWLEDGEMENT = _Acknowledgement(body=_NO_TWIML, headers={"Content-Type": _XML})


@lru_cache(maxsize=1)
def _written(second: int) -> bytes:
    """The answer as it goes over the wire at a second since the epoch."""
    head = f"Content-Type: {_XML}\r\nContent-Length: {len(_NO_TWIML)}\r\nDate: {formatdate(second, usegmt=True)}"
    return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode("ascii") + _NO_TWIML
