"""``readopt: SameName``: a tenant that is deleted and created again gets its old account and its old number back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.world import account, assistant, number, tenant

if TYPE_CHECKING:
    from tests.support.world import World

SEARCHED: dict[str, Any] = {}
EXACT = {"phoneNumber": "+13055550142"}


async def deleted_and_created_again(world: World, **spec: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The number's status in its first life and in its second."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur", **spec))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")
    before = await world.status("BotNumber", "ventas")
    await world.delete("BotNumber", "ventas")
    await world.delete("Tenant", "sur")

    async def gone() -> bool:
        kinds = (("Tenant", "sur"), ("TwilioSubaccount", "sur"), ("BotNumber", "ventas"))
        return not [kind for kind, name in kinds if await world.get(kind, name) is not None]

    await world.until(gone)
    await world.apply(tenant("sur"), number("ventas", "sur", **spec))
    await world.condition("BotNumber", "ventas", status="True", reason="Succeeded")
    return before, await world.status("BotNumber", "ventas")


@pytest.mark.parametrize("spec", [SEARCHED, EXACT], ids=["searched", "exact"])
async def test_a_tenant_created_again_gets_its_account_and_number_back(world: World, spec: dict[str, str]) -> None:
    """The same SIDs, active, marked as this life's own, and nothing is bought twice."""
    await world.apply(account(world.emulator.base_url, readopt="SameName"))

    before, after = await deleted_and_created_again(world, **spec)

    assert (after["accountSid"], after["sid"], after["phoneNumber"]) == (
        before["accountSid"],
        before["sid"],
        before["phoneNumber"],
    )
    [home] = await world.twilio_accounts()
    assert home["status"] == "active"
    assert home["friendly_name"] == (await world.status("TwilioSubaccount", "sur"))["friendlyName"]
    assert len(await world.twilio_numbers(after["accountSid"])) == 1


async def test_readopted_things_stay_when_the_grant_is_withdrawn(world: World) -> None:
    """They carry this life's marks from then on, so `readopt: Never` takes nothing away."""
    await world.apply(account(world.emulator.base_url, readopt="SameName"))
    _, status = await deleted_and_created_again(world)

    await world.apply(account(world.emulator.base_url, readopt="Never"))
    await world.stop_operator()
    await world.start_operator()
    await world.quiet()

    assert (await world.status("BotNumber", "ventas"))["sid"] == status["sid"]
    for kind, name in (("TwilioSubaccount", "sur"), ("BotNumber", "ventas")):
        await world.condition(kind, name, status="True", reason="Succeeded")


async def test_without_the_grant_an_earlier_life_is_left_alone(world: World) -> None:
    """Never, the default: a new account and a new number; the old ones stay as they were left."""
    before, after = await deleted_and_created_again(world)

    assert after["accountSid"] != before["accountSid"]
    assert (await world.twilio_account(before["accountSid"]))["status"] == "suspended"
    assert [held["sid"] for held in await world.twilio_numbers(before["accountSid"])] == [before["sid"]]
