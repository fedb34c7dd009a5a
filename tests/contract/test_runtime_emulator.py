"""The runtime as a process of its own against the emulator: answers, losses, deaths."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import pytest

from dev.ports import free_port
from tests.contract.runtime_kit import API_TOKEN, NUMBER, OWN, PHONE, Runtime, World, a_world, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MESSAGES_PATH = "/api/2010-04-01/Accounts/.*/Messages.json"
ANSWER = "Mesa: 120000 ARS, 4 en stock."


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A tenant at the emulator, its runtime running."""
    async with a_world(tmp_path) as world:
        yield world


async def test_a_message_is_answered_from_its_number_and_followed_to_the_phone(world: World) -> None:
    """Webhook, reply and status callbacks, all signed and all accepted."""
    await world.say("¿cuánto sale la mesa?")
    await eventually(world.answers)
    [reply] = await world.emulator.admin.messages(to=PHONE, direction="outbound-api")
    deliveries = await world.emulator.admin.deliveries(wait=5, count=4)

    assert (reply["body"], reply["from"]) == (ANSWER, OWN)
    assert {delivery["status"] for delivery in deliveries} <= {200, 204}


async def test_a_webhook_delivered_twice_is_answered_once(world: World) -> None:
    """A retry of Twilio's, or a captured request played again."""
    request = await world.signed("mesa")
    statuses = [await world.deliver(request) for _ in range(3)]
    await world.say("n1")
    await eventually(lambda: _count(world, 2))

    assert statuses == [200, 200, 200]
    assert await world.answers() == [ANSWER, "Respuesta 1."]


async def test_an_answer_of_twilio_that_is_lost_does_not_double_the_reply(world: World) -> None:
    """The emulator does the POST and drops the connection; the runtime looks, and finds it."""
    await world.emulator.admin.add_fault(method="POST", path=MESSAGES_PATH, kind="drop", when="after", count=1)
    await world.say("mesa")
    await world.say("n1")
    await eventually(lambda: _count(world, 2))

    assert await world.answers() == [ANSWER, "Respuesta 1."]


async def test_a_post_that_twilio_never_did_is_repeated(world: World) -> None:
    """Dropped before it was done: absent from the list when the grace is over, so it is sent."""
    await world.emulator.admin.add_fault(method="POST", path=MESSAGES_PATH, kind="drop", when="before", count=1)
    await world.say("mesa")
    await eventually(lambda: _count(world, 1))

    assert await world.answers() == [ANSWER]


async def test_too_many_calls_are_repeated_until_they_pass(world: World) -> None:
    """429 three times."""
    await world.emulator.admin.add_fault(method="POST", path=MESSAGES_PATH, kind="status", status=429, count=2)
    await world.say("mesa")
    await eventually(lambda: _count(world, 1))

    assert await world.answers() == [ANSWER]


@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_process_killed_around_the_post_answers_once(world: World, place: str) -> None:
    """SIGKILL with the intent written and the POST not done, and with the POST done and not recorded."""
    world.gate.hold = place  # type: ignore[assignment]
    await world.say("mesa")
    await asyncio.wait_for(world.gate.held.wait(), 10)
    await world.runtime.end(signal.SIGKILL)
    await world.runtime.start()
    await world.say("n1")
    await eventually(lambda: _count(world, 2))

    assert await world.answers() == [ANSWER, "Respuesta 1."]


async def test_a_process_that_is_told_to_stop_leaves_nothing_half_done(world: World) -> None:
    """SIGTERM: exit code 0, the held reply is the next one's to look up."""
    await world.say("mesa")
    await eventually(lambda: _count(world, 1))
    code = await world.runtime.end(signal.SIGTERM)
    await world.runtime.start()

    assert code == 0
    assert await world.answers() == [ANSWER]


async def test_nothing_is_lost_doubled_or_out_of_order_while_the_process_is_killed_again_and_again(
    world: World,
) -> None:
    """Sixty messages of six phones; Twilio repeats what was not acknowledged; five kills."""
    phones = [f"whatsapp:+54911555501{index:02d}" for index in range(6)]

    async def write(phone: str) -> None:
        for number in range(10):
            request = await world.signed(f"n{number}", sender=phone)
            await eventually(partial(_accepted, world, request), within=40)

    async def kill() -> None:
        for done in (4, 14, 24, 34, 44):
            await eventually(partial(_total, world, done), within=40)
            await world.runtime.end(signal.SIGKILL)
            await world.runtime.start()

    await asyncio.gather(kill(), *(write(phone) for phone in phones))
    await eventually(lambda: _total(world, 60), within=40)

    expected = [f"Respuesta {number}." for number in range(10)]
    assert {phone: await world.answers(to=phone) for phone in phones} == dict.fromkeys(phones, expected)


async def test_two_processes_share_the_file_while_a_new_revision_takes_over(world: World) -> None:
    """A rolling update: the new one starts beside the old one, then the old one leaves; each message once."""
    new = Runtime(world.runtime.root, free_port())

    async def write(numbers: range) -> None:
        for number in numbers:
            request = await world.signed(f"n{number}")
            there = world.runtime if number % 2 == 0 and numbers.start < 20 else new
            assert await world.deliver(request, to=there) == 200

    try:
        await new.start()
        await write(range(20))
        assert await world.runtime.end(signal.SIGTERM) == 0
        await write(range(20, 30))
        await eventually(partial(_count, world, 30))
    finally:
        await new.end(signal.SIGKILL)

    assert await world.answers() == [f"Respuesta {number}." for number in range(30)]


async def test_the_json_webhook_answers_in_its_response(world: World) -> None:
    """``{telefono, mensaje}`` in, ``{respuesta}`` out; nothing is sent through Twilio."""
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    body = {"telefono": "+5491155500200", "mensaje": "Hola, quiero info de la mesa"}
    async with world.session.post(f"{world.runtime.url}/webhook/sur", json=body, headers=headers) as reply:
        answer = await reply.json()

    assert (reply.status, answer["respuesta"]) == (200, ANSWER)
    assert await world.answers(to="+5491155500200") == []


async def test_logs_follow_a_message_under_one_id_without_its_text_or_a_secret(world: World) -> None:
    """From the stored webhook to the send, and to the status callbacks that came in time."""
    await world.say("mesa secreta")
    await eventually(lambda: _count(world, 1))
    await world.runtime.end(signal.SIGTERM)
    log = world.runtime.log()
    [trace] = {line["trace"] for line in log if line["event"] == "stored"}
    text = (world.runtime.root / "runtime.log").read_text(encoding="utf-8")
    secrets = [path.read_text() for path in (world.runtime.root / "credentials" / "sur").iterdir()]

    followed = [line["event"] for line in log if line.get("trace") == trace]
    assert [event for event in followed if event != "status"] == ["stored", "turn kept", "reply sent"]
    assert "secreta" not in text
    assert NUMBER not in text
    assert not [secret for secret in secrets if secret in text and not secret.startswith("AC")]


async def _count(world: World, least: int) -> bool:
    return len(await world.answers()) >= least


async def _total(world: World, least: int) -> bool:
    return len(await world.emulator.admin.messages(direction="outbound-api")) >= least


async def _accepted(world: World, request: dict[str, object]) -> bool:
    try:
        return await world.deliver(request) == 200
    except aiohttp.ClientError:  # the process is dead just now
        return False
