"""API keys: Main, Standard and Restricted, by iam v1 and by v2010, and what each of them reaches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_kit import MAIN_KEY
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_world, refused
from twilio_emulator.permissions import is_known, missing
from twilio_emulator.resources import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio.rest import Client

READ = "/twilio/messaging/messages/read"
LIST = "/twilio/messaging/messages/list"
CREATE = "/twilio/messaging/messages/create"
KEY_SID = re.compile("SK[0-9a-f]{32}")
NO_KEY = "SK" + "9" * 32

drives = DRIVES = Drives()


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


def a_key(world: SyncWorld, *allow: str, **more: Any) -> Any:
    """Make a key of the subaccount: a Restricted one when permissions are given."""
    if allow:
        more |= {"key_type": "restricted", "policy": {"allow": list(allow)}}
    return world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid, **more)


def client_of(world: SyncWorld, key: Any) -> Client:
    """Return an SDK client that logs in with a key just made."""
    return world.client(key.sid, key.secret, world.sub_sid)


# --------------------------------------------------------------------------------------------------------------- drives


@drives("POST", "iam", "/v1/Keys")
def _(world: SyncWorld) -> None:
    key = a_key(world, friendly_name="runtime")
    assert KEY_SID.fullmatch(key.sid)
    assert re.fullmatch("[0-9A-Za-z]{32}", key.secret)
    assert (key.friendly_name, key.policy) == ("runtime", None)


@drives("GET", "iam", "/v1/Keys")
def _(world: SyncWorld) -> None:
    made = [a_key(world).sid, a_key(world, READ).sid]
    found = world.sub.iam.v1.get_api_keys.list(account_sid=world.sub_sid, page_size=1)
    assert [key.sid for key in found] == made[::-1]
    assert [key.flags for key in found] == [["restricted"], ["rest_api", "signing"]]


@drives("GET", "iam", "/v1/Keys/{Sid}")
def _(world: SyncWorld) -> None:
    key = a_key(world, READ, LIST, friendly_name="reader")
    found = world.sub.iam.v1.api_key(key.sid).fetch()
    assert (found.friendly_name, found.policy) == ("reader", {"allow": [READ, LIST]})


@drives("POST", "iam", "/v1/Keys/{Sid}")
def _(world: SyncWorld) -> None:
    key = a_key(world, READ)
    changed = world.sub.iam.v1.api_key(key.sid).update(friendly_name="new", policy={"allow": [LIST]})
    assert (changed.friendly_name, changed.policy) == ("new", {"allow": [LIST]})


@drives("DELETE", "iam", "/v1/Keys/{Sid}")
def _(world: SyncWorld) -> None:
    key = a_key(world)
    assert world.sub.iam.v1.api_key(key.sid).delete()
    assert world.sub.iam.v1.get_api_keys.list(account_sid=world.sub_sid) == []


_OLD = "/2010-04-01/Accounts/{AccountSid}/Keys"


@drives("POST", "api", f"{_OLD}.json")
def _(world: SyncWorld) -> None:
    key = world.sub.new_keys.create(friendly_name="old")
    assert (key.friendly_name, len(key.secret)) == ("old", 32)


@drives("GET", "api", f"{_OLD}.json")
def _(world: SyncWorld) -> None:
    made = [world.sub.new_keys.create().sid, a_key(world).sid]
    assert [key.sid for key in world.sub.keys.list(page_size=1)] == made[::-1]


@drives("GET", "api", f"{_OLD}/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    key = world.sub.new_keys.create()
    assert world.sub.keys(key.sid).fetch().friendly_name is None


@drives("POST", "api", f"{_OLD}/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    key = world.sub.new_keys.create()
    world.advance(60)
    changed = world.sub.keys(key.sid).update(friendly_name="new")
    assert (changed.friendly_name, changed.date_updated > changed.date_created) == ("new", True)


@drives("DELETE", "api", f"{_OLD}/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    key = world.sub.new_keys.create()
    assert world.sub.keys(key.sid).delete()
    with refused(404, 20404, key.sid):
        world.sub.keys(key.sid).fetch()


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=" ".join)
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


# ------------------------------------------------------------------------------------------------------ what keys reach


def test_a_standard_key_does_what_its_account_may_but_accounts_and_keys(world: SyncWorld) -> None:
    """It buys and sends; it does not read its own account, and makes no key, not even by the older API."""
    client = client_of(world, a_key(world))

    client.incoming_phone_numbers.create(phone_number=NUMBER)
    client.messages.create(to=PHONE, from_=NUMBER, body="Hola")

    for act in (
        client.api.v2010.accounts(world.sub_sid).fetch,
        client.api.v2010.accounts.list,
        client.new_keys.create,
        client.keys.list,
        lambda: client.iam.v1.get_api_keys.list(account_sid=world.sub_sid),
        client.accounts.v1.secondary_auth_token().create,
    ):
        with refused(401, 20003):
            act()


def test_a_main_key_manages_accounts_and_acts_in_none_of_them(world: SyncWorld) -> None:
    """It makes subaccounts and lists them, without their tokens; inside of one it is 401, the number order too."""
    main = world.client(MAIN_KEY.sid, MAIN_KEY.secret, world.emulator.account_sid)

    made = main.api.v2010.accounts.create(friendly_name="by key")

    assert made.auth_token == ""
    assert {account.auth_token for account in main.api.v2010.accounts.list() if account.sid != main.account_sid} == {""}
    assert world.parent.api.v2010.accounts(made.sid).fetch().auth_token
    inside = world.client(MAIN_KEY.sid, MAIN_KEY.secret, world.sub_sid)
    for act in (
        inside.messages.list,
        inside.keys.list,
        lambda: inside.incoming_phone_numbers.create(phone_number=NUMBER),
    ):
        with refused(401, 20003):
            act()


def test_the_parents_token_makes_keys_inside_a_subaccount_by_the_older_api_only(world: SyncWorld) -> None:
    """v2010 names the account in its path; iam acts on the account that authenticates."""
    inside = world.client(world.emulator.account_sid, world.emulator.auth_token, world.sub_sid)

    key = inside.new_keys.create(friendly_name="tenant's")

    assert [found.sid for found in world.sub.keys.list()] == [key.sid]
    assert client_of(world, key).messages.list() == []
    with refused(401, 20003, "AccountSid"):
        inside.iam.v1.new_api_key.create(account_sid=world.sub_sid)


def test_a_deleted_key_is_dead_at_once_and_another_lives_on(world: SyncWorld) -> None:
    """There is no rotation: make a new one, roll it out, delete the old one."""
    old, new = client_of(world, first := a_key(world)), client_of(world, a_key(world))
    assert old.messages.list() == []

    world.sub.iam.v1.api_key(first.sid).delete()

    with refused(401, 20003):
        old.messages.list()
    assert new.messages.list() == []


def test_a_deleted_main_key_does_not_come_back_with_the_next_start(tmp_path: Any) -> None:
    """It is seeded once for a state file."""
    state = tmp_path / "state.db"
    with a_world(state=state) as world:
        world.parent.keys(MAIN_KEY.sid).delete()
    with a_world(state=state) as world, refused(401, 20003):
        world.client(MAIN_KEY.sid, MAIN_KEY.secret, world.emulator.account_sid).messages.list()


def test_the_older_api_makes_a_standard_key_for_who_asks_for_a_restricted_one() -> None:
    """Silently: the parameters are unknown there. The key does everything (twilio/ai, security-api-auth)."""
    with a_world() as world:
        world.recorder.holds_requests = False
        path = f"/api/2010-04-01/Accounts/{world.sub_sid}/Keys.json"
        form = {"KeyType": "restricted", "Policy": f'{{"allow": ["{READ}"]}}'}
        answer = world.raw("POST", path, (world.sub_sid, world.sub_token), data=form)

        assert answer.status_code == 201
        assert world.sub.iam.v1.api_key(answer.json()["sid"]).fetch().policy is None
        key = answer.json()
        assert world.client(key["sid"], key["secret"], world.sub_sid).messages.list() == []


# ------------------------------------------------------------------------------------------------------ Restricted keys


def test_read_and_list_are_two_permissions(world: SyncWorld) -> None:
    """Who may read a message may not list messages, and the refusal names what is missing."""
    world.buy()
    sent = world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    client = client_of(world, a_key(world, READ))

    assert client.messages(sent.sid).fetch().body == "Hola"
    with refused(401, 70051, "required permission twilio/messaging/messages/list is missing"):
        client.messages.list()
    with refused(401, 70051, "twilio/messaging/messages/create"):
        client.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    with refused(401, 70051, "twilio/messaging/messages/delete"):
        client.messages(sent.sid).delete()


def test_a_wildcard_is_every_action_of_one_resource(world: SyncWorld) -> None:
    """And of no other."""
    client = client_of(world, a_key(world, "/twilio/phone-numbers/active-numbers/*"))

    bought = client.incoming_phone_numbers.create(phone_number=NUMBER)
    client.incoming_phone_numbers(bought.sid).update(friendly_name="desk")
    assert [number.sid for number in client.incoming_phone_numbers.local.list()] == [bought.sid]
    client.incoming_phone_numbers(bought.sid).delete()
    with refused(401, 70051, "available-numbers/list"):
        client.available_phone_numbers("US").local.list()


def test_another_policy_holds_from_the_next_call_on(world: SyncWorld) -> None:
    """A permission can be taken away and given."""
    key = a_key(world, LIST)
    client = client_of(world, key)
    assert client.messages.list() == []

    world.sub.iam.v1.api_key(key.sid).update(policy={"allow": [READ]})

    with refused(401, 70051, "messages/list"):
        client.messages.list()


def test_a_restricted_key_may_make_keys_if_its_policy_says_so_and_never_reads_the_token(world: SyncWorld) -> None:
    """Accounts and keys are closed to Standard keys, to Restricted ones they can be opened."""
    maker = client_of(world, a_key(world, "/twilio/iam/api-keys/create", "/twilio/iam/accounts/read"))

    assert maker.iam.v1.new_api_key.create(account_sid=world.sub_sid).secret
    assert maker.new_keys.create().secret
    assert maker.api.v2010.accounts(world.sub_sid).fetch().auth_token == ""
    with refused(401, 70051, "api-keys/list"):
        maker.keys.list()


def test_what_no_permission_stands_for_is_closed(world: SyncWorld) -> None:
    """Balance and token rotation are in no policy."""
    client = client_of(world, a_key(world, "/twilio/iam/api-keys/*"))

    with refused(401, 70051, "no permission"):
        client.balance.fetch()
    with refused(401, 70051, "no permission"):
        client.accounts.v1.secondary_auth_token().create()


def test_a_hundred_permissions_and_no_more(world: SyncWorld) -> None:
    """Twilio's limit of one key."""
    names = [f"/twilio/studio/flow{number}/read" for number in range(101)]

    assert len(a_key(world, *names[:100]).policy["allow"]) == 100
    with refused(400, 20001, "Policy"):
        a_key(world, *names)


@pytest.mark.parametrize(
    ("policy", "code", "says"),
    [
        (
            '{"allow": ["/twilio/fakepermission/doesnotexist"]}',
            70002,
            "assertion '/twilio/fakepermission/doesnotexist'",
        ),
        ('{"allow": ["/twilio/messaging/messages/fly"]}', 70002, "messages/fly"),
        ('{"allow": ["twilio/messaging/messages/read"]}', 70002, "assertion"),
        ('{"allow": ["/twilio/messaging/messages.media/*"]}', 70002, "messages.media"),
        ('{"allow": [""]}', 70002, "Policy"),
        ('{"allow": []}', 20001, "1 to 100"),
        ('{"allow": "/twilio/messaging/messages/read"}', 20001, "list"),
        ('{"allow": [1]}', 20001, "list"),
        ('{"allow": null}', 20001, "list"),
        ('{"allow": ["/twilio/messaging/messages/read"], "deny": []}', 20001, "allow"),
        ("[]", 20001, "Policy"),
        ("null", 20001, "Policy"),
        ("allow everything", 20001, "JSON"),
        ("[" * 100_000, 20001, "JSON"),
    ],
    ids=[
        "unknown",
        "unknown action",
        "no slash",
        "no wildcard here",
        "empty name",
        "empty list",
        "no list",
        "no texts",
        "null list",
        "deny",
        "array",
        "null",
        "no JSON",
        "deep",
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_by_name(world: SyncWorld, policy: str, code: int, says: str) -> None:
    """When a key is made and when it is changed, and nothing is changed."""
    world.recorder.holds_requests = False
    auth = (world.sub_sid, world.sub_token)
    key = a_key(world, READ)
    form = {"AccountSid": world.sub_sid, "KeyType": "restricted", "Policy": policy}

    for path in ("/iam/v1/Keys", f"/iam/v1/Keys/{key.sid}"):
        answer = world.raw("POST", path, auth, data=form)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert says in answer.json()["message"]
        assert "Policy" in answer.json()["message"]
    assert world.sub.iam.v1.api_key(key.sid).fetch().policy == {"allow": [READ]}
    assert len(world.sub.keys.list()) == 1


REFUSALS: dict[str, tuple[Callable[[SyncWorld], object], int, int, str]] = {
    "restricted without policy": (lambda w: a_key(w, key_type="restricted"), 400, 20001, "Policy"),
    "policy without restricted": (lambda w: a_key(w, policy={"allow": [READ]}), 400, 20001, "Policy"),
    "unknown type": (lambda w: a_key(w, key_type="main"), 400, 20001, "KeyType"),
    "policy for a standard key": (
        lambda w: w.sub.iam.v1.api_key(a_key(w).sid).update(policy={"allow": [READ]}),
        400,
        20001,
        "Policy",
    ),
    "name of 65": (lambda w: a_key(w, friendly_name="x" * 65), 400, 70001, "FriendlyName"),
    "old name of 65": (lambda w: w.sub.new_keys.create(friendly_name="x" * 65), 400, 70001, "FriendlyName"),
    "new name of 65": (
        lambda w: w.sub.keys(w.sub.new_keys.create().sid).update(friendly_name="x" * 65),
        400,
        70001,
        "FriendlyName",
    ),
    "fetch of no key's SID": (lambda w: w.sub.keys("AC" + "1" * 32).fetch(), 400, 70002, "Sid"),
    "iam fetch of no key's SID": (lambda w: w.sub.iam.v1.api_key("SK1").fetch(), 400, 70002, "Sid"),
    "fetch of an unknown key": (lambda w: w.sub.keys(NO_KEY).fetch(), 404, 20404, NO_KEY),
    "update of an unknown key": (lambda w: w.sub.keys(NO_KEY).update(friendly_name="x"), 404, 20404, NO_KEY),
    "delete of an unknown key": (lambda w: w.sub.keys(NO_KEY).delete(), 404, 20404, NO_KEY),
    "another account's key": (lambda w: w.sub.keys(MAIN_KEY.sid).fetch(), 404, 20404, MAIN_KEY.sid),
    "another account's keys": (
        lambda w: w.sub.iam.v1.get_api_keys.list(account_sid=w.emulator.account_sid),
        401,
        20003,
        "AccountSid",
    ),
    "list of no account": (lambda w: w.sub.iam.v1.get_api_keys.list(account_sid="AC1"), 400, 20001, "AccountSid"),
    "far page": (lambda w: w.sub.keys.page(page_number=1, page_size=1000).next_page(), 400, 70002, "Page"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_the_refusal_has_its_code_and_names_the_cause(world: SyncWorld, name: str) -> None:
    """One situation each."""
    act, status, code, names = REFUSALS[name]
    with refused(status, code, names):
        act(world)


# --------------------------------------------------------------------------------------------- the table of permissions


def test_every_permission_that_a_call_can_need_may_be_named() -> None:
    """What ``missing`` asks for, ``is_known`` takes; and the key that has it may call."""
    for route in ROUTES:
        lacking = missing((), route.method, route.host, route.path)
        assert lacking is not None
        if lacking:
            assert is_known(f"/{lacking}"), lacking
            assert missing((f"/{lacking}",), route.method, route.host, route.path) is None


def test_no_permission_is_that_of_everything() -> None:
    """Wildcards stand for the actions of one resource only."""
    for name in ("/twilio/*", "/twilio/*/*/*", "/twilio/messaging/*", "*", "/twilio/messaging/messages/", "/"):
        assert not is_known(name)
