"""What goes wrong on demand: what the official SDK raises then, and what was done all the same."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import requests
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioException, TwilioRestException

from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_customer, a_world, refused
from twilio_emulator.errors import AdminError
from twilio_emulator.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALWAYS = None
NETWORK = requests.exceptions.RequestException


@pytest.fixture(scope="module")
def shared() -> Iterator[SyncWorld]:
    """One emulator for all tests that leave no order behind."""
    with a_world(max_subaccounts=100_000) as world:
        yield world


@pytest.fixture
def world(shared: SyncWorld) -> Iterator[SyncWorld]:
    """An emulator without orders."""
    yield shared
    shared.emulator.run(shared.emulator.admin.clear_faults())


def order(world: SyncWorld, **fields: Any) -> dict[str, Any]:
    """Order something to fail."""
    return world.emulator.run(world.emulator.admin.add_fault(**fields))


def hits(world: SyncWorld) -> list[int]:
    """How often each order struck."""
    return [found["hits"] for found in world.emulator.run(world.emulator.admin.faults())]


def names(world: SyncWorld) -> list[str]:
    """The names of all accounts."""
    return [account.friendly_name for account in world.parent.api.v2010.accounts.list()]


# ------------------------------------------------------------------------------------------- what the SDK makes of each


def test_an_error_status_is_a_rest_exception_with_twilios_code(world: SyncWorld) -> None:
    """Each status has Twilio's code for it, unless another is ordered."""
    for status, code in [(400, 20001), (404, 20404), (409, 20409), (429, 20429), (500, 20500), (503, 20503)]:
        order(world, path="/Balance", status=status)
        with refused(status, code):
            world.sub.balance.fetch()
    order(world, path="/Balance", status=400, code=21617)
    with refused(400, 21617):
        world.sub.balance.fetch()


def test_a_list_that_fails_raises_without_a_code(world: SyncWorld) -> None:
    """The bare TwilioException: 429 and 503 look alike to who asks only for a code."""
    order(world, method="GET", path="Accounts.json", status=429)
    with pytest.raises(TwilioException) as raised:
        world.parent.api.v2010.accounts.list()
    assert not isinstance(raised.value, TwilioRestException)
    assert "Unable to fetch page" in str(raised.value)


def test_a_redirection_is_taken_for_an_answer(world: SyncWorld) -> None:
    """The SDK follows none and raises nothing: it makes an object of Nones. Who does follow is served."""
    order(world, path="/Balance", status=307, count=2)
    fetched = world.sub.balance.fetch()
    followed = world.raw(
        "GET", f"/api/2010-04-01/Accounts/{world.sub_sid}/Balance.json", (world.sub_sid, world.sub_token)
    )

    assert (fetched.account_sid, fetched.balance) == (None, None)
    assert [reply.status_code for reply in (*followed.history, followed)] == [307, 200]


def test_a_bad_gateway_is_a_proxys_page(world: SyncWorld) -> None:
    """No JSON to read a code from: the SDK takes the status for the code."""
    order(world, path="/Balance", status=502)
    with pytest.raises(TwilioRestException) as raised:
        world.sub.balance.fetch()
    assert (raised.value.status, raised.value.code) == (502, 502)

    order(world, path="/Balance", status=502)
    reply = balance(world)
    assert reply.headers["Content-Type"] == "text/html"
    assert "<h1>502 Bad Gateway</h1>" in reply.text


@pytest.mark.parametrize("kind", ["drop", "reset"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_ends_is_a_connection_error_whatever_was_done(world: SyncWorld, kind: str, when: str) -> None:
    """The client cannot tell the two apart; the list can."""
    name = f"{kind} {when}"
    order(world, method="POST", path="Accounts.json", kind=kind, when=when)
    with pytest.raises(requests.exceptions.ConnectionError) as raised:
        world.parent.api.v2010.accounts.create(friendly_name=name)

    assert ("reset by peer" in str(raised.value)) == (kind == "reset")
    assert (name in names(world)) == (when == "after")


def test_half_an_answer_is_a_network_error_and_the_act_is_done(world: SyncWorld) -> None:
    """The headers promised more."""
    order(world, method="POST", path="Accounts.json", kind="half-body")
    with pytest.raises(NETWORK, match="IncompleteRead"):
        world.parent.api.v2010.accounts.create(friendly_name="half")
    assert "half" in names(world)


def test_broken_json_is_a_decode_error_and_the_act_is_done(world: SyncWorld) -> None:
    """The status says 201."""
    order(world, method="POST", path="Accounts.json", kind="bad-json")
    with pytest.raises(json.JSONDecodeError):
        world.parent.api.v2010.accounts.create(friendly_name="broken")
    assert "broken" in names(world)


@pytest.mark.parametrize("kind", ["half-body", "bad-json"])
def test_an_answer_without_a_body_cannot_be_spoiled(world: SyncWorld, kind: str) -> None:
    """A 204 is whole as it is."""
    bought = world.buy(f"+1305555{700 + len(kind):04d}")
    order(world, method="DELETE", kind=kind)
    with suppress(NETWORK):
        world.sub.incoming_phone_numbers(bought.sid).delete()
    assert hits(world)[-1] == 1
    with refused(404, 20404):
        world.sub.incoming_phone_numbers(bought.sid).fetch()


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_does_not_come_is_a_read_time_out(world: SyncWorld, when: str) -> None:
    """By the client's own patience, which the SDK has only when told; the connection is given up."""
    client = world.client(world.emulator.account_sid, world.emulator.auth_token)
    client.http_client.timeout = 0.2
    order(world, method="POST", path="Accounts.json", kind="hang", when=when)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.api.v2010.accounts.create(friendly_name=f"hung {when}")
    assert (f"hung {when}" in names(world)) == (when == "after")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_answer_comes(world: SyncWorld, when: str) -> None:
    """Later than a client waits, if it is not patient; the header tells how long it took."""
    order(world, path="/Balance", kind="latency", when=when, minSeconds=0.05, maxSeconds=0.1)
    reply = balance(world)
    assert reply.status_code == 200
    assert float(reply.headers["Twilio-Request-Duration"]) >= 0.05


def balance(world: SyncWorld, account: tuple[str, str] | None = None) -> requests.Response:
    """Ask for the balance, with the headers of the answer to be seen."""
    sid, token = account or (world.sub_sid, world.sub_token)
    return world.raw("GET", f"/api/2010-04-01/Accounts/{sid}/Balance.json", (sid, token))


# ------------------------------------------------------------------------------------------- headers and concurrency


def test_every_answer_has_twilios_headers(world: SyncWorld) -> None:
    """Good or bad."""
    for reply in (balance(world), world.raw("GET", "/api/2010-04-01/nothing.json"), balance(world, ("AC1", "x"))):
        assert reply.headers["Twilio-Concurrent-Requests"] == "1"
        assert reply.headers["Twilio-Request-Id"].startswith("RQ")
        assert len(reply.headers["Twilio-Request-Id"]) == 34
        assert float(reply.headers["Twilio-Request-Duration"]) >= 0
        assert (reply.headers["X-Home-Region"], reply.headers["X-API-Domain"]) == ("us1", "api.twilio.com")


def hang(world: SyncWorld, part: str, then: int) -> threading.Thread:
    """Have a call of the subaccount hang; return once so many of its calls are seen to be in progress."""
    order(world, path=f"/{part}", kind="hang")

    def call() -> None:
        with suppress(NETWORK):
            world.raw("GET", f"/api/2010-04-01/Accounts/{world.sub_sid}/{part}.json", (world.sub_sid, world.sub_token))

    thread = threading.Thread(target=call)
    thread.start()
    while balance(world).headers["Twilio-Concurrent-Requests"] != str(then):
        pass
    return thread


def release(world: SyncWorld, *hanging: threading.Thread) -> None:
    """Withdraw all orders, which closes the connections of what hangs."""
    world.emulator.run(world.emulator.admin.clear_faults())
    for thread in hanging:
        thread.join()


def test_more_calls_at_once_than_an_account_may_make_are_429(world: SyncWorld) -> None:
    """Not processed, with how many there are and when to try again; another account is not concerned."""
    other = world.parent.api.v2010.accounts.create(friendly_name="other")
    hanging = hang(world, "IncomingPhoneNumbers", then=2)
    placed = order(world, kind="concurrency", limit=1, retryAfter=7)

    reply = balance(world)
    assert (reply.status_code, reply.json()["code"]) == (429, 20429)
    assert (reply.headers["Twilio-Concurrent-Requests"], reply.headers["Retry-After"]) == ("2", "7")
    with refused(429, 20429):
        world.sub.messages.create(to=PHONE, from_=NUMBER, body="too many")
    assert balance(world, (other.sid, other.auth_token)).status_code == 200
    withdrawn = world.emulator.run(world.emulator.admin.remove_fault(placed["id"]))
    assert withdrawn["hits"] == 2

    release(world, hanging)
    assert balance(world).headers["Twilio-Concurrent-Requests"] == "1"


def test_the_limit_can_be_a_setting() -> None:
    """It stands for every account, without an order."""
    with a_world(concurrency=2) as world:
        hanging = [hang(world, "IncomingPhoneNumbers", then=2), hang(world, "Addresses", then=3)]
        reply = balance(world)
        assert (reply.status_code, reply.headers["Retry-After"]) == (429, "1")
        release(world, *hanging)


# ------------------------------------------------------------------------------------------- lists that lag


NUMBERS = (f"+1305555{number}" for number in count(2000))
LAGGING: dict[
    str, tuple[Callable[[SyncWorld], Any], Callable[[SyncWorld], list[Any]], Callable[[SyncWorld, str], Any]]
] = {
    "account": (
        lambda w: w.parent.api.v2010.accounts.create(friendly_name="late"),
        lambda w: w.parent.api.v2010.accounts.list(page_size=3),
        lambda w, sid: w.parent.api.v2010.accounts(sid).fetch(),
    ),
    "number": (
        lambda w: w.buy(next(NUMBERS)),
        lambda w: w.sub.incoming_phone_numbers.list(),
        lambda w, sid: w.sub.incoming_phone_numbers(sid).fetch(),
    ),
    "key": (
        lambda w: w.sub.iam.v1.new_api_key.create(account_sid=w.sub_sid),
        lambda w: w.sub.iam.v1.get_api_keys.list(account_sid=w.sub_sid),
        lambda w, sid: w.sub.iam.v1.api_key(sid).fetch(),
    ),
    "message": (
        lambda w: w.sub.messages.create(to=PHONE, from_=NUMBER, body="late"),
        lambda w: w.sub.messages.list(page_size=2),
        lambda w, sid: w.sub.messages(sid).fetch(),
    ),
    "service": (
        lambda w: w.sub.messaging.v1.services.create(friendly_name="late"),
        lambda w: w.sub.messaging.v1.services.list(),
        lambda w, sid: w.sub.messaging.v1.services(sid).fetch(),
    ),
    "address": (
        lambda w: w.sub.addresses.create(
            customer_name="A", street="1 Main St", city="Miami", region="FL", postal_code="33101", iso_country="US"
        ),
        lambda w: w.sub.addresses.list(),
        lambda w, sid: w.sub.addresses(sid).fetch(),
    ),
}


@pytest.fixture(scope="module")
def lagging() -> Iterator[SyncWorld]:
    """An emulator with a number that sends."""
    with a_world() as world:
        world.buy()
        yield world


@pytest.mark.parametrize("kind", LAGGING)
def test_a_new_resource_is_missing_from_lists_for_a_while_but_can_be_fetched(lagging: SyncWorld, kind: str) -> None:
    """Until the emulator's clock has passed; pages neither repeat nor skip what is listed."""
    create, list_, fetch = LAGGING[kind]
    before = create(lagging)
    listed = [item.sid for item in list_(lagging)]
    order(lagging, kind="list-lag", seconds=5, method="POST")
    late = create(lagging)

    assert [item.sid for item in list_(lagging)] == listed
    assert fetch(lagging, late.sid).sid == late.sid
    lagging.advance(5)
    assert sorted(item.sid for item in list_(lagging)) == sorted([*listed, late.sid])
    assert before.sid in listed


@pytest.mark.parametrize("kind", LAGGING)
def test_a_new_resource_is_404_for_a_while(lagging: SyncWorld, kind: str) -> None:
    """A client that creates again on this 404 has two."""
    create, list_, fetch = LAGGING[kind]
    order(lagging, kind="not-found-lag", seconds=5, method="POST")
    late = create(lagging)

    with refused(404, 20404):
        fetch(lagging, late.sid)
    assert late.sid in [item.sid for item in list_(lagging)]
    lagging.advance(5)
    assert fetch(lagging, late.sid).sid == late.sid


def test_a_page_stays_full_when_something_on_it_is_not_listed(world: SyncWorld) -> None:
    """Twelve accounts in pages of five, three of them hidden: nine come, each once."""
    order(world, kind="list-lag", seconds=60, method="POST", skip=4, count=3)
    made = [world.parent.api.v2010.accounts.create(friendly_name=f"page {number}").sid for number in range(12)]
    pages = world.parent.api.v2010.accounts.page(page_size=5)
    found = [account.sid for account in pages]
    assert len(found) == 5
    listed = [account.sid for account in world.parent.api.v2010.accounts.list(page_size=5)]
    assert len(listed) == len(set(listed))
    assert set(made) - set(listed) == set(made[4:7])


def test_withdrawing_the_orders_shows_what_they_hid(world: SyncWorld) -> None:
    """There is no need to wait."""
    order(world, preset="gone-after-create", method="POST")
    late = world.parent.api.v2010.accounts.create(friendly_name="hidden")
    world.emulator.run(world.emulator.admin.clear_faults())
    assert world.parent.api.v2010.accounts(late.sid).fetch().sid == late.sid


# ------------------------------------------------------------------------------------------- whom an order means


def test_an_order_may_mean_one_account_one_key_one_host(world: SyncWorld) -> None:
    """The others never notice."""
    key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
    by_key = world.client(key.sid, key.secret, world.sub_sid)
    order(world, account=world.sub_sid, path="/Balance", status=503, count=2)
    order(world, credential=key.sid, path="/Messages", status=503, count=ALWAYS)
    order(world, host="iam", status=503)

    world.parent.balance.fetch()
    with refused(503, 20503):
        by_key.balance.fetch()
    with refused(503, 20503):
        world.parent.api.v2010.accounts(world.sub_sid).balance.fetch()
    world.sub.messages.list()
    with refused(503, 20503):
        by_key.messages.list()
    with refused(503, 20503):
        world.sub.iam.v1.api_key(key.sid).fetch()
    assert sorted(hits(world)) == [1, 1, 2]


def test_an_order_expires_on_the_emulators_clock(world: SyncWorld) -> None:
    """For ten minutes every call fails, then none."""
    order(world, path="/Balance", status=503, count=ALWAYS, forSeconds=600)
    for _ in range(3):
        with refused(503, 20503):
            world.sub.balance.fetch()
    world.advance(600)
    world.sub.balance.fetch()
    (found,) = world.emulator.run(world.emulator.admin.faults())
    assert (found["state"], found["hits"]) == ("expired", 3)


def test_two_orders_strike_one_call_when_one_only_delays(world: SyncWorld) -> None:
    """Of those that decide the answer the first does, and the second waits for the next call."""
    order(world, path="/Balance", kind="latency", seconds=0.01)
    order(world, path="/Balance", status=503)
    order(world, path="/Balance", status=500)
    with refused(503, 20503):
        world.sub.balance.fetch()
    with refused(500, 20500):
        world.sub.balance.fetch()
    log = world.emulator.run(world.emulator.admin.requests(last=2))
    assert [(item["status"], item["code"]) for item in log] == [(503, 20503), (500, 20500)]
    assert [item["fault"].split()[0] for item in log] == ["status", "status"]
    assert "latency" in log[0]["fault"]
    assert log[0]["milliseconds"] >= 10


# ------------------------------------------------------------------------------------------- before and after, always


@dataclass(frozen=True)
class Act:
    """Something a client does, and a way to see whether it was done."""

    method: str
    path: str
    do: Callable[[SyncWorld, str], Any]
    is_done: Callable[[SyncWorld, str], bool]


ACTS = (
    Act(
        "POST",
        r"/Accounts\.json$",
        lambda w, mark: w.parent.api.v2010.accounts.create(friendly_name=mark),
        lambda w, mark: len(w.parent.api.v2010.accounts.list(friendly_name=mark)) == 1,
    ),
    Act(
        "POST",
        r"/Accounts/AC\w+\.json$",
        lambda w, mark: w.parent.api.v2010.accounts(w.sub_sid).update(friendly_name=mark),
        lambda w, mark: w.parent.api.v2010.accounts(w.sub_sid).fetch().friendly_name == mark,
    ),
    Act(
        "POST",
        r"/iam/v1/Keys$",
        lambda w, mark: w.sub.iam.v1.new_api_key.create(account_sid=w.sub_sid, friendly_name=mark),
        lambda w, mark: mark in [key.friendly_name for key in w.sub.iam.v1.get_api_keys.list(account_sid=w.sub_sid)],
    ),
    Act(
        "POST",
        r"/messaging/v1/Services$",
        lambda w, mark: w.sub.messaging.v1.services.create(friendly_name=mark),
        lambda w, mark: mark in [service.friendly_name for service in w.sub.messaging.v1.services.list()],
    ),
)
SPOILT: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "429": {"status": 429},
    "drop": {"kind": "drop"},
    "reset": {"kind": "reset"},
}


@pytest.mark.parametrize("spoilt", SPOILT)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(act=st.sampled_from(ACTS), when=st.sampled_from(["before", "after"]), mark=st.uuids().map(str))
def test_before_never_acts_and_after_always_has(world: SyncWorld, spoilt: str, act: Act, when: str, mark: str) -> None:
    """Whatever the endpoint and whatever goes wrong."""
    order(world, method=act.method, path=act.path, when=when, **SPOILT[spoilt])
    with pytest.raises((TwilioException, NETWORK)):
        act.do(world, mark)
    assert act.is_done(world, mark) == (when == "after")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    probability=st.floats(0.1, 0.9),
    most=st.integers(1, 6),
    skip=st.integers(0, 4),
)
def test_a_seed_strikes_the_same_calls_each_time_and_never_more_than_the_budget(
    world: SyncWorld, seed: int, probability: float, most: int, skip: int
) -> None:
    """Twelve calls, twice."""

    def struck() -> list[bool]:
        placed = order(world, path="/Balance", status=503, seed=seed, probability=probability, count=most, skip=skip)
        outcomes = [balance(world).status_code == 503 for _ in range(12)]
        world.emulator.run(world.emulator.admin.remove_fault(placed["id"]))
        return outcomes

    first = struck()
    assert first == struck()
    assert sum(first) <= most
    assert not any(first[:skip])


# ----------------------------------------------------------------------------------------- what Twilio does to accounts


def test_an_account_that_twilio_suspended_only_twilio_lifts(world: SyncWorld) -> None:
    """The customer's attempt is 21478."""
    made = world.parent.api.v2010.accounts.create(friendly_name="abuser")
    world.emulator.run(world.emulator.admin.suspend(made.sid))
    account = world.parent.api.v2010.accounts(made.sid)

    assert account.fetch().status == "suspended"
    with refused(400, 21478):
        account.update(status="active")
    world.emulator.run(world.emulator.admin.resume(made.sid))
    assert account.fetch().status == "active"


def test_revoked_credentials_are_401_at_once(world: SyncWorld) -> None:
    """The token and every key; the new token is the way back."""
    made = world.parent.api.v2010.accounts.create(friendly_name="revoked")
    client = world.client(made.sid, made.auth_token)
    key = client.iam.v1.new_api_key.create(account_sid=made.sid)
    by_key = world.client(key.sid, key.secret, made.sid)
    token = world.emulator.run(world.emulator.admin.revoke_credentials(made.sid))

    for dead in (client, by_key):
        with refused(401, 20003):
            dead.balance.fetch()
    world.client(made.sid, token).balance.fetch()


def test_the_quota_is_what_it_was_last_set_to() -> None:
    """21480 until it is raised."""
    with a_world() as world:
        world.emulator.run(world.emulator.admin.set_quota(1))
        with refused(400, 21480):
            world.parent.api.v2010.accounts.create(friendly_name="one too many")
        world.emulator.run(world.emulator.admin.set_quota(2))
        world.parent.api.v2010.accounts.create(friendly_name="fits")


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/accounts/AC00/suspend", {}, 404, "AC00"),
        ("/accounts/AC00/revoke-credentials", {}, 404, "AC00"),
        ("/quota", {"maxSubaccounts": -1}, 400, "quota"),
        ("/quota", {"maxSubaccounts": "many"}, 400, "maxSubaccounts"),
        ("/quota", {"max": 1}, 400, "max"),
    ],
)
def test_an_order_about_accounts_that_makes_no_sense_is_refused(
    world: SyncWorld, path: str, body: dict[str, Any], status: int, says: str
) -> None:
    """By name."""
    reply = world.raw("POST", f"/emulator/v1{path}", json=body)
    assert reply.status_code == status
    assert says in reply.json()["error"]


# ------------------------------------------------------------------------------------------- orders


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "flood"}, "kind: give one of"),
        ({"kind": "duplicate"}, "kind: give one of"),
        ({"target": "webhook", "kind": "drop"}, "kind: give one of"),
        ({"target": "phone"}, "target"),
        ({"preset": "rain"}, "preset: give one of throttled"),
        ({"colour": "red"}, "colour: unknown field"),
        ({"kind": "drop", "status": 500}, "status: leave it out"),
        ({"kind": "bad-json", "when": "before"}, "when: leave it out"),
        ({"webhook": "inbound"}, "webhook: leave it out"),
        ({"target": "webhook", "kind": "lose", "path": "x"}, "path: leave it out"),
        ({"target": "webhook", "kind": "lose", "webhook": "letter"}, "webhook: give one of"),
        ({"target": "webhook", "kind": "duplicate", "copies": 1}, "copies"),
        ({"method": "SEND"}, "method"),
        ({"path": "("}, "path: give a regular expression"),
        ({"path": 1}, "path: give a regular expression"),
        ({"status": 200}, "status: give a whole number from 301 to 599"),
        ({"status": 304}, "status: give 301, 302, 303, 307, 308, or a whole number from 400 to 599"),
        ({"status": True}, "status"),
        ({"code": 1}, "code"),
        ({"html": "yes"}, "html: give true or false"),
        ({"when": "later"}, "when: give one of before, after"),
        ({"count": 0}, "count"),
        ({"count": "always"}, "count"),
        ({"skip": -1}, "skip"),
        ({"probability": 2}, "probability: give a number from 0 to 1"),
        ({"seed": 1.5}, "seed"),
        ({"forSeconds": -1}, "forSeconds"),
        ({"kind": "latency"}, "seconds: give a number from 0 to 600"),
        ({"kind": "latency", "seconds": 601}, "seconds"),
        ({"kind": "latency", "seconds": 1, "minSeconds": 1}, "seconds: give it alone"),
        ({"kind": "latency", "minSeconds": 2, "maxSeconds": 1}, "maxSeconds: give at least minSeconds"),
        ({"kind": "list-lag"}, "seconds"),
        ({"kind": "concurrency", "limit": -1}, "limit"),
        ({"account": 1}, "account"),
    ],
    ids=lambda value: " ".join(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else "",
)
def test_an_order_that_makes_no_sense_is_refused_by_the_name_of_its_field(
    world: SyncWorld, fields: dict[str, Any], says: str
) -> None:
    """With the cure; nothing is ordered."""
    with pytest.raises(AdminError) as raised:
        order(world, **fields)
    assert says in str(raised.value)
    assert raised.value.status == 400
    assert hits(world) == []


def test_orders_are_listed_with_what_became_of_them(world: SyncWorld) -> None:
    """Open and spent; one can be withdrawn by its number."""
    first = order(world, path="/Balance", status=503)
    second = order(world, preset="lost-reply", path="/Nothing", count=ALWAYS)
    with refused(503, 20503):
        world.sub.balance.fetch()

    found = world.emulator.run(world.emulator.admin.faults())
    assert [(item["id"], item["state"], item["hits"]) for item in found] == [
        (first["id"], "spent", 1),
        (second["id"], "open", 0),
    ]
    assert (found[1]["kind"], found[1]["when"], found[1]["count"]) == ("drop", "after", None)
    world.emulator.run(world.emulator.admin.remove_fault(second["id"]))
    with pytest.raises(AdminError, match=f"no order {second['id']}"):
        world.emulator.run(world.emulator.admin.remove_fault(second["id"]))


def test_every_preset_can_be_ordered(world: SyncWorld) -> None:
    """By its name alone."""
    presets = world.raw("GET", "/emulator/v1/faults/presets").json()["presets"]
    placed = [order(world, preset=name) for name in presets]
    assert len(placed) >= 20
    assert {item["state"] for item in placed} == {"open"}


# ------------------------------------------------------------------------------------------- webhooks


def told(world: SyncWorld, customer: Any, key: str = "MessageStatus") -> list[str]:
    """What the customer was told, in order."""
    world.advance(0)
    return [form[key] for form in customer.forms]


def send(world: SyncWorld, customer: Any) -> Any:
    """Send a message whose status the customer wants to know."""
    return world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola", status_callback=f"{customer.url}/status")


def test_a_status_comes_twice() -> None:
    """As often as ordered, with the same content."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy()
        order(world, target="webhook", kind="duplicate", webhook="status", copies=3)
        send(world, customer)
        assert told(world, customer) == ["sending", "sending", "sending", "sent", "delivered"]
        assert customer.forms[0] == customer.forms[1] == customer.forms[2]


def test_a_bot_that_answers_a_message_twice_is_seen_to() -> None:
    """The inbound webhook is called twice, and both answers are sent."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms")
        order(world, preset="webhook-twice", webhook="inbound")
        for _ in range(2):
            customer.answer("<Response><Message>Hola</Message></Response>")
        world.say("Hola")
        assert len({form["MessageSid"] for form in customer.forms}) == 1
        assert len(customer.forms) == 2
        answers = world.emulator.run(world.emulator.admin.messages(direction="outbound-reply"))
        assert [answer["body"] for answer in answers] == ["Hola", "Hola"]


def test_statuses_come_out_of_order() -> None:
    """The first is held until the second has gone."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy()
        order(world, target="webhook", kind="reorder", webhook="status")
        send(world, customer)
        assert told(world, customer) == ["sent", "sending", "delivered"]


def test_neighbours_change_places_as_long_as_it_is_ordered() -> None:
    """And the last one, which nobody overtakes, comes after a minute."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy()
        placed = order(world, target="webhook", kind="reorder", webhook="status", count=ALWAYS, seconds=60)
        send(world, customer)
        assert told(world, customer) == ["sent", "sending"]
        world.advance(60)
        assert told(world, customer) == ["sent", "sending", "delivered"]
        assert world.emulator.run(world.emulator.admin.remove_fault(placed["id"]))["hits"] == 2


def test_a_delayed_webhook_is_overtaken_and_a_slow_one_is_not() -> None:
    """A delay is the queue's, a latency the network's."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy()
        order(world, target="webhook", kind="delay", seconds=30, url="/status")
        send(world, customer)
        assert told(world, customer) == ["sent", "delivered"]
        world.advance(30)
        assert told(world, customer) == ["sent", "delivered", "sending"]

        order(world, target="webhook", kind="latency", seconds=30, account=world.sub_sid)
        send(world, customer)
        assert len(told(world, customer)) == 3
        world.advance(30)
        assert told(world, customer)[3:] == ["sending", "sent", "delivered"]


def test_a_webhook_is_lost_and_nobody_is_told() -> None:
    """No attempt, no alert; the message is delivered all the same."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy()
        order(world, preset="webhook-lost", webhook="status", skip=1)
        sent = send(world, customer)
        assert told(world, customer) == ["sending", "delivered"]
        assert world.sub.messages(sent.sid).fetch().status == "delivered"
        assert world.sub.monitor.v1.alerts.list() == []


def test_a_seed_decides_which_webhooks_are_lost() -> None:
    """The same ones each time."""

    def arrived() -> list[str]:
        with a_world() as world, a_customer(world.emulator) as customer:
            world.buy()
            order(world, target="webhook", kind="lose", probability=0.5, seed=3, count=ALWAYS)
            for _ in range(5):
                send(world, customer)
                world.emulator.settle()
            return told(world, customer)

    first = arrived()
    assert 0 < len(first) < 15
    assert first == arrived()


def test_what_is_held_back_survives_a_restart(tmp_path: Path) -> None:
    """The order does not; what it did to a webhook does."""
    clock, state = VirtualClock(), tmp_path / "state.sqlite3"
    with a_world(clock=clock, state=state) as world, a_customer(world.emulator) as customer:
        world.buy()
        order(world, target="webhook", kind="delay", seconds=60, webhook="status")
        sid = world.sub.messages.create(
            to=PHONE, from_=NUMBER, body="x", status_callback="http://127.0.0.1:9/#rc=0"
        ).sid
        world.emulator.settle()
        assert customer.forms == []
    with a_world(clock=clock, state=state) as world:
        world.advance(60)
        attempts = world.emulator.run(world.emulator.admin.deliveries())
        assert len([attempt for attempt in attempts if attempt["resourceSid"] == sid]) == 3


def redirect(customer: Any, status: int, path: str) -> None:
    """Have the next webhook sent elsewhere."""

    async def make() -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": f"{customer.url}{path}"})

    customer._customer.answers.append(make)


def test_a_redirect_turns_post_into_get_and_drops_the_parameters() -> None:
    """Twilio's documented trap: 301 and 302 lose the form; 307 keeps it."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/old")
        for status, method, has_body in [(301, "GET", False), (302, "GET", False), (307, "POST", True)]:
            redirect(customer, status, "/new")
            world.say("Hola")
            request, form = customer.seen[-1], customer.forms[-1]
            assert (request.path, request.method, "Body" in form) == ("/new", method, has_body)


@pytest.mark.parametrize(
    ("overrides", "least", "most"),
    [
        ("#rt=100&rc=5&rp=rt&tt=250", 2, 4),
        ("#rt=100&rc=1&rp=rt&tt=15000&e=dublin&sni=n", 2, 2),
        ("#rt=100&rc=5&rp=ct", 1, 1),
        ("#rt=100&rc=5&rp=5xx,rt&tt=100", 1, 1),
    ],
)
def test_all_attempts_together_take_no_longer_than_the_total_time_out(overrides: str, least: int, most: int) -> None:
    """What else the fragment says is read over; then the fallback is told why it is called."""
    with a_world() as world, a_customer(world.emulator) as customer:
        world.buy(sms_url=f"{customer.url}/sms{overrides}", sms_fallback_url=f"{customer.url}/fallback#rt=100")
        for _ in range(most):
            customer.hang()
        world.say("Hola")
        paths = [request.path for request in customer.seen]
        tried = [path for path in paths if path == "/sms"]
        if least == most:
            assert paths == [*tried, "/fallback"]
            assert customer.forms[-1]["ErrorCode"] == "11200"
        assert least <= len(tried) <= most
