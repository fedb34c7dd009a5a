"""How a bot behaves, from Tenant and Plan: the tighter of two limits, hours by day, and what is said to be unserved."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard_operator.desired.behaviour import behaviour_of
from switchboard_operator.desired.unserved import of_tenant
from switchboard_operator.errors import Invalid
from tests.support.smallworld import resource


def behaviour(tenant: dict[str, Any], plan: dict[str, Any] | None = None, *assistants: Any) -> dict[str, Any]:
    """The parts of the document."""
    return behaviour_of(resource("Tenant", "acme", base() | tenant), resource("Plan", "basic", plan or {}), assistants)


SCRIPTED = {"script": {"rules": [{"when": {"matches": ["x"]}, "reply": {"es": "x"}}], "otherwise": {"es": "x"}}}


def base() -> dict[str, Any]:
    """What every Tenant says."""
    return {"planRef": {"name": "basic"}, "accountRef": {"name": "main"}}


@pytest.mark.parametrize(
    ("own", "plan", "told"),
    [
        ({"messagesPerDay": 10}, {"messagesPerDay": 20}, {"messagesPerDay": 10}),
        ({"messagesPerDay": 30}, {"messagesPerDay": 20}, {"messagesPerDay": 20}),
        ({}, {"messagesPerMinute": 5, "numbers": 1}, {"messagesPerMinute": 5}),
        ({"monthlySpend": "9.5"}, {"monthlySpend": "10"}, {"spendPerMonth": "9.5"}),
        ({"llmTokensPerMonth": 0}, {}, {"tokensPerMonth": 1}),
        ({"messagesPerMinute": 10**12}, {}, {"messagesPerMinute": 100_000}),
        ({"dailySpend": "2.50"}, {"monthlySpend": "10"}, {"spendPerDay": "2.50", "spendPerMonth": "10"}),
        ({"messagesPerDay": 200}, {"messagesPerMonth": 100}, {"messagesPerDay": 100, "messagesPerMonth": 100}),
        ({"dailySpend": "12"}, {"monthlySpend": "9.5"}, {"spendPerDay": "9.5", "spendPerMonth": "9.5"}),
    ],
)
def test_the_tighter_of_plan_and_tenant_holds(own: dict[str, Any], plan: dict[str, Any], told: dict[str, Any]) -> None:
    """Whichever says it, and within what the runtime takes."""
    assert behaviour({"limits": own}, {"limits": plan})["limits"]["tenant"] == told


def test_numbers_and_contacts_have_ceilings_of_their_own() -> None:
    """The tighter of plan and tenant for each."""
    own = {"perContact": {"messagesPerDay": 50, "llmTokensPerDay": 900}, "backlog": 10**9}
    plan = {"perContact": {"messagesPerDay": 20}, "perNumber": {"messagesPerMinute": 9}, "backlog": 5000}
    limits = behaviour({"limits": own}, {"limits": plan})["limits"]

    assert limits["contact"] == {"messagesPerDay": 20, "tokensPerDay": 900}
    assert limits["number"] == {"messagesPerMinute": 9}
    assert limits["backlog"] == 5000
    assert limits["tenant"] == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "0.20"),
        ({"dailySpend": "0.10"}, "0.10"),
        ({"dailySpend": "0.30"}, "0.20"),
        ({"monthlySpend": "0.15"}, "0.15"),
    ],
)
def test_a_contacts_money_of_a_day_is_the_tightest_that_anybody_says(given: dict[str, str], told: str) -> None:
    """Plan, tenant or an assistant; and no more than the month's."""
    assistant = resource("Assistant", "a", SCRIPTED | {"limits": {"spendPerContactPerDay": "0.20"}})

    assert behaviour({"limits": {"perContact": given}}, {}, assistant)["limits"]["contact"]["spendPerDay"] == told


def test_words_and_loops_are_told_in_seconds() -> None:
    """What is left out is the runtime's."""
    breaker = {"exchanges": 30, "within": "2m", "silence": "1h"}
    limits = behaviour({"bot": {"limitReply": {"es": "Mañana seguimos."}, "loopBreaker": breaker}})["limits"]

    assert limits["says"] == {"es": "Mañana seguimos."}
    assert limits["loop"] == {"enabled": True, "exchanges": 30, "withinSeconds": 120.0, "silenceSeconds": 3600.0}


def test_nothing_asked_for_is_nothing_told() -> None:
    """A document without these parts is what an older runtime reads too."""
    assert behaviour({}) == {}
    assert behaviour({"limits": {"numbers": 3}}) == {}


def test_money_for_a_contact_is_the_tightest_of_the_assistants() -> None:
    """In the plan's currency, by the days of the tenant's time zone."""
    model = {"instructions": "x", "model": {"provider": "openai", "name": "m", "secretRef": {"name": "s"}}}
    assistants = [
        resource("Assistant", name, model | {"limits": {"spendPerContactPerDay": money}})
        for name, money in (("a", "0.50"), ("b", "0.20"))
    ]
    hours = {"timeZone": "America/Bogota", "weekly": [{"days": ["Mon"], "from": "09:00", "to": "18:00"}]}
    limits = behaviour({"bot": {"hours": hours}}, {"currency": "EUR"}, *assistants)["limits"]

    assert limits["contact"] == {"spendPerDay": "0.20"}
    assert (limits["currency"], limits["timezone"]) == ("EUR", "America/Bogota")


def test_an_assistants_money_of_a_month_is_its_own() -> None:
    """By its name, beside the tenant's; who has none is not named."""
    assistants = [
        resource("Assistant", name, SCRIPTED | ({"limits": {"spendPerMonth": money}} if money else {}))
        for name, money in (("b", "20.50"), ("a", "5"), ("c", None))
    ]
    limits = behaviour({"limits": {"monthlySpend": "50"}}, {}, *assistants)["limits"]

    assert limits["tenant"] == {"spendPerMonth": "50"}
    assert limits["assistants"] == {"a": {"spendPerMonth": "5"}, "b": {"spendPerMonth": "20.50"}}


@pytest.mark.parametrize(("given", "told"), [("0s", 0.0), ("1500ms", 1.5), ("1m", 60.0)])
def test_a_reply_that_shall_not_wait_for_the_one_before_is_told_so(given: str, told: float) -> None:
    """Zero is a wish, not nothing."""
    assert behaviour({"bot": {"bubbleTimeout": given}}) == {"bubbleSeconds": told}


def test_what_is_kept_of_contacts_is_told_in_order() -> None:
    """A contact begins in the first stage; a field is a string unless it says more."""
    city, employees = {"name": "city", "oneOf": ["Salta", "Rosario"]}, {"name": "employees", "type": "integer"}
    given = {"fields": [city, employees], "stages": ["new", "won", "lost"]}
    contacts = behaviour({"bot": {"contacts": given}})["contacts"]

    assert contacts["stages"] == ["new", "won", "lost"]
    assert contacts["fields"] == [{**city, "type": "string"}, employees]
    assert behaviour({"bot": {"contacts": {"stages": ["one"]}}}) == {"contacts": {"stages": ["one"]}}


def test_hours_are_told_by_day() -> None:
    """Spans of several days and several spans of a day."""
    weekly = [
        {"days": ["Tue", "Mon"], "from": "14:00", "to": "18:00"},
        {"days": ["Mon"], "from": "09:00", "to": "13:00"},
    ]
    hours = behaviour({"bot": {"hours": {"timeZone": "UTC", "weekly": weekly, "outside": "Away"}}})["hours"]

    assert hours["weekly"] == {
        "monday": [{"from": "09:00", "to": "13:00"}, {"from": "14:00", "to": "18:00"}],
        "tuesday": [{"from": "14:00", "to": "18:00"}],
    }
    assert hours["outside"] == "Away"


def test_a_holiday_is_told_with_its_own_hours() -> None:
    """None is closed; by date, so that the order in YAML makes no new revision."""
    weekly = [{"days": ["Thu", "Fri"], "from": "09:00", "to": "18:00"}]
    short = [{"from": "15:00", "to": "16:00"}, {"from": "09:00", "to": "12:00"}]
    days = [{"date": "2026-12-25"}, {"date": "2026-12-24", "ranges": short}]
    hours = [
        behaviour({"bot": {"hours": {"timeZone": "UTC", "weekly": weekly, "exceptions": order}}})["hours"]
        for order in (days, days[::-1])
    ]

    assert hours[0] == hours[1]
    assert hours[0]["exceptions"] == [
        {"date": "2026-12-24", "ranges": [{"from": "09:00", "to": "12:00"}, {"from": "15:00", "to": "16:00"}]},
        {"date": "2026-12-25", "ranges": []},
    ]


@pytest.mark.parametrize(
    ("own", "plan", "told"),
    [
        ({}, {}, None),
        ({"contacts": "48h"}, {"contacts": "24h"}, {"contacts": 86_400.0}),
        ({"messages": "48h"}, {"contacts": "72h"}, {"messages": 172_800.0, "contacts": 259_200.0}),
        ({"contacts": "1h"}, {}, {"contacts": 86_400.0}),
    ],
)
def test_messages_and_contacts_are_kept_as_long_as_the_shorter_says(
    own: dict[str, str], plan: dict[str, str], told: dict[str, float] | None
) -> None:
    """Of plan and tenant, and no less than the runtime takes."""
    assert behaviour({"retention": own}, {"retention": plan}).get("retention") == told


def test_a_time_zone_that_is_none_is_named() -> None:
    """It stops at the Tenant, not in a roll-out."""
    hours = {"timeZone": "Mars/Olympus", "weekly": [{"days": ["Mon"], "from": "09:00", "to": "18:00"}]}

    with pytest.raises(Invalid, match=r"spec\.bot\.hours\.timeZone: 'Mars/Olympus'") as refusal:
        behaviour({"bot": {"hours": hours}})
    assert refusal.value.reason == "TimeZoneUnknown"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"limits": {"messagesPerDay": 5}}, []),
        ({"limits": {"messagesPerDay": 0}}, ["spec.limits.messagesPerDay (at least 1)"]),
        ({"limits": {"storage": "1Gi"}}, ["spec.limits.storage"]),
        ({"limits": {"perContact": {"messagesPerDay": 0}}}, ["spec.limits.perContact.messagesPerDay (at least 1)"]),
        ({"limits": {"perNumber": {"dailySpend": "0"}, "backlog": 0}}, ["spec.limits.backlog (at least 1)"]),
        (
            {"retention": {"messages": "1h", "audit": "48h"}},
            ["spec.retention.audit", "spec.retention.messages (at least 24h)"],
        ),
        ({"retention": {"contacts": "1h"}}, ["spec.retention.contacts (at least 24h)"]),
        ({"retention": {"contacts": "48h"}}, []),
        ({"bot": {"burst": "3s"}}, []),
    ],
)
def test_what_is_not_served_is_said(spec: dict[str, Any], said: list[str]) -> None:
    """And what is, is not."""
    assert of_tenant(resource("Tenant", "acme", base() | spec)) == said
