"""BotNumber: what is bought, adopted and configured, and what becomes of it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from switchboard_operator.desired import marks
from switchboard_operator.errors import Stalled
from switchboard_operator.ports import Ref
from tests.support.ports import PARENT_SID
from tests.support.smallworld import (
    INTERVAL,
    NAMESPACE,
    SmallWorld,
    account_manifest,
    manifest,
    number_manifest,
    tenant_manifest,
)

NUMBER = Ref("BotNumber", NAMESPACE, "line")
OFFERS = ["+13055550101", "+13055550102"]


async def tenant(
    *, limits: dict[str, Any] | None = None, plan: dict[str, Any] | None = None, **account: Any
) -> SmallWorld:
    """A tenant with its subaccount; the account allows purchases."""
    world = SmallWorld()
    world.twilio.offers[:] = OFFERS
    given = account_manifest(limits={"purchases": "Allowed"} | (limits or {}), **account)
    world.apply(given, manifest("Plan", "basic", plan), tenant_manifest())
    await world.settle(20)
    return world


async def with_number(**spec: Any) -> SmallWorld:
    """A tenant with a number, after a while."""
    world = await tenant()
    world.apply(number_manifest(**spec))
    await world.settle(30)
    return world


def ready(world: SmallWorld, name: str = "line") -> tuple[str, str]:
    """Status and reason of Ready."""
    condition = world.live("BotNumber", name).status.condition("Ready")
    return condition.status, condition.reason


def subaccount(world: SmallWorld) -> str:
    """The tenant's account."""
    (account,) = world.twilio.subaccounts
    return account.sid


async def test_the_very_number_is_bought_configured_and_recorded() -> None:
    """One purchase sets everything in one call, and the status says what is held."""
    world = await with_number()
    (held,) = world.twilio.numbers.values()
    status = world.live("BotNumber", "line").status

    assert world.twilio.purchases == ["+13055550123"]
    assert "configure_number" not in world.twilio.calls
    assert ready(world) == ("True", "Succeeded")
    assert (status.sid, status.phone_number, status.account_sid) == (held.sid, "+13055550123", subaccount(world))
    assert status.webhook_url == held.webhooks.sms_url
    assert held.webhooks.sms_url.startswith("https://acme.bots.example.com/bot/twilio/webhook#")
    assert status.capabilities == ["SMS", "Voice"]


async def test_two_searches_choose_two_numbers() -> None:
    """What one is about to buy is not offered to the other."""
    world = await tenant()
    world.apply(*(number_manifest(name, search={"country": "US"}) for name in ("one", "two")))
    await world.settle(30)

    assert sorted(world.twilio.purchases) == OFFERS


async def test_no_offer_is_told_and_tried_again() -> None:
    """``NoInventory`` until Twilio has one."""
    world = await tenant()
    world.twilio.offers.clear()
    world.apply(number_manifest(search={"country": "US"}))
    await world.settle(30)
    assert ready(world) == ("False", "NoInventory")
    world.twilio.offers[:] = OFFERS
    await world.settle(600)

    assert ready(world) == ("True", "Succeeded")


async def test_a_quicker_buyer_is_no_end_of_a_search() -> None:
    """A number that is gone between search and purchase is replaced by another offer; it is bought once."""
    world = await tenant()
    world.twilio.refusing["buy_number"].append(Stalled("NumberUnavailable", "taken", after=300.0))
    world.apply(number_manifest(search={"country": "US"}))
    await world.settle(120)

    assert ready(world) == ("True", "Succeeded")
    assert len(world.twilio.purchases) == 1


async def test_a_refused_purchase_is_told_and_tried_again_slowly() -> None:
    """Twilio's refusal stays in the status; it is not asked again every few seconds."""
    world = await tenant()
    world.twilio.refusing["buy_number"] += [Stalled("TwilioRefused", "no", after=300.0)] * 50
    world.apply(number_manifest())
    await world.settle(280)
    assert ready(world) == ("False", "TwilioRefused")

    assert world.twilio.calls.count("buy_number") <= 3


@pytest.mark.parametrize(
    ("limits", "plan", "reason"),
    [
        ({"purchases": "Forbidden"}, {}, "PurchasesForbidden"),
        ({"allowedCountries": ["AR"]}, {}, "CountryNotAllowed"),
        ({"maxNumbers": 0}, {}, "NumberLimitReached"),
        ({}, {"limits": {"numbers": 0}}, "NumberLimitReached"),
        ({"maxMonthlyPricePerNumber": "1.00"}, {}, "PriceLimitExceeded"),
    ],
)
async def test_the_money_guard_stops_a_purchase(limits: dict[str, Any], plan: dict[str, Any], reason: str) -> None:
    """Each limit refuses before a call that costs money, leaves no intent, and the resource can be deleted."""
    world = await tenant(limits=limits, plan=plan)
    world.twilio.prices["US", "Local"] = Decimal("1.15")
    world.apply(number_manifest())
    await world.settle(30)

    assert ready(world) == ("False", reason)
    assert world.twilio.purchases == []
    assert world.live("BotNumber", "line").metadata.finalizers == []


async def test_a_limit_counts_what_is_about_to_be_bought() -> None:
    """Two numbers at once do not slip under a limit of one."""
    world = await tenant(plan={"limits": {"numbers": 1}})
    world.apply(*(number_manifest(name, search={"country": "US"}) for name in ("one", "two")))
    await world.settle(60)

    assert len(world.twilio.purchases) == 1
    assert sorted(ready(world, name)[1] for name in ("one", "two")) == ["NumberLimitReached", "Succeeded"]


async def test_drift_of_webhooks_is_corrected() -> None:
    """What somebody changes in the Console points at the bot again, with an Event."""
    world = await with_number()
    (held,) = world.twilio.numbers.values()
    broken = replace(held.webhooks, sms_url="https://elsewhere.example.com")
    world.twilio.numbers[held.sid] = replace(held, webhooks=broken)
    await world.settle(INTERVAL + 1)

    assert world.twilio.numbers[held.sid] == held
    assert "DriftCorrected" in {event["reason"] for event in world.cluster.of_kind("Event")}


async def test_a_number_that_is_gone_is_never_bought_again() -> None:
    """Moved or released by hand: a human decides."""
    world = await with_number()
    world.twilio.numbers.clear()
    await world.settle(INTERVAL * 2)

    assert ready(world) == ("False", "NumberMissing")
    assert len(world.twilio.purchases) == 1


@pytest.mark.parametrize(("holder", "granted"), [("sub", True), ("sub", False), ("parent", True), ("parent", False)])
async def test_a_grant_admits_an_existing_number(holder: str, *, granted: bool) -> None:
    """With the admin's word a number is taken over where it is, or moved from the parent; without it, left alone."""
    world = await tenant()
    place = subaccount(world) if holder == "sub" else PARENT_SID
    held = world.twilio.put_number("+541152720000", account_sid=place)
    if granted:
        world.apply(account_manifest(adoption=[{"namespace": NAMESPACE, "sids": [held.sid]}]))
    world.apply(number_manifest(externalName=held.sid))
    await world.settle(30)

    assert ready(world) == (("True", "Succeeded") if granted else ("False", "AdoptionRefused"))
    assert world.twilio.purchases == []
    if granted:
        assert world.twilio.numbers[held.sid].account_sid == subaccount(world)
    else:
        assert world.twilio.numbers[held.sid] == held


async def test_a_number_has_one_owner() -> None:
    """Of two resources that name one number the older keeps it."""
    world = await tenant()
    held = world.twilio.put_number("+541152720000", account_sid=subaccount(world))
    grant = {"namespace": NAMESPACE, "sids": [held.sid]}
    world.apply(account_manifest(adoption=[grant]), number_manifest("first", externalName=held.sid))
    await world.settle(30)
    world.clock.advance(5)
    world.apply(number_manifest("second", externalName=held.sid))
    await world.settle(30)

    assert ready(world, "first") == ("True", "Succeeded")
    assert ready(world, "second") == ("False", "NumberConflict")


@pytest.mark.parametrize(("policy", "holder"), [("Retain", "sub"), ("ReturnToParent", "parent"), ("Release", "parent")])
async def test_the_policy_decides_where_a_number_goes(policy: str, holder: str) -> None:
    """Kept, or moved to the parent where it rests; never lost."""
    world = await with_number(releasePolicy=policy)
    place = subaccount(world) if holder == "sub" else PARENT_SID
    await world.cluster.delete(NUMBER)
    await world.settle(30)

    (held,) = world.twilio.numbers.values()
    assert held.account_sid == place
    assert NUMBER not in world.cluster.objects


async def test_a_foreign_number_is_not_given_back() -> None:
    """Without our mark a deletion moves nothing."""
    world = await with_number(releasePolicy="ReturnToParent")
    (held,) = world.twilio.numbers.values()
    world.twilio.numbers[held.sid] = replace(held, friendly_name="mine now")
    await world.cluster.delete(NUMBER)
    await world.settle(30)

    assert world.twilio.numbers[held.sid].account_sid == subaccount(world)
    assert NUMBER not in world.cluster.objects


@pytest.mark.parametrize("policy", ["Retain", "ReturnToParent", "Release"])
async def test_a_number_that_was_never_had_can_be_deleted(policy: str) -> None:
    """A purchase that was refused leaves nothing to give back."""
    world = await tenant()
    world.twilio.refusing["buy_number"] += [Stalled("TwilioRefused", "no", after=300.0)] * 5
    world.apply(number_manifest(releasePolicy=policy))
    await world.settle(20)
    assert ready(world) == ("False", "TwilioRefused")
    await world.cluster.delete(NUMBER)
    await world.settle(60)

    assert NUMBER not in world.cluster.objects
    assert world.twilio.numbers == {}


async def test_a_deletion_gives_back_what_an_unfinished_purchase_left() -> None:
    """A purchase whose answer was lost is not left behind in silence."""
    world = await tenant()
    world.twilio.losing.append("after")
    world.twilio.lag = 5
    world.apply(number_manifest(releasePolicy="ReturnToParent"))
    await world.controller.step(NUMBER)
    await world.controller.step(NUMBER)
    assert len(world.twilio.purchases) == 1
    assert world.live("BotNumber", "line").status.sid is None
    await world.cluster.delete(NUMBER)
    await world.settle(120)

    (held,) = world.twilio.numbers.values()
    assert held.account_sid == PARENT_SID
    assert NUMBER not in world.cluster.objects


async def test_an_earlier_lifes_number_is_taken_over_where_the_admin_says_so() -> None:
    """A cluster rebuilt from Git buys nothing anew."""
    world = await tenant(readopt="SameName")
    mark = marks.mark_of(installation="test", kind="BotNumber", namespace=NAMESPACE, name="line", uid="former")
    name = marks.friendly_name("acme/line", mark)
    held = world.twilio.put_number("+13055550123", account_sid=subaccount(world), name=name)
    world.apply(number_manifest())
    await world.settle(60)

    assert world.live("BotNumber", "line").status.sid == held.sid
    assert world.twilio.purchases == []


async def test_a_number_waits_for_its_tenant() -> None:
    """An unknown tenant is named, and the number comes as soon as it is there."""
    world = SmallWorld()
    world.apply(account_manifest(), manifest("Plan", "basic"), number_manifest())
    await world.settle(30)
    assert ready(world) == ("False", "TenantNotFound")
    world.apply(tenant_manifest())
    await world.settle(60)

    assert ready(world) == ("True", "Succeeded")
