"""WhatsApp: senders and their states, what passes and when, and what its users' messages look like."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import (
    NUMBER,
    PHONE,
    SyncCustomer,
    SyncWorld,
    a_customer,
    a_world,
    refused,
    whatsapp_sender,
)
from twilio_emulator.errors import AdminError
from twilio_emulator.whatsapp.senders import SenderStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parent / "twilio-webhooks"
OWN, USER = f"whatsapp:{NUMBER}", f"whatsapp:{PHONE}"
FOREIGN = "whatsapp:+5491155550999"
HIDDEN = "whatsapp:US.13491208655302741918"
SANDBOX = "whatsapp:+14155238886"
PROFILE = {"name": "Muebles del Sur", "vertical": "Shopping and Retail", "emails": ["hola@sur.example"]}
HOUR, DAY = 3600.0, 86_400.0
drives = DRIVES = Drives("messaging")


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount that owns a number; only registered senders send WhatsApp."""
    with a_world() as world:
        world.buy()
        yield world


@pytest.fixture
def customer(world: SyncWorld) -> Iterator[SyncCustomer]:
    """A customer's web server."""
    with a_customer(world.emulator) as customer:
        yield customer


def register(world: SyncWorld, address: str = OWN, client: Any = None, **more: Any) -> Any:
    """Ask for a sender by the SDK, which sends JSON."""
    order = ChannelsSenderList.MessagingV2ChannelsSenderRequestsCreate(
        {"sender_id": address, "profile": PROFILE, **more}
    )
    senders = (client or world.sub).messaging.v2.channels_senders
    return senders.create(messaging_v2_channels_sender_requests_create=order)


def update(world: SyncWorld, sid: str, client: Any = None, **changes: Any) -> Any:
    """Change a sender by the SDK."""
    order = ChannelsSenderList.MessagingV2ChannelsSenderRequestsUpdate(changes)
    return (
        (client or world.sub)
        .messaging.v2.channels_senders(sid)
        .update(messaging_v2_channels_sender_requests_update=order)
    )


def online(world: SyncWorld, callback_url: str = "", **webhook: str) -> Any:
    """Return a sender that is online."""
    made = register(world, webhook={"callback_url": callback_url, **webhook})
    world.emulator.settle()
    return world.sub.messaging.v2.channels_senders(made.sid).fetch()


def status_of(world: SyncWorld, sid: str) -> str:
    """Tell a sender's state."""
    return str(world.sub.messaging.v2.channels_senders(sid).fetch().status)


def admin(world: SyncWorld, method: str, path: str, body: object = None) -> Any:
    """Call the admin API."""
    reply = world.raw(method, f"/emulator/v1{path}", json=body)
    assert reply.ok, reply.text
    return reply.json() if reply.content else None


def write(world: SyncWorld, to: str = USER, **more: Any) -> Any:
    """Send a message, and return what became of it."""
    more = more if "content_sid" in more else {"body": "¡Hola!", **more}
    sent = world.sub.messages.create(to=to, from_=OWN, **more)
    world.emulator.settle()
    return world.sub.messages(sent.sid).fetch()


# ------------------------------------------------------------------------------------------------------------ endpoints


@drives("POST", "/v2/Channels/Senders")
def _(world: SyncWorld) -> None:
    made = register(world, configuration={"verification_method": "voice", "waba_id": "1234567"})
    assert (made.status, made.sender_id, made.configuration["waba_id"]) == ("CREATING", OWN, "1234567")
    assert made.profile["emails"] == [{"email": "hola@sur.example", "label": "Email"}]


@drives("GET", "/v2/Channels/Senders")
def _(world: SyncWorld) -> None:
    made = register(world)
    assert [found.sid for found in world.sub.messaging.v2.channels_senders.list(channel="whatsapp")] == [made.sid]
    assert world.sub.messaging.v2.channels_senders.list(channel="rcs") == []
    assert world.parent.messaging.v2.channels_senders.list(channel="whatsapp") == []


@drives("GET", "/v2/Channels/Senders/{Sid}")
def _(world: SyncWorld) -> None:
    found = online(world, "https://a.example/wa")
    assert (found.status, found.webhook["callback_url"]) == ("ONLINE", "https://a.example/wa")
    assert found.properties["quality_rating"] == "HIGH"
    assert found.url == f"https://messaging.twilio.com/v2/Channels/Senders/{found.sid}"


@drives("POST", "/v2/Channels/Senders/{Sid}")
def _(world: SyncWorld) -> None:
    made = online(world, "https://a.example/wa")
    changed = update(world, made.sid, webhook={"fallback_url": "https://a.example/f"}, profile={"about": "Muebles"})
    assert (changed.webhook["callback_url"], changed.webhook["fallback_url"]) == (
        "https://a.example/wa",
        "https://a.example/f",
    )
    assert (changed.profile["name"], changed.profile["about"]) == ("Muebles del Sur", "Muebles")


@drives("DELETE", "/v2/Channels/Senders/{Sid}")
def _(world: SyncWorld) -> None:
    made = register(world)
    assert world.sub.messaging.v2.channels_senders(made.sid).delete()
    assert register(world).sid != made.sid


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=lambda operation: f"{operation[1]} {operation[2]}")
def test_the_sdk_drives_every_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """And every call on the way is as documented."""
    DRIVES.check(world, operation)


# --------------------------------------------------------------------------------------------------------------- states


def test_a_number_of_the_account_is_verified_by_itself() -> None:
    """CREATING, VERIFYING, ONLINE: one step a review delay."""
    with a_world(review_delay=60) as world:
        world.buy()
        made = register(world)
        seen = [status_of(world, made.sid)]
        for _ in range(3):
            world.advance(60)
            seen.append(status_of(world, made.sid))

    assert seen == ["CREATING", "VERIFYING", "ONLINE", "ONLINE"]


def test_any_other_number_waits_for_the_code_that_was_sent_to_it(world: SyncWorld) -> None:
    """For as long as it takes; a wrong code leaves it waiting."""
    made = register(world, FOREIGN)
    world.advance(30 * DAY)
    assert status_of(world, made.sid) == "PENDING_VERIFICATION"
    (shown,) = admin(world, "GET", "/senders")["senders"]
    code = shown["verificationCode"]
    assert re.fullmatch(r"\d{6}", code)

    with refused(400, 63113, "verification_code"):
        update(world, made.sid, configuration={"verification_code": code[::-1] + "0"})
    assert status_of(world, made.sid) == "PENDING_VERIFICATION"
    verified = update(world, made.sid, configuration={"verification_code": code})
    world.emulator.settle()

    assert (verified.status, verified.configuration["verification_code"]) == ("VERIFYING", None)
    assert status_of(world, made.sid) == "ONLINE"


def test_a_number_of_another_account_is_a_foreign_one(world: SyncWorld) -> None:
    """The parent cannot have its subaccount's number verified by itself."""
    made = register(world, client=world.parent)
    world.emulator.settle()

    found = world.parent.messaging.v2.channels_senders(made.sid).fetch()
    assert found.status == "PENDING_VERIFICATION"


def test_a_sender_goes_on_while_it_is_updated() -> None:
    """ONLINE:UPDATING for a review delay; messages pass."""
    with a_world(review_delay=60) as world:
        world.buy()
        made = register(world)
        world.advance(120)
        world.say(sender=USER, recipient=OWN)
        changed = update(world, made.sid, profile={"about": "abierto"})
        assert changed.status == "ONLINE:UPDATING"
        assert write(world).error_code is None
        world.advance(60)

        assert status_of(world, made.sid) == "ONLINE"


@pytest.mark.parametrize("status", ["OFFLINE", "TWILIO_REVIEW", "DRAFT", "STUBBED", "PENDING_VERIFICATION"])
def test_a_state_that_twilio_decides_rests(world: SyncWorld, status: str) -> None:
    """Nothing is sent from it, and nothing comes in."""
    made = online(world)
    admin(world, "POST", f"/senders/{made.sid}/state", {"status": status})
    world.advance(30 * DAY)

    assert status_of(world, made.sid) == status
    with refused(400, 63007, OWN):
        write(world)
    with pytest.raises(AdminError, match="no WhatsApp sender is online"):
        world.say(sender=USER, recipient=OWN)


def test_a_sender_that_goes_offline_says_why(world: SyncWorld) -> None:
    """In its reasons and in an alert of the account; back online there are none."""
    made = online(world)
    reason = {"code": 63110, "message": "The phone number is already registered on WhatsApp"}
    admin(world, "POST", f"/senders/{made.sid}/state", {"status": "OFFLINE", "offlineReasons": [reason]})
    offline = world.sub.messaging.v2.channels_senders(made.sid).fetch()
    admin(world, "POST", f"/senders/{made.sid}/state", {"status": "ONLINE"})

    assert [(found["code"], found["message"]) for found in offline.offline_reasons] == [("63110", reason["message"])]
    (alert,) = world.sub.monitor.v1.alerts.list()
    assert (alert.error_code, alert.resource_sid) == ("63110", made.sid)
    assert world.sub.messaging.v2.channels_senders(made.sid).fetch().offline_reasons is None


def test_every_state_of_the_document_can_be_had(world: SyncWorld) -> None:
    """The enumeration is Twilio's."""
    made = online(world)
    for status in SenderStatus:
        assert admin(world, "POST", f"/senders/{made.sid}/state", {"status": status})["status"] == status


def test_a_senders_account_keeps_it_when_the_number_moves(world: SyncWorld) -> None:
    """WhatsApp senders do not move along with a number."""
    made = online(world)
    (number,) = world.sub.incoming_phone_numbers.list()
    number = world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers(number.sid)
    number.update(account_sid=world.emulator.account_sid)

    assert status_of(world, made.sid) == "ONLINE"
    with refused(400, 63007, OWN):
        world.parent.messages.create(to=USER, from_=OWN, body="Hola")


def test_a_closed_account_gives_its_address_back(world: SyncWorld) -> None:
    """Who buys the number later can register it, and is written to."""
    online(world)
    world.parent.api.v2010.accounts(world.sub_sid).update(status="closed")
    world.advance(11 * 86_400)

    heir = world.emulator.subaccount("heir")
    heir.incoming_phone_numbers.create(phone_number=NUMBER)
    whatsapp_sender(world.emulator, heir)
    world.say("Hola", sender=USER, recipient=OWN)

    assert [message.body for message in heir.messages.list()] == ["Hola"]


# ------------------------------------------------------------------------------------------------------------- refusals

REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no sender id": ({"sender_id": None}, 63100, "sender_id"),
    "an empty sender id": ({"sender_id": ""}, 63100, "sender_id"),
    "a sender id without channel": ({"sender_id": NUMBER}, 63100, "sender_id"),
    "another channel": ({"sender_id": "rcs:twilio_agent"}, 63100, "sender_id"),
    "no E.164 number": ({"sender_id": "whatsapp:5550199"}, 63100, "sender_id"),
    "a sender id that is a number": ({"sender_id": 15551234567}, 63100, "sender_id"),
    "no display name": ({"profile": {"about": "x"}}, 63100, "profile.name"),
    "an empty display name": ({"profile": {"name": ""}}, 63100, "profile.name"),
    "a profile that is a text": ({"profile": "name"}, 63100, "profile"),
    "an unknown vertical": ({"profile": {**PROFILE, "vertical": "Piracy"}}, 63100, "profile.vertical"),
    "an about that is too long": ({"profile": {**PROFILE, "about": "x" * 140}}, 63100, "profile.about"),
    "a logo that is no URL": ({"profile": {**PROFILE, "logo_url": "logo.png"}}, 63100, "profile.logo_url"),
    "websites that are a text": ({"profile": {**PROFILE, "websites": "x"}}, 63100, "profile.websites"),
    "a website without address": ({"profile": {**PROFILE, "websites": [{"label": "x"}]}}, 63100, "websites[0].website"),
    "emails of mixed kinds": ({"profile": {**PROFILE, "emails": ["x", {}]}}, 63100, "profile.emails[0]"),
    "half a surrogate pair": ({"profile": {"name": "\ud800"}}, 20001, "profile.name"),
    "a callback that is no URL": ({"webhook": {"callback_url": "javascript:1"}}, 63100, "webhook.callback_url"),
    "a callback by GET": ({"webhook": {"callback_method": "GET"}}, 63100, "webhook.callback_method"),
    "a webhook that is a list": ({"webhook": []}, 63100, "webhook"),
    "verification by pigeon": (
        {"configuration": {"verification_method": "pigeon"}},
        63100,
        "configuration.verification_method",
    ),
    "a voice application that is none": (
        {"configuration": {"voice_application_sid": "AP1"}},
        63100,
        "configuration.voice_application_sid",
    ),
    "an unknown account type": ({"configuration": {"account_type": "ISP"}}, 63100, "configuration.account_type"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_sender_is_refused_for(world: SyncWorld, name: str) -> None:
    """The refusal names the field; nothing is registered."""
    order, code, names = REFUSED[name]
    body = {"sender_id": OWN, "profile": PROFILE, **order}
    reply = world.raw("POST", "/messaging/v2/Channels/Senders", (world.sub_sid, world.sub_token), json=body)

    assert (reply.status_code, reply.json()["code"]) == (400, code), reply.text
    assert names in reply.json()["message"]
    assert world.sub.messaging.v2.channels_senders.list(channel="whatsapp") == []


def test_the_form_that_an_asynchronous_sdk_sends_is_refused(world: SyncWorld) -> None:
    """twilio-python#932: its JSON body goes out form-encoded."""
    form = {"sender_id": OWN, "webhook": "callback_url"}
    reply = world.raw("POST", "/messaging/v2/Channels/Senders", (world.sub_sid, world.sub_token), data=form)

    assert reply.status_code == 400
    assert "application/json" in reply.json()["message"]


def test_an_address_is_registered_once(world: SyncWorld) -> None:
    """In whatever account."""
    register(world)
    for client in (world.sub, world.parent):
        with refused(400, 63110, OWN):
            register(world, client=client)


def test_an_account_has_so_many_senders_and_no_more() -> None:
    """The limit is a setting; a deleted one makes room."""
    with a_world(max_whatsapp_senders=1) as world:
        made = register(world)
        with refused(400, 63104, "sender_id"):
            register(world, FOREIGN)
        world.sub.messaging.v2.channels_senders(made.sid).delete()
        assert register(world, FOREIGN).sid


def test_a_trial_account_has_no_senders(world: SyncWorld) -> None:
    """Only the sandbox; a paying account has."""
    admin(world, "PUT", f"/accounts/{world.emulator.account_sid}/type", {"type": "Trial"})
    with refused(400, 10002, "Trial"):
        register(world)
    admin(world, "PUT", f"/accounts/{world.emulator.account_sid}/type", {"type": "Full"})
    assert register(world).status == "CREATING"


def test_a_sender_survives_a_restart(tmp_path: Path) -> None:
    """With its state, its window and its timer."""
    state = tmp_path / "state.sqlite3"
    with a_world(state=state) as world:
        world.buy()
        sid = online(world).sid
        world.say(sender=USER, recipient=OWN)
        credentials = world.sub_sid, world.sub_token
    with a_world(state=state) as world:
        tenant = world.client(*credentials)
        assert tenant.messaging.v2.channels_senders(sid).fetch().status == "ONLINE"
        sent = tenant.messages.create(to=USER, from_=OWN, body="Hola")
        world.emulator.settle()
        assert tenant.messages(sent.sid).fetch().status == "read"


def test_a_whatsapp_business_account_belongs_to_one_account(world: SyncWorld) -> None:
    """Another account's cannot be named."""
    register(world, configuration={"waba_id": "4711"})
    with refused(400, 63101, "waba_id"):
        register(world, FOREIGN, client=world.parent, configuration={"waba_id": "4711"})


def test_a_list_of_senders_must_name_the_channel(world: SyncWorld) -> None:
    """And one that exists."""
    for channel in ("", "carrier-pigeon"):
        with refused(400, 20001, "Channel"):
            world.sub.messaging.v2.channels_senders.list(channel=channel)


def test_a_list_of_senders_has_pages_of_twenty(world: SyncWorld) -> None:
    """Unlike other lists; links repeat the channel."""
    for index in range(20):
        register(world, f"whatsapp:+54911555509{index:02d}")
    page = world.raw("GET", "/messaging/v2/Channels/Senders?Channel=whatsapp", (world.sub_sid, world.sub_token)).json()

    assert (page["meta"]["page_size"], len(page["senders"]), page["meta"]["key"]) == (20, 20, "senders")
    assert "Channel=whatsapp" in page["meta"]["url"]


@pytest.mark.parametrize("act", ["fetch", "update", "delete"])
def test_another_accounts_sender_is_unknown(world: SyncWorld, act: str) -> None:
    """Also to the parent: on this host credentials reach their own account only."""
    made = register(world)
    sender = world.parent.messaging.v2.channels_senders(made.sid)
    acts = {"fetch": sender.fetch, "update": lambda: update(world, made.sid, world.parent), "delete": sender.delete}
    with refused(404, 20404, "Senders"):
        acts[act]()


def test_a_code_is_refused_when_none_is_waited_for(world: SyncWorld) -> None:
    """The sender stays as it is."""
    made = online(world)
    with refused(400, 63113, "verification_code"):
        update(world, made.sid, configuration={"verification_code": "123456"})


# ---------------------------------------------------------------------------------------------------- sending and hours


def test_a_number_without_sender_sends_no_whatsapp(world: SyncWorld) -> None:
    """Nor does a sender in another account; SMS passes."""
    with refused(400, 63007, OWN):
        write(world)
    assert world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola").status == "queued"


def test_free_text_passes_for_24_hours_after_the_user_wrote(world: SyncWorld) -> None:
    """Each message of the user opens the window anew."""
    online(world)
    outcomes = [write(world).error_code]
    world.say(sender=USER, recipient=OWN)
    for hours in (0, 23.9, 0.1):
        world.advance(hours * HOUR)
        outcomes.append(write(world).error_code)
    world.say(sender=USER, recipient=OWN)
    outcomes.append(write(world).error_code)

    assert outcomes == [63016, None, None, 63016, None]


def test_a_deleted_message_leaves_the_window_open(world: SyncWorld) -> None:
    """The window is WhatsApp's, not the message log's."""
    online(world)
    came = world.say(sender=USER, recipient=OWN)
    world.sub.messages(came["message"]["sid"]).delete()

    assert write(world).status == "read"


def test_a_window_is_the_account_s_that_was_written_to(world: SyncWorld) -> None:
    """Whoever takes over a number has not been written to; the sender's former account was."""
    sender = online(world)
    world.say(sender=USER, recipient=OWN)
    number = world.sub.incoming_phone_numbers.list()[0]
    other = world.emulator.subaccount("the next")
    world.sub.messaging.v2.channels_senders(sender.sid).delete()
    world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers(number.sid).update(
        account_sid=other.account_sid
    )
    whatsapp_sender(world.emulator, other)

    sent = other.messages.create(to=USER, from_=OWN, body="Hola")
    world.emulator.settle()

    assert other.messages(sent.sid).fetch().error_code == 63016


def test_a_failure_is_told_as_real_ones_are(world: SyncWorld, customer: SyncCustomer) -> None:
    """The message is accepted, and its callback says failed, 63016, with the parameters that were captured."""
    online(world)
    write(world, status_callback=f"{customer.url}/status")

    captured = dict(json.loads((CORPUS / "status-wa-failed-63016.json").read_text())["form"])
    form = customer.forms[-1]
    assert form["MessageStatus"] == "failed"
    assert form["ErrorCode"] == captured["ErrorCode"] == "63016"
    assert form["ChannelStatusMessage"] == captured["ChannelStatusMessage"]
    assert set(captured) <= set(form)


def test_states_are_told_to_the_sender_when_a_message_names_nobody(world: SyncWorld, customer: SyncCustomer) -> None:
    """Its own status callback goes first."""
    online(world, status_callback_url=f"{customer.url}/sender")
    world.say(sender=USER, recipient=OWN)
    write(world)
    write(world, status_callback=f"{customer.url}/message")

    paths = [request.path for request in customer.seen]
    assert paths == ["/sender"] * 4 + ["/message"] * 4


@pytest.mark.parametrize(("code", "why"), [(63018, "rate limit"), (63051, "locked"), (63003, "no channel user")])
def test_a_sender_can_be_made_to_fail(world: SyncWorld, code: int, why: str) -> None:
    """Inside the window too, until it is taken back."""
    made = online(world)
    world.say(sender=USER, recipient=OWN)
    admin(world, "POST", f"/senders/{made.sid}/state", {"errorCode": code})
    failed = write(world)
    admin(world, "POST", f"/senders/{made.sid}/state", {"errorCode": None})

    assert (failed.status, failed.error_code) == ("failed", code), why
    assert write(world).status == "read"


def test_a_user_without_whatsapp_is_an_invalid_recipient(world: SyncWorld) -> None:
    """63024, declared of the phone."""
    online(world)
    world.say(sender=USER, recipient=OWN)
    admin(world, "PUT", f"/phones/{USER}", {"outcome": "undelivered", "errorCode": 63024})

    assert write(world).error_code == 63024


def test_a_hidden_user_can_be_answered_within_the_window_only(world: SyncWorld) -> None:
    """The address is the business-scoped id."""
    online(world)
    before = write(world, HIDDEN).error_code
    world.say(sender=HIDDEN, recipient=OWN)

    assert (before, write(world, HIDDEN).error_code) == (63016, None)


def test_a_message_goes_to_the_senders_callback_and_not_to_the_numbers(
    world: SyncWorld, customer: SyncCustomer
) -> None:
    """Its answer is sent from the sender, within the window that the message opened."""
    (number,) = world.sub.incoming_phone_numbers.list()
    number.update(sms_url=f"{customer.url}/sms")
    online(world, f"{customer.url}/wa")
    customer.answer("<Response><Message>¿Qué tal?</Message></Response>")
    world.say(sender=USER, recipient=OWN)

    assert [request.path for request in customer.seen] == ["/wa"]
    assert customer.signed_by(world.sub_token)
    (reply,) = world.sub.messages.list(from_=OWN)
    assert (reply.body, reply.to, reply.status) == ("¿Qué tal?", USER, "read")


def test_the_senders_fallback_is_called_when_the_callback_fails(world: SyncWorld, customer: SyncCustomer) -> None:
    """With the error."""
    online(world, f"{customer.url}/wa", fallback_url=f"{customer.url}/fallback")
    customer.answer("broken", status=500)
    world.say(sender=USER, recipient=OWN)

    assert [request.path for request in customer.seen] == ["/wa", "/fallback"]
    assert customer.forms[-1]["ErrorCode"] == "11200"


def test_implicit_senders_are_numbers_without_a_window() -> None:
    """The setting for what knows nothing of senders: WhatsApp goes where SMS goes."""
    with a_world(whatsapp_senders="implicit") as world, a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        assert write(world).status == "read"
        world.say(sender=USER, recipient=OWN)

        assert [request.path for request in customer.seen] == ["/sms"]


# -------------------------------------------------------------------------------------------------------------- sandbox


def test_the_sandbox_reaches_phones_that_joined_it(world: SyncWorld, customer: SyncCustomer) -> None:
    """For three days, and with the 24-hour window."""
    with refused(400, 63007, SANDBOX):
        world.sub.messages.create(to=USER, from_=SANDBOX, body="Hola")
    order = {"account": world.sub_sid, "word": "green-table", "callbackUrl": f"{customer.url}/box"}
    admin(world, "POST", "/sandbox", order)

    def send() -> tuple[str, int | None]:
        sent = world.sub.messages.create(to=USER, from_=SANDBOX, body="Hola")
        world.emulator.settle()
        found = world.sub.messages(sent.sid).fetch()
        return found.status, found.error_code

    assert send() == ("failed", 63015)
    with pytest.raises(AdminError):
        world.say("hola", sender=USER, recipient=SANDBOX)
    world.say("join green-table", sender=USER, recipient=SANDBOX)
    world.say("hola", sender=USER, recipient=SANDBOX)
    assert [form["Body"] for form in customer.forms] == ["join green-table", "hola"]
    assert send() == ("read", None)
    world.advance(DAY)
    assert send() == ("failed", 63016)
    world.advance(2 * DAY)
    assert send() == ("failed", 63015)


# ------------------------------------------------------------------------------------------------ what a user can write

_REFERRAL = {
    "body": "2 ambientes en Palermo desde USD 95.000",
    "headline": "Chatea con nosotros",
    "sourceId": "120200000000000001",
    "sourceType": "ad",
    "sourceUrl": "https://fb.me/000000000",
    "mediaContentType": "image/jpeg",
    "mediaUrl": "https://scontent.example.com/ad.jpg",
    "ctwaClid": "ARAkLkA8rmlFeiCktEJQ-example",
}
_ORIGINAL = "MM025f253325b46929cd34f2a7c3c55e7c"
_MEDIA = "https://media.example/1"
WRITTEN: dict[str, dict[str, Any]] = {
    "wa-text": {"body": "Hola! Quiero info del depto de 2 ambientes 🏠"},
    "wa-image-caption": {"body": "¿esto tiene arreglo?", "media": [f"{_MEDIA}.jpg"]},
    "wa-sticker": {"body": "", "media": [{"url": _MEDIA, "contentType": "image/webp"}]},
    "wa-contact": {"body": "", "media": [{"url": _MEDIA, "contentType": "text/vcard"}]},
    "wa-location": {
        "body": "",
        "location": {
            "latitude": 25.018766403198,
            "longitude": -77.395950317383,
            "address": "West Bay St, Nassau",
            "label": "Home",
        },
    },
    "wa-interactive-button": {
        "body": "",
        "forwarded": False,
        "button": {"text": "Konfirmasi", "payload": "verify:asd@example.com"},
        "externalUserId": "whatsapp:ID.4566546130240823",
        "replyTo": _ORIGINAL,
    },
    "wa-interactive-list": {
        "body": "",
        "list": {"id": "visit_pm", "title": "Visita por la tarde", "description": "16:00 a 20:00"},
        "replyTo": _ORIGINAL,
    },
    "wa-template-quick-reply": {
        "body": "",
        "button": {"text": "Sí, quiero", "payload": "si_quiero", "template": True},
        "replyTo": _ORIGINAL,
    },
    "wa-reply-to": {"body": "Nice", "replyTo": _ORIGINAL},
    "wa-referral-ad": {"body": "¡Hola! Quiero más información.", "referral": _REFERRAL},
    "wa-bsuid-with-phone": {"body": "hola de nuevo", "externalUserId": "whatsapp:AR.1502576394655843"},
    "wa-bsuid-no-phone": {"body": "hi, I hide my number"},
}
_VARY = re.compile(r"(AC|SM|MM|ME)[0-9a-f]{32}")


def _captured(name: str) -> list[tuple[str, str]]:
    """Return a webhook that was captured, its sender the test's own."""
    file = json.loads((CORPUS / f"{name}.json").read_text())
    return [(key, value.replace(SANDBOX, OWN)) for key, value in file["form"]]


def _comparable(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out what differs between any two messages."""
    return [(name, "" if name.startswith("MediaUrl") else _VARY.sub(r"\1", value)) for name, value in pairs]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_user_writes_arrives_as_it_was_captured(world: SyncWorld, customer: SyncCustomer, name: str) -> None:
    """The same parameters in the same order, with the same values; identifiers have the same form."""
    captured = _captured(name)
    given = dict(captured)
    online(world, f"{customer.url}/wa")
    world.say(sender=given["From"], recipient=OWN, profile_name=given["ProfileName"], **WRITTEN[name])

    assert _comparable(list(customer.forms[0].items())) == _comparable(captured)
    assert customer.signed_by(world.sub_token)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("audio/ogg", "audio"), ("video/mp4", "video"), ("application/pdf", "document"), ("image/png", "image")],
)
def test_media_have_their_kind(world: SyncWorld, customer: SyncCustomer, content_type: str, kind: str) -> None:
    """As WhatsApp calls it."""
    online(world, f"{customer.url}/wa")
    world.say("", sender=USER, recipient=OWN, media=[{"url": _MEDIA, "contentType": content_type}])

    assert customer.forms[0]["MessageType"] == kind


BAD_WRITING: dict[str, tuple[dict[str, Any], str]] = {
    "a location without longitude": ({"location": {"latitude": 1}}, "location.longitude"),
    "a location that is a text": ({"location": "here"}, "location"),
    "a latitude that is a list": ({"location": {"latitude": [], "longitude": 1}}, "location.latitude"),
    "a button without text": ({"button": {"payload": "x"}}, "button.text"),
    "a button with colour": ({"button": {"text": "x", "colour": "red"}}, "button"),
    "a list without title": ({"list": {"id": "x"}}, "list.title"),
    "a reply to nothing": ({"replyTo": "yesterday"}, "replyTo"),
    "an id that is a phone number": ({"externalUserId": USER}, "externalUserId"),
    "forwarded perhaps": ({"forwarded": "perhaps"}, "forwarded"),
    "half a surrogate pair": ({"button": {"text": "\ud800"}}, "button.text"),
}


@pytest.mark.parametrize("name", BAD_WRITING)
def test_the_admin_api_refuses(world: SyncWorld, name: str) -> None:
    """The refusal names the field."""
    fields, names = BAD_WRITING[name]
    online(world)
    with pytest.raises(AdminError, match=re.escape(names)) as caught:
        world.say(sender=USER, recipient=OWN, **fields)

    assert caught.value.status == 400


BAD_ORDERS: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "an unknown state": ("/senders/{sid}/state", {"status": "ASLEEP"}, 400, "status"),
    "an unknown field": ("/senders/{sid}/state", {"mood": "good"}, 400, "mood"),
    "a reason without code": ("/senders/{sid}/state", {"offlineReasons": [{}]}, 400, "offlineReasons"),
    "reasons that are a text": ("/senders/{sid}/state", {"offlineReasons": "x"}, 400, "offlineReasons"),
    "an error code out of range": ("/senders/{sid}/state", {"errorCode": 7}, 400, "errorCode"),
    "an unknown sender": ("/senders/XE0/state", {"status": "ONLINE"}, 404, "sid"),
    "a sandbox of nobody": ("/sandbox", {"account": "AC0", "word": "x"}, 404, "account"),
    "a sandbox without word": ("/sandbox", {"account": "{account}", "word": "Ñ"}, 400, "word"),
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_an_order_is_refused_for(world: SyncWorld, name: str) -> None:
    """The refusal names the field."""
    path, body, status, names = BAD_ORDERS[name]
    made = online(world)
    body = {key: world.sub_sid if value == "{account}" else value for key, value in body.items()}
    reply = world.raw("POST", f"/emulator/v1{path.replace('{sid}', made.sid)}", json=body)

    assert reply.status_code == status
    assert names in reply.json()["error"]
