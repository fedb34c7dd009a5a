"""A served tenant with an endpoint: what happens to it reaches the endpoint, signed; without texts."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks.webhooks import Webhook

from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.errors import ConfigurationError
from tests.support.loopback import Loopback, loopback
from tests.unit.runtime.kit import document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def told(receiver: Loopback) -> list[dict[str, Any]]:
    """What the endpoint got, each verified by the standard's own library."""
    return [Webhook(SECRET).verify(one.body, {**one.headers}) for one in receiver.asked]


async def test_a_conversation_reaches_the_endpoint(tmp_path: Path) -> None:
    """Message, answer, delivery, a wish for a human, STOP and START."""
    async with fake_twilio(SystemClock()) as twilio, loopback() as receiver:
        endpoint = {"name": "crm", "url": receiver.url + "/hook?token=x", "secret": "crmSecret"}
        content = document(
            twilio={"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]},
            webhooks=[endpoint],
        )
        write_tenant(tmp_path, content, crmSecret=SECRET)
        async with served(tmp_path, egress=Egress(allowed=frozenset({"127.0.0.1"}))) as caller:
            await caller.say("hola, un secreto")
            await eventually(lambda: len(receiver.asked) == 2, within=20)
            reply = told(receiver)[1]["data"]["message"]
            status = caller.form(MessageSid=reply["sid"], MessageStatus="delivered")
            status |= {"From": status["To"], "To": status["From"]}
            await caller.signed(f"/bot/twilio/status?m={reply['id']}", status)
            await eventually(lambda: len(receiver.asked) == 3, within=20)
            async with caller.session.get(caller.base + "/metrics") as response:
                assert 'switchboard_queue_depth{queue="webhooks",tenant="muebles-sur"}' in await response.text()
            for text in ("humano", "STOP", "START"):
                await caller.say(text)
            await eventually(lambda: "contact.opted_in" in [one["type"] for one in told(receiver)], within=20)

    names = [one["type"] for one in told(receiver)]
    assert names[:3] == ["message.received", "message.sent", "message.delivered"]
    assert {"conversation.handed_over", "contact.opted_out", "contact.opted_in"} <= set(names)
    assert names.count("message.received") == 4
    assert "secreto" not in json.dumps(told(receiver))
    assert len({one.headers["webhook-id"] for one in receiver.asked}) == len(receiver.asked)


async def test_a_tenant_whose_endpoint_cannot_be_signed_for_is_not_served(tmp_path: Path) -> None:
    """It is told at the start, with field and cure."""
    endpoint = {"name": "crm", "url": "https://crm.example.com/", "secret": "crmSecret"}
    write_tenant(tmp_path, document(webhooks=[endpoint]))

    with pytest.raises(ConfigurationError, match=r"webhooks\[crm\]\.secret"):
        async with served(tmp_path):
            pass
