"""Orders to fail as such: whom they strike, how often, in which sequence; and what they hide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.calls import Answer, Call, Route
from twilio_emulator.errors import AdminError
from twilio_emulator.faults import ApiCall, Faults, WebhookCall, When, wire
from twilio_emulator.faults.veils import Veils
from twilio_emulator.routes import Routes

SUB = "AC" + "1" * 32
CALL = ApiCall(method="GET", path=f"/api/2010-04-01/Accounts/{SUB}/Messages.json", credential="SK9", account=SUB)


def a_book(*orders: dict[str, Any]) -> Faults:
    """Return a book with these orders, given at moment 0."""
    faults = Faults()
    for fields in orders:
        faults.add(fields, now=0.0)
    return faults


def is_struck(faults: Faults, call: ApiCall = CALL, now: float = 0.0) -> bool:
    """Say whether an order decides the answer."""
    return faults.strike(call, now).spoil is not None


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ({}, True),
        ({"method": "get"}, True),
        ({"method": "POST"}, False),
        ({"path": r"/Messages\.json$"}, True),
        ({"path": "/Calls"}, False),
        ({"host": "api"}, True),
        ({"host": "ap"}, False),
        ({"host": "iam"}, False),
        ({"account": SUB}, True),
        ({"account": "AC" + "2" * 32}, False),
        ({"credential": "SK9"}, True),
        ({"credential": SUB}, False),
        ({"account": SUB, "method": "POST"}, False),
    ],
    ids=str,
)
def test_all_that_is_named_must_be_so(selector: dict[str, Any], meant: bool) -> None:
    """And what is not named may be anything."""
    assert is_struck(a_book(selector)) == meant


def test_an_account_is_meant_by_its_own_calls_and_by_those_about_it() -> None:
    """The parent's calls about it too, but not a longer SID that begins alike."""
    faults = a_book({"account": SUB, "count": None})
    by_parent = ApiCall(method="GET", path=CALL.path, credential="AC0", account="AC0")
    elsewhere = ApiCall(method="GET", path="/iam/v1/Keys", credential="SK9", account=SUB)
    another = ApiCall(method="GET", path="/iam/v1/Keys", credential="AC0", account="AC0")

    assert [is_struck(faults, call) for call in (by_parent, elsewhere, another)] == [True, True, False]


@given(count=st.integers(1, 20), skip=st.integers(0, 20), calls=st.integers(0, 60))
def test_as_many_are_struck_as_the_budget_has_after_those_that_go_unharmed(count: int, skip: int, calls: int) -> None:
    """Neither more nor fewer, and without a gap."""
    faults = a_book({"count": count, "skip": skip})
    struck = [is_struck(faults) for _ in range(calls)]
    expected = [skip <= number < skip + count for number in range(calls)]
    assert struck == expected


@given(
    seed=st.integers(-(2**63), 2**63),
    probability=st.floats(0, 1),
    count=st.none() | st.integers(1, 10),
    calls=st.just(40),
)
def test_a_seed_is_a_sequence(seed: int, probability: float, count: int | None, calls: int) -> None:
    """The same orders strike the same calls; the budget holds."""
    fields = {"seed": seed, "probability": probability, "count": count}
    one, two = a_book(fields), a_book(fields)
    struck = [is_struck(one) for _ in range(calls)]
    assert struck == [is_struck(two) for _ in range(calls)]
    assert sum(struck) <= (calls if count is None else count)
    assert probability > 0 or not any(struck)
    assert probability < 1 or sum(struck) == min(calls, count or calls)


def test_the_first_of_two_decides_and_the_second_keeps_its_budget() -> None:
    """An order that did not strike has not been used up."""
    faults = a_book({"status": 503}, {"status": 500})
    statuses = [
        order.effect.status for order in (faults.strike(CALL, 0.0).spoil, faults.strike(CALL, 0.0).spoil) if order
    ]
    assert statuses == [503, 500]


def test_an_order_is_open_until_its_time_is_over() -> None:
    """At that very moment it is over."""
    faults = a_book({"count": None, "forSeconds": 10})
    assert [is_struck(faults, now=now) for now in (0.0, 9.9, 10.0, 11.0)] == [True, True, False, False]
    assert [order.state(11.0) for order in faults] == ["expired"]


@given(st.integers(0, 1000), st.floats(0, 5), st.floats(0, 5))
def test_a_duration_lies_between_its_bounds_and_follows_the_seed(seed: int, one: float, two: float) -> None:
    """So a run can be had again."""
    fields = {"kind": "latency", "minSeconds": min(one, two), "maxSeconds": max(one, two), "seed": seed}
    first, second = (a_book(fields).strike(CALL, 0.0).latency(When.BEFORE) for _ in range(2))
    assert first == second
    assert min(one, two) <= first <= max(one, two)


@given(limit=st.integers(0, 5), in_progress=st.integers(1, 10))
def test_the_limit_is_passed_by_the_first_call_above_it(limit: int, in_progress: int) -> None:
    """And until it is withdrawn."""
    faults = a_book({"kind": "concurrency", "limit": limit})
    call = ApiCall(method="GET", path="/api/x", account=SUB, in_progress=in_progress)
    assert [is_struck(faults, call) for _ in range(3)] == [in_progress > limit] * 3


def test_an_order_for_webhooks_strikes_no_call_and_the_other_way_round() -> None:
    """Their targets are apart."""
    webhook = WebhookCall(kind="status", url="https://a.example/status", account=SUB)
    faults = a_book({"target": "webhook", "kind": "lose"}, {"status": 500})
    assert is_struck(faults)
    assert [order.effect.kind for order in faults.strike_webhook(webhook, 0.0)] == ["lose"]


def test_no_more_orders_are_taken_than_can_be_looked_through() -> None:
    """Beyond that it says so."""
    faults = a_book(*({"path": "/x"} for _ in range(10_000)))
    with pytest.raises(AdminError, match="withdraw some"):
        faults.add({}, now=0.0)


@given(st.dictionaries(st.text("ab", min_size=1), st.floats(0, 100)), st.floats(0, 100))
def test_a_veil_falls_at_its_moment(veils: dict[str, float], now: float) -> None:
    """Neither before nor after."""
    hidden = Veils()
    for sid, until in veils.items():
        hidden.unlist(sid, until)
        hidden.miss(sid, until)
    assert hidden.unlisted(now) == {sid for sid, until in veils.items() if until > now}
    assert all(hidden.is_missing([sid], now) == (until > now) for sid, until in veils.items())


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_spoilt_json_is_never_json(body: dict[str, Any]) -> None:
    """However the body is cut."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(wire.spoil_json(json.dumps(body)))


def nothing(_call: Call) -> Answer:
    """Answer nothing."""
    return Answer()


ROUTES = Routes(
    [
        Route("GET", "api", "/Accounts/{Sid}.json", nothing),
        Route("POST", "api", "/Accounts/{Sid}.json", nothing),
        Route("GET", "api", "/Accounts/{AccountSid}/Messages.json", nothing),
        Route("GET", "api", "/Accounts/{AccountSid}/Messages/{Sid}.json", nothing),
        Route("GET", "api", "/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}", nothing),
        Route("GET", "iam", "/Keys/{Sid}", nothing),
        Route("GET", "iam", "/Keys/Special", nothing),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "route", "ids", "allowed"),
    [
        ("GET", "/api/Accounts/AC1.json", "/Accounts/{Sid}.json", {"Sid": "AC1"}, []),
        ("HEAD", "/api/Accounts/AC1.json", "/Accounts/{Sid}.json", {"Sid": "AC1"}, []),
        ("PUT", "/api/Accounts/AC1.json", None, {}, ["GET", "POST"]),
        ("GET", "/api/Accounts/AC1", None, {}, []),
        ("GET", "/api/Accounts/.json", None, {}, []),
        ("GET", "/api/Accounts/AC1/Messages.json", "/Accounts/{AccountSid}/Messages.json", {"AccountSid": "AC1"}, []),
        (
            "GET",
            "/api/Accounts/AC1/Messages/SM2.json",
            "/Accounts/{AccountSid}/Messages/{Sid}.json",
            {"AccountSid": "AC1", "Sid": "SM2"},
            [],
        ),
        (
            "GET",
            "/api/Accounts/AC1/Messages/SM2/Media/ME.json",
            "/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}",
            {"AccountSid": "AC1", "MessageSid": "SM2", "Sid": "ME.json"},
            [],
        ),
        ("GET", "/iam/Keys/Special", "/Keys/Special", {}, []),
        ("GET", "/iam/Keys/Special2", "/Keys/{Sid}", {"Sid": "Special2"}, []),
        ("GET", "/iam/Keys/a%2Fb%20c", "/Keys/{Sid}", {"Sid": "a/b c"}, []),
        ("GET", "/iam/Keys/%ED%A0%80", "/Keys/{Sid}", {"Sid": "\ufffd\ufffd\ufffd"}, []),
        ("GET", "/iam/Keys/", None, {}, []),
        ("GET", "/iam/Keys/a/", None, {}, []),
        ("GET", "/", None, {}, []),
        ("GET", "", None, {}, []),
    ],
)
def test_a_path_is_the_most_literal_resource_it_can_be(
    method: str, path: str, route: str | None, ids: dict[str, str], allowed: list[str]
) -> None:
    """With its variable parts decoded, whole parts only; else the methods that the path has."""
    match = ROUTES.find(method, path)
    assert (match.route.path if match.route else None, dict(match.ids), list(match.allowed)) == (route, ids, allowed)


def test_two_routes_of_one_method_and_path_are_a_mistake() -> None:
    """Which would answer is nobody's guess."""
    with pytest.raises(ValueError, match="two routes"):
        Routes([Route("GET", "api", "/a/{Sid}", nothing), Route("GET", "api", "/a/{Other}", nothing)])
