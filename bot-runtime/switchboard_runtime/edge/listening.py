"""Connections within limits of time and number: what aiohttp leaves to a proxy in front, which not everybody has.

For: clients that open connections and say nothing, or say it a byte at a time (slowloris), and peers that open
thousands. A request's head must be there within seconds of its first byte, or of the connection's opening.
Assumes: no TLS; the peer's address is the last hop's, so that behind a proxy the number holds for the whole proxy.
Refuses: by closing, without an answer; what is no HTTP gets an empty 400, and none of it is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from aiohttp import web

from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchboard_runtime.telemetry.metrics import Metrics

__all__ = ["GuardedSite", "Limits"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a connection may do.

    Attributes:
        head: seconds for a request's line and headers.
        idle: seconds between two requests.
        drain: seconds for the rest of a body that was refused before its end.
        per_peer: connections of one address at once.
    """

    head: float = 5.0
    idle: float = 15.0
    drain: float = 2.0
    per_peer: int = 512


class GuardedSite(web.BaseSite):
    """Listens on TCP and holds the limits.

    Args:
        runner: set up, of the application.
        host: an address, or a name.
        port: 0 takes a free one.
        limits: of a connection.
        metrics: counts what was closed.
    """

    def __init__(self, runner: web.AppRunner, host: str, port: int, *, limits: Limits, metrics: Metrics) -> None:
        super().__init__(runner, backlog=1024)
        self._host = host
        self._port = port
        self._limits = limits
        self._metrics = metrics
        self._peers: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """Where it listens."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Begin to listen."""
        await super().start()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, self._host, self._port, backlog=self._backlog)

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        return _Guarded(
            server,
            loop=asyncio.get_running_loop(),
            enter=self._enter,
            leave=self._leave,
            too_slow=self._too_slow,
            limits=self._limits,
        )

    def _enter(self, peer: str) -> bool:
        """Whether one more connection of this peer may stay."""
        self._peers[peer] += 1
        if self._peers[peer] <= self._limits.per_peer:
            return True
        self._closed("too many connections", peer)
        return False

    def _leave(self, peer: str) -> None:
        self._peers[peer] -= 1
        if not self._peers[peer]:
            del self._peers[peer]

    def _too_slow(self, peer: str) -> None:
        self._closed("head too slow", peer)

    def _closed(self, reason: str, peer: str) -> None:
        self._metrics.closed.labels(reason).inc()
        log_event(_LOG, logging.WARNING, "connection closed", reason=reason, peer=peer)


class _Guarded(web.RequestHandler):
    """One connection."""

    __slots__ = ("_enter", "_leave", "_peer", "_seconds", "_timer", "_too_slow")

    def __init__(
        self,
        server: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        enter: Callable[[str], bool],
        leave: Callable[[str], None],
        too_slow: Callable[[str], None],
        limits: Limits,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=limits.idle,
            lingering_time=limits.drain,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runner passes it
        )
        self._enter = enter
        self._leave = leave
        self._too_slow = too_slow
        self._seconds = limits.head
        self._timer: asyncio.TimerHandle | None = None
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and expect a head."""
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._enter(self._peer):
            cast("asyncio.Transport", transport).abort()
            return
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._expect_nothing()
        self._leave(self._peer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Expect the rest of a head that began."""
        super().data_received(data)
        if not self._idle():
            self._expect_nothing()
        elif self._timer is None:
            self._expect_head()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer without a word what is no HTTP, or what a handler failed at; aiohttp would log a piece of it."""
        del message
        failure = exc if status >= 500 else None
        level = logging.ERROR if failure else logging.WARNING
        log_event(_LOG, level, "request not handled", status=status, peer=self._peer, failure=failure)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        response = web.Response(status=status, headers={"Server": ""})
        response.force_close()
        return response

    def _idle(self) -> bool:
        """Whether it waits for a request, as aiohttp itself finds out."""
        return self._waiter is not None and not self._waiter.done()

    def _expect_head(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._time_is_up)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        self._timer = None
        if self._idle():
            self._too_slow(self._peer)
            self.force_close()
