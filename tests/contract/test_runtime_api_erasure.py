"""Export and erasure over the API, to Twilio and back: on real sockets, with answers held to the API's document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.context import CONTEXT
from tests.contract.test_runtime_api import READER, TOKENS, conversation, serving
from tests.unit.runtime.kit import CONTACT, eventually, fake_twilio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.contract.api_kit import Api
    from tests.unit.runtime.kit import FakeTwilio


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    """Stands in for Twilio."""
    async with fake_twilio(SystemClock()) as one:
        yield one


@pytest.fixture
async def api(tmp_path: Path, twilio: FakeTwilio) -> AsyncIterator[Api]:
    """The runtime, served."""
    async with serving(tmp_path, twilio) as one:
        yield one


async def test_a_contact_gets_all_that_is_kept_of_them_and_is_taken_away(api: Api, twilio: FakeTwilio) -> None:
    """What Twilio has is deleted, the receipt says so in the end but for what may still turn up, and nobody is left."""
    await conversation(api, "mi secreto", ProfileName="Ana Paz", MessageSid=f"SM{'f' * 32}")
    (contact,) = (await api.get("/contacts")).json()["items"]
    path = f"/contacts/{contact['id']}"

    exported = (await api.get(f"{path}/export")).json()["lines"]
    wished = await api.post(f"{path}/erase", {"person": "Bea"})
    receipt = wished.json()
    await api.caller.app[CONTEXT].people["muebles-sur"].keep()
    gone = await api.get(path)
    later = (await api.get(f"/erasures/{receipt['id']}")).json()
    ledger = (await api.get("/erasures")).json()["items"]
    acts = [entry["action"] for entry in (await api.get("/audit")).json()["items"]]

    assert [line["type"] for line in exported][:3] == ["contact", "conversation", "message"]
    assert "mi secreto" in {line.get("text") for line in exported}
    assert (wished.status, receipt["actor"], receipt["doneAt"]) == (202, "Bea", None)
    assert receipt["counts"]["messages"] == 1
    assert (len(twilio.deleted), twilio.messages) == (1, [])
    assert gone.status == 404
    assert later["provider"] == {"deleted": 1, "absent": 1, "refused": 0, "waiting": 0}
    assert [one["id"] for one in ledger] == [receipt["id"]]
    assert acts[:2] == ["contact.erased", "contact.exported"]
    assert CONTACT not in (await api.get("/conversations")).body.decode()


async def test_who_said_stop_and_was_erased_is_not_written_to_until_they_write_start(
    api: Api, twilio: FakeTwilio
) -> None:
    """Over the API it is refused; what they write themselves is not answered until then, and answered from then on."""
    await conversation(api, "hola")
    await api.caller.say("BAJA")
    await eventually(lambda: len(twilio.bodies()) == 2, within=20)
    (contact,) = (await api.get("/contacts")).json()["items"]
    receipt = (await api.post(f"/contacts/{contact['id']}/erase", {"person": "Bea"})).json()

    template = {"sid": "HX" + "0" * 32}
    message = {"channel": "whatsapp", "to": CONTACT.removeprefix("whatsapp:"), "message": {"template": template}}
    refused = await api.post("/messages", message)
    for text in ("hola", "START", "hola"):
        await api.caller.say(text)
    await eventually(lambda: len(twilio.bodies()) == 4, within=20)
    (one,) = (await api.get("/conversations", contact=CONTACT)).json()["items"]
    said = (await api.get(f"/conversations/{one['id']}/messages")).json()["items"]
    sent = await api.post("/messages", message)

    assert receipt["counts"]["suppressed"] == 1
    assert (refused.status, sent.status) == (409, 202)
    assert "said STOP" in refused.json()["detail"]
    assert one["optedOut"] is False
    assert twilio.bodies()[3] == "¡Hola! ¿En qué te ayudo?"
    assert sorted(entry["author"] for entry in said) == ["bot", "bot", "contact", "contact", "contact"]


@pytest.mark.parametrize("path", ["/contacts/nobody/export", "/erasures/none"])
async def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    """It is said."""
    assert (await api.get(path)).status == 404
    assert (await api.post("/contacts/nobody/erase", {})).status == 404


async def test_only_a_token_that_may_erase_erases(tmp_path: Path, twilio: FakeTwilio) -> None:
    """To read contacts is not enough."""
    async with serving(tmp_path, twilio, apiTokens=json.dumps(TOKENS)) as api:
        api.token = READER
        answers = [
            await api.get("/contacts/x/export"),
            await api.post("/contacts/x/erase", {}),
            await api.get("/erasures"),
            await api.get("/contacts"),
        ]

    assert [answer.status for answer in answers] == [403, 403, 403, 200]
