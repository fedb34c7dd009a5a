"""Two of our own bots, put to talk with one another through the emulator: somebody must stop first."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from switchboard_twilio import TwilioTransport, twilio_client
from tests.contract.runtime_kit import NUMBER, World, a_world, eventually

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "+13055550124"


async def with_two_numbers(world: World) -> None:
    """Give the tenant a second number, and its document too."""
    root = world.runtime.root
    secret = {file.name: file.read_text() for file in (root / "credentials" / "sur").iterdir()}
    transport = TwilioTransport(session=world.session, endpoint=world.emulator.base_url)
    sub = twilio_client(transport=transport, username=secret["accountSid"], password=secret["authToken"])
    hooks = f"{world.runtime.url}/bot/twilio"
    await sub.incoming_phone_numbers.create_async(
        phone_number=OTHER, sms_url=f"{hooks}/webhook", sms_fallback_url=f"{hooks}/fallback"
    )
    file = root / "tenants" / "sur.json"
    document = json.loads(file.read_text())
    del document["limits"]  # the kit turns the loop breaker off
    document["numbers"].append({"name": "other", "phoneNumber": OTHER, "channels": ["sms"]})
    file.write_text(json.dumps(document))
    await world.runtime.end(signal.SIGTERM)
    await world.runtime.start()


async def test_two_bots_that_answer_one_another_fall_silent(tmp_path: Path) -> None:
    """After some messages, not after thousands; and a person is answered beside it."""
    async with a_world(tmp_path) as world:
        await with_two_numbers(world)
        await world.emulator.admin.inbound(sender=OTHER, recipient=NUMBER, body="buenas tardes")
        await eventually(lambda: _silent(world), within=60.0)
        await world.say("mesa")
        await eventually(world.answers)
        said = await world.emulator.admin.messages(direction="outbound-api")

    between = [message for message in said if {message["from"], message["to"]} == {NUMBER, OTHER}]
    assert 5 <= len(between) <= 30


async def _silent(world: World) -> bool:
    """Whether the runtime says that a machine writes."""
    async with world.session.get(f"{world.runtime.url}/metrics", headers={"Host": "pod"}) as reply:
        text = await reply.text()
    return 'switchboard_silent_conversations{tenant="sur"} 1.0' in text
