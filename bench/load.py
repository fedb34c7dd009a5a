"""A small HTTP/1.1 load generator over keep-alive connections: cheap enough not to be what is measured.

Each connection is a closed loop: a request, its whole answer, the next request. Only what the benchmarks need is
understood: answers with ``Content-Length``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Load", "Request", "run_load"]

_LENGTH = b"content-length:"
_LARGEST_HEAD = 65_536
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
    """
    numbers = iter(range(first, first + count))
    latencies: list[float] = []
    statuses: dict[int, int] = {}

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LARGEST_HEAD)
        try:
            for number in numbers:
                request = make(number)
                started = time.perf_counter()
                writer.write(request)
                status = await _answer(reader)
                latencies.append(time.perf_counter() - started)
                statuses[status] = statuses.get(status, 0) + 1
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    return Load(seconds=time.perf_counter() - started, latencies=latencies, statuses=statuses)


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    if at >= 0:
        await reader.readexactly(int(lowered[at + len(_LENGTH) : lowered.index(b"\r\n", at)]))
    return int(head[9:12])
