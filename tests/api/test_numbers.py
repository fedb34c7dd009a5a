"""BotNumbers on a real API server against the emulator: money, inventory, drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.world import account, assistant, number, plan, tenant

if TYPE_CHECKING:
    from tests.support.world import World


async def test_the_very_number_asked_for_is_bought(world: World) -> None:
    """PhoneNumber buys that number and no other."""
    offer = (await world.twilio_offers("US"))[3]
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"), number("ventas", "sur", phoneNumber=offer))
    await world.condition("BotNumber", "ventas", status="True")

    assert (await world.status("BotNumber", "ventas"))["phoneNumber"] == offer


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"purchases": "Forbidden"}, "PurchasesForbidden"),
        ({"purchases": "Allowed", "allowedCountries": ["AR"]}, "CountryNotAllowed"),
        ({"purchases": "Allowed", "maxNumbers": 0}, "NumberLimitReached"),
        ({"purchases": "Allowed", "maxMonthlyPricePerNumber": "0.10"}, "PriceLimitExceeded"),
    ],
)
async def test_the_money_guard_refuses_before_anything_is_bought(
    world: World, limits: dict[str, Any], reason: str
) -> None:
    """A condition, not a purchase; no finalizer, so that the resource can always be deleted."""
    await world.apply(account(world.emulator.base_url, limits=limits))
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("BotNumber", "ventas", status="False", reason=reason)

    assert not [call for call in await world.twilio_writes() if "IncomingPhoneNumbers" in call]
    stored = await world.get("BotNumber", "ventas")
    assert stored is not None
    assert "finalizers" not in stored["metadata"]


async def test_the_plans_limit_of_numbers_is_kept(world: World) -> None:
    """The second number of a plan with one is refused; the first is not disturbed."""
    await world.apply(plan(limits={"numbers": 1}))
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), number("uno", "sur"))
    await world.condition("BotNumber", "uno", status="True")

    await world.apply(number("dos", "sur"))

    await world.condition("BotNumber", "dos", status="False", reason="NumberLimitReached")
    await world.condition("Tenant", "sur", status="False", reason="NumbersNotReady")


async def test_a_search_without_a_hit_says_no_inventory(world: World) -> None:
    """NoInventory, and a wider search mends it."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur", search={"country": "US", "areaCode": "999"}))
    await world.condition("BotNumber", "ventas", status="False", reason="NoInventory")

    await world.apply(number("ventas", "sur", search={"country": "US"}))

    await world.condition("BotNumber", "ventas", status="True")


async def test_a_webhook_changed_by_hand_is_set_right(world: World) -> None:
    """Drift at Twilio is seen within the interval and corrected with one write."""
    await world.start_operator(drift_interval=5.0)
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")
    status = await world.status("BotNumber", "ventas")

    await world.twilio_set_number(status["accountSid"], status["sid"], sms_url="https://evil.example.com/")

    async def corrected() -> bool:
        held = await world.twilio_numbers(status["accountSid"])
        return bool(held[0]["sms_url"] == status["webhookURL"])

    await world.until(corrected)


async def test_a_number_given_back_goes_to_the_parent(world: World) -> None:
    """ReturnToParent moves the number; it stays billed and nothing is released."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur", releasePolicy="ReturnToParent"))
    await world.condition("BotNumber", "ventas", status="True")
    status = await world.status("BotNumber", "ventas")

    await world.delete("BotNumber", "ventas")

    async def gone() -> bool:
        return await world.get("BotNumber", "ventas") is None

    await world.until(gone)
    parent = await world.twilio_numbers(world.emulator.account_sid)
    assert [held["phone_number"] for held in parent] == [status["phoneNumber"]]
