"""The operator's main path on a real API server against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.world import assistant, number, tenant

if TYPE_CHECKING:
    from tests.support.world import World


async def test_a_tenant_gets_its_subaccount_number_secret_and_objects(world: World) -> None:
    """Three manifests become a subaccount, a key, a bought number with webhooks, and everything that serves the host."""
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")

    status = await world.status("Tenant", "sur")
    assert status["host"] == "sur.bots.example.com"
    print(status)
    print("\n".join(world.operator_writes()))
    print("\n".join(await world.twilio_writes()))
