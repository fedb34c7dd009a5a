"""Messaging Services: their senders, what pooling a number does to its messages, and whom a service writes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncCustomer, SyncWorld, a_customer, a_world, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OTHER, MIAMI, SEATTLE, DUMB = "+13055550124", "+13055550125", "+12065550126", "+34900555010"
TORONTO, CANADIAN_PHONE = "+14165550127", "+16045550100"
US_PHONE, SPANISH_PHONE = "+12065550100", "+34612345678"
NOWHERE = "MG" + "0" * 32
drives = DRIVES = Drives("messaging")


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount."""
    with a_world() as world:
        yield world


@pytest.fixture
def customer(world: SyncWorld) -> Iterator[SyncCustomer]:
    """A customer's web server."""
    with a_customer(world.emulator) as customer:
        yield customer


def service(world: SyncWorld, **settings: Any) -> Any:
    """Make a service of the subaccount."""
    made = world.sub.messaging.v1.services.create(friendly_name="bot", **settings)
    return world.sub.messaging.v1.services(made.sid)


def pool(world: SyncWorld, *numbers: str, **settings: Any) -> Any:
    """Make a service with numbers that are bought for it."""
    made = service(world, **settings)
    for number in numbers:
        made.phone_numbers.create(phone_number_sid=world.buy(number).sid)
    return made


def whatsapp_sender(world: SyncWorld) -> str:
    """Register a WhatsApp sender and return its SID."""
    auth = (world.sub_sid, world.sub_token)
    order = {"sender_id": f"whatsapp:{NUMBER}", "profile": {"name": "Bot"}}
    return str(world.raw("POST", "/messaging/v2/Channels/Senders", auth, json=order).json()["sid"])


def states(world: SyncWorld, sid: str) -> list[str]:
    """Advance until a message rests, and return the states it was seen in."""
    seen = [world.sub.messages(sid).fetch().status]
    for _ in range(8):
        world.advance(1)
        seen.append(world.sub.messages(sid).fetch().status)
    return list(dict.fromkeys(seen))


# --------------------------------------------------------------------------------------------------------------- drives


@drives("POST", "/v1/Services")
def _(world: SyncWorld) -> None:
    made = world.sub.messaging.v1.services.create(
        friendly_name="bot",
        inbound_request_url="https://a.example/in",
        inbound_method="GET",
        fallback_url="https://a.example/fallback",
        status_callback="https://a.example/status",
        sticky_sender=False,
        validity_period=600,
        usecase="marketing",
        use_inbound_webhook_on_number=True,
    )
    assert made.inbound_method == "GET"
    assert (made.sticky_sender, made.validity_period, made.usecase) == (False, 600, "marketing")
    assert made.use_inbound_webhook_on_number is True
    assert made.us_app_to_person_registered is False


@drives("GET", "/v1/Services")
def _(world: SyncWorld) -> None:
    made = [world.sub.messaging.v1.services.create(friendly_name=str(index)).sid for index in range(5)]
    assert [found.sid for found in world.sub.messaging.v1.services.list(page_size=2)] == made[::-1]


@drives("GET", "/v1/Services/{Sid}")
def _(world: SyncWorld) -> None:
    assert service(world).fetch().friendly_name == "bot"


@drives("POST", "/v1/Services/{Sid}")
def _(world: SyncWorld) -> None:
    made = service(world, inbound_request_url="https://a.example/in")
    changed = made.update(friendly_name="new", inbound_request_url="")
    assert (changed.friendly_name, changed.inbound_request_url) == ("new", None)


@drives("DELETE", "/v1/Services/{Sid}")
def _(world: SyncWorld) -> None:
    made = service(world)
    number = world.buy()
    made.phone_numbers.create(phone_number_sid=number.sid)
    assert made.delete()
    service(world).phone_numbers.create(phone_number_sid=number.sid)


@drives("GET", "/v1/Services/Usecases")
def _(world: SyncWorld) -> None:
    assert {"usecase", "description", "purpose"} == set(world.sub.messaging.v1.usecases.fetch().usecases[0])


@drives("POST", "/v1/Services/{ServiceSid}/PhoneNumbers")
def _(world: SyncWorld) -> None:
    number = world.buy()
    pooled = service(world).phone_numbers.create(phone_number_sid=number.sid)
    assert (pooled.sid, pooled.phone_number, pooled.country_code) == (number.sid, NUMBER, "US")
    assert pooled.capabilities == ["MMS", "SMS", "Voice"]


@drives("GET", "/v1/Services/{ServiceSid}/PhoneNumbers")
def _(world: SyncWorld) -> None:
    made = pool(world, NUMBER, OTHER)
    assert [found.phone_number for found in made.phone_numbers.list(page_size=1)] == [OTHER, NUMBER]


@drives("GET", "/v1/Services/{ServiceSid}/PhoneNumbers/{Sid}")
def _(world: SyncWorld) -> None:
    made = pool(world, NUMBER)
    sid = made.phone_numbers.list()[0].sid
    assert made.phone_numbers(sid).fetch().phone_number == NUMBER


@drives("DELETE", "/v1/Services/{ServiceSid}/PhoneNumbers/{Sid}")
def _(world: SyncWorld) -> None:
    made = pool(world, NUMBER)
    assert made.phone_numbers(made.phone_numbers.list()[0].sid).delete()
    assert made.phone_numbers.list() == []
    assert len(world.sub.incoming_phone_numbers.list()) == 1


@drives("POST", "/v1/Services/{ServiceSid}/AlphaSenders")
def _(world: SyncWorld) -> None:
    made = service(world).alpha_senders.create(alpha_sender="Muebles Sur")
    assert (made.alpha_sender, made.capabilities) == ("Muebles Sur", ["SMS"])


@drives("GET", "/v1/Services/{ServiceSid}/AlphaSenders")
def _(world: SyncWorld) -> None:
    made = service(world)
    made.alpha_senders.create(alpha_sender="Sur")
    assert [found.alpha_sender for found in made.alpha_senders.list()] == ["Sur"]


@drives("GET", "/v1/Services/{ServiceSid}/AlphaSenders/{Sid}")
def _(world: SyncWorld) -> None:
    made = service(world)
    sid = made.alpha_senders.create(alpha_sender="Sur").sid
    assert made.alpha_senders(sid).fetch().alpha_sender == "Sur"


@drives("DELETE", "/v1/Services/{ServiceSid}/AlphaSenders/{Sid}")
def _(world: SyncWorld) -> None:
    made = service(world)
    assert made.alpha_senders(made.alpha_senders.create(alpha_sender="Sur").sid).delete()
    assert made.alpha_senders.list() == []


@drives("POST", "/v1/Services/{MessagingServiceSid}/ChannelSenders")
def _(world: SyncWorld) -> None:
    sid = whatsapp_sender(world)
    made = service(world).channel_senders.create(sid=sid)
    assert (made.sid, made.sender, made.sender_type) == (sid, f"whatsapp:{NUMBER}", "WhatsApp")


@drives("GET", "/v1/Services/{MessagingServiceSid}/ChannelSenders")
def _(world: SyncWorld) -> None:
    made = service(world)
    made.channel_senders.create(sid=whatsapp_sender(world))
    assert [found.sender for found in made.channel_senders.list()] == [f"whatsapp:{NUMBER}"]


@drives("GET", "/v1/Services/{MessagingServiceSid}/ChannelSenders/{Sid}")
def _(world: SyncWorld) -> None:
    made = service(world)
    sid = made.channel_senders.create(sid=whatsapp_sender(world)).sid
    assert made.channel_senders(sid).fetch().country_code == "US"


@drives("DELETE", "/v1/Services/{MessagingServiceSid}/ChannelSenders/{Sid}")
def _(world: SyncWorld) -> None:
    made = service(world)
    sid = made.channel_senders.create(sid=whatsapp_sender(world)).sid
    assert made.channel_senders(sid).delete()
    assert made.channel_senders.list() == []


@pytest.mark.parametrize("operation", DRIVES, ids=" ".join)
def test_the_sdk_drives_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """Request and answer are as documented."""
    DRIVES.check(world, operation)


# ------------------------------------------------------------------------------------------------------------- refusals


def _pooled_twice(world: SyncWorld) -> None:
    made = pool(world, NUMBER)
    made.phone_numbers.create(phone_number_sid=made.phone_numbers.list()[0].sid)


def _pooled_elsewhere(world: SyncWorld) -> None:
    sid = pool(world, NUMBER).phone_numbers.list()[0].sid
    service(world).phone_numbers.create(phone_number_sid=sid)


def _of_the_parent(world: SyncWorld) -> None:
    number = world.parent.incoming_phone_numbers.create(phone_number=OTHER)
    service(world).phone_numbers.create(phone_number_sid=number.sid)


def _of_a_sub(world: SyncWorld) -> None:
    number = world.buy()
    made = world.parent.messaging.v1.services.create(friendly_name="bot")
    world.parent.messaging.v1.services(made.sid).phone_numbers.create(phone_number_sid=number.sid)


def _alpha_twice(world: SyncWorld) -> None:
    made = service(world)
    for _ in range(2):
        made.alpha_senders.create(alpha_sender="Sur")


def _sender_elsewhere(world: SyncWorld) -> None:
    sid = whatsapp_sender(world)
    for _ in range(2):
        service(world).channel_senders.create(sid=sid)


def _sender_twice(world: SyncWorld) -> None:
    made, sid = service(world), whatsapp_sender(world)
    for _ in range(2):
        made.channel_senders.create(sid=sid)


def _sms_without(world: SyncWorld) -> None:
    number = world.buy(DUMB)
    service(world).phone_numbers.create(phone_number_sid=number.sid)


def _send(world: SyncWorld, made: Any, to: str = PHONE, **more: Any) -> Any:
    return world.sub.messages.create(to=to, messaging_service_sid=made.fetch().sid, body="hi", **more)


REFUSALS: dict[str, tuple[int, int, str, Callable[[SyncWorld], object]]] = {
    "service without name": (
        400,
        20001,
        "FriendlyName",
        lambda world: world.sub.messaging.v1.services.create(friendly_name=""),
    ),
    "service with too long a name": (
        400,
        20001,
        "FriendlyName",
        lambda world: world.sub.messaging.v1.services.create(friendly_name="x" * 65),
    ),
    "service with a bad URL": (
        400,
        21402,
        "InboundRequestUrl",
        lambda world: service(world, inbound_request_url="ftp://a.example/"),
    ),
    "service with a bad fallback URL": (
        400,
        30122,
        "FallbackUrl",
        lambda world: service(world, inbound_request_url="https://a.example/", fallback_url="a.example"),
    ),
    "service with a bad method": (400, 21403, "InboundMethod", lambda world: service(world, inbound_method="PUT")),
    "service with a bad use case": (400, 20001, "Usecase", lambda world: service(world, usecase="spam")),
    "service with too long a validity": (
        400,
        20001,
        "ValidityPeriod",
        lambda world: service(world, validity_period=36_001),
    ),
    "service renamed to nothing": (400, 20001, "FriendlyName", lambda world: service(world).update(friendly_name="")),
    "no such service": (404, 20404, NOWHERE, lambda world: world.sub.messaging.v1.services(NOWHERE).fetch()),
    "senders of no service": (
        404,
        21701,
        NOWHERE,
        lambda world: world.sub.messaging.v1.services(NOWHERE).phone_numbers.list(),
    ),
    "service of the parent": (
        404,
        20404,
        "was not found",
        lambda world: world.parent.messaging.v1.services(service(world).fetch().sid).fetch(),
    ),
    "number already in the service": (409, 21710, NUMBER, _pooled_twice),
    "number in another service": (409, 21712, NUMBER, _pooled_elsewhere),
    "number of the parent": (404, 20404, "PhoneNumberSid", _of_the_parent),
    "number of a subaccount": (404, 20404, "PhoneNumberSid", _of_a_sub),
    "number without SMS": (400, 21401, "PhoneNumberSid", _sms_without),
    "number that is no SID": (
        400,
        21421,
        "PhoneNumberSid",
        lambda world: service(world).phone_numbers.create(phone_number_sid="PN1"),
    ),
    "number not in the service": (
        404,
        20404,
        "was not found",
        lambda world: service(world).phone_numbers(world.buy().sid).fetch(),
    ),
    "sender ID of digits": (
        400,
        21709,
        "AlphaSender",
        lambda world: service(world).alpha_senders.create(alpha_sender="12345"),
    ),
    "sender ID too long": (
        400,
        21709,
        "AlphaSender",
        lambda world: service(world).alpha_senders.create(alpha_sender="x" * 12),
    ),
    "sender ID twice": (409, 21710, "Sur", _alpha_twice),
    "WhatsApp sender in another service": (409, 21712, "whatsapp:", _sender_elsewhere),
    "WhatsApp sender twice": (409, 21710, "whatsapp:", _sender_twice),
    "no such WhatsApp sender": (
        404,
        20404,
        "XE0",
        lambda world: service(world).channel_senders.create(sid="XE" + "0" * 32),
    ),
    "sending from an empty service": (400, 21704, "MG", lambda world: _send(world, service(world))),
    "sending WhatsApp from a service without a sender for it": (
        400,
        21703,
        "To",
        lambda world: _send(world, pool(world, NUMBER), f"whatsapp:{PHONE}"),
    ),
    "sending from a number that is not in the service": (
        400,
        21711,
        OTHER,
        lambda world: _send(world, pool(world, NUMBER), from_=world.buy(OTHER).phone_number),
    ),
    "sending from no service": (
        404,
        21701,
        NOWHERE,
        lambda world: world.sub.messages.create(to=PHONE, from_=NOWHERE, body="hi"),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_refusal_has_twilios_code_and_names_the_cause(world: SyncWorld, case: str) -> None:
    """Nothing is done."""
    status, code, names, act = REFUSALS[case]

    with refused(status, code, names):
        act(world)


# ------------------------------------------------------------------------------------------------------------ coming in


def test_pooling_a_number_unplugs_its_sms_url(world: SyncWorld, customer: SyncCustomer) -> None:
    """Until the service is told to use it, or has a URL of its own."""
    number = world.buy(sms_url=f"{customer.url}/number")
    made = service(world)
    made.phone_numbers.create(phone_number_sid=number.sid)

    lost = world.say("lost")
    made.update(use_inbound_webhook_on_number=True)
    world.say("by number")
    made.update(use_inbound_webhook_on_number=False, inbound_request_url=f"{customer.url}/service")
    world.say("by service")

    assert (lost["message"], lost["request"]) == (None, None)
    assert "InboundRequestUrl" in lost["note"]
    forms = customer.forms
    assert [request.path for request in customer.seen] == ["/number", "/service"]
    assert [form["Body"] for form in forms] == ["by number", "by service"]
    assert {form["MessagingServiceSid"] for form in forms} == {made.fetch().sid}
    assert customer.signed_by(world.sub_token)


def test_what_a_service_without_url_drops_is_not_even_logged(world: SyncWorld) -> None:
    """No message, no alert."""
    pool(world, NUMBER)
    world.say("lost")

    assert world.sub.messages.list() == []


def test_the_services_fallback_is_called_when_its_url_fails(world: SyncWorld, customer: SyncCustomer) -> None:
    """With the error, and the service's own method."""
    pool(
        world,
        NUMBER,
        inbound_request_url=f"{customer.url}/broken",
        fallback_url=f"{customer.url}/fallback",
        fallback_method="GET",
    )
    customer.answer("broken", status=500)
    world.say()

    customer.forms  # noqa: B018  # waits
    assert [(request.method, request.path) for request in customer.seen] == [("POST", "/broken"), ("GET", "/fallback")]
    assert customer.seen[1].query["ErrorCode"] == "11200"


@pytest.mark.parametrize("how", ["released", "moved"])
def test_a_number_that_leaves_its_account_leaves_its_service(world: SyncWorld, how: str) -> None:
    """Nothing of the service remains on it."""
    made = pool(world, NUMBER)
    (number,) = world.sub.incoming_phone_numbers.list()
    if how == "released":
        number.delete()
    else:
        moving = world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers(number.sid)
        moving.update(account_sid=world.emulator.account_sid)

    assert made.phone_numbers.list() == []


# ------------------------------------------------------------------------------------------------------------ going out


def test_a_service_accepts_first_and_picks_its_sender_later() -> None:
    """And there is no callback for the first state."""
    with a_world(status_delay=1) as world, a_customer(world.emulator) as customer:
        made = pool(world, NUMBER, status_callback=f"{customer.url}/status")
        sent = _send(world, made)
        assert (sent.status, sent.from_, sent.messaging_service_sid) == ("accepted", None, made.fetch().sid)

        assert states(world, sent.sid) == ["accepted", "queued", "sending", "sent", "delivered"]
        assert world.sub.messages(sent.sid).fetch().from_ == NUMBER
        assert [form["MessageStatus"] for form in customer.forms] == ["queued", "sending", "sent", "delivered"]
        assert {form["MessagingServiceSid"] for form in customer.forms} == {made.fetch().sid}


def test_a_messages_own_callback_wins_over_the_services(world: SyncWorld, customer: SyncCustomer) -> None:
    """Each state is told once."""
    made = pool(world, NUMBER, status_callback=f"{customer.url}/service")
    _send(world, made, status_callback=f"{customer.url}/own")

    customer.forms  # noqa: B018  # waits
    assert {request.path for request in customer.seen} == {"/own"}


def sender_for(world: SyncWorld, made: Any, to: str) -> str:
    """Send a message, wait, and return whom it came from."""
    sent = _send(world, made, to)
    world.emulator.settle()
    return str(world.sub.messages(sent.sid).fetch().from_)


def test_a_service_writes_from_the_recipients_area(world: SyncWorld) -> None:
    """When it may: with geomatch on; and always from the recipient's country."""
    made = pool(world, TORONTO, MIAMI, SEATTLE)

    assert sender_for(world, made, US_PHONE) == SEATTLE
    assert sender_for(world, made, CANADIAN_PHONE) == TORONTO


def test_a_service_keeps_to_the_sender_a_recipient_knows(world: SyncWorld) -> None:
    """Even when a nearer one comes; not when it is told otherwise."""
    made = pool(world, MIAMI)
    assert sender_for(world, made, US_PHONE) == MIAMI
    made.phone_numbers.create(phone_number_sid=world.buy(SEATTLE).sid)

    assert sender_for(world, made, US_PHONE) == MIAMI
    made.update(sticky_sender=False)
    assert sender_for(world, made, US_PHONE) == SEATTLE


def test_a_sender_id_is_used_where_networks_take_it(world: SyncWorld) -> None:
    """Not in North America."""
    made = pool(world, NUMBER)
    made.alpha_senders.create(alpha_sender="Sur")

    assert sender_for(world, made, SPANISH_PHONE) == "Sur"
    assert sender_for(world, made, US_PHONE) == NUMBER


def test_a_service_writes_on_whatsapp_from_its_whatsapp_sender(world: SyncWorld) -> None:
    """Whatever numbers it has."""
    made = pool(world, OTHER)
    world.buy()
    made.channel_senders.create(sid=whatsapp_sender(world))
    world.emulator.settle()

    assert sender_for(world, made, f"whatsapp:{PHONE}") == f"whatsapp:{NUMBER}"


def test_a_whatsapp_sender_that_is_deleted_leaves_its_service(world: SyncWorld) -> None:
    """The service lists it no more, and has nobody left who writes on WhatsApp."""
    made = pool(world, NUMBER)
    sid = whatsapp_sender(world)
    made.channel_senders.create(sid=sid)

    world.sub.messaging.v2.channels_senders(sid).delete()

    assert made.channel_senders.list() == []


def test_a_service_that_lost_its_senders_meanwhile_fails_its_messages() -> None:
    """A scheduled or accepted message finds that out when its turn comes."""
    with a_world(status_delay=1) as world:
        made = pool(world, NUMBER)
        sent = _send(world, made)
        made.phone_numbers(made.phone_numbers.list()[0].sid).delete()

        assert states(world, sent.sid) == ["accepted", "failed"]
        assert world.sub.messages(sent.sid).fetch().error_code == 21704


def test_from_may_name_the_service(world: SyncWorld) -> None:
    """As Twilio takes it."""
    made = pool(world, NUMBER)
    sent = world.sub.messages.create(to=PHONE, from_=made.fetch().sid, body="hi")

    assert sent.messaging_service_sid == made.fetch().sid
