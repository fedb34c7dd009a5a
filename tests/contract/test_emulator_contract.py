"""Every endpoint, driven by the official SDK and held to the official documents, closed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from twilio.rest import Client

from tests.contract.emulator_contract import FOLDER, Recorder
from tests.contract.emulator_kit import NUMBER, PHONE, TRANSPORT_WARNINGS, World, a_world
from twilio_emulator.sdk import EmulatorHttpClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = TRANSPORT_WARNINGS

_A = "/2010-04-01/Accounts/{AccountSid}"
_URLS = {
    "sms_url": "https://a.example/sms",
    "sms_fallback_url": "https://a.example/fallback",
    "status_callback": "https://a.example/status",
    "voice_url": "https://a.example/voice",
}
_MESSAGE = {"body": "¡Hola! 👋", "status_callback": "http://127.0.0.1:9/#rc=0"}
DRIVES: dict[tuple[str, str, str], Any] = {}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An emulator with one subaccount; whatever it answers is checked."""
    async with a_world() as world:
        yield world


def drives(method: str, host: str, path: str) -> Callable[[Any], Any]:
    """Enter a function as what drives an endpoint."""

    def enter(function: Any) -> Any:
        DRIVES[(host, method, path)] = function
        return function

    return enter


@drives("POST", "api", "/2010-04-01/Accounts.json")
async def _(world: World) -> None:
    made = await world.parent.api.v2010.accounts.create_async(friendly_name="Ñandú")
    assert (made.friendly_name, made.status) == ("Ñandú", "active")
    assert made.owner_account_sid == world.emulator.account_sid


@drives("GET", "api", "/2010-04-01/Accounts.json")
async def _(world: World) -> None:
    found = await world.parent.api.v2010.accounts.list_async(friendly_name="tenant", status="active")
    assert [account.sid for account in found] == [world.sub_sid]


@drives("GET", "api", "/2010-04-01/Accounts/{Sid}.json")
async def _(world: World) -> None:
    assert (await world.parent.api.v2010.accounts(world.sub_sid).fetch_async()).auth_token == world.sub_token


@drives("POST", "api", "/2010-04-01/Accounts/{Sid}.json")
async def _(world: World) -> None:
    changed = await world.parent.api.v2010.accounts(world.sub_sid).update_async(status="suspended")
    assert changed.status == "suspended"


@drives("GET", "api", f"{_A}/Balance.json")
async def _(world: World) -> None:
    assert (await world.sub.balance.fetch_async()).balance == "100.00"


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers.json")
async def _(world: World) -> None:
    codes = {country.country_code for country in await world.sub.available_phone_numbers.list_async()}
    assert codes >= {"US", "AR", "BR", "ES", "GB", "MX"}


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}.json")
async def _(world: World) -> None:
    country = await world.sub.available_phone_numbers("US").fetch_async()
    assert sorted(country.subresource_uris) == ["local", "toll_free"]


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}/Local.json")
async def _(world: World) -> None:
    found = await world.sub.available_phone_numbers("US").local.list_async(
        area_code=305, sms_enabled=True, in_region="FL", limit=5, page_size=5
    )
    assert all(number.phone_number.startswith("+1305") for number in found)
    assert len(found) == 5


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}/TollFree.json")
async def _(world: World) -> None:
    assert await world.sub.available_phone_numbers("GB").toll_free.list_async(limit=2)


@drives("GET", "api", f"{_A}/AvailablePhoneNumbers/{{CountryCode}}/Mobile.json")
async def _(world: World) -> None:
    assert await world.sub.available_phone_numbers("BR").mobile.list_async(contains="119****99", limit=2)


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers.json")
async def _(world: World) -> None:
    bought = await world.buy(**_URLS, friendly_name="front desk")
    assert (bought.phone_number, bought.sms_url, bought.sms_method) == (NUMBER, _URLS["sms_url"], "POST")


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers.json")
async def _(world: World) -> None:
    await world.buy()
    found = await world.sub.incoming_phone_numbers.list_async(phone_number=NUMBER, friendly_name="(305) 555-0123")
    assert [number.phone_number for number in found] == [NUMBER]


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/Local.json")
async def _(world: World) -> None:
    assert (await world.sub.incoming_phone_numbers.local.create_async(phone_number=NUMBER)).phone_number == NUMBER


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/TollFree.json")
async def _(world: World) -> None:
    made = await world.sub.incoming_phone_numbers.toll_free.create_async(phone_number="+18005550123")
    assert made.capabilities["sms"]


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/Mobile.json")
async def _(world: World) -> None:
    made = await world.sub.incoming_phone_numbers.mobile.create_async(phone_number="+34611222333")
    assert made.phone_number == "+34611222333"


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/Local.json")
async def _(world: World) -> None:
    await world.buy()
    assert len(await world.sub.incoming_phone_numbers.local.list_async()) == 1


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/TollFree.json")
async def _(world: World) -> None:
    await world.buy()
    assert await world.sub.incoming_phone_numbers.toll_free.list_async() == []


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/Mobile.json")
async def _(world: World) -> None:
    assert await world.sub.incoming_phone_numbers.mobile.list_async() == []


@drives("GET", "api", f"{_A}/IncomingPhoneNumbers/{{Sid}}.json")
async def _(world: World) -> None:
    number = await world.buy()
    assert (await world.sub.incoming_phone_numbers(number.sid).fetch_async()).sid == number.sid


@drives("POST", "api", f"{_A}/IncomingPhoneNumbers/{{Sid}}.json")
async def _(world: World) -> None:
    number = await world.buy(**_URLS)
    changed = await world.sub.incoming_phone_numbers(number.sid).update_async(sms_method="GET", voice_url="")
    assert (changed.sms_method, changed.voice_url, changed.sms_url) == ("GET", "", _URLS["sms_url"])


@drives("DELETE", "api", f"{_A}/IncomingPhoneNumbers/{{Sid}}.json")
async def _(world: World) -> None:
    number = await world.buy()
    assert await world.sub.incoming_phone_numbers(number.sid).delete_async()
    assert await world.sub.incoming_phone_numbers.list_async() == []


async def _message(world: World, **options: Any) -> Any:
    await world.buy()
    made = await world.sub.messages.create_async(to=PHONE, from_=NUMBER, **{**_MESSAGE, **options})
    await world.emulator.admin.deliveries(wait=10, count=3)
    return made


@drives("POST", "api", f"{_A}/Messages.json")
async def _(world: World) -> None:
    made = await _message(world, media_url=["https://a.example/1.png"])
    assert (made.status, made.direction, made.num_media, made.price) == ("queued", "outbound-api", "1", None)


@drives("GET", "api", f"{_A}/Messages.json")
async def _(world: World) -> None:
    made = await _message(world)
    (found,) = await world.sub.messages.list_async(to=PHONE, from_=NUMBER, date_sent_after=made.date_created)
    assert (found.sid, found.status, found.price_unit) == (made.sid, "delivered", "USD")


@drives("GET", "api", f"{_A}/Messages/{{Sid}}.json")
async def _(world: World) -> None:
    made = await _message(world)
    assert (await world.sub.messages(made.sid).fetch_async()).body == "¡Hola! 👋"


@drives("POST", "api", f"{_A}/Messages/{{Sid}}.json")
async def _(world: World) -> None:
    made = await _message(world)
    assert (await world.sub.messages(made.sid).update_async(body="")).body == ""


@drives("DELETE", "api", f"{_A}/Messages/{{Sid}}.json")
async def _(world: World) -> None:
    made = await _message(world)
    assert await world.sub.messages(made.sid).delete_async()
    assert await world.sub.messages.list_async() == []


async def _key(world: World) -> Any:
    return await world.sub.iam.v1.new_api_key.create_async(account_sid=world.sub_sid, friendly_name="runtime")


@drives("POST", "iam", "/v1/Keys")
async def _(world: World) -> None:
    key = await _key(world)
    client = world.client(key.sid, key.secret, world.sub_sid)
    assert await client.messages.list_async() == []


@drives("GET", "iam", "/v1/Keys")
async def _(world: World) -> None:
    key = await _key(world)
    (found,) = await world.sub.iam.v1.get_api_keys.list_async(account_sid=world.sub_sid)
    assert (found.sid, found.friendly_name) == (key.sid, "runtime")


@drives("GET", "iam", "/v1/Keys/{Sid}")
async def _(world: World) -> None:
    key = await _key(world)
    assert (await world.sub.iam.v1.api_key(key.sid).fetch_async()).friendly_name == "runtime"


@drives("POST", "iam", "/v1/Keys/{Sid}")
async def _(world: World) -> None:
    key = await _key(world)
    assert (await world.sub.iam.v1.api_key(key.sid).update_async(friendly_name="old")).friendly_name == "old"


@drives("DELETE", "iam", "/v1/Keys/{Sid}")
async def _(world: World) -> None:
    key = await _key(world)
    assert await world.sub.iam.v1.api_key(key.sid).delete_async()
    assert await world.sub.iam.v1.get_api_keys.list_async(account_sid=world.sub_sid) == []


@drives("POST", "accounts", "/v1/AuthTokens/Secondary")
async def _(world: World) -> None:
    made = await world.sub.accounts.v1.secondary_auth_token().create_async()
    assert made.account_sid == world.sub_sid
    assert re.fullmatch("[0-9a-f]{32}", made.secondary_auth_token)


@drives("DELETE", "accounts", "/v1/AuthTokens/Secondary")
async def _(world: World) -> None:
    await world.sub.accounts.v1.secondary_auth_token().create_async()
    assert await world.sub.accounts.v1.secondary_auth_token().delete_async()


@drives("POST", "accounts", "/v1/AuthTokens/Promote")
async def _(world: World) -> None:
    made = await world.sub.accounts.v1.secondary_auth_token().create_async()
    promoted = await world.sub.accounts.v1.auth_token_promotion().update_async()
    assert promoted.auth_token == made.secondary_auth_token


@drives("GET", "pricing", "/v1/PhoneNumbers/Countries")
async def _(world: World) -> None:
    assert "AR" in {found.iso_country for found in await world.sub.pricing.v1.phone_numbers.countries.list_async()}


@drives("GET", "pricing", "/v1/PhoneNumbers/Countries/{IsoCountry}")
async def _(world: World) -> None:
    prices = (await world.sub.pricing.v1.phone_numbers.countries("US").fetch_async()).phone_number_prices
    assert {"number_type": "local", "base_price": "1.15", "current_price": "1.15"} in prices


@pytest.mark.parametrize(
    "operation", sorted(DRIVES), ids=lambda operation: f"{operation[1]} {operation[0]} {operation[2]}"
)
async def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: World, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    await DRIVES[operation](world)

    assert operation in world.recorder.served
    assert world.recorder.problems == []


async def test_the_synchronous_sdk_works_too(world: World) -> None:
    """The plain SDK with a subclassed HTTP client pages, buys and reads like the asynchronous one."""
    http = EmulatorHttpClient(world.emulator.base_url)
    client = Client(world.sub_sid, world.sub_token, http_client=http)

    def act() -> list[str]:
        client.incoming_phone_numbers.create(phone_number=NUMBER)
        client.iam.v1.new_api_key.create(account_sid=world.sub_sid)
        client.iam.v1.new_api_key.create(account_sid=world.sub_sid)
        keys = client.iam.v1.get_api_keys.list(account_sid=world.sub_sid, page_size=1)
        return [*(number.phone_number for number in client.incoming_phone_numbers.list()), str(len(keys))]

    found = await asyncio.to_thread(act)
    http.session.close()

    assert found == [NUMBER, "2"]


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
async def test_the_check_itself_finds_what_is_wrong(world: World, change: Any, problem: str) -> None:
    """A property that is missing, extra or malformed is a problem: the contract has teeth."""
    documents = Recorder().documents
    _, body = await world.raw("GET", f"/api/2010-04-01/Accounts/{world.sub_sid}.json", (world.sub_sid, world.sub_token))
    change(body)
    found = documents.find("api", "GET", f"/2010-04-01/Accounts/{world.sub_sid}.json")
    assert found is not None

    from tests.contract.emulator_contract import _errors  # noqa: PLC0415

    schema = documents.closed("api", found[1]["responses"]["200"]["content"]["application/json"]["schema"])
    assert any(problem in error for error in _errors(schema, body, "answer"))


def test_the_extracts_name_their_source() -> None:
    """Each extract says which document of which release it was cut from."""
    for path in FOLDER.glob("twilio_*.json"):
        source = json.loads(path.read_text())["x-source"]
        assert source["path"].endswith(path.name)
        assert len(source["sha256"]) == hashlib.sha256().digest_size * 2
