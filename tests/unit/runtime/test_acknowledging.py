"""The answer that is put together once says what one made for the request would."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from switchboard_runtime.edge.acknowledging import no_twiml

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = b"<?xml version='1.0' encoding='UTF-8'?><Response/>"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that acknowledges whatever it is asked."""

    async def acknowledge(request: web.Request) -> web.StreamResponse:
        await request.read()
        return no_twiml(request)

    app = web.Application()
    app.router.add_post("/", acknowledge)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def said(port: int, *requests: bytes) -> tuple[bytes, bool]:
    """All that is answered to requests on one connection, and whether the server ended it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(requests))
    answer = b""
    for _ in requests:
        answer += await reader.readuntil(BODY)
    try:
        async with asyncio.timeout(0.2):
            ended = await reader.read(1) == b""
    except TimeoutError:
        ended = False
    writer.close()
    return answer, ended


def asked(version: str = "1.1", *headers: str) -> bytes:
    """A request."""
    return "\r\n".join([f"POST / HTTP/{version}", "Host: a", "Content-Length: 1", *headers, "", "x"]).encode()


def parts(answer: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Status line, headers and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, dict(line.split(b": ", 1) for line in lines), body


async def test_it_is_what_a_response_of_its_own_would_be(port: int) -> None:
    """Status, type, length, date and body; the connection stays."""
    ready, stays = await said(port, asked())
    made, _ = await said(port, asked("1.1", "Connection: close"))

    status, headers, body = parts(ready)
    other_status, others, other_body = parts(made)
    assert (status, body) == (other_status, other_body) == (b"HTTP/1.1 200 OK", BODY)
    assert not stays
    for name in (b"Content-Type", b"Content-Length"):
        assert headers[name] == others[name]
    seconds = parsedate_to_datetime(headers[b"Date"].decode()) - parsedate_to_datetime(others[b"Date"].decode())
    assert abs(seconds.total_seconds()) <= 2


@pytest.mark.parametrize("request_", [asked("1.1", "Connection: close"), asked("1.0")])
async def test_a_connection_that_is_to_end_ends(port: int, request_: bytes) -> None:
    """As the client asked for."""
    answer, ended = await said(port, request_)
    assert ended
    assert parts(answer)[2] == BODY


async def test_requests_on_one_connection_are_each_answered(port: int) -> None:
    """One after the other, also when they were sent at once."""
    answer, _ = await said(port, asked(), asked(), asked())
    assert answer.count(b"HTTP/1.1 200 OK") == answer.count(BODY) == 3
