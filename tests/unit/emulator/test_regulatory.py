"""The rules of addresses and regulations, and where a number's messages and calls go, without a running emulator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from twilio_emulator.clock import VirtualClock
from twilio_emulator.core import Core
from twilio_emulator.errors import ApiError
from twilio_emulator.models import NumberConfig, Record
from twilio_emulator.numbering.plan import COUNTRIES, Place, locate
from twilio_emulator.numbering.routing import APPLICATION, Target, message_target, voice_target
from twilio_emulator.numbering.transfer import left_behind
from twilio_emulator.regulatory.addresses import checked, satisfies
from twilio_emulator.regulatory.regulations import all_regulations, find_regulation, number_type_of, regulation_for
from twilio_emulator.settings import Settings
from twilio_emulator.sids import SidFactory, is_sid
from twilio_emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_emulator.models import Number

ACCOUNT = "AC" + "1" * 32
SMS, VOICE, STATUS = "https://a.example/sms", "https://a.example/voice", "https://a.example/status"


def an_address(country: str, city: str = "Madrid") -> Record:
    """Return an address of somebody."""
    data = {"iso_country": country, "city": city}
    return Record(
        seq=1,
        kind="address",
        sid="AD" + "0" * 32,
        account_sid=ACCOUNT,
        parent_sid="",
        key="",
        status="",
        data=data,
        created=0.0,
        updated=0.0,
        next_at=None,
    )


def a_place(asked: str, number: str = "+34911234567") -> Place:
    """Return where a number belongs whose kind asks for an address."""
    place = locate(number)
    assert place is not None
    return replace(place, type=replace(place.type, address=asked))


@pytest.mark.parametrize(
    ("asked", "country", "city", "good"),
    [
        ("none", "US", "Miami", True),
        ("any", "US", "Miami", True),
        ("local", "ES", "madrid", True),
        ("local", "ES", " MADRÍD ", True),
        ("local", "ES", "Sevilla", False),
        ("local", "US", "Madrid", False),
        ("foreign", "US", "Miami", True),
        ("foreign", "ES", "Madrid", False),
    ],
)
def test_an_address_is_judged_by_what_the_number_asks_for(asked: str, country: str, city: str, good: bool) -> None:
    """Accents, capitals and blanks do not count."""
    assert satisfies(an_address(country, city), a_place(asked)) == good


def test_a_local_address_for_a_number_of_no_town_may_be_anywhere_in_the_country() -> None:
    """Spanish mobile numbers belong to no town."""
    place = a_place("local", "+34611222333")
    assert satisfies(an_address("ES", "Sevilla"), place)
    assert not satisfies(an_address("PT", "Lisboa"), place)


@pytest.mark.parametrize(
    ("country", "code", "good"),
    [
        ("US", "33132", True),
        ("US", "33132-1234", True),
        ("US", "3313", False),
        ("CA", "m5h 2n2", True),
        ("CA", "12345", False),
        ("GB", "wc2n  5hr", True),
        ("GB", "5HR", False),
    ],
)
def test_an_emergency_addresss_postal_code_has_its_countrys_form(country: str, code: str, good: bool) -> None:
    """Written in capitals and with single blanks."""
    data = {
        "iso_country": country,
        "emergency_enabled": True,
        "customer_name": "A",
        "street": "1 B",
        "city": "C",
        "region": "ON",
        "postal_code": code,
    }
    try:
        found: Any = checked(data, may_correct=True)
    except ApiError as error:
        found = error.code
    assert found == 21628 if not good else found["postal_code"] == " ".join(code.upper().split())


def test_there_is_one_regulation_for_each_kind_that_needs_a_bundle_and_each_end_user() -> None:
    """Each has a SID of its own, the same in every emulator."""
    regulations = all_regulations()
    kinds = [(country, kind) for country in COUNTRIES.values() for kind in country.types if kind.needs_bundle]
    assert len(regulations) == 2 * len(kinds)
    assert len({regulation.sid for regulation in regulations}) == len(regulations)
    assert all(
        is_sid(regulation.sid, "RN") and find_regulation(regulation.sid) is regulation for regulation in regulations
    )
    assert all(regulation_for(found.country, found.kind, found.end_user_type) is found for found in regulations)


def test_nothing_is_regulated_in_north_america() -> None:
    """What a test buys there needs neither address nor bundle."""
    for code in ("US", "CA"):
        assert all(kind.address == "none" and not kind.needs_bundle for kind in COUNTRIES[code].types)


@pytest.mark.parametrize("text", ["", "satellite", "toll_free", "LOCAL"])
def test_an_unknown_kind_of_number_is_22200(text: str) -> None:
    """And names its parameter."""
    with pytest.raises(ApiError, match="NumberType") as caught:
        number_type_of(text)
    assert caught.value.code == 22200


@pytest.fixture
def core() -> Iterator[Core]:
    """An emulator's insides with one account, in memory."""
    settings = Settings(account_sid=ACCOUNT, auth_token="0" * 32)
    store = Store(None)
    core = Core(settings=settings, store=store, clock=VirtualClock(), sids=SidFactory())
    core.seed()
    yield core
    store.close()


def a_number(core: Core, **config: Any) -> Number:
    """Return a number with this configuration."""
    return core.store.numbers.add(
        sid="PN" + "0" * 32,
        account_sid=ACCOUNT,
        phone_number="+13055550123",
        country="US",
        kind="local",
        friendly_name="",
        config=NumberConfig(**config),
        now=0.0,
    )


def an_application(core: Core, account_sid: str = ACCOUNT, **settings: Any) -> str:
    """Return the SID of an application with these settings."""
    sid = core.sids.sid("AP")
    core.store.records.add(APPLICATION, sid=sid, account_sid=account_sid, data=settings, now=0.0)
    return sid


def test_without_application_a_number_goes_by_its_own_urls(core: Core) -> None:
    """Its status callback is for calls only."""
    number = a_number(core, sms_url=SMS, sms_method="GET", voice_url=VOICE, status_callback=STATUS)
    assert message_target(core, number) == Target(url=SMS, method="GET")
    assert voice_target(core, number) == Target(url=VOICE, status_callback=STATUS)


def test_an_applications_urls_replace_the_numbers_own(core: Core) -> None:
    """Also where it has none."""
    application = an_application(core, sms_url=SMS, message_status_callback=STATUS)
    number = a_number(
        core, sms_url="https://own.example/", sms_application_sid=application, voice_application_sid=application
    )
    assert message_target(core, number) == Target(url=SMS, status_callback=STATUS)
    assert voice_target(core, number) == Target()


def test_an_application_of_another_account_is_none(core: Core) -> None:
    """It may have stayed behind when the number moved."""
    number = a_number(core, sms_application_sid=an_application(core, "AC" + "2" * 32, sms_url=SMS))
    assert message_target(core, number) == Target()


def test_a_trunk_takes_the_calls_and_not_the_messages(core: Core) -> None:
    """Nobody is asked for TwiML."""
    trunk = "TK" + "0" * 32
    number = a_number(core, sms_url=SMS, voice_url=VOICE, trunk_sid=trunk)
    assert voice_target(core, number) == Target(trunk_sid=trunk)
    assert message_target(core, number).url == SMS


def test_what_belongs_to_the_losing_account_is_left_behind() -> None:
    """Unless the same call names another."""
    before = NumberConfig(sms_url=SMS, bundle_sid="BU1", address_sid="AD1", voice_application_sid="AP1")
    after = left_behind(before, replace(before, bundle_sid="BU2"))
    assert after == NumberConfig(sms_url=SMS, bundle_sid="BU2")
