"""What the runtime adds between a contact's message and its answer: from the webhook's first byte to the POST.

One message at a time, each of another phone, to an assistant that answers at once; the stand-in for Twilio takes the
reply and notes when it came.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

from bench.runtime_servers import Tenant, a_runtime, signed_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

__all__ = ["added_latency", "disk_latency"]

_PAUSE = 0.01
_PATIENCE = 10.0
_ANSWER = b"<Response/>"
_BLOCK = b"x" * 4096


def added_latency(root: Path, *, database_url: str, core: int, messages: int) -> list[float]:
    """Seconds from the webhook to the reply's POST, of each message."""
    return uvloop.run(_measure(root, database_url, core, messages))


async def _measure(root: Path, database_url: str, core: int, messages: int) -> list[float]:
    posts: asyncio.Queue[float] = asyncio.Queue()
    latencies = []
    async with _twilio(posts) as endpoint:
        tenant = Tenant(status="Active", endpoint=endpoint, database_url=database_url)
        with a_runtime(root, [tenant], core=core) as process:
            reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
            for number in range(messages):
                request = signed_message(tenant, number)
                began = time.perf_counter()
                writer.write(request)
                latencies.append(await asyncio.wait_for(posts.get(), _PATIENCE) - began)
                await reader.readuntil(_ANSWER)
                await asyncio.sleep(_PAUSE)
            writer.close()
    return latencies[messages // 10 :]  # the first ones open connections


@asynccontextmanager
async def _twilio(posts: asyncio.Queue[float]) -> AsyncIterator[str]:
    """A Messages API that takes everything."""

    async def create(request: web.Request) -> web.Response:
        posts.put_nowait(time.perf_counter())
        form = await request.post()
        sid = f"SM{posts.qsize():04x}{time.monotonic_ns():028x}"
        return web.json_response({"sid": sid, "status": "queued", "to": form["To"], "from": form["From"]}, status=201)

    app = web.Application()
    app.router.add_post("/{path:.*}/Messages.json", create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def disk_latency(writes: int = 200) -> Sequence[float]:
    """Seconds of each write of 4 KiB that is made durable: what no durable store can do without."""
    seconds = []
    with tempfile.TemporaryFile(prefix="bench-") as file:
        for _ in range(writes):
            began = time.perf_counter()
            os.write(file.fileno(), _BLOCK)
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - began)
    return seconds
