"""What an erased contact said is deleted at Twilio, too: against the emulator, through the official client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.channels.twilio_forget import TwilioForgetter
from switchboard_runtime.config.credentials import CredentialsFolder
from switchboard_twilio import TwilioRefused, TwilioTransport
from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, a_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.contract.emulator_kit import World

pytestmark = TRANSPORT_WARNINGS
ABSENT = "0" * 32


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An emulator with a subaccount that has a number."""
    async with a_world() as one:
        await one.buy()
        yield one


async def forgetter(world: World, folder: Path) -> TwilioForgetter:
    """What deletes with the tenant's own API key."""
    key = await world.sub.iam.v1.new_api_key.create_async(account_sid=world.sub_sid, friendly_name="runtime")
    values = {
        "accountSid": world.sub_sid,
        "authToken": world.sub_token,
        "apiKeySid": str(key.sid),
        "apiKeySecret": str(key.secret),
        "apiToken": "token",
    }
    for name, value in values.items():
        (folder / name).write_text(value, encoding="utf-8")
    transport = TwilioTransport(session=world.session, endpoint=world.emulator.base_url)
    return TwilioForgetter(credentials=CredentialsFolder(folder, now=lambda: 0.0), transport=transport)


async def test_what_both_sides_said_is_deleted_once(world: World, tmp_path: Path) -> None:
    """And then there is nothing."""
    twilio = await forgetter(world, tmp_path)
    received = await world.say("my secret")
    heard = str(received["message"]["sid"])
    said = await world.sub.messages.create_async(to=PHONE, from_=NUMBER, body="my answer")
    await world.emulator.admin.advance(60)

    first = [await twilio.forget(heard), await twilio.forget(str(said.sid))]
    again = [await twilio.forget(heard), await twilio.forget(str(said.sid))]

    assert first == ["deleted", "deleted"]
    assert again == ["absent", "absent"]
    assert await world.sub.messages.list_async() == []


async def test_media_go_before_their_message(world: World, tmp_path: Path) -> None:
    """Nothing would lead to them afterwards."""
    twilio = await forgetter(world, tmp_path)
    received = await world.say("look", media=["https://media.example.com/a.jpg"])
    sid = str(received["message"]["sid"])
    (media,) = await world.sub.messages(sid).media.list_async()

    assert await twilio.forget(sid) == "deleted"

    with pytest.raises(TwilioRefused) as refused:
        await world.sub.messages(sid).media(str(media.sid)).fetch_async()
    assert refused.value.status == 404


async def test_what_is_on_its_way_is_asked_for_again(tmp_path: Path) -> None:
    """Twilio deletes no message before its fate is known."""
    async with a_world(status_delay=30.0) as slow:
        await slow.buy()
        twilio = await forgetter(slow, tmp_path)
        said = await slow.sub.messages.create_async(to=PHONE, from_=NUMBER, body="on its way")

        early = await twilio.forget(str(said.sid))
        await slow.emulator.admin.advance(3600)
        late = await twilio.forget(str(said.sid))

    assert (early, late) == ("later", "deleted")


@pytest.mark.parametrize("sid", [f"SM{ABSENT}", f"MM{ABSENT}", f"CA{ABSENT}", f"RE{ABSENT}", "x-1", ""])
async def test_of_what_is_not_there_nothing_is_left(world: World, tmp_path: Path, sid: str) -> None:
    """Whatever it is an id of."""
    twilio = await forgetter(world, tmp_path)

    assert await twilio.forget(sid) == "absent"


async def test_a_twilio_that_does_not_answer_is_asked_again(world: World, tmp_path: Path) -> None:
    """Nobody knows what became of it."""
    twilio = await forgetter(world, tmp_path)
    transport = TwilioTransport(session=world.session, endpoint="http://127.0.0.1:9")
    gone = TwilioForgetter(credentials=CredentialsFolder(tmp_path, now=lambda: 0.0), transport=transport)

    assert await gone.forget(f"SM{ABSENT}") == "later"
    assert await twilio.forget(f"SM{ABSENT}") == "absent"
