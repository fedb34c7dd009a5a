"""How a webhook gets through: repetition, fallback, time-outs, order, a restart in between, TLS."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, Customer, World, a_customer, a_world
from tests.contract.emulator_tls import authority
from twilio_emulator.settings import ConnectTo
from twilio_emulator.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

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


async def test_the_fallback_is_told_why_the_primary_failed(world: World, customer: Customer) -> None:
    """It gets the same message with ErrorCode and ErrorUrl, and its answer counts."""
    customer.answer(status=500)
    customer.answer("<Response><Message>de reserva</Message></Response>")
    await world.buy(sms_url=f"{customer.url}/sms", sms_fallback_url=f"{customer.url}/fallback")
    await world.say()

    attempts = await world.emulator.admin.deliveries(wait=WAIT, count=2)
    assert [(item["kind"], item["status"], item["errorCode"]) for item in attempts] == [
        ("inbound", 500, 11200),
        ("fallback", 200, None),
    ]
    first, second = customer.forms
    assert second == {**first, "ErrorCode": "11200", "ErrorUrl": f"{customer.url}/sms"}
    assert customer.signed_by(world.sub_token)
    assert len(await world.emulator.admin.messages(direction="outbound-reply")) == 1


async def test_twiml_that_cannot_be_read_turns_to_the_fallback(world: World, customer: Customer) -> None:
    """An error while executing the answer counts like one while fetching it."""
    customer.answer("nonsense")
    await world.buy(sms_url=f"{customer.url}/sms", sms_fallback_url=f"{customer.url}/fallback")
    await world.say()
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
    await world.say()

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
    await world.say()

    attempts = await world.emulator.admin.deliveries(wait=WAIT, count=times)
    assert [(item["status"], item["errorCode"]) for item in attempts] == [(None, code)] * times


async def test_a_webhook_that_does_not_answer_is_given_up(world: World, customer: Customer) -> None:
    """The read time-out of the URL holds."""
    customer.hang()
    await world.buy(sms_url=f"{customer.url}/#rt=100")
    await world.say()

    (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)
    assert (attempt["status"], attempt["errorCode"]) == (None, 11200)


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
        received = await world.say("in")
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
        await world.say()
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
            await world.say()
            (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert (attempt["status"], attempt["error"]) == (204, None)
    assert customer.seen[0].host == "tenant.bots.localhost"


async def test_a_certificate_for_another_host_has_its_own_alert(tmp_path: Path) -> None:
    """The chain is trusted, the name is not."""
    ca_file, server = authority(tmp_path, "other.localhost")
    async with a_customer(tls=server) as customer, a_world(ca_file=ca_file) as world:
        await world.buy(sms_url=f"{customer.url}/#rc=0")
        await world.say()
        (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert attempt["errorCode"] == 11235


async def test_a_certificate_that_has_expired_has_its_own_alert(tmp_path: Path) -> None:
    """The chain and the name are right."""
    ca_file, server = authority(tmp_path, expired=True)
    async with a_customer(tls=server) as customer, a_world(ca_file=ca_file) as world:
        await world.buy(sms_url=f"{customer.url}/#rc=0")
        await world.say()
        (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert (attempt["status"], attempt["errorCode"]) == (None, 11236)


async def test_a_server_that_speaks_no_tls_fails_the_handshake(world: World, customer: Customer) -> None:
    """The URL says https, the server speaks http."""
    await world.buy(sms_url=f"{customer.url.replace('http:', 'https:')}/#rc=0")
    await world.say()
    (attempt,) = await world.emulator.admin.deliveries(wait=WAIT)

    assert (attempt["status"], attempt["errorCode"]) == (None, 11220)


async def test_a_connection_that_is_not_made_in_time_is_tried_as_often_as_told(world: World) -> None:
    """The server takes the connection and never says a word of TLS; that counts as connecting."""
    silent = socket.create_server(("127.0.0.1", 0))
    await world.buy(sms_url=f"https://127.0.0.1:{silent.getsockname()[1]}/#ct=100&rc=2")
    await world.say()
    attempts = await world.emulator.admin.deliveries(wait=WAIT, count=3)
    silent.close()

    assert [(item["status"], item["errorCode"]) for item in attempts] == [(None, 11205)] * 3
