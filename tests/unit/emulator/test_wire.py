"""Answers as they go over the wire, whole and spoilt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from twilio_emulator.faults.wire import send

if TYPE_CHECKING:
    import logging


@pytest.mark.parametrize("share", [1.0, 0.5])
async def test_an_answer_to_a_client_that_has_gone_is_no_error(caplog: pytest.LogCaptureFixture, share: float) -> None:
    """Clients die in the middle of calls, and nothing of it is logged."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        begun.set()
        while request.transport is not None:  # noqa: ASYNC110  # nothing tells when a client goes
            await asyncio.sleep(0)
        try:
            return await send(request, status=200, body=b"{}", content_type="text/plain", headers={}, share=share)
        finally:
            ended.set()

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(5.0):
        await begun.wait()
        writer.transport.abort()
        await ended.wait()
    await asyncio.sleep(0)
    await runner.cleanup()

    assert errors(caplog.records) == []


def errors(records: list[logging.LogRecord]) -> list[str]:
    """What was logged as gone wrong."""
    return [record.getMessage() for record in records if record.levelname in {"WARNING", "ERROR"}]
