"""Every endpoint, driven by the official SDK and held to the official documents, closed."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import emulator_kit
from tests.contract.emulator_contract import FOLDER, Recorder, Shape
from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.emulator_sync import SyncWorld

pytestmark = emulator_kit.TRANSPORT_WARNINGS

_A = "/2010-04-01/Accounts/{AccountSid}"
_URLS = {
    "sms_url": "https://a.example/sms",
    "sms_fallback_url": "https://a.example/fallback",
    "status_callback": "https://a.example/status",
    "voice_url": "https://a.example/voice",
}
_MESSAGE = {"body": "¡Hola! 👋", "status_callback": "http://127.0.0.1:9/#rc=0"}
drives = DRIVES = Drives()


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


@drives("POST", "api", "/2010-04-01/Accounts.json")
def _(world: SyncWorld) -> None:
    made = world.parent.api.v2010.accounts.create(friendly_name="Ñandú")
    assert (made.friendly_name, made.status) == ("Ñandú", "active")
    assert made.owner_account_sid == world.emulator.account_sid


@drives("GET", "api", "/2010-04-01/Accounts.json")
def _(world: SyncWorld) -> None:
    found = world.parent.api.v2010.accounts.list(friendly_name="tenant", status="active")
    assert [account.sid for account in found] == [world.sub_sid]


@drives("GET", "api", "/2010-04-01/Accounts/{Sid}.json")
def _(world: SyncWorld) -> None:
    assert world.parent.api.v2010.accounts(world.sub_sid).fetch().auth_token == world.sub_token


@drives("POST", "api", "/2010-04-01/Accounts/{Sid}.json")
def _(world: SyncWorld) -> None:
    changed = world.parent.api.v2010.accounts(world.sub_sid).update(status="suspended")
    assert changed.status == "suspended"


@drives("GET", "api", f"{_A}/Balance.json")
def _(world: SyncWorld) -> None:
    assert world.sub.balance.fetch().balance == "100.00"


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers.json")
def _(world: SyncWorld) -> None:
    codes = {country.country_code for country in world.sub.available_phone_numbers.list()}
    assert codes >= {"US", "AR", "BR", "ES", "GB", "MX"}


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}.json")
def _(world: SyncWorld) -> None:
    country = world.sub.available_phone_numbers("US").fetch()
    assert sorted(country.subresource_uris) == ["local", "toll_free"]


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}/Local.json")
def _(world: SyncWorld) -> None:
    found = world.sub.available_phone_numbers("US").local.list(
        area_code=305, sms_enabled=True, in_region="FL", limit=5, page_size=5
    )
    assert all(number.phone_number.startswith("+1305") for number in found)
    assert len(found) == 5


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}/TollFree.json")
def _(world: SyncWorld) -> None:
    assert world.sub.available_phone_numbers("GB").toll_free.list(limit=2)


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}/Mobile.json")
def _(world: SyncWorld) -> None:
    assert world.sub.available_phone_numbers("BR").mobile.list(contains="119****99", limit=2)


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers.json")
def _(world: SyncWorld) -> None:
    bought = world.buy(**_URLS, friendly_name="front desk")
    assert (bought.phone_number, bought.sms_url, bought.sms_method) == (NUMBER, _URLS["sms_url"], "POST")


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers.json")
def _(world: SyncWorld) -> None:
    world.buy()
    found = world.sub.incoming_phone_numbers.list(phone_number=NUMBER, friendly_name="(305) 555-0123")
    assert [number.phone_number for number in found] == [NUMBER]


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/Local.json")
def _(world: SyncWorld) -> None:
    assert world.sub.incoming_phone_numbers.local.create(phone_number=NUMBER).phone_number == NUMBER


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/TollFree.json")
def _(world: SyncWorld) -> None:
    made = world.sub.incoming_phone_numbers.toll_free.create(phone_number="+18005550123")
    assert made.capabilities["sms"]


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/Mobile.json")
def _(world: SyncWorld) -> None:
    made = world.sub.incoming_phone_numbers.mobile.create(phone_number="+34611222333")
    assert made.phone_number == "+34611222333"


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/Local.json")
def _(world: SyncWorld) -> None:
    world.buy()
    assert len(world.sub.incoming_phone_numbers.local.list()) == 1


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/TollFree.json")
def _(world: SyncWorld) -> None:
    world.buy()
    assert world.sub.incoming_phone_numbers.toll_free.list() == []


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/Mobile.json")
def _(world: SyncWorld) -> None:
    assert world.sub.incoming_phone_numbers.mobile.list() == []


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    number = world.buy()
    assert world.sub.incoming_phone_numbers(number.sid).fetch().sid == number.sid


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    number = world.buy(**_URLS)
    changed = world.sub.incoming_phone_numbers(number.sid).update(sms_method="GET", voice_url="")
    assert (changed.sms_method, changed.voice_url, changed.sms_url) == ("GET", "", _URLS["sms_url"])


@drives("DELETE", "api", f"{_A}/IncomingPhoneNumbers/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    number = world.buy()
    assert world.sub.incoming_phone_numbers(number.sid).delete()
    assert world.sub.incoming_phone_numbers.list() == []


def _message(world: SyncWorld, **options: Any) -> Any:
    world.buy()
    made = world.sub.messages.create(to=PHONE, from_=NUMBER, **{**_MESSAGE, **options})
    world.emulator.settle()
    return made


@drives("POST", "api", f"{_A}/Messages.json")
def _(world: SyncWorld) -> None:
    made = _message(world, media_url=["https://a.example/1.png"])
    assert (made.status, made.direction, made.num_media, made.price) == ("queued", "outbound-api", "1", None)


@drives("GET", "api", f"{_A}/Messages.json")
def _(world: SyncWorld) -> None:
    made = _message(world)
    (found,) = world.sub.messages.list(to=PHONE, from_=NUMBER, date_sent_after=made.date_created)
    assert (found.sid, found.status, found.price_unit) == (made.sid, "delivered", "USD")


@drives("GET", "api", f"{_A}/Messages/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    made = _message(world)
    assert world.sub.messages(made.sid).fetch().body == "¡Hola! 👋"


@drives("POST", "api", f"{_A}/Messages/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    made = _message(world)
    assert world.sub.messages(made.sid).update(body="").body == ""


@drives("DELETE", "api", f"{_A}/Messages/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    made = _message(world)
    assert world.sub.messages(made.sid).delete()
    assert world.sub.messages.list() == []


def _key(world: SyncWorld) -> Any:
    return world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid, friendly_name="runtime")


@drives("POST", "iam", "/v1/Keys")
def _(world: SyncWorld) -> None:
    key = _key(world)
    client = world.client(key.sid, key.secret, world.sub_sid)
    assert client.messages.list() == []


@drives("GET", "iam", "/v1/Keys")
def _(world: SyncWorld) -> None:
    key = _key(world)
    (found,) = world.sub.iam.v1.get_api_keys.list(account_sid=world.sub_sid)
    assert (found.sid, found.friendly_name) == (key.sid, "runtime")


@drives("GET", "iam", "/v1/Keys/{Sid}")
def _(world: SyncWorld) -> None:
    key = _key(world)
    assert world.sub.iam.v1.api_key(key.sid).fetch().friendly_name == "runtime"


@drives("POST", "iam", "/v1/Keys/{Sid}")
def _(world: SyncWorld) -> None:
    key = _key(world)
    assert world.sub.iam.v1.api_key(key.sid).update(friendly_name="old").friendly_name == "old"


@drives("DELETE", "iam", "/v1/Keys/{Sid}")
def _(world: SyncWorld) -> None:
    key = _key(world)
    assert world.sub.iam.v1.api_key(key.sid).delete()
    assert world.sub.iam.v1.get_api_keys.list(account_sid=world.sub_sid) == []


@drives("POST", "accounts", "/v1/AuthTokens/Secondary")
def _(world: SyncWorld) -> None:
    made = world.sub.accounts.v1.secondary_auth_token().create()
    assert made.account_sid == world.sub_sid
    assert re.fullmatch("[0-9a-f]{32}", made.secondary_auth_token)


@drives("DELETE", "accounts", "/v1/AuthTokens/Secondary")
def _(world: SyncWorld) -> None:
    world.sub.accounts.v1.secondary_auth_token().create()
    assert world.sub.accounts.v1.secondary_auth_token().delete()


@drives("POST", "accounts", "/v1/AuthTokens/Promote")
def _(world: SyncWorld) -> None:
    made = world.sub.accounts.v1.secondary_auth_token().create()
    promoted = world.sub.accounts.v1.auth_token_promotion().update()
    assert promoted.auth_token == made.secondary_auth_token


@drives("GET", "pricing", "/v1/PhoneNumbers/Countries")
def _(world: SyncWorld) -> None:
    assert "AR" in {found.iso_country for found in world.sub.pricing.v1.phone_numbers.countries.list()}


@drives("GET", "pricing", "/v1/PhoneNumbers/Countries/{IsoCountry}")
def _(world: SyncWorld) -> None:
    prices = world.sub.pricing.v1.phone_numbers.countries("US").fetch().phone_number_prices
    assert {"number_type": "local", "base_price": "1.15", "current_price": "1.15"} in prices


@pytest.mark.parametrize(
    "operation", sorted(DRIVES), ids=lambda operation: f"{operation[1]} {operation[0]} {operation[2]}"
)
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


async def test_the_asynchronous_sdk_works_too() -> None:
    """The SDK's coroutines page, buy and read like its plain methods."""
    async with emulator_kit.a_world() as world:
        await world.buy()
        for _ in range(2):
            await world.sub.iam.v1.new_api_key.create_async(account_sid=world.sub_sid)
        keys = await world.sub.iam.v1.get_api_keys.list_async(account_sid=world.sub_sid, page_size=1)
        numbers = await world.sub.incoming_phone_numbers.list_async()

    assert [number.phone_number for number in numbers] == [NUMBER]
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda body: body.pop("status"), "'status' is a required property"),
        (lambda body: body.update(colour="red"), "'colour' was unexpected"),
        (lambda body: body.update(sid="AC1"), "does not match"),
        (lambda body: body.update(status="happy"), "is not one of"),
        (lambda body: body.update(date_created="2026-11-21"), "is not a 'date-time-rfc-2822'"),
    ],
    ids=["missing", "extra", "pattern", "enum", "date"],
)
def test_the_check_itself_finds_what_is_wrong(world: SyncWorld, change: Any, problem: str) -> None:
    """A property that is missing, extra or malformed is a problem: the contract has teeth."""
    documents, path = Recorder().documents, f"/2010-04-01/Accounts/{world.sub_sid}.json"
    body = world.raw("GET", f"/api{path}", (world.sub_sid, world.sub_token)).json()
    change(body)
    found = documents.find("api", "GET", path)
    assert found is not None

    schema = documents.closed("api", found[1]["responses"]["200"]["content"]["application/json"]["schema"])
    assert any(problem in error for error in Shape(schema).problems(body, "answer"))


def test_the_extracts_name_their_source() -> None:
    """Each extract says which document of which release it was cut from."""
    for path in FOLDER.glob("twilio_*.json"):
        source = json.loads(path.read_text())["x-source"]
        assert source["path"].endswith(path.name)
        assert len(source["sha256"]) == hashlib.sha256().digest_size * 2
