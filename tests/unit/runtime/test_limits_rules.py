"""Limits, pure: how fast, whose sum, when a period ends, what an answer may take, who is a machine."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from switchboard_runtime.config import TenantDocument
from switchboard_runtime.config.limits import Limits, LoopBreaker
from switchboard_runtime.limits.accounts import accounts_of, kept_accounts, micros, period_end
from switchboard_runtime.limits.estimates import most
from switchboard_runtime.limits.loop import silence_of, why_a_machine
from switchboard_runtime.limits.pace import admit
from tests.unit.runtime.kit import document
from tests.unit.runtime.test_turn import message

NOON = datetime(2026, 11, 26, 12, tzinfo=ZoneInfo("UTC")).timestamp()


def limits(**given_limits: Any) -> Limits:
    """Limits as a document has them."""
    return Limits.model_validate_json(json.dumps(given_limits))


@given(
    per_minute=st.integers(1, 120),
    steps=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=200),
)
def test_no_minute_has_more_than_twice_its_number_and_the_long_run_has_no_more_than_the_rate(
    per_minute: int, steps: list[float]
) -> None:
    """A burst is let through once; whoever waits as told is let in."""
    now, kept, admitted = 0.0, None, list[float]()
    for step in steps:
        now += step
        wait, kept_after = admit(kept, per_minute=per_minute, now=now)
        assert wait >= 0
        if wait:
            assert admit(kept, per_minute=per_minute, now=now + wait)[0] == 0
            continue
        kept = kept_after
        admitted.append(now)
    for moment in admitted:
        assert sum(moment - 60 < other <= moment for other in admitted) <= 2 * per_minute
    assert len(admitted) <= per_minute + now * per_minute / 60 + 1


def test_a_minutes_number_comes_at_once_and_the_next_after_an_interval() -> None:
    """Sixty a minute: sixty now, the next a second later."""
    kept = None
    for _ in range(60):
        wait, kept = admit(kept, per_minute=60, now=100.0)
        assert wait == 0

    assert admit(kept, per_minute=60, now=100.0)[0] == pytest.approx(1.0)


def test_days_and_months_are_those_of_the_tenants_time_zone() -> None:
    """At one in the night of London it is still yesterday in Mexico."""
    night = datetime(2026, 12, 1, 1, tzinfo=ZoneInfo("UTC")).timestamp()
    given_limits = limits(timezone="America/Mexico_City", contact={"messagesPerMonth": 9})

    periods = {account.period for account in accounts_of(message("x"), given_limits, now=night)}

    assert periods == {"2026-11-30", "2026-11"}


@pytest.mark.parametrize(
    ("period", "zone", "end"),
    [
        ("2026-11-30", "UTC", datetime(2026, 12, 1, tzinfo=ZoneInfo("UTC"))),
        ("2026-12", "UTC", datetime(2027, 1, 1, tzinfo=ZoneInfo("UTC"))),
        ("2026-02", "UTC", datetime(2026, 3, 1, tzinfo=ZoneInfo("UTC"))),
        ("2026-10-25", "Europe/Berlin", datetime(2026, 10, 26, tzinfo=ZoneInfo("Europe/Berlin"))),
    ],
)
def test_a_period_ends_when_the_next_begins(period: str, zone: str, end: datetime) -> None:
    """Short months and days of twenty-five hours too."""
    assert period_end(period, zone) == end.timestamp()


def test_who_is_not_limited_has_no_sum_of_its_own() -> None:
    """But the tenant, and the contact's day."""
    found = accounts_of(message("x"), limits(number={"tokensPerDay": 5}), now=NOON)

    assert [(one.scope, one.length) for one in found] == [
        ("contact", "day"),
        ("number", "day"),
        ("tenant", "month"),
        ("tenant", "day"),
    ]


def test_an_assistant_that_is_limited_has_a_sum_of_its_own() -> None:
    """The others have none; all are locked in one order."""
    given_limits = limits(assistants={"sales": {"spendPerMonth": "5"}})
    found = accounts_of(message("x"), given_limits, assistant="sales", now=NOON)
    other = accounts_of(message("x"), given_limits, assistant="help", now=NOON)

    assert [(one.scope, one.subject, one.length) for one in found if one not in other] == [
        ("assistant", "sales", "month")
    ]
    assert list(found) == sorted(found)
    assert found[0].limit("spend") == "assistants.sales.spendPerMonth"
    assert kept_accounts(given_limits, now=NOON)[2:] == found[:1]


@pytest.mark.parametrize("given_limits", [{"assistants": {"a": {"tokensPerDay": 1}}}, {"number": {"tokensPerDay": 1}}])
def test_whatever_is_limited_is_counted(given_limits: dict[str, Any]) -> None:
    """An assistant too."""
    assert limits(**given_limits).counts
    assert not limits(assistants={"a": {}}).counts


@given(st.decimals(min_value=0, max_value=1000, places=9))
def test_money_is_rounded_up(money: Decimal) -> None:
    """What is not a whole millionth is not free."""
    assert Decimal(micros(money)) / 1_000_000 >= money
    assert Decimal(micros(money)) / 1_000_000 - money < Decimal("0.000001")


def thinking(*prices: dict[str, str] | None, **model: Any) -> Any:
    """An assistant with a model for each price."""
    choices = [
        {"provider": "openai", "model": f"m{place}", "apiKey": "k", "prices": [price] if price else []}
        for place, price in enumerate(prices)
    ]
    plain = document()
    plain["assistants"][0]["model"] = {"choices": choices, **model}
    return TenantDocument.model_validate_json(json.dumps(plain)).assistants[0]


CHEAP = {"validFrom": "2026-01-01", "input": "1", "output": "2"}
DEAR = {"validFrom": "2026-01-01", "input": "10", "output": "20"}


def test_an_answer_is_taken_to_be_the_longest_at_the_dearest_model() -> None:
    """And nothing is taken of an assistant that asks no model."""
    one, both = thinking(CHEAP), thinking(CHEAP, DEAR)

    tokens, money = most(one, "hello", currency="USD", now=NOON)
    _, more = most(both, "hello", currency="USD", now=NOON)

    assert tokens > 5 * 512
    assert money is not None
    assert more == pytest.approx(10 * money, rel=0.001)
    assert most(one.model_copy(update={"model": None}), "hello", currency="USD", now=NOON) == (0, 0)


@pytest.mark.parametrize("prices", [(None,), (CHEAP, None), ({**CHEAP, "validFrom": "2027-01-01"},)])
def test_a_price_that_is_not_known_is_unknown_and_not_nothing(prices: tuple[dict[str, str] | None, ...]) -> None:
    """One model of several is enough, since it may be the one that answers."""
    assert most(thinking(*prices), "hello", currency="USD", now=NOON)[1] is None


def test_a_price_in_another_currency_is_unknown() -> None:
    """Nobody converts."""
    assert most(thinking(CHEAP), "hello", currency="EUR", now=NOON)[1] is None


BREAKER = LoopBreaker(exchanges=10, within_seconds=60, repeats=4)
SAYING = "Thank you for your message number 12345, we will answer soon."


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        ([], None),
        ([(float(at), f"text {at} of many words") for at in range(10)], "fast"),
        ([(at * 100.0, SAYING.replace("5", str(at))) for at in range(4)], "repeats"),
        ([(at * 100.0, f"This is an automated message. Ticket {at} opened: {'x' * at}") for at in range(3)], "says so"),
        ([(at * 100.0, "1") for at in range(9)], None),
        ([(at * 7.0, text) for at, text in enumerate(["hi", "the oak table?", "how much", "ok", "and chairs"])], None),
        ([(at * 700.0, SAYING) for at in range(4)], None),
    ],
)
def test_a_machine_gives_itself_away(heard: list[tuple[float, str]], why: str | None) -> None:
    """By its speed, by its sameness or by its own words; a person at a menu, or slow, is none."""
    assert why_a_machine(heard, BREAKER) == why


def test_silences_double_up_to_a_day() -> None:
    """However often it was found."""
    assert [silence_of(BREAKER, times=times) for times in (0, 1, 2, 60)] == [600, 1200, 2400, 86_400]


@pytest.mark.parametrize(
    ("given_limits", "says"),
    [
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"contact": {"messagesPerDay": 10, "messagesPerMonth": 5}}, "messagesPerDay: is more than messagesPerMonth"),
        ({"tenant": {"messagesPerMinute": 0}}, "greater than or equal to 1"),
        ({"tenant": {"spendPerMonth": "-1"}}, "greater than or equal to 0"),
        ({"tenant": {"messages": 5}}, "Extra inputs"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(given_limits: dict[str, Any], says: str) -> None:
    """With the field and what is wrong with it."""
    with pytest.raises(ValidationError, match=says):
        limits(**given_limits)
