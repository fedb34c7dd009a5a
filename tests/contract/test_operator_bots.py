"""The operator asks bots how they stand, over real HTTP: the form of decision 0001, and bots that cannot be trusted."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from switchboard_operator.adapters.bots import HttpBots
from switchboard_operator.errors import Upstream
from switchboard_operator.ports import AssistantStanding
from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.clock import SystemClock
from tests.support.llm_server import Says, llm_server
from tests.unit.runtime.kit import API_TOKEN, document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

TOLD = {
    "assistants": {
        "ventas": {"state": "Failing", "since": "2026-03-01T12:00:00Z", "reason": "no model answers"},
        "soporte": {"state": "Healthy", "since": None, "reason": None, "later": 1},
    },
    "limits": {},
    "queues": {},
}


class Asking(NamedTuple):
    """The adapter, and where a bot is."""

    bots: HttpBots
    address: str


@asynccontextmanager
async def bot(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[Asking]:
    """A bot that answers so, and the adapter that asks it."""
    app = web.Application()
    app.router.add_get("/status", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield Asking(HttpBots(session=session, deadline=1.0), f"127.0.0.1:{port}")
    finally:
        await runner.cleanup()


async def ask(asking: Asking) -> Mapping[str, AssistantStanding] | None:
    """Ask the bot of a tenant."""
    return await asking.bots.standing(asking.address, host="acme.bots.example.com", token="t" * 43)


def telling(content: Any, *, status: int = 200) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that always answers this."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=content if isinstance(content, str) else json.dumps(content), status=status)

    return answer


async def test_a_status_is_read_as_the_contract_says() -> None:
    """Asked as the tenant's host, with its token; unknown fields are ignored."""
    seen: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.host, request.headers["Authorization"]))
        return web.json_response(TOLD)

    async with bot(answer) as bots:
        told = await ask(bots)

    assert told == {
        "ventas": AssistantStanding(failing=True, since="2026-03-01T12:00:00Z", reason="no model answers"),
        "soporte": AssistantStanding(failing=False),
    }
    assert seen == [("acme.bots.example.com", "Bearer " + "t" * 43)]


async def test_a_bot_without_a_status_has_nothing_to_tell() -> None:
    """As one of an earlier version."""
    async with bot(telling("", status=404)) as bots:
        assert await ask(bots) is None


@pytest.mark.parametrize(
    "handler",
    [
        telling("", status=401),
        telling("", status=503),
        telling("", status=302),
        telling("no json"),
        telling("[" * 60_000),
        telling([]),
        telling({"assistants": []}),
        telling({"assistants": {"a": {}}}),
        telling({"assistants": {"a": {"state": "Failing", "reason": "x" * 70_000}}}),
    ],
    ids=["401", "503", "302", "no json", "deep", "a list", "assistants a list", "no state", "too large"],
)
async def test_what_is_no_status_is_no_news(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
    """Nothing of it is believed."""
    async with bot(handler) as bots:
        with pytest.raises(Upstream) as told:
            await ask(bots)

    assert told.value.reason == "BotUnreachable"


async def test_a_status_in_pieces_is_read_whole() -> None:
    """As a network brings it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        for letter in json.dumps(TOLD).encode():
            await reply.write(bytes([letter]))
        return reply

    async with bot(answer) as bots:
        told = await ask(bots)

    assert told is not None
    assert set(told) == {"ventas", "soporte"}


async def test_words_of_a_bot_are_one_short_line() -> None:
    """They end in a condition that people read in a terminal."""
    told = {"assistants": {"a\n": {"state": "Failing", "reason": "\x1b[31mred\r\n" + "x" * 1000}}}
    async with bot(telling(told)) as bots:
        found = await ask(bots)

    assert found is not None
    assert set(found) == {"a"}
    assert found["a"].reason.isprintable()
    assert len(found["a"].reason) <= 160


async def test_nobody_there_is_no_news() -> None:
    """As while a pod starts."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Upstream):
            await ask(Asking(HttpBots(session=session, deadline=1.0), "127.0.0.1:1"))


async def test_the_runtime_tells_what_the_operator_reads(tmp_path: Path) -> None:
    """Both ends of the contract: a model that does not answer is Failing by the bot's own word, and then Healthy."""
    async with fake_twilio(SystemClock()) as twilio, llm_server() as model:
        model.think = lambda _: Says(status=500)
        write_tenant(tmp_path, thinking(twilio.endpoint, model.base_url("openai")))
        egress = Egress(allowed=frozenset({urlsplit(model.url).netloc}))
        async with served(tmp_path, egress=egress) as caller:
            bots = HttpBots(session=caller.session, deadline=5.0)

            async def told() -> AssistantStanding:
                address = caller.base.removeprefix("http://")
                found = await bots.standing(address, host="muebles-sur.bots.example.com", token=API_TOKEN)
                assert found is not None
                return found["ventas"]

            before = await told()
            await caller.say("hola")
            failing = await eventually_is(told, lambda standing: standing.failing)
            model.think = lambda _: Says(text="Hola")
            await caller.say("hola", From="whatsapp:+5491155550199", WaId="5491155550199")
            after = await eventually_is(told, lambda standing: not standing.failing)

    assert before == after == AssistantStanding(failing=False)
    assert failing.reason == "no model answers"
    assert datetime.fromisoformat(failing.since).tzinfo is not None


def thinking(endpoint: str, model: str) -> dict[str, Any]:
    """A tenant's document whose assistant has a model and nothing else."""
    account = {"endpoint": endpoint, "accountSid": document()["twilio"]["accountSid"]}
    choice = {"provider": "openai", "model": "m", "baseUrl": model}
    assistant = {"name": "ventas", "instructions": "Sé breve.", "model": {"choices": [choice]}}
    return document(twilio=account, assistants=[assistant])


async def eventually_is(
    ask: Callable[[], Awaitable[AssistantStanding]], right: Callable[[AssistantStanding], bool]
) -> AssistantStanding:
    """The first standing that is right, within the kit's patience."""

    async def found() -> AssistantStanding | None:
        standing = await ask()
        return standing if right(standing) else None

    standing: AssistantStanding = await eventually(found, within=30.0)
    return standing
