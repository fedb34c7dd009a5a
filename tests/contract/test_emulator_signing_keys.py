"""How webhooks are signed and delivered, by rules of the customer's own: webhooks.twilio.com, and what arrives."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioServiceException
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest.webhooks.v1.rule import RuleList
from twilio.rest.webhooks.v1.setting import SettingList
from twilio.rest.webhooks.v1.shared_key import SharedKeyList

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import SyncCustomer, SyncWorld, a_customer, a_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio.rest import Client

SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
_ROOT = "/v1/Webhooks"

drives = DRIVES = Drives()


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


@contextmanager
def a_problem(status: int, code: int, names: str = "") -> Iterator[None]:
    """Expect a refusal of this host, which has errors of another form."""
    with pytest.raises(TwilioServiceException) as caught:
        yield
    error = caught.value
    assert (error.status, error.code) == (status, code), error.detail
    assert names in error.detail, error.detail


@contextmanager
def refused_list(status: int, code: int, names: str) -> Iterator[None]:
    """Expect the refusal of a list by this host."""
    with pytest.raises(TwilioException) as caught:
        yield
    body = json.loads(caught.value.args[1].text)
    assert (body["status"], body["code"]) == (status, code)
    assert names in body["detail"]


def basic(text: str) -> str:
    """Return the header of a pair ``user:password``."""
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def shared_key(client: Client, name: str = "") -> Any:
    """Make a shared key."""
    return client.webhooks.v1.shared_keys.create(SharedKeyList.PostSharedKey({"friendlyName": name}))


def setting(client: Client, **more: Any) -> Any:
    """Make a setting without authentication."""
    auth = {"source": "INLINE", "value": {"scheme": "NONE"}}
    return client.webhooks.v1.settings.create(SettingList.PostSetting({"auth": auth, **more}))


def signed_with(key: Any) -> dict[str, Any]:
    """Return the part of a setting that names a key."""
    return {"signature": {"type": "SHARED_KEY", "sharedKeyId": key.id, "algorithm": "HMAC_SHA256"}}


def rule(client: Client, *settings: Any, **more: Any) -> Any:
    """Write a rule; without a match it is the default one."""
    share = 100 // max(1, len(settings))
    parts = [{"settingId": one.id, "percentage": share} for one in settings]
    return client.webhooks.v1.rules.create(RuleList.PostRule({"matchType": "DEFAULT", "settings": parts, **more}))


@drives("POST", "webhooks", f"{_ROOT}/SharedKeys")
def _(world: SyncWorld) -> None:
    key = shared_key(world.sub, "runtime")
    assert (key.friendly_name, len(key.secret), key.id[:19]) == ("runtime", 32, "webhooks_sharedkey_")


@drives("GET", "webhooks", f"{_ROOT}/SharedKeys")
def _(world: SyncWorld) -> None:
    made = [shared_key(world.sub).id for _ in range(3)]
    assert [key.id for key in world.sub.webhooks.v1.shared_keys.list(page_size=2)] == made[::-1]


@drives("GET", "webhooks", f"{_ROOT}/SharedKeys/{{Id}}")
def _(world: SyncWorld) -> None:
    found = world.sub.webhooks.v1.shared_keys(shared_key(world.sub, "once").id).fetch()
    assert (found.friendly_name, found.secret) == ("once", None)


@drives("PATCH", "webhooks", f"{_ROOT}/SharedKeys/{{Id}}")
def _(world: SyncWorld) -> None:
    named = world.sub.webhooks.v1.shared_keys(shared_key(world.sub).id)
    assert named.patch(SharedKeyList.PatchSharedKey({"friendlyName": "new"})).friendly_name == "new"


@drives("DELETE", "webhooks", f"{_ROOT}/SharedKeys/{{Id}}")
def _(world: SyncWorld) -> None:
    assert world.sub.webhooks.v1.shared_keys(shared_key(world.sub).id).delete()
    assert world.sub.webhooks.v1.shared_keys.list() == []


@drives("POST", "webhooks", f"{_ROOT}/Settings")
def _(world: SyncWorld) -> None:
    made = setting(
        world.sub,
        friendlyName="bots",
        description="how bots are called",
        **signed_with(key := shared_key(world.sub)),
        connection={"connectTimeoutMs": 2000, "retryPolicy": {"retryCount": 2, "retryOn": ["HTTP_5XX"]}},
        edgeZones={"zones": ["us-east"], "allowZoneFallback": True},
    )
    assert made.signature == {"type": "SHARED_KEY", "sharedKeyId": key.id, "algorithm": "HMAC_SHA256"}
    assert made.connection["totalTimeoutMs"] == 15_000
    assert made.type == "CUSTOMER"


@drives("GET", "webhooks", f"{_ROOT}/Settings")
def _(world: SyncWorld) -> None:
    key = shared_key(world.sub)
    setting(world.sub)
    named = setting(world.sub, **signed_with(key))
    assert [found.id for found in world.sub.webhooks.v1.settings.list(shared_key_id=key.id)] == [named.id]
    assert len(world.sub.webhooks.v1.settings.list()) == 2


@drives("GET", "webhooks", f"{_ROOT}/Settings/{{Id}}")
def _(world: SyncWorld) -> None:
    auth = {"source": "INLINE", "value": {"scheme": "BASIC", "username": "twilio", "password": "open sesame"}}
    found = world.sub.webhooks.v1.settings(setting(world.sub, auth=auth).id).fetch()
    assert found.auth == {"source": "INLINE", "value": {"scheme": "BASIC", "username": "twilio"}}


@drives("PATCH", "webhooks", f"{_ROOT}/Settings/{{Id}}")
def _(world: SyncWorld) -> None:
    named = world.sub.webhooks.v1.settings(setting(world.sub, friendlyName="old").id)
    changed = named.patch(SettingList.PatchSetting({"description": "new"}))
    assert (changed.friendly_name, changed.description) == ("old", "new")


@drives("DELETE", "webhooks", f"{_ROOT}/Settings/{{Id}}")
def _(world: SyncWorld) -> None:
    assert world.sub.webhooks.v1.settings(setting(world.sub).id).delete()
    assert world.sub.webhooks.v1.settings.list() == []


@drives("POST", "webhooks", f"{_ROOT}/Rules")
def _(world: SyncWorld) -> None:
    accepted = rule(world.sub, setting(world.sub), friendlyName="all")
    assert accepted.rule["matchType"] == "DEFAULT"
    assert accepted.operation["statusUrl"].endswith(accepted.operation["id"])


@drives("GET", "webhooks", f"{_ROOT}/Rules")
def _(world: SyncWorld) -> None:
    one, other = setting(world.sub), setting(world.sub)
    rule(world.sub, one)
    mine = rule(world.sub, other, matchType="PREFIX_MATCH", prefix="https://a.example/").rule["id"]
    assert len(world.sub.webhooks.v1.rules.list(page_size=1)) == 2
    assert [found.id for found in world.sub.webhooks.v1.rules.list(setting_id=other.id)] == [mine]


@drives("GET", "webhooks", f"{_ROOT}/Rules/{{Id}}")
def _(world: SyncWorld) -> None:
    made = rule(world.sub, setting(world.sub), matchType="EXACT_MATCH", value="https://a.example/sms")
    found = world.sub.webhooks.v1.rules(made.rule["id"]).fetch()
    assert (found.value, found.prefix) == ("https://a.example/sms", None)


@drives("PATCH", "webhooks", f"{_ROOT}/Rules/{{Id}}")
def _(world: SyncWorld) -> None:
    made = rule(world.sub, setting(world.sub), matchType="PREFIX_MATCH", prefix="https://a.example/")
    named = world.sub.webhooks.v1.rules(made.rule["id"])
    changed = named.patch(RuleList.PatchRule({"prefix": "https://b.example/", "friendlyName": "b"}))
    assert changed.rule["prefix"] == "https://b.example/"
    assert named.fetch().friendly_name == "b"


@drives("DELETE", "webhooks", f"{_ROOT}/Rules/{{Id}}")
def _(world: SyncWorld) -> None:
    made = rule(world.sub, setting(world.sub))
    assert world.sub.webhooks.v1.rules(made.rule["id"]).delete()
    assert world.sub.webhooks.v1.rules.list() == []


@drives("GET", "webhooks", f"{_ROOT}/Operations")
def _(world: SyncWorld) -> None:
    made = rule(world.sub, setting(world.sub))
    world.advance(60)
    found = world.sub.webhooks.v1.operations.list(status="COMPLETED", resource_id=made.rule["id"])
    assert [operation.id for operation in found] == [made.operation["id"]]


@drives("GET", "webhooks", f"{_ROOT}/Operations/{{Id}}")
def _(world: SyncWorld) -> None:
    made = rule(world.sub, setting(world.sub))
    world.advance(60)
    found = world.sub.webhooks.v1.operations(made.operation["id"]).fetch()
    assert (found.status, found.resource_id) == ("COMPLETED", made.rule["id"])
    assert found.completed_at


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=" ".join)
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


def is_signed_by(customer: SyncCustomer, secret: str, *, index: int = -1) -> bool:
    """Validate a webhook as the SDK's documentation says: with the algorithm that its header names."""
    request = customer.seen[index]
    valid: bool = RequestValidator(secret).validate(
        f"{customer.url}{request.path_qs}",
        customer.forms[index],
        request.headers["X-Twilio-Signature"],
        get_signature_algorithm(request.headers.get(SETTINGS_HEADER)),
    )
    return valid


def test_a_webhook_under_a_rule_is_signed_with_the_shared_key(world: SyncWorld) -> None:
    """With HMAC-SHA256, and a header names the key; the auth token does not validate it any more."""
    with a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/bots/sms")
        key = shared_key(world.sub)
        rule(
            world.sub, setting(world.sub, **signed_with(key)), matchType="PREFIX_MATCH", prefix=f"{customer.url}/bots/"
        )
        world.advance(60)

        world.say("Hola")

        assert customer.seen[-1].headers[SETTINGS_HEADER] == f"key={key.id},algorithm=HMAC_SHA256"
        assert is_signed_by(customer, key.secret)
        assert not is_signed_by(customer, world.sub_token)


def test_a_rule_works_when_its_operation_is_completed_and_not_before() -> None:
    """A deleted one works until then, too."""
    with a_world(review_delay=30) as world, a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        key = shared_key(world.sub)
        made = rule(world.sub, setting(world.sub, **signed_with(key)))

        def signer() -> str:
            world.say("Hola")
            return "key" if is_signed_by(customer, key.secret) else "token"

        assert world.sub.webhooks.v1.operations(made.operation["id"]).fetch().status == "RUNNING"
        assert signer() == "token"
        world.advance(31)
        assert signer() == "key"
        world.sub.webhooks.v1.rules(made.rule["id"]).delete()
        assert signer() == "key"
        world.advance(31)
        assert signer() == "token"


def test_the_exact_rule_wins_over_the_longer_prefix_over_the_shorter_over_the_default(world: SyncWorld) -> None:
    """And a subaccount's rules are its own."""
    with a_customer(world.emulator) as customer:
        names = ("exact", "long", "short", "default")
        keys = {name: shared_key(world.sub, name) for name in names}
        settings = {name: setting(world.sub, **signed_with(key)) for name, key in keys.items()}
        rule(world.sub, settings["default"])
        rule(world.sub, settings["short"], matchType="PREFIX_MATCH", prefix=f"{customer.url}/a/")
        rule(world.sub, settings["exact"], matchType="EXACT_MATCH", value=f"{customer.url}/a/b/c")
        rule(world.sub, settings["long"], matchType="PREFIX_MATCH", prefix=f"{customer.url}/a/b/")
        rule(world.parent, setting(world.parent, **signed_with(shared_key(world.parent))))
        number = world.buy()
        world.advance(60)

        for path, name in (("/a/b/c#rc=0", "exact"), ("/a/b/d", "long"), ("/a/d", "short"), ("/x?y=1", "default")):
            world.sub.incoming_phone_numbers(number.sid).update(sms_url=f"{customer.url}{path}")
            world.say("Hola")
            assert is_signed_by(customer, keys[name].secret), name


def test_a_setting_brings_its_own_retries_and_its_own_login(world: SyncWorld) -> None:
    """Three attempts where the default would make one; the password is in no log."""
    with a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        made = setting(
            world.sub,
            auth={"source": "INLINE", "value": {"scheme": "BASIC", "username": "twilio", "password": "open sesame"}},
            connection={"retryPolicy": {"retryCount": 2, "retryOn": ["HTTP_5XX"]}},
        )
        rule(world.sub, made)
        world.advance(60)
        for _ in range(2):
            customer.answer(status=503)

        world.say("Hola")

        assert [request.headers["Authorization"] for request in customer.seen] == [basic("twilio:open sesame")] * 3
        assert basic("twilio:open sesame") not in json.dumps(world.emulator.deliveries())
        assert is_signed_by(customer, world.sub_token)


def test_traffic_is_split_between_two_settings(world: SyncWorld) -> None:
    """By percentage: a new key is tried on some of it."""
    with a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        keys = [shared_key(world.sub) for _ in range(2)]
        rule(world.sub, *(setting(world.sub, **signed_with(key)) for key in keys))
        world.advance(60)
        for _ in range(40):
            world.say("Hola")

        used = {request.headers[SETTINGS_HEADER].partition(",")[0] for request in customer.seen}
        assert used == {f"key={key.id}" for key in keys}


def test_what_is_used_cannot_be_deleted(world: SyncWorld) -> None:
    """A key by a setting, a setting by a rule; in the other order all goes."""
    webhooks = world.sub.webhooks.v1
    key = shared_key(world.sub)
    named = setting(world.sub, **signed_with(key))
    made = rule(world.sub, named)

    with a_problem(409, 59100, key.id):
        webhooks.shared_keys(key.id).delete()
    with a_problem(409, 59100, named.id):
        webhooks.settings(named.id).delete()
    webhooks.rules(made.rule["id"]).delete()
    assert webhooks.settings(named.id).delete()
    assert webhooks.shared_keys(key.id).delete()


def test_fifty_of_each_and_no_more(world: SyncWorld) -> None:
    """Twilio's limit of one account; another account has its own fifty."""
    made = [shared_key(world.sub) for _ in range(50)]
    with a_problem(422, 59200, "50"):
        shared_key(world.sub)
    assert shared_key(world.parent).id
    world.sub.webhooks.v1.shared_keys(made[0].id).delete()
    assert shared_key(world.sub).id


def _setting(**document: Any) -> Callable[[SyncWorld], object]:
    return lambda world: world.sub.webhooks.v1.settings.create(SettingList.PostSetting(document))


def _rule(**document: Any) -> Callable[[SyncWorld], object]:
    return lambda world: rule(world.sub, setting(world.sub), **document)


def _twice(world: SyncWorld) -> None:
    made = setting(world.sub)
    rule(world.sub, made)
    rule(world.sub, made)


_NONE = {"source": "INLINE", "value": {"scheme": "NONE"}}
_NO_KEY = "webhooks_sharedkey_" + "0" * 26
PROBLEMS: dict[str, tuple[Callable[[SyncWorld], object], int, int, str]] = {
    "unknown key": (lambda w: w.sub.webhooks.v1.shared_keys(_NO_KEY).fetch(), 404, 20404, _NO_KEY),
    "unknown setting": (lambda w: w.sub.webhooks.v1.settings("x").delete(), 404, 20404, "x"),
    "unknown rule": (lambda w: w.sub.webhooks.v1.rules("x").delete(), 404, 20404, "x"),
    "another account's key": (
        lambda w: w.sub.webhooks.v1.shared_keys(shared_key(w.parent).id).fetch(),
        404,
        20404,
        "sharedkey",
    ),
    "a name of 256": (lambda w: shared_key(w.sub, "x" * 256), 400, 59000, "friendlyName"),
    "a name that is none": (lambda w: shared_key(w.sub, 7), 400, 59000, "friendlyName"),  # type: ignore[arg-type]
    "a description of 1025": (_setting(auth=_NONE, description="x" * 1025), 400, 59000, "description"),
    "a setting without auth": (_setting(friendlyName="x"), 400, 59000, "auth"),
    "an unknown source": (_setting(auth={"source": "AIR"}), 400, 59000, "auth.source"),
    "a source that is not emulated": (_setting(auth={"source": "REFERENCE"}), 400, 59000, "auth.source"),
    "no scheme": (_setting(auth={"source": "INLINE"}), 400, 59000, "auth.value.scheme"),
    "an unknown scheme": (
        _setting(auth={"source": "INLINE", "value": {"scheme": "MAGIC"}}),
        400,
        59000,
        "auth.value.scheme",
    ),
    "a login without password": (
        _setting(auth={"source": "INLINE", "value": {"scheme": "BASIC", "username": "x"}}),
        400,
        59000,
        "auth.value.password",
    ),
    "a signature without key": (
        _setting(auth=_NONE, signature={"algorithm": "HMAC_SHA256"}),
        400,
        59000,
        "signature.sharedKeyId",
    ),
    "an unknown signing key": (
        _setting(auth=_NONE, signature={"sharedKeyId": _NO_KEY, "algorithm": "HMAC_SHA256"}),
        400,
        59000,
        "signature.sharedKeyId",
    ),
    "an unknown algorithm": (
        _setting(auth=_NONE, signature={"sharedKeyId": _NO_KEY, "algorithm": "ROT13"}),
        400,
        59000,
        "signature.algorithm",
    ),
    "too short a time-out": (
        _setting(auth=_NONE, connection={"connectTimeoutMs": 99}),
        400,
        59000,
        "connection.connectTimeoutMs",
    ),
    "half a millisecond": (
        _setting(auth=_NONE, connection={"readTimeoutMs": 100.5}),
        400,
        59000,
        "connection.readTimeoutMs",
    ),
    "an absurd time-out": (
        _setting(auth=_NONE, connection={"totalTimeoutMs": 10**400}),
        400,
        59000,
        "connection.totalTimeoutMs",
    ),
    "retries on what is unknown": (
        _setting(auth=_NONE, connection={"retryPolicy": {"retryOn": ["RAIN"]}}),
        400,
        59000,
        "connection.retryPolicy.retryOn[0]",
    ),
    "too many retries": (
        _setting(auth=_NONE, connection={"retryPolicy": {"retryCount": 6}}),
        400,
        59000,
        "connection.retryPolicy.retryCount",
    ),
    "a rule of no type": (lambda w: rule(w.sub, setting(w.sub), matchType=None), 400, 59000, "matchType"),
    "a rule of an unknown type": (_rule(matchType="REGEX"), 400, 59000, "matchType"),
    "a rule without settings": (_rule(settings=None), 400, 59000, "settings"),
    "a rule of an unknown setting": (
        _rule(settings=[{"settingId": "x", "percentage": 100}]),
        400,
        59000,
        "settings[0].settingId",
    ),
    "an exact rule without URL": (_rule(matchType="EXACT_MATCH"), 400, 59000, "value"),
    "an exact rule with a slash": (_rule(matchType="EXACT_MATCH", value="https://a.example/"), 400, 59000, "value"),
    "a prefix without slash": (_rule(matchType="PREFIX_MATCH", prefix="https://a.example"), 400, 59000, "prefix"),
    "a prefix with an asterisk": (
        _rule(matchType="PREFIX_MATCH", prefix="https://*.example/"),
        400,
        59000,
        "prefix",
    ),
    "a prefix that is no URL": (_rule(matchType="PREFIX_MATCH", prefix="a.example/"), 400, 59000, "prefix"),
    "two default rules": (_twice, 409, 59103, "DEFAULT"),
    "too large a page": (lambda w: w.sub.webhooks.v1.rules.list(page_size=1001), 400, 59000, "pageSize"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_has_its_code_and_names_the_cause(world: SyncWorld, name: str) -> None:
    """By a service exception where one thing is asked for; a list has no code."""
    act, status, code, names = PROBLEMS[name]
    expected = refused_list if name == "too large a page" else a_problem
    with expected(status, code, names):
        act(world)


def test_percentages_add_up(world: SyncWorld) -> None:
    """To a hundred, over two settings at most."""
    one, other, third = (setting(world.sub).id for _ in range(3))
    for shares in ((50, 40), (100, 1), (101, -1), (40, 30, 30)):
        parts = [
            {"settingId": made, "percentage": share} for made, share in zip((one, other, third), shares, strict=False)
        ]
        with a_problem(400, 59000, "settings"):
            rule(world.sub, settings=parts)
