"""What webhooks say and how they are signed, and what becomes of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, Customer, World, a_customer, a_world
from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = TRANSPORT_WARNINGS

WAIT = 10.0


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An emulator with one subaccount; whatever it answers is checked."""
    async with a_world() as world:
        yield world


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    """A customer's web server."""
    async with a_customer() as customer:
        yield customer


async def test_a_text_message_arrives_with_the_parameters_of_a_real_one(world: World, customer: Customer) -> None:
    """Names and values are those of Twilio's SMS webhook, signed with the subaccount's token."""
    await world.buy(sms_url=f"{customer.url}/sms?tenant=1#rc=2")
    sent = await world.say("¿Hay mesas? 🪑", sender="+14155550100")
    await world.emulator.admin.deliveries(wait=WAIT)

    form = customer.forms[0]
    sid = sent["message"]["sid"]
    assert form == {
        "ToCountry": "US",
        "ToState": "FL",
        "ToCity": "MIAMI",
        "ToZip": "33101",
        "FromCountry": "US",
        "FromState": "CA",
        "FromCity": "SAN FRANCISCO",
        "FromZip": "94103",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "Body": "¿Hay mesas? 🪑",
        "To": NUMBER,
        "From": "+14155550100",
        "AccountSid": world.sub_sid,
        "ApiVersion": "2010-04-01",
    }
    assert customer.seen[0].path_qs == "/sms?tenant=1"
    assert customer.signed_by(world.sub_token)
    assert not customer.signed_by(world.emulator.auth_token)


async def test_a_whatsapp_message_arrives_with_the_profile(world: World, customer: Customer) -> None:
    """Channel on both addresses, WaId, ProfileName, ChannelMetadata; no places."""
    await world.buy()
    await world.whatsapp_sender(callback_url=f"{customer.url}/wa")
    await world.say(sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}", profile_name="Ana Pérez")
    await world.emulator.admin.deliveries(wait=WAIT)

    form = customer.forms[0]
    assert (form["From"], form["To"]) == (f"whatsapp:{PHONE}", f"whatsapp:{NUMBER}")
    assert (form["ProfileName"], form["WaId"], form["MessageType"]) == ("Ana Pérez", PHONE[1:], "text")
    assert json.loads(form["ChannelMetadata"])["data"]["context"] == {"ProfileName": "Ana Pérez", "WaId": PHONE[1:]}
    assert not any(name.endswith("Country") for name in form)
    assert customer.signed_by(world.sub_token)


@pytest.mark.parametrize(
    ("file", "sender", "recipient", "more"),
    [
        ("sms-us-text.json", "+14155550100", NUMBER, {}),
        (
            "mms-two-media.json",
            "+14155550100",
            NUMBER,
            {"media": ["https://m.example/1.jpg", "https://m.example/2.png"]},
        ),
    ],
)
async def test_the_parameters_are_those_of_captured_webhooks(
    world: World, customer: Customer, file: str, sender: str, recipient: str, more: dict[str, Any]
) -> None:
    """Exactly the names that were seen on the wire."""
    captured = json.loads((Path(__file__).parent / "twilio-webhooks" / file).read_text())
    await world.buy(sms_url=f"{customer.url}/sms")
    await world.say(sender=sender, recipient=recipient, **more)
    await world.emulator.admin.deliveries(wait=WAIT)

    assert set(customer.forms[0]) == set(captured["parameters"])


async def test_a_number_can_ask_for_get(world: World, customer: Customer) -> None:
    """The parameters are in the URL then, and the signature covers it."""
    await world.buy(sms_url=f"{customer.url}/sms?a=1", sms_method="GET")
    await world.say()
    await world.emulator.admin.deliveries(wait=WAIT)

    assert customer.seen[0].method == "GET"
    assert customer.forms[0]["Body"] == "Hola"
    assert customer.signed_by(world.sub_token)


async def test_the_caller_may_deliver_it_himself(world: World, customer: Customer) -> None:
    """With deliver false the signed request comes back, and the emulator calls nobody."""
    await world.buy(sms_url=f"{customer.url}/sms")
    sent = await world.say(deliver=False)

    request = sent["request"]
    async with world.session.request(
        request["method"], request["url"], headers=request["headers"], data=request["body"].encode()
    ) as reply:
        assert reply.status == 204
    assert customer.signed_by(world.sub_token)
    assert await world.emulator.admin.deliveries() == []


async def test_webhooks_are_signed_with_the_primary_token_until_promotion(world: World, customer: Customer) -> None:
    """A secondary token is valid for calls at once, but signs only after it was promoted."""
    await world.buy(sms_url=f"{customer.url}/sms")
    secondary = (await world.sub.accounts.v1.secondary_auth_token().create_async()).secondary_auth_token
    await world.say()
    await world.emulator.admin.deliveries(wait=WAIT)
    before = customer.signed_by(world.sub_token)
    rotated = world.client(world.sub_sid, secondary)
    await rotated.accounts.v1.auth_token_promotion().update_async()
    await world.say()
    await world.emulator.admin.deliveries(wait=WAIT, count=2)

    assert before
    assert customer.signed_by(secondary)
    status, _ = await world.raw("GET", "/iam/v1/Keys", (world.sub_sid, world.sub_token), query={})
    assert status == 401


async def test_a_twiml_answer_is_sent_as_messages(world: World, customer: Customer) -> None:
    """Each Message of the answer goes back to the phone, from the number it wrote to."""
    customer.answer("<Response><Message>uno</Message><Message><Body>dos</Body></Message></Response>")
    await world.buy()
    await world.whatsapp_sender(callback_url=f"{customer.url}/wa")
    await world.say(sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}")
    await world.emulator.admin.deliveries(wait=WAIT)

    answers = await world.emulator.admin.messages(direction="outbound-reply")
    assert [(answer["body"], answer["from"], answer["to"]) for answer in answers] == [
        ("uno", f"whatsapp:{NUMBER}", f"whatsapp:{PHONE}"),
        ("dos", f"whatsapp:{NUMBER}", f"whatsapp:{PHONE}"),
    ]


async def test_a_plain_text_answer_is_a_message(world: World, customer: Customer) -> None:
    """Twilio sends text/plain as it is."""
    customer.answer("hola", content_type="text/plain")
    await world.buy(sms_url=f"{customer.url}/sms")
    await world.say()

    assert [found["body"] for found in await world.emulator.admin.messages(wait=WAIT, direction="outbound-reply")] == [
        "hola"
    ]


@pytest.mark.parametrize(
    ("answer", "content_type", "code"),
    [
        ("", "text/xml", None),
        ("<Response/>", "text/xml", None),
        ("<?xml version='1.0' encoding='UTF-8'?><Response></Response>", "application/xml", None),
        ("<Response><Message>", "text/xml", 12100),
        ("hola", "text/xml", 12100),
        ('<!DOCTYPE a [<!ENTITY b "c">]><Response/>', "text/xml", 12100),
        ("<html/>", "text/html", 12102),
        ("<Response><Dial>1</Dial></Response>", "text/xml", 12200),
        ('{"ok": true}', "application/json", 12300),
        ("<Response><Message></Message></Response>", "text/xml", 14103),
        ("<Response>" + " " * 70_000 + "</Response>", "text/xml", 11750),
    ],
)
async def test_what_an_answer_is_taken_for(
    world: World, customer: Customer, answer: str, content_type: str, code: int | None
) -> None:
    """Nothing is fine; what is no TwiML raises the documented alert."""
    customer.answer(answer, content_type=content_type)
    await world.buy(sms_url=f"{customer.url}/sms")
    await world.say()

    (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)
    assert (attempt["status"], attempt["errorCode"]) == (200, code)


@pytest.mark.parametrize("channel", ["", "whatsapp:"])
async def test_status_callbacks_tell_every_state_but_the_first_in_order(
    world: World, customer: Customer, channel: str
) -> None:
    """Signed, with the parameters of a real one; WhatsApp adds read and the channel."""
    await world.buy()
    await world.whatsapp_sender()
    await world.say(sender=f"{channel}{PHONE}", recipient=f"{channel}{NUMBER}")
    message = await world.sub.messages.create_async(
        to=f"{channel}{PHONE}", from_=f"{channel}{NUMBER}", body="hi", status_callback=f"{customer.url}/status?m=1"
    )
    states = ["sending", "sent", "delivered", *(["read"] if channel else [])]
    await world.emulator.admin.deliveries(wait=WAIT, count=len(states))

    assert [form["MessageStatus"] for form in customer.forms] == states
    assert {form["MessageSid"] for form in customer.forms} == {message.sid}
    assert ("ChannelPrefix" in customer.forms[0]) == bool(channel)
    assert customer.signed_by(world.sub_token)


@pytest.mark.parametrize(
    ("sender", "recipient", "status", "says"),
    [
        ("me", NUMBER, 400, "from"),
        (PHONE, "you", 400, "to"),
        (f"whatsapp:{PHONE}", NUMBER, 400, "WhatsApp"),
        (PHONE, "+13055550999", 404, "buy it first"),
    ],
)
async def test_a_message_that_cannot_come_in_is_refused(
    world: World, sender: str, recipient: str, status: int, says: str
) -> None:
    """The admin API names the field and the cure."""
    await world.buy()
    with pytest.raises(AdminError, match=says) as refused:
        await world.say(sender=sender, recipient=recipient)

    assert refused.value.status == status


async def test_a_suspended_account_receives_nothing(world: World, customer: Customer) -> None:
    """Its numbers stay, its messages do not come in."""
    await world.buy(sms_url=f"{customer.url}/sms")
    await world.parent.api.v2010.accounts(world.sub_sid).update_async(status="suspended")

    with pytest.raises(AdminError, match="not active"):
        await world.say()
    assert len(await world.sub.incoming_phone_numbers.list_async()) == 1
