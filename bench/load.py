"""A small HTTP/1.1 load generator over keep-alive connections: cheap enough not to be what is measured.

Each connection is a closed loop: a request, its whole answer, the next request. Only what the benchmarks need is
understood: answers with ``Content-Length``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Load", "Request", "run_load"]

_LENGTH = b"content-length:"
_LARGEST = 1_048_576
Request = Callable[[int], bytes]
"""Makes the n-th request of a run, whole, as it goes over the wire."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came of a run.

    Attributes:
        seconds: the whole run.
        latencies: seconds of each request, in no order.
        statuses: how many answers had which status.
    """

    seconds: float
    latencies: Sequence[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Return the latency, in seconds, that this share of the requests did not exceed."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


async def run_load(port: int, make: Request, *, first: int, count: int, connections: int) -> Load:
    """Send ``count`` requests to 127.0.0.1 and wait for all answers.

    Args:
        port: where the server is.
        make: makes the requests.
        first: number of the first one, so that runs do not repeat one another.
        count: how many.
        connections: how many are under way at once.

    Raises:
        ConnectionError: the server ended a connection.
    """
    loop = asyncio.get_running_loop()
    run = _Run(make, iter(range(first, first + count)))
    started = time.perf_counter()
    opened = [await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port) for _ in range(connections)]
    await asyncio.gather(*(connection.done for _, connection in opened))
    return Load(seconds=time.perf_counter() - started, latencies=run.latencies, statuses=run.statuses)


class _Run:
    """What the connections of a run share."""

    def __init__(self, make: Request, numbers: Iterator[int]) -> None:
        self.make = make
        self.numbers = numbers
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}


class _Connection(asyncio.Protocol):
    """Sends a request and, once its answer is whole, the next one; callbacks alone, since a task costs more."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._answer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        end = _end(self._answer)
        if end is None or len(self._answer) < end:
            return
        self._run.latencies.append(time.perf_counter() - self._sent)
        status = int(self._answer[9:12])
        self._run.statuses[status] = self._run.statuses.get(status, 0) + 1
        self._answer = self._answer[end:]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server ended a connection"))

    def _next(self) -> None:
        number = next(self._run.numbers, None)
        if number is None:
            self.done.set_result(None)
            self._transport.close()
            return
        request = self._run.make(number)
        self._sent = time.perf_counter()
        self._transport.write(request)


def _end(answer: bytes) -> int | None:
    """How many bytes a whole answer has, or None while its head is not there."""
    if len(answer) > _LARGEST:
        raise ValueError("an answer larger than any that is expected")
    at = answer.find(b"\r\n\r\n")
    if at < 0:
        return None
    head = answer[: at + 2].lower()
    length = head.find(_LENGTH)
    body = int(head[length + len(_LENGTH) : head.index(b"\r\n", length)]) if length >= 0 else 0
    return at + 4 + body
