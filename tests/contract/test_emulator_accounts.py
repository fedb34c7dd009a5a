"""Accounts and subaccounts: their states, what each refuses, quota, trial, and what Twilio itself does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_customer, a_world, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio.rest import Client

OTHER_NUMBER = "+13055550124"
NO_ACCOUNT = "AC" + "9" * 32

drives = DRIVES = Drives()


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


def accounts(client: Client) -> Any:
    """Return the SDK's accounts."""
    return client.api.v2010.accounts


def control(world: SyncWorld, sid: str, act: str, method: str = "POST", **body: object) -> Any:
    """Do what only Twilio can do to an account."""
    answer = world.raw(method, f"/emulator/v1/accounts/{sid}/{act}", json=body)
    assert answer.ok, answer.text
    return answer.json()


def set_quota(world: SyncWorld, most: int) -> None:
    """Have Twilio allow so many subaccounts."""
    assert world.raw("POST", "/emulator/v1/quota", json={"maxSubaccounts": most}).ok


def test_the_sdk_and_the_documents_agree_with_creating(world: SyncWorld) -> None:
    """A subaccount is active, owned by the parent, and has a token of its own; its name is made when none is given."""
    made = accounts(world.parent).create(friendly_name="Ñandú")
    assert (made.friendly_name, made.status, made.type) == ("Ñandú", "active", "Full")
    assert made.owner_account_sid == world.emulator.account_sid
    assert len(made.auth_token) == 32
    assert accounts(world.parent).create().friendly_name.startswith("SubAccount Created at ")


@drives("POST", "api", "/2010-04-01/Accounts.json")
def _(world: SyncWorld) -> None:
    assert accounts(world.parent).create(friendly_name="second").friendly_name == "second"


@drives("GET", "api", "/2010-04-01/Accounts.json")
def _(world: SyncWorld) -> None:
    second = accounts(world.parent).create(friendly_name="second")
    found = accounts(world.parent).list(page_size=1)
    assert [account.sid for account in found] == [second.sid, world.sub_sid, world.emulator.account_sid]
    assert [account.sid for account in accounts(world.sub).list()] == [world.sub_sid]


@drives("GET", "api", "/2010-04-01/Accounts/{Sid}.json")
def _(world: SyncWorld) -> None:
    assert accounts(world.parent)(world.sub_sid).fetch().auth_token == world.sub_token
    assert accounts(world.sub)(world.sub_sid).fetch().auth_token == world.sub_token


@drives("POST", "api", "/2010-04-01/Accounts/{Sid}.json")
def _(world: SyncWorld) -> None:
    changed = accounts(world.sub)(world.sub_sid).update(friendly_name="renamed by itself")
    assert changed.friendly_name == "renamed by itself"


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=" ".join)
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


def test_names_are_not_unique_and_filters_are_exact(world: SyncWorld) -> None:
    """Twilio promises no uniqueness: a create that is repeated makes a second account."""
    twice = {accounts(world.parent).create(friendly_name="tenant a").sid for _ in range(2)}
    accounts(world.parent).create(friendly_name="tenant ab")
    accounts(world.parent)(twice.copy().pop()).update(status="closed")

    assert {found.sid for found in accounts(world.parent).list(friendly_name="tenant a")} == twice
    assert accounts(world.parent).list(friendly_name="Tenant A") == []
    assert len(accounts(world.parent).list(friendly_name="tenant a", status="closed")) == 1
    assert accounts(world.parent).list(friendly_name="tenant a", status="suspended") == []


# --------------------------------------------------------------------------------------------------------------- states


def test_a_suspended_account_reads_and_keeps_its_numbers_but_sends_receives_and_buys_nothing(world: SyncWorld) -> None:
    """Its numbers stay, and stay billed; active again, it works as before."""
    with a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        accounts(world.parent)(world.sub_sid).update(status="suspended")

        assert [number.phone_number for number in world.sub.incoming_phone_numbers.list()] == [NUMBER]
        with refused(403, 20005):
            world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
        with refused(403, 20005):
            world.buy(OTHER_NUMBER)
        assert customer.forms == []

        accounts(world.parent)(world.sub_sid).update(status="active")
        world.say("Hola")
        assert [form["Body"] for form in customer.forms] == ["Hola"]
        assert world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola").sid


def test_a_closed_account_is_closed_for_good(world: SyncWorld) -> None:
    """Its numbers are gone, its token and keys are 401, the parent still sees it, and nobody opens it again."""
    key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
    by_key = world.client(key.sid, key.secret, world.sub_sid)
    world.buy()
    assert by_key.messages.list() == []

    accounts(world.parent)(world.sub_sid).update(status="closed")

    for client in (world.sub, by_key):
        with refused(401, 20003):
            client.messages.list()
    inside = world.client(world.emulator.account_sid, world.emulator.auth_token, world.sub_sid)
    assert inside.incoming_phone_numbers.list() == []
    assert [found.status for found in accounts(world.parent).list(friendly_name="tenant")] == ["closed"]
    for status in ("active", "suspended", "closed"):
        with refused(400, 21479, "closed"):
            accounts(world.parent)(world.sub_sid).update(status=status)


def test_nothing_is_made_or_changed_inside_a_closed_account(world: SyncWorld) -> None:
    """The parent's token reads what is left, and writes nothing more."""
    inside = world.client(world.emulator.account_sid, world.emulator.auth_token, world.sub_sid)
    application = inside.applications.create(friendly_name="before")
    accounts(world.parent)(world.sub_sid).update(status="closed")

    assert inside.applications(application.sid).fetch().friendly_name == "before"
    with refused(403, 20005):
        inside.applications.create(friendly_name="after")
    with refused(403, 20005):
        inside.applications(application.sid).delete()


def test_with_the_parent_every_subaccount_is_suspended(world: SyncWorld) -> None:
    """They can do nothing; nobody's state can be changed, and no account made; and all is as before when it ends."""
    world.buy()
    asleep = accounts(world.parent).create(friendly_name="asleep before")
    accounts(world.parent)(asleep.sid).update(status="suspended")
    control(world, world.emulator.account_sid, "suspend")

    assert accounts(world.parent)(world.emulator.account_sid).fetch().status == "suspended"
    assert accounts(world.parent)(world.sub_sid).fetch().status == "suspended"
    assert len(accounts(world.parent).list(status="suspended")) == 3
    with refused(403, 20005):
        world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    with refused(403, 20005):
        world.buy(OTHER_NUMBER)
    with refused(400, 21476, "parent"):
        accounts(world.parent)(world.sub_sid).update(status="suspended")
    with refused(400, 21476, "parent"):
        accounts(world.parent).create(friendly_name="one more")

    control(world, world.sub_sid, "suspend")
    control(world, world.sub_sid, "resume")
    assert accounts(world.parent)(world.sub_sid).fetch().status == "suspended"

    control(world, world.emulator.account_sid, "resume")
    assert world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola").sid
    assert [account.sid for account in accounts(world.parent).list(status="suspended")] == [asleep.sid]


def test_only_twilio_lifts_what_twilio_suspended(world: SyncWorld) -> None:
    """The parent's attempt is 21478; a suspension of the parent's own is not lifted by Twilio."""
    control(world, world.sub_sid, "suspend")

    for status in ("active", "suspended", "closed"):
        with refused(400, 21478, "suspended by Twilio"):
            accounts(world.parent)(world.sub_sid).update(status=status)
    assert accounts(world.parent)(world.sub_sid).update(friendly_name="still").friendly_name == "still"

    assert control(world, world.sub_sid, "resume")["status"] == "active"
    accounts(world.parent)(world.sub_sid).update(status="suspended")
    assert control(world, world.sub_sid, "resume")["status"] == "suspended"


def test_twilio_suspends_no_account_twice_and_none_that_is_closed(world: SyncWorld) -> None:
    """A closed account is final for Twilio too."""
    control(world, world.sub_sid, "suspend")
    assert control(world, world.sub_sid, "suspend")["status"] == "suspended"
    control(world, world.sub_sid, "resume")
    accounts(world.parent)(world.sub_sid).update(status="closed")

    for act in ("suspend", "resume", "revoke-credentials"):
        answer = world.raw("POST", f"/emulator/v1/accounts/{world.sub_sid}/{act}", json={})
        assert (answer.status_code, "closed" in answer.json()["error"]) == (409, True)
        answer = world.raw("POST", f"/emulator/v1/accounts/{NO_ACCOUNT}/{act}", json={})
        assert (answer.status_code, NO_ACCOUNT in answer.json()["error"]) == (404, True)


def test_revoked_credentials_are_dead_at_once(world: SyncWorld) -> None:
    """Both tokens and every key; the parent reads the new token, and siblings notice nothing."""
    secondary = world.sub.accounts.v1.secondary_auth_token().create().secondary_auth_token
    key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
    sibling = accounts(world.parent).create(friendly_name="sibling")

    token = control(world, world.sub_sid, "revoke-credentials")["authToken"]

    for username, password in (
        (world.sub_sid, world.sub_token),
        (world.sub_sid, secondary),
        (key.sid, key.secret),
    ):
        with refused(401, 20003):
            world.client(username, password, world.sub_sid).messages.list()
    assert accounts(world.parent)(world.sub_sid).fetch().auth_token == token
    assert world.client(world.sub_sid, token).messages.list() == []
    assert world.client(sibling.sid, sibling.auth_token).messages.list() == []


# --------------------------------------------------------------------------------------------------------- quota, trial


def test_the_quota_counts_open_subaccounts_and_can_be_changed(tmp_path: Any) -> None:
    """Closing one makes room; the number outlasts a restart."""
    state = tmp_path / "state.db"
    with a_world(max_subaccounts=2, state=state) as world:
        accounts(world.parent).create(friendly_name="second")
        with refused(400, 21480, "maximum"):
            accounts(world.parent).create(friendly_name="third")
        accounts(world.parent)(world.sub_sid).update(status="suspended")
        with refused(400, 21480):
            accounts(world.parent).create(friendly_name="third")
        accounts(world.parent)(world.sub_sid).update(status="closed")
        accounts(world.parent).create(friendly_name="third")
        set_quota(world, 4)
    with a_world(max_subaccounts=2, state=state) as world:
        accounts(world.parent).create(friendly_name="fifth")
        with refused(400, 21480):
            accounts(world.parent).create(friendly_name="sixth")


def test_a_trial_account_has_one_subaccount_one_number_and_writes_to_verified_phones(world: SyncWorld) -> None:
    """Upgraded, it has no such limits."""
    world.buy()
    mine = "+13055550125"
    control(world, world.emulator.account_sid, "type", "PUT", type="Trial")

    assert accounts(world.parent)(world.emulator.account_sid).fetch().type == "Trial"
    with refused(400, 21480):
        accounts(world.parent).create(friendly_name="second")
    world.parent.incoming_phone_numbers.create(phone_number=mine)
    with refused(400, 21404, "one Twilio number"):
        world.parent.incoming_phone_numbers.create(phone_number=OTHER_NUMBER)
    with refused(400, 10002):
        world.buy(OTHER_NUMBER)
    with refused(400, 21608):
        world.parent.messages.create(to=PHONE, from_=mine, body="Hola")
    control(world, world.emulator.account_sid, "verified-numbers", number=PHONE)
    assert world.parent.messages.create(to=PHONE, from_=mine, body="Hola").sid
    assert world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola").sid

    control(world, world.emulator.account_sid, "type", "PUT", type="Full")
    assert world.parent.incoming_phone_numbers.create(phone_number=OTHER_NUMBER).sid
    assert accounts(world.parent).create(friendly_name="second").type == "Full"


def test_a_trial_subaccount_says_so(world: SyncWorld) -> None:
    """It is of the type its parent had."""
    accounts(world.parent)(world.sub_sid).update(status="closed")
    control(world, world.emulator.account_sid, "type", "PUT", type="Trial")
    assert accounts(world.parent).create(friendly_name="on trial").type == "Trial"


@pytest.mark.parametrize(
    ("path", "method", "body", "names"),
    [
        ("{SUB}/type", "PUT", {"type": "Gold"}, "type"),
        ("{SUB}/type", "PUT", {}, "type"),
        ("{SUB}/type", "PUT", {"type": "Full", "colour": 1}, "colour"),
        ("{NONE}/type", "PUT", {"type": "Full"}, "account"),
        ("{SUB}/verified-numbers", "POST", {"number": "1"}, "number"),
        ("{SUB}/verified-numbers", "POST", {"number": 1}, "number"),
        ("{NONE}/verified-numbers", "POST", {"number": PHONE}, "account"),
    ],
    ids=["type", "no type", "unknown field", "type of nobody", "number", "no text", "number of nobody"],
)
def test_the_admin_api_names_what_is_wrong(
    world: SyncWorld, path: str, method: str, body: dict[str, object], names: str
) -> None:
    """And changes nothing."""
    path = path.format(SUB=world.sub_sid, NONE=NO_ACCOUNT)
    answer = world.raw(method, f"/emulator/v1/accounts/{path}", json=body)
    assert answer.status_code in {400, 404}
    assert names in answer.json()["error"]
    assert accounts(world.parent)(world.sub_sid).fetch().type == "Full"


# ------------------------------------------------------------------------------------------------------------- refusals


def _sub(world: SyncWorld) -> Any:
    return accounts(world.parent)(world.sub_sid)


REFUSALS: dict[str, tuple[Callable[[SyncWorld], object], int, int, str]] = {
    "invalid status": (lambda w: _sub(w).update(status="asleep"), 400, 21475, "Status"),
    "empty status": (lambda w: _sub(w).update(status=""), 400, 21475, "Status"),
    "status of the parent": (
        lambda w: accounts(w.parent)(w.emulator.account_sid).update(status="suspended"),
        400,
        21477,
        "Status",
    ),
    "status by the subaccount": (lambda w: accounts(w.sub)(w.sub_sid).update(status="active"), 401, 20003, "Status"),
    "name of 65": (lambda w: accounts(w.parent).create(friendly_name="x" * 65), 400, 20002, "FriendlyName"),
    "new name of 65": (lambda w: _sub(w).update(friendly_name="x" * 65), 400, 20002, "FriendlyName"),
    "subaccount of a subaccount": (lambda w: accounts(w.sub).create(friendly_name="x"), 400, 21101, "subaccounts"),
    "unknown account": (lambda w: accounts(w.parent)(NO_ACCOUNT).fetch(), 404, 20404, NO_ACCOUNT),
    "the parent by its subaccount": (
        lambda w: accounts(w.sub)(w.emulator.account_sid).fetch(),
        404,
        20404,
        "was not found",
    ),
    "filter by no status": (lambda w: accounts(w.parent).list(status="asleep"), 400, 20001, "Status"),
    "page size of 1001": (lambda w: accounts(w.parent).page(page_size=1001).next_page(), 400, 20007, "PageSize"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_the_refusal_has_its_code_and_names_the_cause(world: SyncWorld, name: str) -> None:
    """One situation each, and nothing is changed by it."""
    before = [(account.sid, account.status) for account in accounts(world.parent).list()]
    act, status, code, names = REFUSALS[name]

    with refused(status, code, names):
        act(world)

    assert [(account.sid, account.status) for account in accounts(world.parent).list()] == before
