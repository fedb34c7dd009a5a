"""Messages: what is refused at once, what fails later, scheduling, opting out, media, and answers in TwiML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncCustomer, SyncWorld, a_customer, a_world, refused
from twilio_emulator.dates import iso8601

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DUMB, TOLL_FREE = "+34900555010", "+18005550123"
US_PHONE, SPANISH_PHONE = "+12065550100", "+34612345678"
STOPPED = "You have successfully been unsubscribed. You will not receive any more messages from this number. "
MEDIA = "https://a.example/1.png"
drives = DRIVES = Drives("api", "/2010-04-01/Accounts/{AccountSid}/Messages/")


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount that owns a number."""
    with a_world() as world:
        world.buy()
        yield world


@pytest.fixture
def customer(world: SyncWorld) -> Iterator[SyncCustomer]:
    """A customer's web server that the number's messages go to."""
    with a_customer(world.emulator) as customer:
        world.sub.incoming_phone_numbers.list()[0].update(sms_url=f"{customer.url}/sms")
        yield customer


def send(world: SyncWorld, to: str = PHONE, **more: Any) -> Any:
    """Send a message from the subaccount's number."""
    order = {"from_": NUMBER, "body": "hi", **more}
    return world.sub.messages.create(to=to, **{name: value for name, value in order.items() if value is not None})


def fate(world: SyncWorld, sent: Any) -> tuple[str, int | None]:
    """Return what became of a message in the end."""
    world.advance(3600)
    found = world.sub.messages(sent.sid).fetch()
    return found.status, found.error_code


def declare(world: SyncWorld, **behaviour: object) -> None:
    """Have the phone behave so."""
    answer = world.raw("PUT", f"/emulator/v1/phones/{PHONE}", json=behaviour)
    assert answer.status_code == 200, answer.text


def service(world: SyncWorld, **settings: Any) -> str:
    """Put the subaccount's number into a service and return its SID."""
    made = world.sub.messaging.v1.services.create(friendly_name="bot", **settings)
    number = world.sub.incoming_phone_numbers.list()[0]
    world.sub.messaging.v1.services(made.sid).phone_numbers.create(phone_number_sid=number.sid)
    return str(made.sid)


def schedule(world: SyncWorld, seconds: float = 3600, **more: Any) -> Any:
    """Schedule a message of a service."""
    order: dict[str, Any] = {
        "messaging_service_sid": service(world),
        "schedule_type": "fixed",
        "send_at": iso8601(world.emulator.now() + seconds),
        "from_": None,
        **more,
    }
    return send(world, **order)


# --------------------------------------------------------------------------------------------------------------- drives


@drives("GET", "{MessageSid}/Media.json")
def _(world: SyncWorld) -> None:
    sent = send(world, media_url=[MEDIA, "https://a.example/2.mp4"])
    found = world.sub.messages(sent.sid).media.list(page_size=1)
    assert [medium.content_type for medium in found] == ["image/png", "video/mp4"]
    assert {medium.parent_sid for medium in found} == {sent.sid}


@drives("GET", "{MessageSid}/Media/{Sid}.json")
def _(world: SyncWorld) -> None:
    sent = send(world, media_url=[MEDIA])
    (medium,) = world.sub.messages(sent.sid).media.list()
    assert world.sub.messages(sent.sid).media(medium.sid).fetch().content_type == "image/png"


@drives("DELETE", "{MessageSid}/Media/{Sid}.json")
def _(world: SyncWorld) -> None:
    sent = send(world, media_url=[MEDIA])
    (medium,) = world.sub.messages(sent.sid).media.list()
    assert world.sub.messages(sent.sid).media(medium.sid).delete()
    assert world.sub.messages(sent.sid).fetch().num_media == "0"


@drives("POST", "{MessageSid}/Feedback.json")
def _(world: SyncWorld) -> None:
    sent = send(world, provide_feedback=True)
    feedback = world.sub.messages(sent.sid).feedback.create(outcome="confirmed")
    assert (feedback.message_sid, feedback.outcome) == (sent.sid, "confirmed")


@pytest.mark.parametrize("operation", DRIVES, ids=" ".join)
def test_the_sdk_drives_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """Request and answer are as documented."""
    DRIVES.check(world, operation)


# ------------------------------------------------------------------------------------------------------------- refusals


def _to_a(world: SyncWorld, line: str) -> None:
    declare(world, line=line)
    send(world)


def _opted_out(world: SyncWorld) -> None:
    world.say("stop")
    send(world)


def _canceled_late(world: SyncWorld) -> None:
    world.sub.messages(send(world).sid).update(status="canceled")


REFUSALS: dict[str, tuple[int, str, Callable[[SyncWorld], object]]] = {
    "magic: invalid": (21211, "To", lambda world: send(world, "+15005550001")),
    "magic: no route": (21612, "To", lambda world: send(world, "+15005550002")),
    "magic: no permission": (21408, "To", lambda world: send(world, "+15005550003")),
    "magic: blocked": (21610, "To", lambda world: send(world, "+15005550004")),
    "magic: not mobile": (21614, "To", lambda world: send(world, "+15005550009")),
    "magic sender: invalid": (21212, "From", lambda world: send(world, from_="+15005550001")),
    "magic sender: not capable": (21606, "From", lambda world: send(world, from_="+15005550007")),
    "magic sender: queue full": (21611, "From", lambda world: send(world, from_="+15005550008")),
    "a country without permission": (21408, "To", lambda world: send(world, "+8613812345678")),
    "a landline": (21614, "To", lambda world: _to_a(world, "landline")),
    "a phone out of reach": (21612, "To", lambda world: _to_a(world, "unreachable")),
    "a sender ID to the US": (21612, "From", lambda world: send(world, US_PHONE, from_="Sur")),
    "a sender ID with too much": (21212, "From", lambda world: send(world, from_="Muebles del Sur")),
    "a recipient that opted out": (21610, "To", _opted_out),
    "a scheduled message without service": (
        35118,
        "MessagingServiceSid",
        lambda world: schedule(world, messaging_service_sid=None, from_=NUMBER),
    ),
    "a scheduled message without date": (35111, "SendAt", lambda world: schedule(world, send_at=None)),
    "a scheduled message too soon": (35114, "SendAt", lambda world: schedule(world, 299)),
    "a scheduled message too late": (35114, "SendAt", lambda world: schedule(world, 36 * 86_400)),
    "a scheduled message at no time": (35114, "SendAt", lambda world: schedule(world, send_at="soon")),
    "a date without schedule": (35112, "ScheduleType", lambda world: schedule(world, schedule_type=None)),
    "another kind of schedule": (35126, "ScheduleType", lambda world: schedule(world, schedule_type="cron")),
    "cancelling what was sent": (30409, "Status", _canceled_late),
    "validity too short": (20001, "ValidityPeriod", lambda world: send(world, validity_period=0)),
    "validity too long": (20001, "ValidityPeriod", lambda world: send(world, validity_period=36_001)),
    "a price that is none": (20001, "MaxPrice", lambda world: send(world, max_price="cheap")),
    "no application": (20001, "ApplicationSid", lambda world: send(world, application_sid="AP" + "0" * 32)),
    "application of no SID": (20001, "ApplicationSid", lambda world: send(world, application_sid="AP1")),
    "a bad callback": (21609, "StatusCallback", lambda world: send(world, status_callback="/status")),
    "an outcome that is none": (
        20001,
        "Outcome",
        lambda world: world.sub.messages(send(world).sid).feedback.create(outcome="great"),
    ),
    "media by a date that is none": (
        20001,
        "DateCreated",
        lambda world: world.sub.messages(send(world).sid).media.list(date_created="yesterday"),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_refusal_has_twilios_code_and_names_the_cause(world: SyncWorld, case: str) -> None:
    """Always 400, and no message."""
    code, names, act = REFUSALS[case]
    with refused(400, code, names):
        act(world)


@pytest.mark.parametrize("of", ["media", "feedback"])
def test_another_accounts_message_is_not_found(world: SyncWorld, of: str) -> None:
    """Nor what belongs to it."""
    sid = world.parent.incoming_phone_numbers.create(phone_number="+13055550199") and send(world).sid
    foreign = world.parent.messages(sid)
    with refused(404, 20404, "was not found"):
        foreign.media.list() if of == "media" else foreign.feedback.create()


def test_a_trial_account_writes_to_verified_numbers_only(world: SyncWorld) -> None:
    """The admin API makes it one."""
    root = f"/emulator/v1/accounts/{world.emulator.account_sid}"
    assert world.raw("PUT", f"{root}/type", json={"type": "Trial"}).ok
    with refused(400, 21608, "To"):
        send(world)
    with refused(400, 21606, "From"):
        send(world, SPANISH_PHONE, from_="Sur")


def test_countries_can_be_permitted() -> None:
    """What is not, is refused; WhatsApp does not ask."""
    with a_world(geo_permissions=["US"]) as world:
        world.buy()
        world.whatsapp_sender()
        send(world, US_PHONE)
        send(world, f"whatsapp:{PHONE}", from_=f"whatsapp:{NUMBER}")
        with refused(400, 21408, "To"):
            send(world)


def test_a_sender_has_a_queue_that_can_be_full() -> None:
    """Once messages left it there is room again."""
    with a_world(max_queued=2, status_delay=1) as world:
        world.buy()
        send(world)
        send(world)
        with refused(400, 21611, "From"):
            send(world)
        world.advance(1)
        send(world)


# ----------------------------------------------------------------------------------------------------- what comes of it


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        ({}, "delivered", None),
        ({"outcome": "undelivered"}, "undelivered", 30003),
        *[
            ({"outcome": "undelivered", "errorCode": code}, "undelivered", code)
            for code in (30004, 30005, 30006, 30007)
        ],
        ({"outcome": "failed"}, "failed", 30008),
        ({"outcome": "failed", "errorCode": 30001}, "failed", 30001),
    ],
)
def test_a_phone_behaves_as_declared(
    world: SyncWorld, customer: SyncCustomer, behaviour: dict[str, object], status: str, code: int | None
) -> None:
    """And the last callback says why."""
    declare(world, **behaviour)
    sent = send(world, status_callback=f"{customer.url}/status")

    assert fate(world, sent) == (status, code)
    last = customer.forms[-1]
    assert (last["MessageStatus"], last.get("ErrorCode")) == (status, str(code) if code else None)
    assert ("ErrorMessage" in last) == (code is not None)
    assert ("RawDlrDoneDate" in last) == (status != "failed")


def test_a_phone_is_declared_shown_and_forgotten(world: SyncWorld) -> None:
    """What is left out is as with any phone."""
    declare(world, outcome="undelivered", read=False)
    shown = world.raw("GET", f"/emulator/v1/phones/{PHONE}").json()
    assert (shown["outcome"], shown["errorCode"], shown["read"], shown["line"]) == (
        "undelivered",
        30003,
        False,
        "mobile",
    )

    assert world.raw("DELETE", f"/emulator/v1/phones/{PHONE}").status_code == 204
    assert world.raw("GET", f"/emulator/v1/phones/{PHONE}").json()["outcome"] == "delivered"


@pytest.mark.parametrize(
    ("number", "behaviour", "names"),
    [
        ("me", {}, "number"),
        (PHONE, {"outcome": "lost"}, "outcome"),
        (PHONE, {"errorCode": 30003}, "errorCode"),
        (PHONE, {"outcome": "failed", "errorCode": "x"}, "errorCode"),
        (PHONE, {"line": "fax"}, "line"),
        (PHONE, {"read": "no"}, "read"),
        (PHONE, {"answers": "never"}, "answers"),
        (PHONE, {"colour": "red"}, "colour"),
    ],
)
def test_a_behaviour_that_is_none_is_refused(
    world: SyncWorld, number: str, behaviour: dict[str, object], names: str
) -> None:
    """The admin API names the field."""
    answer = world.raw("PUT", f"/emulator/v1/phones/{number}", json=behaviour)

    assert answer.status_code == 400
    assert names in answer.json()["error"]


def test_a_landline_is_tried_in_some_countries(world: SyncWorld) -> None:
    """30006 in the US, Canada and the United Kingdom; elsewhere it is refused."""
    world.raw("PUT", f"/emulator/v1/phones/{US_PHONE}", json={"line": "landline"})
    assert fate(world, send(world, US_PHONE)) == ("undelivered", 30006)


def test_a_whatsapp_user_need_not_read(world: SyncWorld) -> None:
    """Then it stays delivered."""
    declare(world, read=False)
    world.whatsapp_sender()
    world.say(sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}")
    assert fate(world, send(world, f"whatsapp:{PHONE}", from_=f"whatsapp:{NUMBER}")) == ("delivered", None)


def test_a_message_dearer_than_its_limit_fails(world: SyncWorld) -> None:
    """30010, when its turn comes."""
    assert fate(world, send(world, max_price="0.01")) == ("failed", 30010)
    assert fate(world, send(world, max_price="1")) == ("delivered", None)


def test_a_message_that_waited_too_long_fails() -> None:
    """Longer than its validity period: 30036."""
    with a_world(status_delay=60) as world:
        world.buy()
        assert fate(world, send(world, validity_period=30)) == ("failed", 30036)
        assert fate(world, send(world, validity_period=90)) == ("delivered", None)


def test_a_message_of_an_account_suspended_meanwhile_fails() -> None:
    """30002."""
    with a_world(status_delay=60) as world:
        world.buy()
        sent = send(world)
        world.parent.api.v2010.accounts(world.sub_sid).update(status="suspended")
        assert fate(world, sent) == ("failed", 30002)


def test_a_message_has_its_price_once_it_was_sent() -> None:
    """By segments; and not before."""
    with a_world(status_delay=1) as world:
        world.buy()
        sent = send(world, US_PHONE, body="x" * 200)
        assert (sent.num_segments, sent.price, sent.date_sent) == ("2", None, None)
        world.advance(2)
        found = world.sub.messages(sent.sid).fetch()
        assert (found.price, found.price_unit) == ("-0.01580", "USD")
        assert found.date_sent is not None


# ------------------------------------------------------------------------------------------------------------ scheduled


def test_a_scheduled_message_goes_when_it_is_due(world: SyncWorld, customer: SyncCustomer) -> None:
    """Not before; and the sender is chosen then."""
    sent = schedule(world, 3600, status_callback=f"{customer.url}/status")
    assert (sent.status, sent.from_) == ("scheduled", None)

    world.advance(3500)
    assert world.sub.messages(sent.sid).fetch().status == "scheduled"
    assert fate(world, sent) == ("delivered", None)
    assert [form["MessageStatus"] for form in customer.forms] == ["queued", "sending", "sent", "delivered"]


def test_a_scheduled_message_can_be_canceled_until_then(world: SyncWorld, customer: SyncCustomer) -> None:
    """And never goes; it is a change of state like any other."""
    sent = schedule(world, status_callback=f"{customer.url}/status")
    assert world.sub.messages(sent.sid).update(status="canceled").status == "canceled"

    assert fate(world, sent) == ("canceled", None)
    assert [form["MessageStatus"] for form in customer.forms] == ["canceled"]
    assert world.sub.messages(sent.sid).delete()


# -------------------------------------------------------------------------------------------------------------- opt-out


@pytest.mark.parametrize(
    "word", ["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL", " stop\n"]
)
def test_a_stop_word_is_answered_by_twilio_and_bars_the_sender(
    world: SyncWorld, customer: SyncCustomer, word: str
) -> None:
    """The webhook is called all the same, without OptOutType; START lifts it."""
    world.say(word)
    answers = [found.body for found in world.sub.messages.list() if found.direction == "outbound-reply"]
    assert [answer.startswith(STOPPED) for answer in answers] == [True]
    assert [form["Body"] for form in customer.forms] == [word]
    assert "OptOutType" not in customer.forms[0]
    with refused(400, 21610, "To"):
        send(world)

    world.say("start")
    assert fate(world, send(world)) == ("delivered", None)


@pytest.mark.parametrize("text", ["stop it", "STOP!", "please stop", ""])
def test_a_word_counts_alone_only(world: SyncWorld, text: str) -> None:
    """A sentence is for the bot."""
    world.say(text)

    assert [found.direction for found in world.sub.messages.list()] == ["inbound"]
    send(world)


@pytest.mark.parametrize("word", ["HELP", "info"])
def test_help_is_answered(world: SyncWorld, word: str) -> None:
    """And bars nothing; who opted out gets none."""
    world.say(word)
    world.say("STOP")
    world.say(word)

    replies = [found.body for found in world.sub.messages.list() if found.direction == "outbound-reply"]
    assert [reply.startswith(STOPPED) for reply in replies] == [True, False]


def test_whatsapp_has_no_stop_words(world: SyncWorld) -> None:
    """They are for the bot."""
    world.whatsapp_sender()
    ends = {"sender": f"whatsapp:{PHONE}", "recipient": f"whatsapp:{NUMBER}"}
    world.say("STOP", **ends)

    assert [found.direction for found in world.sub.messages.list()] == ["inbound"]
    send(world, f"whatsapp:{PHONE}", from_=f"whatsapp:{NUMBER}")


def test_an_opt_out_bars_one_number_or_a_whole_service(world: SyncWorld) -> None:
    """Other numbers of the account may write; those of the same service may not."""
    other = world.buy("+13055550124")
    world.say("STOP")
    send(world, from_=other.phone_number)

    sid = service(world, inbound_request_url="https://a.example/")
    world.say("STOP", recipient=other.phone_number)
    with refused(400, 21610, "To"):
        send(world, from_=None, messaging_service_sid=sid)


def test_a_toll_free_number_has_the_networks_words(world: SyncWorld) -> None:
    """STOP and UNSTOP, with the network's answers."""
    world.buy(TOLL_FREE)
    world.say("QUIT", recipient=TOLL_FREE)
    world.say("Stop", recipient=TOLL_FREE)
    with refused(400, 21610, "To"):
        send(world, from_=TOLL_FREE)
    world.say("UNSTOP", recipient=TOLL_FREE)
    send(world, from_=TOLL_FREE)

    replies = [found.body for found in world.sub.messages.list() if found.direction == "outbound-reply"]
    assert [reply.split('"')[1] for reply in replies] == ["unstop", "stop"]


def test_a_bots_answer_to_stop_is_not_sent(world: SyncWorld, customer: SyncCustomer) -> None:
    """It is an alert."""
    customer.answer("<Response><Message>Bye!</Message></Response>")
    world.say("STOP")

    assert alerts(world) == [21610]
    assert [found.body.startswith(STOPPED) for found in world.sub.messages.list()[:1]] == [True]


# ------------------------------------------------------------------------------------------------------------ coming in


def test_media_come_with_their_content_types(world: SyncWorld, customer: SyncCustomer) -> None:
    """As told, or by their ending; and they are the message's media."""
    wanted = [{"url": "https://a.example/x", "contentType": "application/pdf"}, "https://a.example/y.png"]
    said = world.raw("POST", "/emulator/v1/inbound", json={"from": PHONE, "to": NUMBER, "media": wanted}).json()

    (form,) = customer.forms
    sid = said["message"]["sid"]
    assert sid.startswith("MM")
    assert form["NumMedia"] == "2"
    assert [form[f"MediaContentType{index}"] for index in range(2)] == ["application/pdf", "image/png"]
    kinds = [medium.content_type for medium in world.sub.messages(sid).media.list()]
    assert kinds == ["application/pdf", "image/png"]


@pytest.mark.parametrize("media", ["x", [1], [{"url": ""}], [{"url": "https://a.example/", "contentType": 1}], [[]]])
def test_media_that_are_none_are_refused(world: SyncWorld, media: object) -> None:
    """The admin API names the field."""
    answer = world.raw("POST", "/emulator/v1/inbound", json={"from": PHONE, "to": NUMBER, "media": media})
    assert answer.status_code == 400


# ---------------------------------------------------------------------------------------------------------------- TwiML


def alerts(world: SyncWorld) -> list[int]:
    """Return the codes of what went wrong with webhooks, oldest first."""
    world.emulator.settle()
    deliveries = world.emulator.run(world.emulator.admin.deliveries())
    return [delivery["errorCode"] for delivery in deliveries if delivery["errorCode"]]


def replies(world: SyncWorld) -> list[str]:
    """Return the texts of TwiML's answers, oldest first."""
    world.emulator.settle()
    return [found.body for found in world.sub.messages.list() if found.direction == "outbound-reply"][::-1]


def test_a_redirect_asks_another_document(world: SyncWorld, customer: SyncCustomer) -> None:
    """Relative to this one, with the same parameters; what follows it does not count."""
    customer.answer(
        "<Response><Message>one</Message><Redirect method='GET'>next?a=1</Redirect><Message>no</Message></Response>"
    )
    customer.answer("<Response><Message>two</Message></Response>")
    world.say("Hola")

    assert replies(world) == ["one", "two"]
    assert [(request.method, request.path) for request in customer.seen] == [("POST", "/sms"), ("GET", "/next")]
    assert customer.seen[1].query["Body"] == "Hola"
    assert customer.seen[1].query["a"] == "1"
    assert customer.signed_by(world.sub_token)


def test_redirects_come_to_an_end(world: SyncWorld, customer: SyncCustomer) -> None:
    """Ten documents for one message, then alert 14106."""
    for _ in range(20):
        customer.answer("<Response><Redirect>/again</Redirect></Response>")
    world.say()

    assert alerts(world) == [14106]
    assert len(customer.seen) == 10


def test_a_message_tells_its_states_to_where_it_says(world: SyncWorld, customer: SyncCustomer) -> None:
    """``statusCallback``, or ``action`` with its method, relative to the document."""
    customer.answer(
        "<Response><Message statusCallback='/one'>1</Message><Message action='two' method='get'>2</Message></Response>"
    )
    world.say()

    assert replies(world) == ["1", "2"]
    told = {(request.method, request.path) for request in customer.seen[1:]}
    assert told == {("POST", "/one"), ("GET", "/two")}


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<Message to='me'>x</Message>", 14101),
        ("<Message from='+1'>x</Message>", 14102),
        ("<Message from='+13055550177'>x</Message>", 14102),
        (f"<Message from='{DUMB}'>x</Message>", 14108),
        ("<Message></Message>", 14103),
        (f"<Message>{'x' * 1601}</Message>", 14103),
        ("<Message statusCallback='ftp://a'>x</Message>", 14105),
        ("<Message><Media>ftp://a</Media></Message>", 21620),
        ("<Redirect>ftp://a</Redirect>", 11100),
        ("<Message><Shout/></Message>", 12200),
        ("<Message loud='yes'>x</Message>", 12200),
        ("<Redirect method='PUT'>/x</Redirect>", 12200),
        ("<Redirect><Message/></Redirect>", 12200),
        ("<Say>x</Say>", 12200),
    ],
)
def test_an_answer_that_cannot_be_done_raises_the_alert(
    world: SyncWorld, customer: SyncCustomer, inner: str, code: int
) -> None:
    """And nothing is sent."""
    world.buy(DUMB)
    customer.answer(f"<Response>{inner}</Response>")
    world.say()

    assert alerts(world) == [code]
    assert replies(world) == []


def test_fifteen_replies_in_thirty_seconds_are_enough(world: SyncWorld, customer: SyncCustomer) -> None:
    """The sixteenth is alert 14107; half a minute later it goes on."""
    for _ in range(17):
        customer.answer("<Response><Message>again</Message></Response>")
    for _ in range(16):
        world.say()
        world.emulator.settle()
    assert alerts(world) == [14107]
    assert len(replies(world)) == 15

    world.advance(31)
    world.say()
    assert len(replies(world)) == 16


def test_a_reply_from_a_pooled_number_belongs_to_its_service(world: SyncWorld, customer: SyncCustomer) -> None:
    """It comes from the number that was written to."""
    sid = service(world, inbound_request_url=f"{customer.url}/service")
    customer.answer("<Response><Message>hi</Message></Response>")
    world.say()

    world.emulator.settle()
    (reply,) = [found for found in world.sub.messages.list() if found.direction == "outbound-reply"]
    assert (reply.messaging_service_sid, reply.from_) == (sid, NUMBER)


# ---------------------------------------------------------------------------------------------------- from bot to bot


def test_a_message_to_a_number_of_another_account_comes_in_there(world: SyncWorld, customer: SyncCustomer) -> None:
    """It is one account's outbound and the other's inbound message."""
    number = world.parent.incoming_phone_numbers.create(phone_number="+13055550199")
    customer.answer("<Response><Message>hello</Message></Response>")
    world.parent.messages.create(to=NUMBER, from_=number.phone_number, body="from afar")
    world.emulator.settle()

    (form,) = customer.forms
    assert (form["From"], form["Body"], form["AccountSid"]) == (number.phone_number, "from afar", world.sub_sid)
    assert [found.direction for found in world.sub.messages.list()] == ["outbound-reply", "inbound"]
    assert [found.direction for found in world.parent.messages.list()] == ["inbound", "outbound-api"]


def test_two_bots_that_answer_each_other_are_stopped(world: SyncWorld, customer: SyncCustomer) -> None:
    """By alert 14107."""
    other = world.buy("+13055550199", sms_url=f"{customer.url}/other")
    for _ in range(60):
        customer.answer("<Response><Message>and you?</Message></Response>")
    world.say(sender=other.phone_number)
    world.emulator.settle()

    assert alerts(world) == [14107]
    assert len(replies(world)) == 30
