"""Probes and metrics of the operator."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from switchboard_operator.engine.metrics import Metrics


@asynccontextmanager
async def serving(*, listen: tuple[str, int], metrics: Metrics, ready: asyncio.Event) -> AsyncIterator[None]:
    """Serve ``/healthz`` (the loop turns), ``/readyz`` (everything was seen once) and ``/metrics``."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        if ready.is_set():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="not everything was seen yet\n")

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", show)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, *listen).start()
        yield
    finally:
        await runner.cleanup()
