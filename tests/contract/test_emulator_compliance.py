"""A2P 10DLC brands and campaigns, toll-free verifications, and what carriers do with the unregistered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, SyncWorld, a_world, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOLL_FREE, US_PHONE = "+18005550123", "+12065550100"
PROFILE, A2P_PROFILE = "BU" + "1" * 32, "BU" + "2" * 32
BRANDS, CAMPAIGNS = "/v1/a2p/BrandRegistrations", "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p"
VERIFICATIONS = "/v1/Tollfree/Verifications"
CAMPAIGN: dict[str, Any] = {
    "description": "Order updates to customers who asked for them in our shop.",
    "message_flow": "Customers tick a box at the end of their order on our website.",
    "message_samples": ["Sur: your order 123 is on its way.", "Sur: your order 123 was delivered today."],
    "us_app_to_person_usecase": "DELIVERY_NOTIFICATION",
    "has_embedded_links": False,
    "has_embedded_phone": False,
}
VERIFICATION: dict[str, Any] = {
    "business_name": "Muebles del Sur",
    "business_website": "https://sur.example",
    "notification_email": "ops@sur.example",
    "use_case_categories": ["DELIVERY_NOTIFICATIONS"],
    "use_case_summary": "Order updates",
    "production_message_sample": "Sur: your order 123 is on its way.",
    "opt_in_image_urls": ["https://sur.example/opt-in.png"],
    "opt_in_type": "WEB_FORM",
    "message_volume": "1,000",
}
drives = DRIVES = Drives("messaging")


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; reviews take a minute a step."""
    with a_world(review_delay=60) as world:
        yield world


def brand(world: SyncWorld, **more: Any) -> Any:
    """Register a brand of the subaccount."""
    return world.sub.messaging.v1.brand_registrations.create(
        customer_profile_bundle_sid=PROFILE, a2p_profile_bundle_sid=A2P_PROFILE, **more
    )


def approved(world: SyncWorld, **more: Any) -> str:
    """Return a brand that carriers know."""
    made = brand(world, **more)
    world.advance(60)
    return str(made.sid)


def service(world: SyncWorld) -> Any:
    """Make a service of the subaccount."""
    made = world.sub.messaging.v1.services.create(friendly_name="bot", inbound_request_url="https://a.example/")
    return world.sub.messaging.v1.services(made.sid)


def campaign(world: SyncWorld, **more: Any) -> Any:
    """Register a campaign of a new service."""
    order = {"brand_registration_sid": more.get("brand_registration_sid") or approved(world), **CAMPAIGN, **more}
    made = service(world)
    return made, made.us_app_to_person.create(**order)


def verify(world: SyncWorld, **more: Any) -> Any:
    """Ask for the verification of the subaccount's toll-free number."""
    owned = world.sub.incoming_phone_numbers.list(phone_number=TOLL_FREE)
    number = owned[0] if owned else world.buy(TOLL_FREE)
    order = {"tollfree_phone_number_sid": number.sid, **VERIFICATION, **more}
    return world.sub.messaging.v1.tollfree_verifications.create(**order)


def verification(world: SyncWorld, sid: str) -> Any:
    """Return a verification's context."""
    return world.sub.messaging.v1.tollfree_verifications(sid)


def decide(world: SyncWorld, sid: str, status: str, **more: object) -> dict[str, Any]:
    """Decide as Twilio's reviewers do."""
    answer = world.raw("POST", f"/emulator/v1/reviews/{sid}", json={"status": status, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


# --------------------------------------------------------------------------------------------------------------- drives


@drives("POST", BRANDS)
def _(world: SyncWorld) -> None:
    made = brand(world, brand_type="STANDARD", mock=True)
    assert (made.status, made.brand_type, made.mock, made.tcr_id) == ("PENDING", "STANDARD", True, None)


@drives("GET", BRANDS)
def _(world: SyncWorld) -> None:
    made = [brand(world).sid for _ in range(3)]
    assert [found.sid for found in world.sub.messaging.v1.brand_registrations.list(page_size=2)] == made[::-1]


@drives("GET", f"{BRANDS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    found = world.sub.messaging.v1.brand_registrations(approved(world)).fetch()
    assert (found.status, found.identity_status) == ("APPROVED", "VERIFIED")
    assert found.tcr_id.startswith("B")


@drives("POST", f"{BRANDS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = brand(world)
    decide(world, made.sid, "FAILED", reason="no such company")
    assert world.sub.messaging.v1.brand_registrations(made.sid).fetch().failure_reason == "no such company"
    assert world.sub.messaging.v1.brand_registrations(made.sid).update().status == "PENDING"


@drives("POST", CAMPAIGNS)
def _(world: SyncWorld) -> None:
    made, found = campaign(world, privacy_policy_url="https://sur.example/privacy")
    assert (found.campaign_status, found.opt_out_keywords) == ("IN_PROGRESS", ["STOP"])
    world.advance(60)
    assert made.us_app_to_person(found.sid).fetch().campaign_status == "VERIFIED"
    assert made.fetch().us_app_to_person_registered is True


@drives("GET", CAMPAIGNS)
def _(world: SyncWorld) -> None:
    made, found = campaign(world)
    assert [each.sid for each in made.us_app_to_person.list()] == [found.sid]


@drives("GET", f"{CAMPAIGNS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    made, found = campaign(world)
    assert made.us_app_to_person(found.sid).fetch().description == CAMPAIGN["description"]


@drives("POST", f"{CAMPAIGNS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    made, found = campaign(world)
    decide(world, found.sid, "FAILED", reason="unclear", errorCode=30896)
    assert made.us_app_to_person(found.sid).fetch().errors[0]["error_code"] == 30896
    order = {name: value for name, value in CAMPAIGN.items() if name != "us_app_to_person_usecase"}
    changed = made.us_app_to_person(found.sid).update(**order, age_gated=False, direct_lending=True)
    assert (changed.campaign_status, changed.direct_lending, changed.errors) == ("IN_PROGRESS", True, [])


@drives("DELETE", f"{CAMPAIGNS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    made, found = campaign(world)
    assert made.us_app_to_person(found.sid).delete()
    assert made.us_app_to_person.list() == []


@drives("GET", f"{CAMPAIGNS}/Usecases")
def _(world: SyncWorld) -> None:
    found = service(world).us_app_to_person_usecases.fetch(brand_registration_sid="BN" + "0" * 32)
    assert "DELIVERY_NOTIFICATION" in {usecase["code"] for usecase in found.us_app_to_person_usecases}


@drives("POST", VERIFICATIONS)
def _(world: SyncWorld) -> None:
    made = verify(world, external_reference_id="sur-1", opt_in_keywords=["JOIN"])
    assert (made.status, made.tollfree_phone_number, made.opt_in_keywords) == ("PENDING_REVIEW", TOLL_FREE, ["JOIN"])


@drives("GET", VERIFICATIONS)
def _(world: SyncWorld) -> None:
    made = verify(world, external_reference_id="sur-1")
    listing = world.sub.messaging.v1.tollfree_verifications.list
    for wanted in (
        {"status": "PENDING_REVIEW"},
        {"external_reference_id": "sur-1"},
        {"tollfree_phone_number_sid": made.tollfree_phone_number_sid},
    ):
        assert [found.sid for found in listing(**wanted)] == [made.sid]
    for other in ({"status": "IN_REVIEW"}, {"external_reference_id": "x"}, {"trust_product_sid": PROFILE}):
        assert listing(**other) == []


@drives("GET", f"{VERIFICATIONS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    sid = verify(world).sid
    seen = [verification(world, sid).fetch().status]
    for _ in range(2):
        world.advance(60)
        seen.append(verification(world, sid).fetch().status)
    assert seen == ["PENDING_REVIEW", "IN_REVIEW", "TWILIO_APPROVED"]


@drives("POST", f"{VERIFICATIONS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    sid = verify(world).sid
    decide(world, sid, "TWILIO_REJECTED", reason="no website")
    found = verification(world, sid).fetch()
    assert (found.edit_allowed, found.rejection_reason, found.error_code) == (True, "no website", 30475)
    changed = verification(world, sid).update(business_website="https://new.example", edit_reason="it is up now")
    assert (changed.status, changed.business_website) == ("PENDING_REVIEW", "https://new.example")
    assert changed.rejection_reasons is None


@drives("DELETE", f"{VERIFICATIONS}/{{Sid}}")
def _(world: SyncWorld) -> None:
    sid = verify(world).sid
    assert verification(world, sid).delete()
    assert world.sub.messaging.v1.tollfree_verifications.list() == []


@pytest.mark.parametrize("operation", DRIVES, ids=" ".join)
def test_the_sdk_drives_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """Request and answer are as documented."""
    DRIVES.check(world, operation)


# ------------------------------------------------------------------------------------------------------------- refusals


def _second_campaign(world: SyncWorld) -> None:
    made, found = campaign(world)
    made.us_app_to_person.create(**{**CAMPAIGN, "brand_registration_sid": found.brand_registration_sid})


def _edit_too_late(world: SyncWorld) -> None:
    sid = verify(world).sid
    decide(world, sid, "TWILIO_REJECTED")
    world.advance(8 * 86_400)
    verification(world, sid).update(business_name="x")


def _local_number(world: SyncWorld) -> None:
    verify(world, tollfree_phone_number_sid=world.buy(NUMBER).sid)


def _twice(world: SyncWorld) -> None:
    for _ in range(2):
        verify(world)


def _changed(world: SyncWorld) -> None:
    made, found = campaign(world)
    order = {name: value for name, value in CAMPAIGN.items() if name != "us_app_to_person_usecase"}
    made.us_app_to_person(found.sid).update(**order, age_gated=False, direct_lending=False)


REFUSALS: dict[str, tuple[int, int, str, Callable[[SyncWorld], object]]] = {
    "brand without profile": (
        400,
        20001,
        "CustomerProfileBundleSid",
        lambda world: world.sub.messaging.v1.brand_registrations.create(
            customer_profile_bundle_sid="", a2p_profile_bundle_sid=A2P_PROFILE
        ),
    ),
    "brand of another kind": (400, 20001, "BrandType", lambda world: brand(world, brand_type="FANCY")),
    "brand again that did not fail": (
        400,
        20001,
        "APPROVED",
        lambda world: world.sub.messaging.v1.brand_registrations(approved(world)).update(),
    ),
    "no such brand": (
        404,
        20404,
        "was not found",
        lambda world: world.sub.messaging.v1.brand_registrations("BN" + "0" * 32).fetch(),
    ),
    "campaign of no brand": (
        400,
        21717,
        "BrandRegistrationSid",
        lambda world: campaign(world, brand_registration_sid="BN" + "0" * 32),
    ),
    "campaign of a brand in review": (
        400,
        21717,
        "PENDING",
        lambda world: campaign(world, brand_registration_sid=brand(world).sid),
    ),
    "campaign with too short a description": (
        400,
        20001,
        "Description",
        lambda world: campaign(world, description="short"),
    ),
    "campaign with one sample": (
        400,
        20001,
        "MessageSamples",
        lambda world: campaign(world, message_samples=["Sur: your order 123 is on its way."]),
    ),
    "campaign for nothing known": (
        400,
        20001,
        "UsAppToPersonUsecase",
        lambda world: campaign(world, us_app_to_person_usecase="SPAM"),
    ),
    "campaign of a person for a business": (
        400,
        20001,
        "UsAppToPersonUsecase",
        lambda world: campaign(world, brand_registration_sid=approved(world, brand_type="SOLE_PROPRIETOR")),
    ),
    "second campaign of a service": (409, 20409, "MessagingServiceSid", _second_campaign),
    "change of a campaign in review": (
        400,
        20001,
        "IN_PROGRESS",
        _changed,
    ),
    "verification without name": (400, 20001, "BusinessName", lambda world: verify(world, business_name="")),
    "verification without opt-in": (400, 20001, "OptInType", lambda world: verify(world, opt_in_type="")),
    "verification for nothing known": (
        400,
        20001,
        "UseCaseCategories",
        lambda world: verify(world, use_case_categories=["SPAM"]),
    ),
    "verification with no website": (
        400,
        20001,
        "BusinessWebsite",
        lambda world: verify(world, business_website="sur"),
    ),
    "verification with no e-mail": (
        400,
        20001,
        "NotificationEmail",
        lambda world: verify(world, notification_email="ops"),
    ),
    "verification of a local number": (400, 20001, "TollfreePhoneNumberSid", _local_number),
    "verification of another's number": (
        400,
        20001,
        "TollfreePhoneNumberSid",
        lambda world: verify(world, tollfree_phone_number_sid="PN" + "0" * 32),
    ),
    "verification twice": (400, 20001, "PENDING_REVIEW", _twice),
    "edit of what is in review": (
        400,
        20001,
        "PENDING_REVIEW",
        lambda world: verification(world, verify(world).sid).update(business_name="x"),
    ),
    "edit after a week": (400, 30824, "time to edit", _edit_too_late),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_refusal_names_the_cause(world: SyncWorld, case: str) -> None:
    """Nothing is done."""
    status, code, names, act = REFUSALS[case]
    with refused(status, code, names):
        act(world)


@pytest.mark.parametrize(
    ("sid", "order", "status", "names"),
    [
        ("BN" + "0" * 32, {"status": "APPROVED"}, 404, "sid"),
        ("", {"status": "DONE"}, 400, "status"),
        ("", {}, 400, "status"),
        ("", {"status": "FAILED", "errorCode": "x"}, 400, "errorCode"),
        ("", {"status": "FAILED", "colour": 1}, 400, "colour"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    world: SyncWorld, sid: str, order: dict[str, object], status: int, names: str
) -> None:
    """The admin API names the field."""
    answer = world.raw("POST", f"/emulator/v1/reviews/{sid or brand(world).sid}", json=order)

    assert (answer.status_code, names in answer.json()["error"]) == (status, True)


# ------------------------------------------------------------------------------------------------------------ behaviour


def test_the_parents_credentials_list_the_parents_verifications_whatever_the_client_believes(world: SyncWorld) -> None:
    """The silent trap of twilio-python#785: no error, and the wrong account's records."""
    ours = verify(world)
    number = world.parent.incoming_phone_numbers.create(phone_number="+18005550124")
    parents = world.parent.messaging.v1.tollfree_verifications.create(
        tollfree_phone_number_sid=number.sid, **VERIFICATION
    )
    emulator = world.emulator
    believing = world.client(emulator.account_sid, emulator.auth_token, world.sub_sid)

    assert [found.sid for found in believing.messaging.v1.tollfree_verifications.list()] == [parents.sid]
    assert [found.sid for found in world.sub.messaging.v1.tollfree_verifications.list()] == [ours.sid]
    both = world.parent.messaging.v1.tollfree_verifications.list(include_sub_accounts=True)
    assert {found.sid for found in both} == {ours.sid, parents.sid}
    with refused(404, 20404, ours.sid):
        believing.messaging.v1.tollfree_verifications(ours.sid).fetch()


def _fate(world: SyncWorld, sender: str) -> tuple[str, int | None]:
    sent = world.sub.messages.create(to=US_PHONE, from_=sender, body="hi")
    world.emulator.settle()
    found = world.sub.messages(sent.sid).fetch()
    return found.status, found.error_code


def test_carriers_take_a_local_number_once_its_campaign_is_verified() -> None:
    """30034 before, and again when the number leaves the service."""
    with a_world(enforce_a2p=True) as world:
        number = world.buy()
        made = service(world)
        made.us_app_to_person.create(brand_registration_sid=approved(world), **CAMPAIGN)
        world.emulator.settle()
        assert _fate(world, NUMBER) == ("undelivered", 30034)

        made.phone_numbers.create(phone_number_sid=number.sid)
        assert _fate(world, NUMBER) == ("delivered", None)
        made.phone_numbers(number.sid).delete()
        assert _fate(world, NUMBER) == ("undelivered", 30034)


def test_carriers_take_a_toll_free_number_once_it_is_verified() -> None:
    """30032 before."""
    with a_world(enforce_a2p=True, review_delay=60) as world:
        sid = verify(world).sid
        assert _fate(world, TOLL_FREE) == ("undelivered", 30032)
        decide(world, sid, "TWILIO_APPROVED")
        assert _fate(world, TOLL_FREE) == ("delivered", None)


def test_carriers_take_everything_unless_told_to_care() -> None:
    """The default."""
    with a_world() as world:
        world.buy()
        assert _fate(world, NUMBER) == ("delivered", None)
