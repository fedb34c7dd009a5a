"""SMS and WhatsApp whole, against the emulator: senders, templates, the window, opt-outs, callbacks in any order."""

from __future__ import annotations

import json
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.contract.runtime_kit import NUMBER, OWN, PHONE, World, a_world, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DAY = 86_400.0
SMS = "+13055550177"
PHOTO = "https://media.example.com/mesa.jpg"
MESSAGES_PATH = "/api/2010-04-01/Accounts/.*/Messages.json"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A tenant at the emulator, its runtime running."""
    async with a_world(tmp_path) as world:
        yield world


async def configure(world: World, *rules: dict[str, Any], **changes: Any) -> None:
    """The runtime again, with another document."""
    file = world.runtime.root / "tenants" / "sur.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    script = content["assistants"][0]["script"]
    script["rules"] = [*rules, *script["rules"]]
    file.write_text(json.dumps({**content, **changes}), encoding="utf-8")
    assert await world.runtime.end(signal.SIGTERM) == 0
    await world.runtime.start()


def credentials(world: World) -> dict[str, str]:
    """The account's own, as a header."""
    folder = world.runtime.root / "credentials" / "sur"
    login, password = ((folder / name).read_text(encoding="utf-8") for name in ("accountSid", "authToken"))
    return {"Authorization": aiohttp.encode_basic_auth(login, password)}


async def template(world: World, types: dict[str, Any], *, approved: bool = True) -> str:
    """Make a content template, perhaps approved; its SID."""
    order = {"language": "es", "variables": {"1": "Hola"}, "types": types}
    url = f"{world.emulator.base_url}/content/v1/Content"
    async with world.session.post(url, json=order, headers=credentials(world)) as reply:
        made = await reply.json()
        assert reply.status == 201, made
    if approved:
        url = f"{world.emulator.base_url}/emulator/v1/contents/{made['sid']}/approval"
        async with world.session.post(url, json={"status": "approved"}) as reply:
            assert reply.status < 300, await reply.text()
    return str(made["sid"])


async def sent(world: World, *, to: str = PHONE) -> list[dict[str, Any]]:
    """What the API sent to a phone, oldest first."""
    return await world.emulator.admin.messages(to=to, direction="outbound-api")


async def statuses(world: World, *expected: str, to: str = PHONE) -> bool:
    """Whether what was sent stands so; what is read was delivered."""
    stand = ["delivered" if one["status"] == "read" else one["status"] for one in await sent(world, to=to)]
    return stand == list(expected)


async def answered(world: World, times: int, *, to: str = PHONE) -> bool:
    """Whether a phone has got so many messages."""
    return len(await sent(world, to=to)) == times


async def late_question(world: World) -> None:
    """A message that reaches the runtime a day after it was written: for WhatsApp the window is closed by then."""
    request = await world.signed("n1")
    await world.emulator.admin.advance(DAY + 3600)
    assert await world.deliver(request) == 200


async def test_a_closed_window_is_reopened_by_the_tenants_template(world: World) -> None:
    """Twilio takes the free text and says 63016 in a callback; the approved template carries the words."""
    sid = await template(world, {"twilio/text": {"body": "Respondemos: {{1}}. Gracias."}})
    await configure(world, whatsapp={"reopenTemplate": {"sid": {"es": sid}, "variables": {"1": "{text}"}}})
    await late_question(world)
    await eventually(partial(answered, world, 2))
    await eventually(partial(statuses, world, "failed", "delivered"))
    first, second = await sent(world)

    assert first["errorCode"] == 63016
    assert second["body"] == "Respondemos: Respuesta 1.. Gracias."


@pytest.mark.parametrize("reopening", ["none", "not approved"])
async def test_without_an_approved_template_a_closed_window_is_a_failure_that_is_seen(
    world: World, reopening: str
) -> None:
    """Once: the template is not sent for itself."""
    if reopening != "none":
        sid = await template(world, {"twilio/text": {"body": "Hola"}}, approved=False)
        await configure(world, whatsapp={"reopenTemplate": {"sid": {"es": sid}}})
    await late_question(world)
    failures = 1 if reopening == "none" else 2
    await eventually(partial(statuses, world, *["failed"] * failures))

    async def logged() -> bool:
        lines = [line for line in world.runtime.log() if line["event"] == "reply not delivered"]
        return [line["meaning"] for line in lines] == ["window closed"] * failures

    await eventually(logged)
    await world.say("n2")  # the contact wrote, so the window is open again
    await eventually(partial(statuses, world, *["failed"] * failures, "delivered"))


async def test_buttons_of_a_template_are_pressed_and_answered(world: World) -> None:
    """On WhatsApp; the id is what the script hears."""
    buttons = {"body": "{{1}}", "actions": [{"title": "Rojo", "id": "c-red"}, {"title": "Azul", "id": "c-blue"}]}
    sid = await template(world, {"twilio/quick-reply": buttons}, approved=False)
    choices = [{"title": {"es": "Rojo"}, "id": "c-red"}, {"title": {"es": "Azul"}, "id": "c-blue"}]
    await configure(
        world,
        {"when": {"matches": ["color"]}, "reply": {"es": "¿Cuál?"}, "choices": choices, "template": "colours"},
        {"when": {"matches": ["c-blue"]}, "reply": {"es": "Azul será."}},
        content={"colours": {"sid": {"es": sid}, "variables": {"1": "{text}"}}},
    )
    await world.say("¿qué color?")
    await eventually(partial(answered, world, 1))
    [asked] = await sent(world)
    button = {"text": "Azul", "payload": "c-blue"}
    await world.emulator.admin.inbound(sender=PHONE, recipient=OWN, body="", button=button)
    await eventually(partial(answered, world, 2))

    assert asked["body"] == "¿Cuál?"
    assert [action["title"] for action in asked["content"]["actions"]] == ["Rojo", "Azul"]
    assert (await world.answers())[1] == "Azul será."


async def test_a_numbered_list_is_answered_by_its_number_on_sms(world: World) -> None:
    """The same rule, another channel."""
    choices = [{"title": {"es": "Rojo"}, "id": "c-red"}, {"title": {"es": "Azul"}, "id": "c-blue"}]
    await configure(
        world,
        {"when": {"matches": ["color"]}, "reply": {"es": "¿Cuál?"}, "choices": choices},
        {"when": {"matches": ["c-blue"]}, "reply": {"es": "Azul será."}},
    )
    for times, text in enumerate(("color", "2"), 1):
        await world.emulator.admin.inbound(sender=SMS, recipient=NUMBER, body=text)
        await eventually(partial(answered, world, times, to=SMS))

    assert await world.answers(to=SMS) == ["¿Cuál?\n1. Rojo\n2. Azul", "Azul será."]


async def test_media_and_a_place_leave_in_order_though_callbacks_come_late_twice_or_not_at_all(world: World) -> None:
    """Four bubbles of one answer, one after the other."""
    for kind, more in (("duplicate", {}), ("reorder", {"seconds": 1}), ("lose", {})):
        await world.emulator.admin.add_fault(target="webhook", webhook="status", kind=kind, probability=0.4, **more)
    await configure(
        world,
        {
            "when": {"matches": ["local"]},
            "reply": {"es": "Acá estamos."},
            "media": [PHOTO, f"{PHOTO}?2", f"{PHOTO}?3"],
            "location": {"latitude": -34.6, "longitude": -58.4, "label": "Local"},
        },
    )
    await world.say("¿dónde está el local?")
    await eventually(partial(answered, world, 4))

    assert await world.answers() == ["Acá estamos.", "", "", "Local"]


async def test_what_a_phone_sends_besides_words_is_answered(world: World) -> None:
    """A place is words to the script, a picture has a rule."""
    await configure(
        world,
        {"when": {"matches": ["Palermo"]}, "reply": {"es": "Queda cerca."}},
        {"when": {"received": ["image"]}, "reply": {"es": "Linda foto."}},
    )
    place = {"latitude": -34.58, "longitude": -58.42, "address": "Palermo, Buenos Aires", "label": "Casa"}
    await world.emulator.admin.inbound(sender=PHONE, recipient=OWN, body="", location=place)
    await eventually(partial(answered, world, 1))
    await world.emulator.admin.inbound(sender=PHONE, recipient=OWN, body="", media=[PHOTO])
    await eventually(partial(answered, world, 2))

    assert await world.answers() == ["Queda cerca.", "Linda foto."]


async def test_stop_is_answered_once_by_twilio_on_sms_and_by_the_bot_on_whatsapp(world: World) -> None:
    """And then nothing is, until START."""
    await world.emulator.admin.inbound(sender=SMS, recipient=NUMBER, body="STOP")
    for text in ("BAJA", "baja", "n1", "AYUDA", "ALTA", "n2"):
        await world.say(text)
    await eventually(partial(answered, world, 4))
    [stopped, helped, started, answer] = await world.answers()

    assert ("ALTA" in stopped, "ALTA" in helped, "BAJA" in started, answer) == (True, True, True, "Respuesta 2.")
    assert await sent(world, to=SMS) == []
    assert len(await world.emulator.admin.messages(to=SMS, direction="outbound-reply")) == 1


async def test_a_full_queue_stops_its_sender_for_a_moment_and_loses_nothing(world: World) -> None:
    """21611 at the door: each phone gets its answer once."""
    fault = {"kind": "status", "status": 400, "code": 21611, "count": 2}
    await world.emulator.admin.add_fault(method="POST", path=MESSAGES_PATH, **fault)
    phones = [f"whatsapp:+54911555502{number:02d}" for number in range(6)]
    for phone in phones:
        await world.say("n1", sender=phone)
    for phone in phones:
        await eventually(partial(answered, world, 1, to=phone))

    posts = [one for one in await world.emulator.admin.requests(limit=1000) if one["path"].endswith("/Messages.json")]
    assert len([one for one in posts if one["method"] == "POST"]) == len(phones) + 2
