"""Addresses, applications, and what becomes of a number: found, bought, configured, moved, released, bought again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, SyncWorld, a_customer, a_world, refused
from tests.contract.regulatory_kit import (
    AR_FREE,
    BR_MOBILE,
    ES_LOCAL,
    GB_LOCAL,
    GB_MOBILE,
    address,
    admin,
    bundle,
    submitted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REVIEW = 60.0
TEN_DAYS = 10 * 86_400
_A = "/2010-04-01/Accounts/{AccountSid}"
drives = DRIVES = Drives("api", _A)
_URL = "https://a.example/hook"


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator in which each step of a review takes a minute; whatever it answers is checked."""
    with a_world(review_delay=REVIEW) as world:
        yield world


def sibling(world: SyncWorld) -> Any:
    """Make another subaccount and return its client; ``account_sid`` is its SID."""
    made = world.parent.api.v2010.accounts.create(friendly_name="sibling")
    return world.client(made.sid, made.auth_token)


def approved(world: SyncWorld, client: Any, country: str = "ES", number_type: str = "local") -> str:
    """Have a bundle approved and return its SID."""
    made = submitted(client, country, number_type)
    world.advance(2 * REVIEW)
    return str(made.sid)


def move(world: SyncWorld, number: Any, target: str, **more: Any) -> Any:
    """Move a number of the subaccount by the parent's token."""
    numbers = world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers
    return numbers(number.sid).update(account_sid=target, **more)


# --------------------------------------------------------------------------------------------------- one drive each


@drives("POST", "/Addresses.json")
def _(world: SyncWorld) -> None:
    made = address(world.sub, friendly_name="shop", street_secondary="2nd floor")
    assert (made.city, made.iso_country, made.street_secondary) == ("Miami", "US", "2nd floor")
    assert (made.validated, made.verified, made.emergency_enabled) == (False, False, False)


@drives("GET", "/Addresses.json")
def _(world: SyncWorld) -> None:
    home = address(world.sub, "ES", friendly_name="home", customer_name="Ana")
    shop = address(world.sub, friendly_name="shop", emergency_enabled=True)
    addresses = world.sub.addresses
    assert [found.sid for found in addresses.list(page_size=1)] == [shop.sid, home.sid]
    assert [found.sid for found in addresses.list(customer_name="Ana", friendly_name="home")] == [home.sid]
    assert [found.sid for found in addresses.list(iso_country="US")] == [shop.sid]
    assert [found.sid for found in addresses.list(emergency_enabled=False)] == [home.sid]


@drives("GET", "/Addresses/{Sid}.json")
def _(world: SyncWorld) -> None:
    assert world.sub.addresses(address(world.sub).sid).fetch().postal_code == "33132"


@drives("POST", "/Addresses/{Sid}.json")
def _(world: SyncWorld) -> None:
    changed = world.sub.addresses(address(world.sub).sid).update(street="2 Biscayne Blvd", friendly_name="shop")
    assert (changed.street, changed.friendly_name, changed.city) == ("2 Biscayne Blvd", "shop", "Miami")


@drives("DELETE", "/Addresses/{Sid}.json")
def _(world: SyncWorld) -> None:
    assert world.sub.addresses(address(world.sub).sid).delete()
    assert world.sub.addresses.list() == []


@drives("GET", "/Addresses/{AddressSid}/DependentPhoneNumbers.json")
def _(world: SyncWorld) -> None:
    where = address(world.sub, "AR")
    bought = world.buy(AR_FREE, address_sid=where.sid)
    world.buy()
    assert [found.sid for found in world.sub.addresses(where.sid).dependent_phone_numbers.list()] == [bought.sid]


@drives("POST", "/Applications.json")
def _(world: SyncWorld) -> None:
    made = world.sub.applications.create(
        friendly_name="bot", sms_url=_URL, sms_method="GET", voice_caller_id_lookup=True, message_status_callback=_URL
    )
    assert (made.sms_url, made.sms_method, made.voice_url, made.voice_caller_id_lookup) == (_URL, "GET", None, True)


@drives("GET", "/Applications.json")
def _(world: SyncWorld) -> None:
    first = world.sub.applications.create(friendly_name="bot")
    second = world.sub.applications.create()
    assert [found.sid for found in world.sub.applications.list(page_size=1)] == [second.sid, first.sid]
    assert [found.sid for found in world.sub.applications.list(friendly_name="bot")] == [first.sid]


@drives("GET", "/Applications/{Sid}.json")
def _(world: SyncWorld) -> None:
    made = world.sub.applications.create(friendly_name="bot")
    assert world.sub.applications(made.sid).fetch().friendly_name == "bot"


@drives("POST", "/Applications/{Sid}.json")
def _(world: SyncWorld) -> None:
    made = world.sub.applications.create(friendly_name="bot", voice_url=_URL, sms_url=_URL)
    changed = world.sub.applications(made.sid).update(
        sms_url="", voice_fallback_url=_URL, public_application_connect_enabled=True, friendly_name="b"
    )
    assert (changed.sms_url, changed.voice_url, changed.voice_fallback_url, changed.friendly_name) == (
        None,
        _URL,
        _URL,
        "b",
    )


@drives("DELETE", "/Applications/{Sid}.json")
def _(world: SyncWorld) -> None:
    made = world.sub.applications.create(friendly_name="bot")
    assert world.sub.applications(made.sid).delete()
    assert world.sub.applications.list() == []


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=" ".join)
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


# ------------------------------------------------------------------------------------------- applications of numbers


def test_with_an_application_the_numbers_own_urls_count_for_nothing(world: SyncWorld) -> None:
    """Also when they are set afterwards by the application itself."""
    with a_customer(world.emulator) as customer:
        application = world.sub.applications.create(sms_url=f"{customer.url}/application")
        number = world.buy(sms_application_sid=application.sid)
        world.say("one")
        world.sub.applications(application.sid).update(sms_url=f"{customer.url}/elsewhere")
        world.say("two")
        assert world.sub.incoming_phone_numbers(number.sid).fetch().sms_url == ""
        assert [request.path for request in customer.seen] == ["/application", "/elsewhere"]


def test_a_deleted_application_is_taken_off_its_numbers(world: SyncWorld) -> None:
    """As Twilio documents it."""
    application = world.sub.applications.create(sms_url=_URL)
    number = world.buy(sms_application_sid=application.sid, voice_application_sid=application.sid)
    world.sub.applications(application.sid).delete()
    found = world.sub.incoming_phone_numbers(number.sid).fetch()
    assert (found.sms_application_sid, found.voice_application_sid) == (None, None)


# --------------------------------------------------------------------------------------------------- the inventory


@pytest.mark.parametrize(
    ("country", "kind", "filters", "offered"),
    [
        ("ES", "local", {}, True),
        ("ES", "local", {"exclude_local_address_required": True}, False),
        ("ES", "local", {"exclude_foreign_address_required": True}, True),
        ("ES", "local", {"exclude_all_address_required": True}, False),
        ("GB", "local", {"exclude_all_address_required": True}, False),
        ("GB", "local", {"exclude_local_address_required": True}, True),
        ("GB", "mobile", {"exclude_all_address_required": True}, True),
        ("US", "local", {"exclude_all_address_required": True, "beta": False}, True),
        ("BR", "mobile", {"beta": True}, True),
        ("BR", "mobile", {"beta": False}, False),
    ],
)
def test_a_search_leaves_out_what_is_excluded(
    world: SyncWorld, country: str, kind: str, filters: dict[str, bool], offered: bool
) -> None:
    """By the address that a number asks for, and new kinds of number."""
    found = getattr(world.sub.available_phone_numbers(country), kind).list(limit=3, **filters)
    assert bool(found) == offered


@pytest.mark.parametrize(
    ("country", "kind", "asked"),
    [
        ("US", "local", "none"),
        ("CA", "local", "none"),
        ("AR", "local", "none"),
        ("AR", "toll_free", "any"),
        ("BR", "local", "local"),
        ("ES", "local", "local"),
        ("GB", "local", "any"),
        ("GB", "mobile", "none"),
        ("MX", "local", "local"),
    ],
)
def test_a_search_says_which_address_is_asked_for(world: SyncWorld, country: str, kind: str, asked: str) -> None:
    """Nothing in North America."""
    (found,) = getattr(world.sub.available_phone_numbers(country), kind).list(limit=1, page_size=1)
    assert found.address_requirements == asked


def test_new_kinds_of_number_can_be_left_out_of_the_account_s_list(world: SyncWorld) -> None:
    """``Beta`` false leaves them out, true does not."""
    identity = admin(world, "/identities", account=world.sub_sid, country="BR")[1]["sid"]
    world.buy(BR_MOBILE, identity_sid=identity)
    world.buy()
    numbers = world.sub.incoming_phone_numbers
    assert [found.phone_number for found in numbers.list(beta=False)] == [NUMBER]
    assert len(numbers.list(beta=True, origin="twilio")) == 2
    assert numbers.list(origin="hosted") == []


# ------------------------------------------------------------------------------------- what is asked of an owner


def test_each_refusal_hides_the_next_until_nothing_is_missing(world: SyncWorld) -> None:
    """Address, its place, bundle: as buyers of Irish and British numbers report."""
    with refused(400, 21631, "AddressSid"):
        world.buy(ES_LOCAL)
    elsewhere = address(world.sub, "ES", city="Barcelona")
    with refused(400, 21615, "Madrid"):
        world.buy(ES_LOCAL, address_sid=elsewhere.sid)
    here = address(world.sub, "ES", city="MADRID ")
    with refused(400, 21649, "country: [ES] and numberType: [LOCAL]"):
        world.buy(ES_LOCAL, address_sid=here.sid)
    bundle_sid = approved(world, world.sub)
    bought = world.buy(ES_LOCAL, address_sid=here.sid, bundle_sid=bundle_sid)
    assert (bought.address_sid, bought.bundle_sid) == (here.sid, bundle_sid)


def test_no_address_asked_for_is_not_no_bundle_asked_for(world: SyncWorld) -> None:
    """A British mobile number says ``none`` and still needs a bundle."""
    with refused(400, 21649, "numberType: [MOBILE]"):
        world.buy(GB_MOBILE)
    bought = world.buy(GB_MOBILE, bundle_sid=approved(world, world.sub, "GB", "mobile"))
    assert bought.address_requirements == "none"


def test_an_identity_is_asked_for_and_must_be_verified(world: SyncWorld) -> None:
    """Identity documents come by the Console, which the admin API stands for."""
    with refused(400, 21650, "IdentitySid"):
        world.buy(BR_MOBILE)
    pending = admin(world, "/identities", account=world.sub_sid, country="BR", status="pending")[1]["sid"]
    with refused(400, 21650, "pending"):
        world.buy(BR_MOBILE, identity_sid=pending)
    passed = admin(world, "/identities", account=world.sub_sid, country="BR")[1]["sid"]
    assert world.buy(BR_MOBILE, identity_sid=passed).identity_sid == passed


def test_what_a_number_needs_can_be_exchanged_but_not_taken_away(world: SyncWorld) -> None:
    """Other changes do not ask again: the bundle may have been rejected meanwhile."""
    bundle_sid = approved(world, world.sub)
    first, second = address(world.sub, "ES"), address(world.sub, "ES", street="Gran Vía 2")
    number = world.buy(ES_LOCAL, address_sid=first.sid, bundle_sid=bundle_sid)
    change = world.sub.incoming_phone_numbers(number.sid)
    assert change.update(address_sid=second.sid).address_sid == second.sid
    for missing, code in (({"address_sid": ""}, 21631), ({"bundle_sid": ""}, 21649)):
        with refused(400, code):
            change.update(**missing)

    admin(world, f"/bundles/{bundle_sid}/decision", status="twilio-rejected")
    assert change.update(sms_url=_URL).bundle_sid == bundle_sid


# --------------------------------------------------------------------------------------------------- transfers


def test_a_move_takes_urls_along_and_leaves_the_rest_behind(world: SyncWorld) -> None:
    """Applications belong to the losing account; the SID of the number stays."""
    other = sibling(world)
    application = world.sub.applications.create(sms_url=_URL)
    number = world.buy(sms_application_sid=application.sid, voice_url=_URL)
    moved = move(world, number, other.account_sid)

    assert (moved.sid, moved.account_sid, moved.voice_url) == (number.sid, other.account_sid, _URL)
    assert moved.sms_application_sid is None
    assert world.sub.incoming_phone_numbers.list() == []
    assert [found.sid for found in other.incoming_phone_numbers.list()] == [number.sid]


def test_a_move_asks_for_address_and_bundle_of_the_gaining_account(world: SyncWorld) -> None:
    """Those of the losing account do not do; a cloned bundle does."""
    other = sibling(world)
    bundle_sid = approved(world, world.sub)
    number = world.buy(ES_LOCAL, address_sid=address(world.sub, "ES").sid, bundle_sid=bundle_sid)
    with refused(400, 21613, "AddressSid"):
        move(world, number, other.account_sid)
    with refused(400, 21631, "AddressSid"):
        move(world, number, other.account_sid, address_sid=address(world.sub, "ES").sid)
    here = address(other, "ES")
    with refused(400, 21649, "BundleSid"):
        move(world, number, other.account_sid, address_sid=here.sid)

    copy = world.sub.numbers.v2.bundle_clone(bundle_sid).create(target_account_sid=other.account_sid)
    moved = move(world, number, other.account_sid, address_sid=here.sid, bundle_sid=copy.bundle_sid)
    assert (moved.account_sid, moved.address_sid, moved.bundle_sid) == (other.account_sid, here.sid, copy.bundle_sid)


# ----------------------------------------------------------------------------------- emergency addresses and release


def test_a_number_with_an_emergency_address_is_not_released(world: SyncWorld) -> None:
    """Nor while the address is being registered or taken back."""
    number = world.buy()
    resource = world.sub.incoming_phone_numbers(number.sid)
    where = address(world.sub, emergency_enabled=True)
    assert resource.update(emergency_address_sid=where.sid).emergency_address_status == "pending-registration"
    world.advance(REVIEW)
    assert resource.fetch().emergency_address_status == "registered"
    with refused(400, 21631, "EmergencyAddressSid"):
        resource.delete()
    with refused(400, 21631, "EmergencyAddressSid"):
        move(world, number, sibling(world).account_sid)

    cleared = resource.update(emergency_address_sid="")
    assert (cleared.emergency_address_sid, cleared.emergency_address_status) == (None, "pending-unregistration")
    with refused(400, 21631, "EmergencyAddressSid"):
        resource.delete()
    world.advance(REVIEW)
    assert resource.fetch().emergency_address_status == "unregistered"
    assert resource.delete()


def test_a_released_number_is_nobodys_for_ten_days_and_then_anybodys(world: SyncWorld) -> None:
    """21422 also for the account that released it; the search does not show it."""
    number = world.buy()
    world.sub.incoming_phone_numbers(number.sid).delete()
    for client in (world.sub, world.parent):
        with refused(400, 21422, NUMBER):
            client.incoming_phone_numbers.create(phone_number=NUMBER)
    offers = world.sub.available_phone_numbers("US").local
    assert offers.list(contains=NUMBER) == []

    world.advance(TEN_DAYS + 1)
    assert [found.phone_number for found in offers.list(contains=NUMBER)] == [NUMBER]
    assert world.parent.incoming_phone_numbers.create(phone_number=NUMBER).phone_number == NUMBER


def test_the_console_gives_a_released_number_back_to_its_last_owner(world: SyncWorld) -> None:
    """Under a new SID and without its configuration."""
    number = world.buy(sms_url=_URL)
    world.sub.incoming_phone_numbers(number.sid).delete()
    code, answer = admin(world, f"/numbers/{NUMBER}/restore")
    assert (code, answer["account"]) == (201, world.sub_sid)
    found = world.sub.incoming_phone_numbers(answer["sid"]).fetch()
    assert (found.phone_number, found.sms_url) == (NUMBER, "")
    assert admin(world, f"/numbers/{NUMBER}/restore")[0] == 404


def test_the_console_gives_nothing_back_after_ten_days_nor_to_a_closed_account(world: SyncWorld) -> None:
    """Closing an account releases its numbers."""
    number = world.buy()
    world.sub.incoming_phone_numbers(number.sid).delete()
    world.advance(TEN_DAYS + 1)
    assert admin(world, f"/numbers/{NUMBER}/restore")[0] == 404

    world.buy()
    world.parent.api.v2010.accounts(world.sub_sid).update(status="closed")
    assert admin(world, f"/numbers/{NUMBER}/restore")[0] == 409
    with refused(400, 21422, NUMBER):
        world.parent.incoming_phone_numbers.create(phone_number=NUMBER)


# ------------------------------------------------------------------------------------------------- addresses


def test_an_emergency_address_is_validated_and_put_right(world: SyncWorld) -> None:
    """Unless the caller forbids that: then the right spelling is suggested."""
    found = address(world.sub, region="fl", city=" Miami ", emergency_enabled=True)
    assert (found.region, found.city, found.validated) == ("FL", "Miami", True)
    with refused(400, 21629, "FL"):
        address(world.sub, region="fl", emergency_enabled=True, auto_correct_address=False)


def test_an_address_that_numbers_need_is_not_deleted(world: SyncWorld) -> None:
    """It can be once the number is gone."""
    where = address(world.sub, "AR")
    number = world.buy(AR_FREE, address_sid=where.sid)
    with refused(400, 20001, "AddressSid"):
        world.sub.addresses(where.sid).delete()
    world.sub.incoming_phone_numbers(number.sid).delete()
    assert world.sub.addresses(where.sid).delete()


# ------------------------------------------------------------------------------------------------- the refusals


def _buy(phone_number: str, **config: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        world.buy(phone_number, **config)

    return act


def _configure(**config: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        world.sub.incoming_phone_numbers(world.buy().sid).update(**config)

    return act


def _address(country: str = "US", **changes: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        address(world.sub, country, **changes)

    return act


def _application(**config: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        world.sub.applications.create(**config)

    return act


def _buy_with(number: str, make: Callable[[SyncWorld], dict[str, Any]]) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        world.buy(number, **make(world))

    return act


def _home(world: SyncWorld) -> dict[str, Any]:
    return {"address_sid": address(world.sub, "ES").sid}


def _emergency(number: str, country: str, **changes: Any) -> Callable[[SyncWorld], None]:
    return _buy_with(number, lambda world: {"emergency_address_sid": address(world.sub, country, **changes).sid})


def _exchange_emergency(world: SyncWorld) -> None:
    first, second = (address(world.sub, emergency_enabled=True).sid for _ in range(2))
    number = world.buy(emergency_address_sid=first)
    world.sub.incoming_phone_numbers(number.sid).update(emergency_address_sid=second)


def _move_to(target: Callable[[SyncWorld], str]) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        move(world, world.buy(), target(world))

    return act


def _suspended(world: SyncWorld) -> str:
    other = sibling(world)
    world.parent.api.v2010.accounts(other.account_sid).update(status="suspended")
    return str(other.account_sid)


def _move_by_the_sub(world: SyncWorld) -> None:
    other = sibling(world)
    world.sub.incoming_phone_numbers(world.buy().sid).update(account_sid=other.account_sid)


def _foreign_application(world: SyncWorld) -> dict[str, Any]:
    return {"sms_application_sid": world.parent.applications.create(friendly_name="p").sid}


def _identity_of(country: str, status: str, owner: str = "sub") -> Callable[[SyncWorld], dict[str, Any]]:
    def make(world: SyncWorld) -> dict[str, Any]:
        account = world.sub_sid if owner == "sub" else world.emulator.account_sid
        return {"identity_sid": admin(world, "/identities", account=account, country=country, status=status)[1]["sid"]}

    return make


NOBODY = "AD" + "0" * 32
REFUSALS: dict[str, tuple[Callable[[SyncWorld], Any], int, int, str]] = {
    # what the law asks for
    "no address": (_buy(AR_FREE), 400, 21631, "AddressSid"),
    "an address of nobody": (_buy(AR_FREE, address_sid=NOBODY), 400, 21631, NOBODY),
    "an address of the parent": (
        _buy_with(AR_FREE, lambda world: {"address_sid": address(world.parent, "AR").sid}),
        400,
        21631,
        "AddressSid",
    ),
    "an address of nobody that nobody asked for": (_buy(NUMBER, address_sid=NOBODY), 400, 21631, "AddressSid"),
    "an address of another country": (
        _buy_with(ES_LOCAL, lambda world: {"address_sid": address(world.sub).sid}),
        400,
        21615,
        "Madrid",
    ),
    "an address of another town": (
        _buy_with(ES_LOCAL, lambda world: {"address_sid": address(world.sub, "ES", city="Sevilla").sid}),
        400,
        21615,
        "Madrid",
    ),
    "no bundle": (_buy_with(ES_LOCAL, _home), 400, 21649, "BundleSid"),
    "no bundle for any address": (
        _buy_with(GB_LOCAL, lambda world: {"address_sid": address(world.sub, "GB").sid}),
        400,
        21649,
        "[GB]",
    ),
    "a bundle of nobody": (_buy(GB_MOBILE, bundle_sid="BU" + "0" * 32), 400, 21649, "BundleSid"),
    "a bundle of the parent": (
        _buy_with(GB_MOBILE, lambda world: {"bundle_sid": approved(world, world.parent, "GB", "mobile")}),
        400,
        21649,
        "BundleSid",
    ),
    "a bundle that is a draft": (
        _buy_with(GB_MOBILE, lambda world: {"bundle_sid": bundle(world.sub, "GB", "mobile").sid}),
        400,
        21649,
        "draft",
    ),
    "a bundle under review": (
        _buy_with(GB_MOBILE, lambda world: {"bundle_sid": submitted(world.sub, "GB", "mobile").sid}),
        400,
        21649,
        "pending-review",
    ),
    "a bundle for another kind": (
        _buy_with(GB_MOBILE, lambda world: {"bundle_sid": approved(world, world.sub, "GB", "local")}),
        400,
        21649,
        "Local",
    ),
    "a bundle for another country": (
        _buy_with(GB_MOBILE, lambda world: {"bundle_sid": approved(world, world.sub, "ES", "local")}),
        400,
        21649,
        "Spain",
    ),
    "a bundle of nobody that nobody asked for": (_buy(NUMBER, bundle_sid="BU" + "0" * 32), 400, 21649, "BundleSid"),
    "no identity": (_buy(BR_MOBILE), 400, 21650, "IdentitySid"),
    "an identity not verified yet": (_buy_with(BR_MOBILE, _identity_of("BR", "pending")), 400, 21650, "pending"),
    "an identity that failed": (_buy_with(BR_MOBILE, _identity_of("BR", "failed")), 400, 21650, "failed"),
    "an identity of nobody": (_buy(BR_MOBILE, identity_sid="RI" + "0" * 32), 400, 21651, "IdentitySid"),
    "an identity of the parent": (_buy_with(BR_MOBILE, _identity_of("BR", "passed", "p")), 400, 21651, "IdentitySid"),
    "an identity of another country": (_buy_with(BR_MOBILE, _identity_of("ES", "passed")), 400, 21651, "ES"),
    # numbers
    "a number that cannot be": (_buy("+1305"), 400, 21421, "+1305"),
    "a number without plus": (_buy("13055550123"), 400, 21421, "13055550123"),
    "the magic number that is taken": (_buy("+15005550000"), 400, 21422, "+15005550000"),
    "the magic number that is invalid": (_buy("+15005550001"), 400, 21421, "+15005550001"),
    "an area code of two digits": (
        lambda world: world.sub.incoming_phone_numbers.create(area_code="30"),
        400,
        21451,
        "AreaCode",
    ),
    "an area code without numbers": (
        lambda world: world.sub.incoming_phone_numbers.create(area_code="999"),
        400,
        21452,
        "999",
    ),
    "an area code outside of North America": (
        lambda world: world.sub.available_phone_numbers("ES").local.list(area_code=91),
        400,
        21457,
        "AreaCode",
    ),
    "a filter that is no boolean": (
        lambda world: world.sub.available_phone_numbers("ES").local.list(exclude_all_address_required="maybe"),
        400,
        20001,
        "ExcludeAllAddressRequired",
    ),
    # applications on numbers
    "an application of nobody": (_configure(sms_application_sid="AP" + "0" * 32), 400, 21420, "SmsApplicationSid"),
    "an application of the parent": (_buy_with(NUMBER, _foreign_application), 400, 21420, "SmsApplicationSid"),
    "a voice application of nobody": (
        _buy(NUMBER, voice_application_sid="AP" + "0" * 32),
        400,
        21420,
        "VoiceApplicationSid",
    ),
    # emergency addresses
    "an emergency address of nobody": (
        _configure(emergency_address_sid=NOBODY),
        400,
        20001,
        "EmergencyAddressSid",
    ),
    "an address that is not for emergencies": (_emergency(NUMBER, "US"), 400, 20001, "EmergencyAddressSid"),
    "an emergency address of another country": (
        _emergency(NUMBER, "GB", emergency_enabled=True),
        400,
        20001,
        "EmergencyAddressSid",
    ),
    "an emergency address where there is none": (_emergency("+541155550186", "US"), 400, 20001, "AR"),
    "an emergency address exchanged at once": (_exchange_emergency, 400, 20001, "EmergencyAddressSid"),
    "emergency address and status in one call": (
        _configure(emergency_address_sid=NOBODY, emergency_status="Active"),
        400,
        20001,
        "EmergencyAddressSid",
    ),
    # transfers
    "a move to no account": (_move_to(lambda _: "me"), 400, 21470, "AccountSid"),
    "a move to a stranger": (_move_to(lambda _: "AC" + "f" * 32), 400, 21473, "AccountSid"),
    "a move to a suspended account": (_move_to(_suspended), 400, 21472, "AccountSid"),
    "a move by the subaccount": (_move_by_the_sub, 400, 21474, "AccountSid"),
    # addresses
    "no customer": (_address(customer_name=""), 400, 20001, "CustomerName"),
    "no street": (_address(street=" "), 400, 20001, "Street"),
    "no city": (_address(city=""), 400, 20001, "City"),
    "no region": (_address(region=""), 400, 20001, "Region"),
    "no postal code": (_address(postal_code=""), 400, 20001, "PostalCode"),
    "no country": (_address(iso_country=""), 400, 20001, "IsoCountry"),
    "a country in words": (_address(iso_country="Spain"), 400, 20001, "IsoCountry"),
    "a street without end": (_address(street="x" * 300), 400, 20001, "Street"),
    "a postal code of another form": (_address("ES", postal_code="ABC"), 400, 21628, "PostalCode"),
    "an emergency postal code of another form": (
        _address(postal_code="331", emergency_enabled=True),
        400,
        21628,
        "PostalCode",
    ),
    "emergencies in Argentina": (_address("AR", emergency_enabled=True), 400, 20001, "EmergencyEnabled"),
    "no such address": (lambda world: world.sub.addresses(NOBODY).fetch(), 404, 20404, NOBODY),
    "an address of another account": (
        lambda world: world.sub.addresses(address(world.parent).sid).delete(),
        404,
        20404,
        "AD",
    ),
    # applications
    "an application's relative URL": (_application(sms_url="/hook"), 400, 21402, "SmsUrl"),
    "an application's status callback": (_application(sms_status_callback="x"), 400, 21502, "SmsStatusCallback"),
    "an application's method": (_application(voice_method="PATCH"), 400, 21403, "VoiceMethod"),
    "an application's lone fallback": (_application(voice_fallback_url=_URL), 400, 21405, "VoiceFallbackUrl"),
    "an application's lone SMS fallback": (_application(sms_fallback_url=_URL), 400, 21406, "SmsFallbackUrl"),
    "an application's name": (_application(friendly_name="x" * 65), 400, 20002, "FriendlyName"),
    "an application's version": (_application(api_version="2008-08-01"), 400, 20001, "ApiVersion"),
    "no such application": (lambda world: world.sub.applications("AP" + "0" * 32).delete(), 404, 20404, "AP0"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_by_code_and_name(name: str) -> None:
    """Each refusal by the situation that causes it."""
    act, status, code, names = REFUSALS[name]
    with a_world(review_delay=REVIEW) as world, refused(status, code, names):
        act(world)


def test_the_lists_of_one_kind_take_no_area_code(world: SyncWorld) -> None:
    """The SDK knows that too, so the call is made by hand."""
    path = f"/api/2010-04-01/Accounts/{world.sub_sid}/IncomingPhoneNumbers/Local.json"
    reply = world.raw("POST", path, (world.sub_sid, world.sub_token), data={"AreaCode": "305"})
    assert (reply.status_code, reply.json()["code"]) == (400, 21457)
    assert "AreaCode" in reply.json()["message"]
