"""Credentials: every form of 401, whom they reach, rotation, test credentials, and no secret in a log."""

from __future__ import annotations

import base64
import logging
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_customer, a_world, refused
from tests.contract.test_emulator_signing_keys import basic, rule, setting, shared_key, signed_with
from twilio_emulator.background import background_emulator
from twilio_emulator.settings import Credentials, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio.rest import Client

TEST = Credentials(sid="AC" + "7" * 32, token="made-up-test-token")
VALID = "+15005550006"

drives = DRIVES = Drives()


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world(test_credentials=TEST) as world:
        yield world


# ----------------------------------------------------------------------------------------------------------- AuthTokens


@drives("POST", "accounts", "/v1/AuthTokens/Secondary")
def _(world: SyncWorld) -> None:
    made = world.sub.accounts.v1.secondary_auth_token().create()
    assert made.account_sid == world.sub_sid
    assert len(made.secondary_auth_token) == 32


@drives("DELETE", "accounts", "/v1/AuthTokens/Secondary")
def _(world: SyncWorld) -> None:
    secondary = world.sub.accounts.v1.secondary_auth_token()
    token = secondary.create().secondary_auth_token
    assert secondary.delete()
    with refused(401, 20003):
        world.client(world.sub_sid, token).messages.list()


@drives("POST", "accounts", "/v1/AuthTokens/Promote")
def _(world: SyncWorld) -> None:
    token = world.sub.accounts.v1.secondary_auth_token().create().secondary_auth_token
    assert world.sub.accounts.v1.auth_token_promotion().update().auth_token == token


def test_a_rotation_has_no_gap(world: SyncWorld) -> None:
    """Both tokens work until the promotion, the old one is dead with it; webhooks change hands then, keys stay."""
    with a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
        new = world.sub.accounts.v1.secondary_auth_token().create().secondary_auth_token
        renewed = world.client(world.sub_sid, new)

        assert world.sub.keys.list()[0].sid == renewed.keys.list()[0].sid == key.sid
        world.say("Hola")
        assert (customer.signed_by(world.sub_token), customer.signed_by(new)) == (True, False)

        renewed.accounts.v1.auth_token_promotion().update()

        with refused(401, 20003):
            world.sub.keys.list()
        world.say("¿Siguen ahí?")
        assert (customer.signed_by(world.sub_token), customer.signed_by(new)) == (False, True)
        assert world.client(key.sid, key.secret, world.sub_sid).messages.list()
        parent = world.client(world.emulator.account_sid, world.emulator.auth_token)
        assert parent.api.v2010.accounts(world.sub_sid).fetch().auth_token == new


def test_a_second_secondary_token_replaces_the_first(world: SyncWorld) -> None:
    """There are two tokens at most."""
    secondary = world.sub.accounts.v1.secondary_auth_token()
    first, second = (secondary.create().secondary_auth_token for _ in range(2))

    with refused(401, 20003):
        world.client(world.sub_sid, first).messages.list()
    assert world.client(world.sub_sid, second).messages.list() == []


def test_a_rotation_may_be_quiet() -> None:
    """SuppressEmailNotification is newer than Twilio's published documents; the SDK has it."""
    with background_emulator() as emulator:
        client = emulator.client()
        made = client.accounts.v1.secondary_auth_token().create(suppress_email_notification=True)
        promoted = client.accounts.v1.auth_token_promotion().update(suppress_email_notification=True)
        assert promoted.auth_token == made.secondary_auth_token


def test_without_a_secondary_token_there_is_nothing_to_promote_or_delete(world: SyncWorld) -> None:
    """404, and the primary stays."""
    with refused(404, 20404):
        world.sub.accounts.v1.auth_token_promotion().update()
    with refused(404, 20404):
        world.sub.accounts.v1.secondary_auth_token().delete()
    assert world.sub.messages.list() == []


# ----------------------------------------------------------------------------------------------------- who reaches what


HEADERS: dict[str, str | None] = {
    "missing": None,
    "empty": "",
    "scheme only": "Basic",
    "another scheme": "Bearer abcdef",
    "no base64": "Basic ***",
    "no UTF-8": "Basic /////w==",
    "no colon": basic("AC" + "1" * 32),
    "no user": basic(":token"),
    "no password": basic("{SUB}:"),
    "unknown account": basic("AC" + "9" * 32 + ":{TOKEN}"),
    "unknown key": basic("SK" + "9" * 32 + ":{TOKEN}"),
    "wrong token": basic("{SUB}:" + "0" * 32),
    "another account's token": basic("{SUB}:{PARENT_TOKEN}"),
    "wrong secret": basic("{KEY}:{TOKEN}"),
    "token as a key's secret": basic("{SUB}:{SECRET}"),
    "wrong test token": basic(f"{TEST.sid}:nonsense"),
    "very long": basic("x" * 6_000 + ":y"),
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize(
    "host", ["api/2010-04-01/Accounts/{SUB}/Messages.json", "iam/v1/Keys", "webhooks/v1/Webhooks/Rules"]
)
def test_a_401_is_the_same_for_every_reason(world: SyncWorld, name: str, host: str) -> None:
    """It tells nobody which part was wrong, names the scheme, and gives no secret back."""
    key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
    known = {
        "SUB": world.sub_sid,
        "TOKEN": world.sub_token,
        "PARENT_TOKEN": world.emulator.auth_token,
        "KEY": key.sid,
        "SECRET": key.secret,
    }
    header = HEADERS[name]
    if header is not None and header.startswith("Basic ") and name not in {"no base64", "no UTF-8"}:
        pair = base64.b64decode(header.removeprefix("Basic ")).decode()
        header = basic(pair.format(**known))

    answer = world.raw(
        "GET", f"/{host.format(**known)}", headers={"Authorization": header} if header is not None else {}
    )

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'
    assert answer.json()["message"] == "Authenticate"


def test_the_parents_token_reaches_v2010_of_every_subaccount_and_nobody_elses_does(world: SyncWorld) -> None:
    """A subaccount's own reaches neither the parent nor a sibling: 404, as if they were not there."""
    sibling = world.parent.api.v2010.accounts.create(friendly_name="sibling")
    world.buy()
    parent, token = world.emulator.account_sid, world.emulator.auth_token

    assert len(world.client(parent, token, world.sub_sid).incoming_phone_numbers.list()) == 1
    for account_sid in (parent, sibling.sid):
        with refused(404, 20404):
            world.client(world.sub_sid, world.sub_token, account_sid).incoming_phone_numbers.list()
    assert world.client(parent, token, sibling.sid).messages.list() == []


def test_outside_of_v2010_the_parents_token_acts_on_the_parent_and_nobody_is_told(world: SyncWorld) -> None:
    """The silent trap of twilio-python#785: the third argument of the client does nothing there."""
    believed = world.client(world.emulator.account_sid, world.emulator.auth_token, world.sub_sid)
    secret = believed.accounts.v1.secondary_auth_token().create()
    key = shared_key(believed, "the parent's")
    service = believed.messaging.v1.services.create(friendly_name="the parent's")

    assert secret.account_sid == world.emulator.account_sid
    assert world.sub.messaging.v1.services.list() == []
    assert world.sub.webhooks.v1.shared_keys.list() == []
    assert [found.sid for found in world.parent.messaging.v1.services.list()] == [service.sid]
    assert [found.id for found in world.parent.webhooks.v1.shared_keys.list()] == [key.id]


# ----------------------------------------------------------------------------------------------------- test credentials


def trying(world: SyncWorld) -> Client:
    """Return an SDK client with the test credentials."""
    return world.client(TEST.sid, TEST.token)


def test_test_credentials_buy_send_and_call_and_nothing_happens(world: SyncWorld) -> None:
    """The answers look real; no number is owned, no phone rings, no callback comes."""
    with a_customer(world.emulator) as customer:
        client = trying(world)
        bought = client.incoming_phone_numbers.create(phone_number=VALID, sms_url=f"{customer.url}/sms")
        assert (bought.phone_number, bought.friendly_name) == (VALID, "(500) 555-0006")
        assert client.incoming_phone_numbers.create(area_code="500").phone_number == VALID
        sent = client.messages.create(to=PHONE, from_=VALID, body="Hola", status_callback=f"{customer.url}/status")
        assert (sent.status, sent.from_, sent.account_sid) == ("queued", VALID, TEST.sid)
        called = client.calls.create(to=PHONE, from_=VALID, url=f"{customer.url}/voice")
        assert (called.status, called.to, called.direction) == ("queued", PHONE, "outbound-api")
        world.advance(3600)

        assert customer.forms == []
        with refused(403, 20008):
            client.messages(sent.sid).fetch()
    assert world.emulator.messages() == []


def _send(client: Client, *, sender: str = VALID, recipient: str = PHONE) -> object:
    return client.messages.create(to=recipient, from_=sender, body="Hola")


def _call(client: Client, *, sender: str = VALID, recipient: str = PHONE) -> object:
    return client.calls.create(to=recipient, from_=sender, url="https://a.example")


MAGIC: dict[str, tuple[Callable[[Client], object], int, str]] = {
    "buy unavailable": (lambda c: c.incoming_phone_numbers.create(phone_number="+15005550000"), 21422, "PhoneNumber"),
    "buy invalid": (lambda c: c.incoming_phone_numbers.create(phone_number="+15005550001"), 21421, "PhoneNumber"),
    "buy no number": (lambda c: c.incoming_phone_numbers.create(phone_number="42"), 21421, "PhoneNumber"),
    "buy in an empty area": (lambda c: c.incoming_phone_numbers.create(area_code="533"), 21452, "AreaCode"),
    "buy nothing": (lambda c: c.incoming_phone_numbers.create(), 21401, "PhoneNumber"),
    "buy with a bad URL": (
        lambda c: c.incoming_phone_numbers.create(phone_number=VALID, sms_url="nowhere"),
        21402,
        "SmsUrl",
    ),
    **{
        f"send from {sender}": (
            partial(_send, sender=sender),
            code,
            "From",
        )
        for sender, code in (
            ("+15005550001", 21212),
            ("+15005550007", 21606),
            ("+15005550008", 21611),
            (NUMBER, 21606),
        )
    },
    **{
        f"send to {recipient}": (
            partial(_send, recipient=recipient),
            code,
            "To",
        )
        for recipient, code in (
            ("+15005550001", 21211),
            ("+15005550002", 21612),
            ("+15005550003", 21408),
            ("+15005550004", 21610),
            ("+15005550009", 21614),
            ("42", 21211),
        )
    },
    "send nothing": (lambda c: c.messages.create(to=PHONE, from_=VALID), 21602, "Body"),
    "send too much": (lambda c: c.messages.create(to=PHONE, from_=VALID, body="x" * 1601), 21617, "Body"),
    "send from nobody": (lambda c: c.messages.create(to=PHONE, body="Hola"), 21603, "From"),
    "send to nobody": (lambda c: c.messages.create(to="", from_=VALID, body="Hola"), 21604, "To"),
    "send a bad medium": (
        lambda c: c.messages.create(to=PHONE, from_=VALID, media_url=["nowhere"]),
        21620,
        "MediaUrl",
    ),
    **{
        f"call from {sender}": (
            partial(_call, sender=sender),
            code,
            "From",
        )
        for sender, code in (("+15005550001", 21212), (NUMBER, 21210))
    },
    **{
        f"call to {recipient}": (
            partial(_call, recipient=recipient),
            code,
            "To",
        )
        for recipient, code in (
            ("+15005550001", 21217),
            ("+15005550002", 21214),
            ("+15005550003", 21215),
            ("+15005550004", 21216),
        )
    },
    "call with nothing to say": (lambda c: c.calls.create(to=PHONE, from_=VALID), 21205, "Url"),
}


@pytest.mark.parametrize("name", MAGIC)
def test_a_magic_number_is_refused_as_promised(world: SyncWorld, name: str) -> None:
    """Twilio's table, and the checks of input that real credentials meet too."""
    act, code, names = MAGIC[name]
    with refused(400, code, names):
        act(trying(world))


FORBIDDEN: dict[str, Callable[[Client], object]] = {
    "list messages": lambda c: c.messages.list(),
    "list numbers": lambda c: c.incoming_phone_numbers.list(),
    "search numbers": lambda c: c.available_phone_numbers("US").local.list(),
    "fetch the account": lambda c: c.api.v2010.accounts(TEST.sid).fetch(),
    "make a subaccount": lambda c: c.api.v2010.accounts.create(),
    "make a key": lambda c: c.new_keys.create(),
    "iam": lambda c: c.iam.v1.get_api_keys.list(account_sid=TEST.sid),
    "services": lambda c: c.messaging.v1.services.create(friendly_name="x"),
    "rotation": lambda c: c.accounts.v1.secondary_auth_token().create(),
    "balance": lambda c: c.balance.fetch(),
    "what is not emulated": lambda c: c.lookups.v2.phone_numbers(PHONE).fetch(),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_test_credentials_may_do_nothing_else(world: SyncWorld, name: str) -> None:
    """403, and 20008 says why."""
    with refused(403, 20008, "Test"):
        FORBIDDEN[name](trying(world))


def test_test_credentials_do_not_touch_a_real_account(world: SyncWorld) -> None:
    """Neither do real ones touch the test account."""
    with refused(403, 20008):
        world.client(TEST.sid, TEST.token, world.sub_sid).messages.create(to=PHONE, from_=VALID, body="Hola")
    with refused(404, 20404):
        world.client(world.emulator.account_sid, world.emulator.auth_token, TEST.sid).messages.create(
            to=PHONE, from_=VALID, body="Hola"
        )


def test_without_being_told_the_test_credentials_follow_from_the_auth_token() -> None:
    """So that a restart keeps them; another token has others."""
    with a_world() as world:
        running = world.emulator
        pair = Settings(account_sid=running.account_sid, auth_token=running.auth_token).test_pair
        other = Settings(account_sid=running.account_sid, auth_token="another-token").test_pair
        assert world.client(pair.sid, pair.token).messages.create(to=PHONE, from_=VALID, body="Hola").sid
        assert (pair.sid, pair.token) != (other.sid, other.token)


# -------------------------------------------------------------------------------------------------------- no secret out


_SHOWN = {
    "emulator": ("v1/deliveries", "v1/requests", "v1/messages", "v1/accounts", "v1/state"),
    "monitor": ("v1/Alerts", "v1/Events"),
    "iam": ("v1/Keys?AccountSid={SUB}",),
    "webhooks": ("v1/Webhooks/Settings", "v1/Webhooks/SharedKeys"),
}
"""Whatever shows what happened."""


def test_no_secret_is_in_any_log_alert_event_or_refusal(world: SyncWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Of tokens, key secrets, shared keys and passwords: they are in the answer that makes them, and nowhere else."""
    caplog.set_level(logging.DEBUG)
    with a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid, friendly_name="k")
        old = world.sub.new_keys.create()
        signing = shared_key(world.sub)
        auth = {"source": "INLINE", "value": {"scheme": "BASIC", "username": "u", "password": "open sesame"}}
        rule(world.sub, setting(world.sub, auth=auth, **signed_with(signing)))
        world.advance(60)
        second = world.sub.accounts.v1.secondary_auth_token().create().secondary_auth_token
        customer.answer("broken", status=500)
        world.say("Hola")
        for client in (
            world.client(key.sid, second, world.sub_sid),
            world.client(world.sub_sid, key.secret),
            world.client(key.sid, key.secret, world.emulator.account_sid),
        ):
            with refused(401, 20003):
                client.messages.list()
        world.client(world.sub_sid, second).accounts.v1.auth_token_promotion().update()
    secrets = [
        world.sub_token,
        world.emulator.auth_token,
        key.secret,
        old.secret,
        signing.secret,
        second,
        "open sesame",
        basic("u:open sesame"),
        TEST.token,
        "main-key-secret",
    ]
    logged = [record for record in caplog.records if "twilio_emulator" in record.name]
    shown = [f"{record.getMessage()} {record.__dict__.get('fields')}" for record in logged]
    for host, paths in _SHOWN.items():
        login = None if host == "emulator" else (world.sub_sid, second)
        shown += [world.raw("GET", f"/{host}/{path.format(SUB=world.sub_sid)}", login).text for path in paths]

    everything = "\n".join(shown)
    assert world.sub_sid in everything
    assert [secret for secret in secrets if secret in everything] == []
