"""A tiny HTTP server on loopback that answers as told and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: str
    answered: int | None = None
    """The status that is answered; None when the connection breaks, or nothing ever is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        status: of HTTP; None breaks the connection instead of answering.
        body: as text.
        headers: besides the content type.
        hold: never answer (until the server goes).
    """

    status: int | None = 200
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hold: bool = False


@dataclass(slots=True)
class Loopback:
    """The server: answers in order, the last one for ever; but first what ``to_body`` answers to a body, if it does."""

    url: str = ""
    to_body: Callable[[str], Answer | None] = lambda _: None
    answers: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, *answers: Answer) -> None:
        """What comes next."""
        self.answers = deque(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Remember and answer."""
        query = list(request.query.items())
        body = await request.text()
        answer = self.to_body(body) or (self.answers.popleft() if len(self.answers) > 1 else self.answers[0])
        status = None if answer.hold else answer.status
        self.asked.append(Asked(request.method, request.path, query, dict(request.headers), body, status))
        if answer.hold:
            await self.ending.wait()
        if answer.status is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.Response(
            status=answer.status, text=answer.body, content_type=answer.content_type, headers=answer.headers
        )


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """A server for the time of the block."""
    server = Loopback()
    server.will(Answer())
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.ending.set()
        await runner.cleanup()
