"""How the emulator calls a customer's URLs: content, signature, repetition, fallback, answers, restart, TLS."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from twilio.request_validator import RequestValidator

from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, Customer, World, a_customer, a_world
from tests.contract.emulator_tls import authority
from twilio_emulator.errors import AdminError
from twilio_emulator.settings import ConnectTo
from twilio_emulator.testing import VirtualClock

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


async def say(world: World, body: str = "Hola", *, sender: str = PHONE, recipient: str = NUMBER, **more: Any) -> Any:
    """A phone writes to the tenant's number."""
    return await world.emulator.admin.inbound(sender=sender, recipient=recipient, body=body, **more)


def signature_is_right(customer: Customer, token: str, index: int = -1) -> bool:
    """Validate a webhook as a customer would."""
    request = customer.seen[index]
    posted = customer.forms[index] if request.method == "POST" else {}
    url = f"{customer.url}{request.path_qs}"
    valid: bool = RequestValidator(token).validate(url, posted, request.headers["X-Twilio-Signature"])
    return valid


async def test_a_text_message_arrives_with_the_parameters_of_a_real_one(world: World, customer: Customer) -> None:
    """Names and values are those of Twilio's SMS webhook, signed with the subaccount's token."""
    await world.buy(sms_url=f"{customer.url}/sms?tenant=1#rc=2")
    sent = await say(world, "¿Hay mesas? 🪑", sender="+14155550100")
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
    assert signature_is_right(customer, world.sub_token)
    assert not signature_is_right(customer, world.emulator.auth_token)


async def test_a_whatsapp_message_arrives_with_the_profile(world: World, customer: Customer) -> None:
    """Channel on both addresses, WaId, ProfileName, ChannelMetadata; no places."""
    await world.buy(sms_url=f"{customer.url}/sms")
    await say(world, sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}", profile_name="Ana Pérez")
    await world.emulator.admin.deliveries(wait=WAIT)

    form = customer.forms[0]
    assert (form["From"], form["To"]) == (f"whatsapp:{PHONE}", f"whatsapp:{NUMBER}")
    assert (form["ProfileName"], form["WaId"], form["MessageType"]) == ("Ana Pérez", PHONE[1:], "text")
    assert json.loads(form["ChannelMetadata"])["data"]["context"] == {"ProfileName": "Ana Pérez", "WaId": PHONE[1:]}
    assert not any(name.endswith("Country") for name in form)
    assert signature_is_right(customer, world.sub_token)


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
        ("wa-text.json", f"whatsapp:{PHONE}", f"whatsapp:{NUMBER}", {}),
        ("wa-bsuid-no-phone.json", "whatsapp:US.13491208655302741918", f"whatsapp:{NUMBER}", {}),
    ],
)
async def test_the_parameters_are_those_of_captured_webhooks(
    world: World, customer: Customer, file: str, sender: str, recipient: str, more: dict[str, Any]
) -> None:
    """Exactly the names that were seen on the wire."""
    captured = json.loads((Path(__file__).parent / "twilio-webhooks" / file).read_text())
    await world.buy(sms_url=f"{customer.url}/sms")
    await say(world, sender=sender, recipient=recipient, **more)
    await world.emulator.admin.deliveries(wait=WAIT)

    assert set(customer.forms[0]) == set(captured["parameters"])


async def test_a_number_can_ask_for_get(world: World, customer: Customer) -> None:
    """The parameters are in the URL then, and the signature covers it."""
    await world.buy(sms_url=f"{customer.url}/sms?a=1", sms_method="GET")
    await say(world)
    await world.emulator.admin.deliveries(wait=WAIT)

    assert customer.seen[0].method == "GET"
    assert customer.forms[0]["Body"] == "Hola"
    assert signature_is_right(customer, world.sub_token)


async def test_the_caller_may_deliver_it_himself(world: World, customer: Customer) -> None:
    """With deliver false the signed request comes back, and the emulator calls nobody."""
    await world.buy(sms_url=f"{customer.url}/sms")
    sent = await say(world, deliver=False)

    request = sent["request"]
    async with world.session.request(
        request["method"], request["url"], headers=request["headers"], data=request["body"].encode()
    ) as reply:
        assert reply.status == 204
    assert signature_is_right(customer, world.sub_token)
    assert await world.emulator.admin.deliveries() == []


async def test_webhooks_are_signed_with_the_primary_token_until_promotion(world: World, customer: Customer) -> None:
    """A secondary token is valid for calls at once, but signs only after it was promoted."""
    await world.buy(sms_url=f"{customer.url}/sms")
    secondary = (await world.sub.accounts.v1.secondary_auth_token().create_async()).secondary_auth_token
    await say(world)
    await world.emulator.admin.deliveries(wait=WAIT)
    before = signature_is_right(customer, world.sub_token)
    rotated = world.client(world.sub_sid, secondary)
    await rotated.accounts.v1.auth_token_promotion().update_async()
    await say(world)
    await world.emulator.admin.deliveries(wait=WAIT, count=2)

    assert before
    assert signature_is_right(customer, secondary)
    status, _ = await world.raw("GET", "/iam/v1/Keys", (world.sub_sid, world.sub_token), query={})
    assert status == 401


async def test_a_twiml_answer_is_sent_as_messages(world: World, customer: Customer) -> None:
    """Each Message of the answer goes back to the phone, from the number it wrote to."""
    customer.answer("<Response><Message>uno</Message><Message><Body>dos</Body></Message></Response>")
    await world.buy(sms_url=f"{customer.url}/sms")
    await say(world, sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}")
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
    await say(world)

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
    await say(world)

    (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)
    assert (attempt["status"], attempt["errorCode"]) == (200, code)


async def test_the_fallback_is_told_why_the_primary_failed(world: World, customer: Customer) -> None:
    """It gets the same message with ErrorCode and ErrorUrl, and its answer counts."""
    customer.answer(status=500)
    customer.answer("<Response><Message>de reserva</Message></Response>")
    await world.buy(sms_url=f"{customer.url}/sms", sms_fallback_url=f"{customer.url}/fallback")
    await say(world)

    attempts = await world.emulator.admin.deliveries(wait=WAIT, count=2)
    assert [(item["kind"], item["status"], item["errorCode"]) for item in attempts] == [
        ("inbound", 500, 11200),
        ("fallback", 200, None),
    ]
    first, second = customer.forms
    assert second == {**first, "ErrorCode": "11200", "ErrorUrl": f"{customer.url}/sms"}
    assert signature_is_right(customer, world.sub_token)
    assert len(await world.emulator.admin.messages(direction="outbound-reply")) == 1


async def test_twiml_that_cannot_be_read_turns_to_the_fallback(world: World, customer: Customer) -> None:
    """An error while executing the answer counts like one while fetching it."""
    customer.answer("nonsense")
    await world.buy(sms_url=f"{customer.url}/sms", sms_fallback_url=f"{customer.url}/fallback")
    await say(world)
    await world.emulator.admin.deliveries(wait=WAIT, count=2)

    assert customer.forms[1]["ErrorCode"] == "12100"


@pytest.mark.parametrize(
    ("overrides", "statuses"),
    [
        ("", [503]),
        ("#rc=2&rp=5xx", [503, 503, 204]),
        ("#rc=1&rp=all", [503, 503]),
        ("#rc=5&rp=4xx", [503]),
        ("#rc=9&rp=5xx", [503, 503]),
        ("#rc=0&rp=all", [503]),
    ],
)
async def test_overrides_decide_how_often_a_webhook_is_repeated(
    world: World, customer: Customer, overrides: str, statuses: list[int]
) -> None:
    """A repetition names the message and carries the same token; the first attempt carries none."""
    customer.answer(status=503)
    customer.answer(status=503)
    await world.buy(sms_url=f"{customer.url}/sms{overrides}")
    await say(world)

    attempts = await world.emulator.admin.deliveries(wait=WAIT, count=len(statuses))
    assert [attempt["status"] for attempt in attempts] == statuses
    assert [attempt["attempt"] for attempt in attempts] == list(range(1, len(statuses) + 1))
    tokens = [request.headers.get("I-Twilio-Idempotency-Token") for request in customer.seen]
    assert tokens[0] is None
    assert len(set(tokens[1:])) <= 1
    assert None not in tokens[1:]
    assert len({form["MessageSid"] for form in customer.forms}) == 1


@pytest.mark.parametrize(
    ("url", "code", "times"),
    [
        ("http://127.0.0.1:9/", 11205, 2),
        ("http://nowhere.invalid/", 11210, 2),
        ("http://127.0.0.1:9/#rc=0", 11205, 1),
    ],
)
async def test_a_webhook_that_cannot_be_reached_is_repeated_once(world: World, url: str, code: int, times: int) -> None:
    """A failed connection is the one failure that is repeated unasked."""
    await world.buy(sms_url=url)
    await say(world)

    attempts = await world.emulator.admin.deliveries(wait=WAIT, count=times)
    assert [(item["status"], item["errorCode"]) for item in attempts] == [(None, code)] * times


async def test_a_webhook_that_does_not_answer_is_given_up(world: World, customer: Customer) -> None:
    """The read time-out of the URL holds."""
    customer.hang()
    await world.buy(sms_url=f"{customer.url}/#rt=100")
    await say(world)

    (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)
    assert (attempt["status"], attempt["errorCode"]) == (None, 11200)


@pytest.mark.parametrize("channel", ["", "whatsapp:"])
async def test_status_callbacks_tell_every_state_but_the_first_in_order(
    world: World, customer: Customer, channel: str
) -> None:
    """Signed, with the parameters of a real one; WhatsApp adds read and the channel."""
    await world.buy()
    message = await world.sub.messages.create_async(
        to=f"{channel}{PHONE}", from_=f"{channel}{NUMBER}", body="hi", status_callback=f"{customer.url}/status?m=1"
    )
    states = ["sending", "sent", "delivered", *(["read"] if channel else [])]
    await world.emulator.admin.deliveries(wait=WAIT, count=len(states))

    assert [form["MessageStatus"] for form in customer.forms] == states
    assert {form["MessageSid"] for form in customer.forms} == {message.sid}
    assert ("ChannelPrefix" in customer.forms[0]) == bool(channel)
    assert signature_is_right(customer, world.sub_token)


async def test_states_follow_the_clock(customer: Customer) -> None:
    """A message moves on only when time does."""
    clock = VirtualClock()
    async with a_world(clock=clock, status_delay=1.0) as world:
        await world.buy()
        message = await world.sub.messages.create_async(
            to=PHONE, from_=NUMBER, body="hi", status_callback=f"{customer.url}/status"
        )
        seen = [(await world.sub.messages(message.sid).fetch_async()).status]
        for count in (1, 2, 3):
            clock.advance(1.0)
            await world.emulator.admin.deliveries(wait=WAIT, count=count)
            seen.append((await world.sub.messages(message.sid).fetch_async()).status)

    assert seen == ["queued", "sending", "sent", "delivered"]


async def test_a_restart_loses_nothing(tmp_path: Path, customer: Customer) -> None:
    """Accounts, keys, numbers, a message half way and a webhook not yet delivered all survive."""
    clock, state = VirtualClock(), tmp_path / "state.sqlite3"
    customer.answer(status=503)
    async with a_world(clock=clock, state=state, status_delay=5.0, retry_delay=5.0) as world:
        key = await world.sub.iam.v1.new_api_key.create_async(account_sid=world.sub_sid)
        number = await world.buy(sms_url=f"{customer.url}/sms#rc=1&rp=5xx")
        sent = await world.sub.messages.create_async(
            to=PHONE, from_=NUMBER, body="out", status_callback=f"{customer.url}/status"
        )
        received = await say(world, "in")
        await world.emulator.admin.deliveries(wait=WAIT)

    async with a_world(clock=clock, state=state, status_delay=5.0, retry_delay=5.0) as world:
        attempts = await world.emulator.admin.deliveries(wait=WAIT, count=2)
        clock.advance(5.0)
        attempts += await world.emulator.admin.deliveries(wait=WAIT, after=attempts[-1]["seq"])
        client = world.client(key.sid, key.secret, world.sub_sid)

        assert [(item["kind"], item["messageSid"], item["attempt"]) for item in attempts] == [
            ("inbound", received["message"]["sid"], 1),
            ("inbound", received["message"]["sid"], 2),
            ("status", sent.sid, 1),
        ]
        assert customer.seen[1].headers["I-Twilio-Idempotency-Token"]
        assert (await client.incoming_phone_numbers(number.sid).fetch_async()).phone_number == NUMBER
        assert len(await client.messages.list_async()) == 2


async def test_a_server_with_an_untrusted_certificate_is_not_called(world: World, tmp_path: Path) -> None:
    """Twilio verifies certificates, and so does this."""
    _, server = authority(tmp_path)
    async with a_customer(tls=server) as customer:
        await world.buy(sms_url=f"{customer.url}/#rc=0")
        await say(world)
        (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert attempt["errorCode"] == 11237
    assert customer.seen == []


async def test_authorities_and_addresses_can_be_given(tmp_path: Path) -> None:
    """--ca-file trusts a local authority; --webhook-connect-to leads a host name to a local port."""
    ca_file, server = authority(tmp_path, "tenant.bots.localhost")
    async with a_customer(tls=server) as customer:
        port = urlsplit(customer.url).port
        connect_to = ConnectTo.parse(f"bots.localhost=127.0.0.1:{port}")
        async with a_world(ca_file=ca_file, connect_to=[connect_to]) as world:
            await world.buy(sms_url="https://tenant.bots.localhost/sms")
            await say(world)
            (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert (attempt["status"], attempt["error"]) == (204, None)
    assert customer.seen[0].host == "tenant.bots.localhost"


async def test_a_certificate_for_another_host_has_its_own_alert(tmp_path: Path) -> None:
    """The chain is trusted, the name is not."""
    ca_file, server = authority(tmp_path, "other.localhost")
    async with a_customer(tls=server) as customer, a_world(ca_file=ca_file) as world:
        await world.buy(sms_url=f"{customer.url}/#rc=0")
        await say(world)
        (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert attempt["errorCode"] == 11235


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
        await say(world, sender=sender, recipient=recipient)

    assert refused.value.status == status


async def test_a_suspended_account_receives_nothing(world: World, customer: Customer) -> None:
    """Its numbers stay, its messages do not come in."""
    await world.buy(sms_url=f"{customer.url}/sms")
    await world.parent.api.v2010.accounts(world.sub_sid).update_async(status="suspended")

    with pytest.raises(AdminError, match="not active"):
        await say(world)
    assert len(await world.sub.incoming_phone_numbers.list_async()) == 1


def test_the_tls_helper_makes_a_server_context(tmp_path: Path) -> None:
    """The authority's file is PEM that a client can load."""
    ca_file, _ = authority(tmp_path)
    assert ssl.create_default_context(cafile=ca_file).get_ca_certs()
