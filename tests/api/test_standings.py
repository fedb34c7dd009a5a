"""A bot's own word about its assistants, on a real API server: asked over HTTP, a condition and Events, then quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.support.world import assistant, number, tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.world import World

WELL = {"ventas": {"state": "Healthy"}}
FAILING = {"ventas": {"state": "Failing", "since": "2026-03-01T12:00:00Z", "reason": "no model answers"}}


class Bot:
    """What stands behind every tenant's Service here.

    Attributes:
        told: what it says of its assistants.
        asked: the host and the token of each question.
    """

    def __init__(self) -> None:
        self.told: dict[str, Any] = WELL
        self.asked: list[tuple[str, str]] = []
        self.address = ""

    async def status(self, request: web.Request) -> web.Response:
        """Answer ``GET /status``."""
        self.asked.append((request.host, request.headers.get("Authorization", "")))
        return web.json_response({"assistants": self.told})


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """A bot over HTTP."""
    made, app = Bot(), web.Application()
    app.router.add_get("/status", made.status)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.address = f"127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_a_failing_assistant_is_told_and_a_settled_one_is_quiet(world: World, bot: Bot) -> None:
    """False with name, time and reason, Ready all the same; then well again; and no write while nothing changes."""
    await world.start_operator(bot_address=bot.address, status_interval=0.2)
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")
    await world.condition("Tenant", "sur", "AssistantsHealthy", status="True")
    token = (await world.tenant_secret("sur-twilio"))["apiToken"]
    bot.told = FAILING
    told = await world.condition("Tenant", "sur", "AssistantsHealthy", status="False", reason="AssistantFailing")
    ready = await world.condition("Tenant", "sur")
    bot.told = WELL
    await world.condition("Tenant", "sur", "AssistantsHealthy", status="True")
    await world.quiet_writes()
    writes, asked = world.operator_writes(), len(bot.asked)

    async def asked_again() -> bool:
        return len(bot.asked) > asked + 5

    await world.until(asked_again)

    assert told["message"] == "ventas fails since 2026-03-01T12:00:00Z: no model answers"
    assert ready["status"] == "True"
    assert set(bot.asked) == {("sur.bots.example.com", f"Bearer {token}")}
    assert world.operator_writes() == writes
