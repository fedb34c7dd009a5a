"""The process is killed while it tells an endpoint: nothing is skipped, and what comes again has its old id."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.contract.runtime_kit import World, a_world, eventually
from tests.support.loopback import Answer, Loopback, loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
MESSAGES = 12


@pytest.fixture
async def receiver() -> AsyncIterator[Loopback]:
    """The endpoint."""
    async with loopback() as one:
        yield one


@pytest.fixture
async def world(tmp_path: Path, receiver: Loopback, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A tenant whose one endpoint is the receiver; leases end soon."""
    monkeypatch.setenv("SWITCHBOARD_EGRESS_ALLOW", "127.0.0.1")
    monkeypatch.setenv("SWITCHBOARD_LEASE_SECONDS", "2")
    async with a_world(tmp_path) as world:
        await world.runtime.end(signal.SIGTERM)
        await asyncio.to_thread(_endpoint, tmp_path, receiver.url)
        await world.runtime.start()
        yield world


def _endpoint(root: Path, url: str) -> None:
    path = root / "tenants" / "sur.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["webhooks"] = [{"name": "crm", "url": url + "/hook", "secret": "crm", "texts": True}]
    path.write_text(json.dumps(content), encoding="utf-8")
    (root / "credentials" / "sur" / "crm").write_text(SECRET, encoding="utf-8")


def told(receiver: Loopback, event: str) -> list[dict[str, Any]]:
    """What of an event the endpoint took, each verified, the first time that it came."""
    events: dict[str, Any] = {}
    for one in receiver.asked:
        if one.answered == 200:
            content = Webhook(SECRET).verify(one.body, {**one.headers})
            events.setdefault(one.headers["webhook-id"], content)
    return [content["data"] for content in events.values() if content["type"] == event]


async def test_a_process_killed_while_it_tells_skips_nothing_and_keeps_the_order(
    world: World, receiver: Loopback
) -> None:
    """Killed with -9 while an answer is outstanding, three times."""
    for number in range(MESSAGES):
        dies = number % 4 == 3
        if dies:
            held = _held(receiver) + 1
            receiver.will(Answer(hold=True), Answer())
        assert await world.deliver(await world.signed(f"n{number}")) == 200
        if dies:
            await eventually(partial(_is_held, receiver, held))
            await world.runtime.end(signal.SIGKILL)
            await world.runtime.start()
    await eventually(partial(_all, receiver), within=60)

    received = [one["message"]["text"] for one in told(receiver, "message.received")]
    sent = [one["message"]["text"] for one in told(receiver, "message.sent")]
    assert received == [f"n{number}" for number in range(MESSAGES)]
    assert sent == [f"Respuesta {number}." for number in range(MESSAGES)]


def _held(receiver: Loopback) -> int:
    return sum(one.answered is None for one in receiver.asked)


async def _is_held(receiver: Loopback, count: int) -> bool:
    return _held(receiver) >= count


async def _all(receiver: Loopback) -> bool:
    return len(told(receiver, "message.sent")) >= MESSAGES and len(told(receiver, "message.received")) >= MESSAGES
