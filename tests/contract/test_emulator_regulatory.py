"""Bundles, their items, their review and their copies, driven by the official SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import SyncWorld, a_customer, a_world, refused
from tests.contract.regulatory_kit import ES_LOCAL, address, admin, bundle, filled_bundle, submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

drives = DRIVES = Drives("numbers")
REVIEW = 60.0
_ROOT = "/v2/RegulatoryCompliance"
_BUNDLE = f"{_ROOT}/Bundles/{{BundleSid}}"


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator in which each step of a review takes a minute; whatever it answers is checked."""
    with a_world(review_delay=REVIEW) as world:
        yield world


def compliance(world: SyncWorld) -> Any:
    """The subaccount's side of the regulatory API."""
    return world.sub.numbers.v2.regulatory_compliance


def review(world: SyncWorld) -> None:
    """Let a review come to its end."""
    world.advance(2 * REVIEW)


def status_of(world: SyncWorld, sid: str) -> str:
    """Return the status of a bundle of the subaccount."""
    return str(compliance(world).bundles(sid).fetch().status)


# --------------------------------------------------------------------------------------------------- one drive each


@drives("GET", f"{_ROOT}/Regulations")
def _(world: SyncWorld) -> None:
    found = compliance(world).regulations.list(iso_country="ES", number_type="local", include_constraints=True)
    assert {regulation.end_user_type for regulation in found} == {"business", "individual"}
    assert len(compliance(world).regulations.list(end_user_type="business", page_size=2)) > 2


@drives("GET", f"{_ROOT}/Regulations/{{Sid}}")
def _(world: SyncWorld) -> None:
    (found,) = compliance(world).regulations.list(iso_country="GB", number_type="mobile", end_user_type="individual")
    fetched = compliance(world).regulations(found.sid).fetch()
    assert fetched.friendly_name == "United Kingdom: Mobile - Individual"
    assert fetched.requirements["end_user"][0]["fields"] == ["first_name", "last_name"]


@drives("POST", f"{_ROOT}/Bundles")
def _(world: SyncWorld) -> None:
    (regulation,) = compliance(world).regulations.list(iso_country="ES", number_type="local", end_user_type="business")
    made = compliance(world).bundles.create(
        friendly_name="Muebles", email="a@b.example", regulation_sid=regulation.sid, is_test=False
    )
    assert (made.status, made.regulation_sid, made.valid_until) == ("draft", regulation.sid, None)
    assert bundle(world.sub).regulation_sid == regulation.sid


@drives("GET", f"{_ROOT}/Bundles")
def _(world: SyncWorld) -> None:
    first, second = bundle(world.sub), bundle(world.sub, "GB", "mobile", friendly_name="London")
    bundles = compliance(world).bundles
    assert [found.sid for found in bundles.list(page_size=1)] == [second.sid, first.sid]
    assert [found.sid for found in bundles.list(iso_country="GB", number_type="mobile")] == [second.sid]
    assert [found.sid for found in bundles.list(friendly_name="Muebles", status="draft")] == [first.sid]
    assert [found.sid for found in bundles.list(bundle_sids=f"{first.sid}")] == [first.sid]
    assert bundles.list(has_valid_until_date=True, valid_until_date_after="2020-01-01T00:00:00Z") == []
    ordered = bundles.list(sort_by="date-updated", sort_direction="ASC", end_user_type="business")
    assert [found.sid for found in ordered] == [first.sid, second.sid]


@drives("GET", f"{_ROOT}/Bundles/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = bundle(world.sub, status_callback="https://a.example/status")
    assert compliance(world).bundles(made.sid).fetch().status_callback == "https://a.example/status"


@drives("POST", f"{_ROOT}/Bundles/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = bundle(world.sub)
    changed = compliance(world).bundles(made.sid).update(friendly_name="Sillas", email="c@d.example")
    assert (changed.friendly_name, changed.email) == ("Sillas", "c@d.example")


@drives("DELETE", f"{_ROOT}/Bundles/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = filled_bundle(world.sub)
    assert compliance(world).bundles(made.sid).delete()
    assert compliance(world).bundles.list() == []


@drives("POST", f"{_BUNDLE}/Clones")
def _(world: SyncWorld) -> None:
    made = submitted(world.parent)
    review(world)
    copy = world.parent.numbers.v2.bundle_clone(made.sid).create(target_account_sid=world.sub_sid, friendly_name="copy")
    assert (copy.account_sid, copy.status, copy.friendly_name) == (world.sub_sid, "twilio-approved", "copy")
    assert compliance(world).bundles(copy.bundle_sid).fetch().friendly_name == "copy"


@drives("POST", f"{_BUNDLE}/Evaluations")
def _(world: SyncWorld) -> None:
    made = bundle(world.sub)
    result = compliance(world).bundles(made.sid).evaluations.create()
    assert (result.status, result.results[0]["error_code"]) == ("noncompliant", 22214)


@drives("GET", f"{_BUNDLE}/Evaluations")
def _(world: SyncWorld) -> None:
    of = compliance(world).bundles(filled_bundle(world.sub).sid).evaluations
    made = of.create()
    assert [found.sid for found in of.list()] == [made.sid]


@drives("GET", f"{_BUNDLE}/Evaluations/{{Sid}}")
def _(world: SyncWorld) -> None:
    of = compliance(world).bundles(filled_bundle(world.sub).sid)
    made = of.evaluations.create()
    assert of.evaluations(made.sid).fetch().status == "compliant"


@drives("POST", f"{_BUNDLE}/ItemAssignments")
def _(world: SyncWorld) -> None:
    user = compliance(world).end_users.create(friendly_name="Ana", type="individual")
    made = compliance(world).bundles(bundle(world.sub).sid).item_assignments.create(object_sid=user.sid)
    assert made.object_sid == user.sid


@drives("GET", f"{_BUNDLE}/ItemAssignments")
def _(world: SyncWorld) -> None:
    found = compliance(world).bundles(filled_bundle(world.sub).sid).item_assignments.list(page_size=2)
    assert [item.object_sid[:2] for item in found] == ["RD", "RD", "IT"]


@drives("GET", f"{_BUNDLE}/ItemAssignments/{{Sid}}")
def _(world: SyncWorld) -> None:
    of = compliance(world).bundles(filled_bundle(world.sub).sid)
    item = of.item_assignments.list()[0]
    assert of.item_assignments(item.sid).fetch().object_sid == item.object_sid


@drives("DELETE", f"{_BUNDLE}/ItemAssignments/{{Sid}}")
def _(world: SyncWorld) -> None:
    of = compliance(world).bundles(filled_bundle(world.sub).sid)
    assert of.item_assignments(of.item_assignments.list()[0].sid).delete()
    assert len(of.item_assignments.list()) == 2


@drives("POST", f"{_ROOT}/EndUsers")
def _(world: SyncWorld) -> None:
    made = compliance(world).end_users.create(
        friendly_name="Ana", type="individual", attributes={"first_name": "Ana", "e": ["ñ", 1, None]}
    )
    assert (made.type, made.attributes) == ("individual", {"first_name": "Ana", "e": ["ñ", 1, None]})


@drives("GET", f"{_ROOT}/EndUsers")
def _(world: SyncWorld) -> None:
    made = compliance(world).end_users.create(friendly_name="Ana", type="individual")
    assert [found.sid for found in compliance(world).end_users.list()] == [made.sid]


@drives("GET", f"{_ROOT}/EndUsers/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = compliance(world).end_users.create(friendly_name="Ana", type="individual")
    assert compliance(world).end_users(made.sid).fetch().friendly_name == "Ana"


@drives("POST", f"{_ROOT}/EndUsers/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = compliance(world).end_users.create(friendly_name="Ana", type="individual", attributes={"a": 1})
    changed = compliance(world).end_users(made.sid).update(attributes={"b": 2})
    assert (changed.friendly_name, changed.attributes) == ("Ana", {"b": 2})


@drives("DELETE", f"{_ROOT}/EndUsers/{{Sid}}")
def _(world: SyncWorld) -> None:
    of = compliance(world).bundles(filled_bundle(world.sub).sid)
    (user,) = compliance(world).end_users.list()
    assert compliance(world).end_users(user.sid).delete()
    assert user.sid not in {item.object_sid for item in of.item_assignments.list()}


@drives("POST", f"{_ROOT}/SupportingDocuments")
def _(world: SyncWorld) -> None:
    made = compliance(world).supporting_documents.create(friendly_name="bill", type="utility_bill")
    assert (made.status, made.attributes, made.failure_reason) == ("draft", {}, None)


@drives("GET", f"{_ROOT}/SupportingDocuments")
def _(world: SyncWorld) -> None:
    made = compliance(world).supporting_documents.create(friendly_name="bill", type="utility_bill")
    assert [found.sid for found in compliance(world).supporting_documents.list()] == [made.sid]


@drives("GET", f"{_ROOT}/SupportingDocuments/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = compliance(world).supporting_documents.create(friendly_name="bill", type="utility_bill")
    assert compliance(world).supporting_documents(made.sid).fetch().type == "utility_bill"


@drives("POST", f"{_ROOT}/SupportingDocuments/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = compliance(world).supporting_documents.create(friendly_name="bill", type="utility_bill")
    changed = compliance(world).supporting_documents(made.sid).update(friendly_name="gas bill")
    assert changed.friendly_name == "gas bill"


@drives("DELETE", f"{_ROOT}/SupportingDocuments/{{Sid}}")
def _(world: SyncWorld) -> None:
    made = compliance(world).supporting_documents.create(friendly_name="bill", type="utility_bill")
    assert compliance(world).supporting_documents(made.sid).delete()
    assert compliance(world).supporting_documents.list() == []


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=" ".join)
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


# -------------------------------------------------------------------------------------------------------- the review


def test_a_submitted_bundle_is_reviewed_step_by_step_and_then_approved(world: SyncWorld) -> None:
    """Its documents go the same way."""
    made = submitted(world.sub)
    seen = [status_of(world, made.sid)]
    documents = [{found.status for found in compliance(world).supporting_documents.list()}]
    for _ in range(2):
        world.advance(REVIEW)
        seen.append(status_of(world, made.sid))
        documents.append({found.status for found in compliance(world).supporting_documents.list()})

    assert seen == ["pending-review", "in-review", "twilio-approved"]
    assert documents == [{"pending-review"}, {"pending-review"}, {"approved"}]


def test_the_status_callback_tells_every_change_but_the_one_into_review(world: SyncWorld) -> None:
    """Signed by the account's token; the parameters are those that Twilio documents."""
    with a_customer(world.emulator) as customer:
        made = submitted(world.sub, status_callback=f"{customer.url}/bundles")
        review(world)
        assert [form["Status"] for form in customer.forms] == ["pending-review", "twilio-approved"]
        assert customer.forms[-1] == {
            "AccountSid": world.sub_sid,
            "BundleSid": made.sid,
            "Status": "twilio-approved",
            "FailureReason": "",
            "ValidUntil": "",
            "Email": "legal@muebles.example",
        }
        assert customer.signed_by(world.sub_token)


def test_a_person_may_reject_and_the_owner_may_mend_and_submit_again(world: SyncWorld) -> None:
    """The callback and the documents say why; a rejected bundle can be changed."""
    with a_customer(world.emulator) as customer:
        made = submitted(world.sub, status_callback=f"{customer.url}/bundles")
        code, answer = admin(world, f"/bundles/{made.sid}/decision", status="twilio-rejected", reason="Illegible")
        assert (code, answer["status"], answer["account"]) == (200, "twilio-rejected", world.sub_sid)
        assert customer.forms[-1]["FailureReason"] == "Illegible"
        documents = compliance(world).supporting_documents.list()
        assert {(found.status, found.failure_reason) for found in documents} == {("rejected", "Illegible")}

        compliance(world).supporting_documents(documents[0].sid).update(friendly_name="sharper")
        compliance(world).bundles(made.sid).update(status="pending-review")
        review(world)
        assert status_of(world, made.sid) == "twilio-approved"
        assert [form["Status"] for form in customer.forms] == [
            "pending-review",
            "twilio-rejected",
            "pending-review",
            "twilio-approved",
        ]


def test_a_test_bundle_is_rejected_by_itself(world: SyncWorld) -> None:
    """As Twilio's ``IsTest`` says."""
    made = submitted(world.sub, is_test=True)
    review(world)
    assert status_of(world, made.sid) == "twilio-rejected"


def test_a_bundle_can_be_taken_back_while_it_waits(world: SyncWorld) -> None:
    """Then nobody reviews it."""
    made = submitted(world.sub)
    compliance(world).bundles(made.sid).update(status="draft")
    review(world)
    assert status_of(world, made.sid) == "draft"


def test_an_approval_ends_on_its_day(world: SyncWorld) -> None:
    """From then on the bundle is rejected, and the lists find it by its day."""
    made = submitted(world.sub)
    review(world)
    end = world.emulator.now() + 3600
    iso = admin(world, f"/bundles/{made.sid}/decision", status="twilio-approved", validUntil=_iso(end))[1]
    found = compliance(world).bundles.list(has_valid_until_date=True, valid_until_date=iso["validUntil"])
    assert [each.sid for each in found] == [made.sid]
    assert found[0].valid_until is not None

    world.advance(3700)
    assert status_of(world, made.sid) == "twilio-rejected"


def test_a_provisional_approval_is_good_for_a_number(world: SyncWorld) -> None:
    """Until it is withdrawn."""
    made = submitted(world.sub)
    admin(world, f"/bundles/{made.sid}/decision", status="provisionally-approved")
    where = address(world.sub, "ES")
    bought = world.buy(ES_LOCAL, address_sid=where.sid, bundle_sid=made.sid)
    assert (bought.bundle_sid, bought.address_sid, bought.address_requirements) == (made.sid, where.sid, "local")


def test_a_compliant_evaluation_names_everything_it_found(world: SyncWorld) -> None:
    """One result a requirement; what was missing before is there now."""
    of = compliance(world).bundles(filled_bundle(world.sub, end_user_type="individual").sid)
    result = of.evaluations.create()
    assert result.status == "compliant"
    assert {item["requirement_name"] for item in result.results} == {
        "individual_info",
        "name_info",
        "proof_of_address",
    }
    assert all(item["passed"] and item["invalid"] == [] for item in result.results)


@pytest.mark.parametrize("sids", [[], None, 5, {"a": 1}, [None], ["\ud800"], [["AD"]], "AD1"], ids=repr)
def test_a_document_may_say_anything_of_its_address(world: SyncWorld, sids: object) -> None:
    """What is no address of the account is a missing one."""
    result = _assigned(world, _document(world, "business_address", address_sids=sids)).evaluations.create()
    (field,) = result.results[-1]["invalid"]
    assert (result.status, field["error_code"]) == ("noncompliant", 22219)


def test_a_clone_takes_its_items_and_their_addresses_along(world: SyncWorld) -> None:
    """The copy stands in the subaccount by itself and can be evaluated and submitted there."""
    made = submitted(world.parent)
    review(world)
    copy = world.parent.numbers.v2.bundle_clone(made.sid).create(target_account_sid=world.sub_sid, move_to_draft=True)
    assert copy.status == "draft"

    of = compliance(world).bundles(copy.bundle_sid)
    assert of.evaluations.create().status == "compliant"
    assert {item.account_sid for item in of.item_assignments.list()} == {world.sub_sid}
    assert [found.account_sid for found in world.sub.addresses.list()] == [world.sub_sid]
    of.update(status="pending-review")
    review(world)
    assert status_of(world, copy.bundle_sid) == "twilio-approved"
    assert world.parent.numbers.v2.regulatory_compliance.bundles(made.sid).fetch().status == "twilio-approved"


def test_bundles_belong_to_whoever_authenticates(world: SyncWorld) -> None:
    """The parent's token does not reach a subaccount's bundles: no path names an account here."""
    made = bundle(world.sub)
    assert world.parent.numbers.v2.regulatory_compliance.bundles.list() == []
    with refused(404, 20404, made.sid):
        world.parent.numbers.v2.regulatory_compliance.bundles(made.sid).fetch()


# ------------------------------------------------------------------------------------------------------ the refusals


def _iso(moment: float) -> str:
    from twilio_emulator.dates import iso8601  # noqa: PLC0415

    return iso8601(moment)


def _user(world: SyncWorld, **attributes: Any) -> Any:
    return compliance(world).end_users.create(friendly_name="owner", type="business", attributes=attributes)


def _assigned(world: SyncWorld, *sids: str) -> Any:
    of = compliance(world).bundles(bundle(world.sub).sid)
    for sid in sids:
        of.item_assignments.create(object_sid=sid)
    return of


def _document(world: SyncWorld, kind: str, **attributes: Any) -> str:
    made = compliance(world).supporting_documents.create(friendly_name=kind, type=kind, attributes=attributes)
    return str(made.sid)


def _submit_without_user(world: SyncWorld) -> None:
    _assigned(world).update(status="pending-review")


def _submit_without_name(world: SyncWorld) -> None:
    _assigned(world, _user(world).sid).update(status="pending-review")


def _submit_without_document(world: SyncWorld) -> None:
    _assigned(world, _user(world, business_name="M").sid).update(status="pending-review")


def _submit_without_field(world: SyncWorld) -> None:
    document = _document(world, "business_registration")
    _assigned(world, _user(world, business_name="M").sid, document).update(status="pending-review")


def _submit_without_address(world: SyncWorld) -> None:
    documents = (
        _document(world, "business_registration", business_name="M"),
        _document(world, "business_address", address_sids=["AD" + "0" * 32]),
    )
    _assigned(world, _user(world, business_name="M").sid, *documents).update(status="pending-review")


def _approve_oneself(world: SyncWorld) -> None:
    compliance(world).bundles(filled_bundle(world.sub).sid).update(status="twilio-approved")


def _submit_twice(world: SyncWorld) -> None:
    compliance(world).bundles(submitted(world.sub).sid).update(status="pending-review")


def _status_and_name(world: SyncWorld) -> None:
    compliance(world).bundles(filled_bundle(world.sub).sid).update(status="pending-review", friendly_name="x")


def _unknown_status(world: SyncWorld) -> None:
    compliance(world).bundles(bundle(world.sub).sid).update(status="wonderful")


def _delete_submitted(world: SyncWorld) -> None:
    compliance(world).bundles(submitted(world.sub).sid).delete()


def _delete_in_use(world: SyncWorld) -> None:
    made = submitted(world.sub)
    review(world)
    world.buy(ES_LOCAL, address_sid=address(world.sub, "ES").sid, bundle_sid=made.sid)
    compliance(world).bundles(made.sid).delete()


def _change_item_in_review(world: SyncWorld) -> None:
    submitted(world.sub)
    compliance(world).end_users(compliance(world).end_users.list()[0].sid).update(friendly_name="x")


def _delete_document_in_review(world: SyncWorld) -> None:
    submitted(world.sub)
    compliance(world).supporting_documents(compliance(world).supporting_documents.list()[0].sid).delete()


def _add_item_in_review(world: SyncWorld) -> None:
    made = submitted(world.sub)
    compliance(world).bundles(made.sid).item_assignments.create(object_sid=_user(world).sid)


def _remove_item_in_review(world: SyncWorld) -> None:
    of = compliance(world).bundles(submitted(world.sub).sid)
    of.item_assignments(of.item_assignments.list()[0].sid).delete()


def _assign_twice(world: SyncWorld) -> None:
    user = _user(world).sid
    _assigned(world, user, user)


def _assign_an_address(world: SyncWorld) -> None:
    _assigned(world, address(world.sub).sid)


def _assign_a_stranger(world: SyncWorld) -> None:
    stranger = world.parent.numbers.v2.regulatory_compliance.end_users.create(friendly_name="p", type="individual")
    _assigned(world, stranger.sid)


def _assign_nothing(world: SyncWorld) -> None:
    _assigned(world, "")


def _clone_a_draft(world: SyncWorld) -> None:
    made = bundle(world.parent)
    world.parent.numbers.v2.bundle_clone(made.sid).create(target_account_sid=world.sub_sid)


def _clone_to_a_stranger(world: SyncWorld) -> None:
    made = submitted(world.parent)
    review(world)
    world.parent.numbers.v2.bundle_clone(made.sid).create(target_account_sid="AC" + "f" * 32)


def _clone_to_a_suspended(world: SyncWorld) -> None:
    made = submitted(world.parent)
    review(world)
    world.parent.api.v2010.accounts(world.sub_sid).update(status="suspended")
    world.parent.numbers.v2.bundle_clone(made.sid).create(target_account_sid=world.sub_sid)


def _clone_of_another(world: SyncWorld) -> None:
    made = submitted(world.sub)
    review(world)
    world.parent.numbers.v2.bundle_clone(made.sid).create(target_account_sid=world.sub_sid)


def _create(**changes: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        bundle(world.sub, **changes)

    return act


def _create_item(kind: str, **values: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        getattr(compliance(world), kind).create(**{"friendly_name": "x", **values})

    return act


def _list(**filters: Any) -> Callable[[SyncWorld], None]:
    def act(world: SyncWorld) -> None:
        compliance(world).bundles.list(**filters)

    return act


REFUSALS: dict[str, tuple[Callable[[SyncWorld], None], int, int, str]] = {
    "a bundle without end user": (_submit_without_user, 400, 22214, "End-User is missing"),
    "an end user without name": (_submit_without_name, 400, 22215, "Business Name"),
    "a bundle without document": (_submit_without_document, 400, 22216, "is missing"),
    "a document without its field": (_submit_without_field, 400, 22217, "Business Name"),
    "a document of no address": (_submit_without_address, 400, 22219, "Address sid"),
    "an owner approves": (_approve_oneself, 400, 20001, "Status"),
    "submitted twice": (_submit_twice, 400, 20001, "Status"),
    "status and name in one call": (_status_and_name, 400, 22204, "Status"),
    "unknown status": (_unknown_status, 400, 22203, "Status"),
    "a submitted bundle deleted": (_delete_submitted, 400, 20001, "draft"),
    "a bundle deleted that a number has": (_delete_in_use, 400, 21648, "assigned"),
    "an end user changed under review": (_change_item_in_review, 400, 20001, "pending-review"),
    "a document deleted under review": (_delete_document_in_review, 400, 20001, "pending-review"),
    "an item added under review": (_add_item_in_review, 400, 20001, "pending-review"),
    "an item removed under review": (_remove_item_in_review, 400, 20001, "pending-review"),
    "an item assigned twice": (_assign_twice, 400, 22205, "ObjectSid"),
    "an address assigned": (_assign_an_address, 400, 22206, "ObjectSid"),
    "another account's end user assigned": (_assign_a_stranger, 400, 22205, "ObjectSid"),
    "nothing assigned": (_assign_nothing, 400, 22205, "ObjectSid"),
    "a draft cloned": (_clone_a_draft, 400, 20001, "BundleSid"),
    "a clone for a stranger": (_clone_to_a_stranger, 400, 20001, "TargetAccountSid"),
    "a clone for a suspended account": (_clone_to_a_suspended, 400, 20001, "TargetAccountSid"),
    "another account's bundle cloned": (_clone_of_another, 404, 20404, "BU"),
    "a bundle without e-mail": (_create(email=""), 400, 20001, "Email"),
    "a bundle with half an e-mail": (_create(email="legal"), 400, 20001, "Email"),
    "a bundle without name": (_create(friendly_name=""), 400, 20001, "FriendlyName"),
    "a bundle for no country": (_create(iso_country=""), 400, 20001, "RegulationSid"),
    "a bundle for a country that asks for none": (_create(iso_country="US"), 400, 20001, "IsoCountry"),
    "a bundle for no kind of number": (_create(number_type="satellite"), 400, 22200, "NumberType"),
    "a bundle for no kind of end user": (_create(end_user_type="robot"), 400, 22200, "EndUserType"),
    "a bundle for no regulation": (_create(regulation_sid="RN" + "0" * 32), 400, 20001, "RegulationSid"),
    "a bundle with a bad callback": (_create(status_callback="here"), 400, 21502, "StatusCallback"),
    "an end user of no kind": (_create_item("end_users", type="robot"), 400, 20001, "Type"),
    "an end user without name of its own": (
        _create_item("end_users", type="business", friendly_name=""),
        400,
        20001,
        "FriendlyName",
    ),
    "attributes that are a list": (
        _create_item("end_users", type="business", attributes=[1]),
        400,
        20001,
        "Attributes",
    ),
    "attributes that are no JSON": (
        _create_item("end_users", type="business", attributes="{"),
        400,
        20001,
        "Attributes",
    ),
    "attributes that are no number": (
        _create_item("end_users", type="business", attributes='{"a": NaN}'),
        400,
        20001,
        "Attributes",
    ),
    "attributes too deep": (
        _create_item("end_users", type="business", attributes='{"a":' * 60 + "1" + "}" * 60),
        400,
        20001,
        "Attributes",
    ),
    "attributes deeper than any": (
        _create_item("end_users", type="business", attributes="[" * 100_000),
        400,
        20001,
        "Attributes",
    ),
    "a document of no kind": (_create_item("supporting_documents", type="selfie"), 400, 22210, "Type"),
    "bundles of no status": (_list(status="wonderful"), 400, 22203, "Status"),
    "bundles of no SIDs": (_list(bundle_sids="BU1"), 400, 20001, "BundleSids"),
    "bundles of no day": (_list(valid_until_date="yesterday"), 400, 20001, "ValidUntilDate"),
    "bundles in no order": (_list(sort_by="size"), 400, 20001, "SortBy"),
    "regulations of no kind": (
        lambda world: compliance(world).regulations.list(number_type="satellite"),
        400,
        22200,
        "NumberType",
    ),
    "no such regulation": (lambda world: compliance(world).regulations("RN" + "0" * 32).fetch(), 404, 20404, "RN0"),
    "no such end user": (lambda world: compliance(world).end_users("IT" + "0" * 32).fetch(), 404, 20404, "IT0"),
    "no such evaluation": (
        lambda world: compliance(world).bundles(bundle(world.sub).sid).evaluations("EL" + "0" * 32).fetch(),
        404,
        20404,
        "EL0",
    ),
    "no such assignment": (
        lambda world: compliance(world).bundles(bundle(world.sub).sid).item_assignments("BV" + "0" * 32).fetch(),
        404,
        20404,
        "BV0",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_by_code_and_name(name: str) -> None:
    """Each refusal by the situation that causes it."""
    act, status, code, names = REFUSALS[name]
    with a_world(review_delay=REVIEW) as world, refused(status, code, names):
        act(world)


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/bundles/BU0/decision", {"status": "twilio-approved"}, 404, "sid"),
        ("/bundles/BU0/decision", {"status": "draft"}, 400, "status"),
        ("/bundles/BU0/decision", {"status": "twilio-approved", "validUntil": "never"}, 400, "validUntil"),
        ("/bundles/BU0/decision", {"status": "twilio-approved", "why": ""}, 400, "why"),
        ("/identities", {"account": "AC0", "country": "BR"}, 404, "account"),
        ("/identities", {"account": "AC0", "country": "XX"}, 400, "country"),
        ("/identities", {"account": "AC0", "country": "BR", "status": "?"}, 400, "status"),
        ("/numbers/+13055550123/restore", {}, 404, "phone_number"),
    ],
    ids=["no bundle", "no verdict", "no moment", "unknown field", "no account", "no country", "no state", "no release"],
)
def test_the_admin_api_refuses_what_it_cannot_do(
    world: SyncWorld, path: str, body: dict[str, Any], status: int, says: str
) -> None:
    """And names the field."""
    code, answer = admin(world, path, **body)
    assert (code, says in answer["error"]) == (status, True), answer


def test_nobody_decides_on_a_draft(world: SyncWorld) -> None:
    """It was not submitted."""
    code, answer = admin(world, f"/bundles/{bundle(world.sub).sid}/decision", status="twilio-approved")
    assert (code, "draft" in answer["error"]) == (409, True)
