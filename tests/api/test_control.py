"""How people steer the operator: pause, look again, Events, and what it never touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_operator.adapters.kinds import BY_KIND
from tests.support.world import assistant, number, plan, tenant

if TYPE_CHECKING:
    from tests.support.world import World


async def events_of(world: World, kind: str) -> list[tuple[str, str]]:
    """The Events of the test's resources of a kind, as (reason, name)."""
    items, _ = await world.cluster.list(BY_KIND["Event"], namespace=world.namespace)
    return sorted((e["reason"], e["regarding"]["name"]) for e in items if e["regarding"]["kind"] == kind)


async def test_each_act_on_the_outside_world_is_one_event(world: World) -> None:
    """Created, bought, keyed: one Event each, and none from looking again."""
    await world.start_operator(drift_interval=1.0)
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")
    calls = len(await world.emulator.admin.requests())

    async def looked_again() -> bool:
        return len(await world.emulator.admin.requests()) >= calls + 6

    await world.until(looked_again)

    assert await events_of(world, "TwilioSubaccount") == [("CredentialsCreated", "sur"), ("SubaccountCreated", "sur")]
    assert await events_of(world, "BotNumber") == [("NumberPurchased", "ventas")]


async def test_a_problem_that_a_human_must_solve_is_one_event(world: World) -> None:
    """A refusal is told once, however often it is found again."""
    await world.apply(plan(limits={"numbers": 0}))
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("BotNumber", "ventas", status="False", reason="NumberLimitReached")

    await world.patch("BotNumber", "ventas", {"metadata": {"annotations": {"switchboard.dev/x": "1"}}})
    await world.quiet()

    assert await events_of(world, "BotNumber") == [("NumberLimitReached", "ventas")]


async def test_a_paused_tenant_is_left_alone(world: World) -> None:
    """Nothing is made while the annotation stands; everything when it is removed."""
    paused = tenant("sur")
    paused["metadata"]["annotations"] = {"switchboard.dev/paused": "true"}
    await world.start_operator()

    await world.apply(assistant(), paused)
    await world.condition("Tenant", "sur", status="Unknown", reason="Paused")
    assert await world.twilio_writes() == []

    await world.patch("Tenant", "sur", {"metadata": {"annotations": {"switchboard.dev/paused": None}}})
    await world.condition("Tenant", "sur", status="True")


async def test_a_requested_look_is_answered_with_its_token(world: World) -> None:
    """The token comes back in the status once Twilio was looked at."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"))
    await world.condition("TwilioSubaccount", "sur", status="True")
    calls = len(await world.emulator.admin.requests())

    annotations = {"switchboard.dev/reconcile-requested-at": "2026-01-01T00:00:00Z"}
    await world.patch("TwilioSubaccount", "sur", {"metadata": {"annotations": annotations}})

    async def answered() -> bool:
        status = await world.status("TwilioSubaccount", "sur")
        return status.get("lastHandledReconcileAt") == "2026-01-01T00:00:00Z"

    await world.until(answered)
    assert len(await world.emulator.admin.requests()) > calls


async def test_an_object_changed_by_hand_is_set_right(world: World) -> None:
    """A Service that was pointed elsewhere points to the tenant's pods again, with one Event."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"))
    await world.condition("Tenant", "sur", status="True")

    await world.patch("Service", "bot-sur", {"spec": {"selector": {"app.kubernetes.io/name": "another"}}})

    async def right() -> bool:
        service: dict[str, Any] = await world.get("Service", "bot-sur") or {}
        return bool(service["spec"]["selector"]["app.kubernetes.io/name"] == "switchboard-runtime")

    await world.until(right)

    async def told() -> bool:
        return ("DriftCorrected", "sur") in await events_of(world, "Tenant")

    await world.until(told)


async def test_a_deleted_object_comes_back(world: World) -> None:
    """An Ingress that somebody deleted is made again."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"))
    await world.condition("Tenant", "sur", status="True")

    await world.delete("Ingress", "bot-sur")

    async def back() -> bool:
        return await world.get("Ingress", "bot-sur") is not None

    await world.until(back)


async def test_an_object_of_somebody_else_is_never_taken(world: World) -> None:
    """ObjectConflict names it, and it stays as it was."""
    selector = {"app": "mine"}
    await world.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "bot-sur"},
            "spec": {"selector": selector, "ports": [{"port": 80}]},
        }
    )
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"))
    found = await world.condition("Tenant", "sur", status="False", reason="ObjectConflict")

    assert "Service bot-sur" in found["message"]
    service = await world.get("Service", "bot-sur")
    assert service is not None
    assert service["spec"]["selector"] == selector


async def test_the_operator_never_writes_a_spec_of_a_user(world: World) -> None:
    """After everything is Ready the applied specs are as their author wrote them, for Argo CD and Flux."""
    wanted = {"Tenant": tenant("sur"), "BotNumber": number("sur", "sur"), "Assistant": assistant("ventas")}
    await world.apply(*wanted.values())
    before = {kind: await world.get(kind, made["metadata"]["name"]) for kind, made in wanted.items()}
    await world.start_operator()
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")

    for kind, made in wanted.items():
        after = await world.get(kind, made["metadata"]["name"])
        was = before[kind]
        assert after is not None
        assert was is not None
        assert after["spec"] == was["spec"]


async def test_a_catalogue_that_changes_reaches_the_bot(world: World) -> None:
    """A ConfigMap with the watch label is read anew as soon as it changes; a bad row is named."""
    products: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "productos", "labels": {"switchboard.dev/watch": "true"}},
        "data": {"catalogue.yaml": "- {name: Mesa, price: 100}"},
    }
    await world.start_operator()
    await world.apply(products, assistant(catalogue={"configMapRef": {"name": "productos"}}), tenant("sur"))
    await world.condition("Tenant", "sur", status="True")
    before = (await world.status("Tenant", "sur"))["configRevision"]

    await world.apply({**products, "data": {"catalogue.yaml": "- {name: Mesa, price: cheap}"}})
    found = await world.condition("Assistant", "ventas", status="False", reason="CatalogueInvalid")
    assert "row 1: price is 'cheap'" in found["message"]

    await world.apply({**products, "data": {"catalogue.yaml": "- {name: Mesa, price: 120}"}})

    async def changed() -> bool:
        return bool((await world.status("Tenant", "sur"))["configRevision"] != before)

    await world.until(changed)
    await world.condition("Assistant", "ventas", status="True")
