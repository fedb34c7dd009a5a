"""The operator's main path on a real API server against the emulator."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.world import SYSTEM, account, assistant, number, tenant

if TYPE_CHECKING:
    from tests.support.world import World


async def ready_tenant(world: World, name: str = "sur") -> None:
    """Apply a tenant with one number and wait until it is Ready."""
    await world.apply(assistant(), tenant(name), number(f"{name}-ventas", name))
    await world.condition("Tenant", name, status="True", reason="Succeeded")


def _decoded(secret: dict[str, dict[str, str]]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


async def test_a_tenant_gets_its_subaccount_number_secret_and_objects(world: World) -> None:
    """Three manifests become a subaccount, a key, a bought number with webhooks, and all that serves the host."""
    await world.start_operator()

    await ready_tenant(world)

    status = await world.status("Tenant", "sur")
    bought = await world.status("BotNumber", "sur-ventas")
    secret = await world.get("Secret", "sur-twilio")
    assert secret is not None
    values = _decoded(secret)
    assert status["url"] == "https://sur.bots.example.com"
    assert status["numbers"] == [bought["phoneNumber"]]
    assert bought["webhookURL"].startswith("https://sur.bots.example.com/bot/twilio/webhook#")
    assert values["accountSid"] == status["subaccountSid"] == bought["accountSid"]
    assert set(values) == {"accountSid", "authToken", "apiKeySid", "apiKeySecret", "apiToken"}
    config = await world.get("ConfigMap", f"bot-sur-{status['configRevision'][:10]}")
    assert config is not None
    document = json.loads(config["data"]["sur.json"])
    assert document["numbers"][0]["phoneNumber"] == bought["phoneNumber"]
    for kind in ("Deployment", "Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount"):
        found = await world.get(kind, "bot-sur")
        assert found is not None, kind
        assert found["metadata"]["ownerReferences"][0]["kind"] == "Tenant"


async def test_a_new_dedicated_tenant_stays_within_its_budget(world: World) -> None:
    """At most 14 writes at the API server and 5 calls of Twilio, from the manifests to Ready."""
    await world.apply(assistant())
    await world.start_operator()
    await world.quiet()
    writes, calls = len(world.operator_writes()), len(await world.emulator.admin.requests())

    await world.apply(tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")
    await world.quiet()

    assert len(world.operator_writes()[writes:]) <= 14, world.operator_writes()[writes:]
    assert len(await world.emulator.admin.requests()) - calls <= 5


async def test_a_settled_tenant_costs_no_write_over_resyncs_and_a_restart(world: World) -> None:
    """Looking again, at every interval and after a restart, writes nothing at the API server and nothing at Twilio."""
    await world.start_operator(drift_interval=1.5)
    await ready_tenant(world)

    await world.quiet_writes()
    writes, sent = world.operator_writes(events=True), await world.twilio_writes()
    calls = len(await world.emulator.admin.requests())

    async def looked_again() -> bool:
        return len(await world.emulator.admin.requests()) >= calls + 4

    await world.until(looked_again)
    await world.stop_operator()
    calls = len(await world.emulator.admin.requests())
    await world.start_operator()
    await world.until(looked_again)

    assert world.operator_writes(events=True) == writes
    assert await world.twilio_writes() == sent


async def test_an_edited_assistant_becomes_a_new_revision(world: World) -> None:
    """The tenant's pods roll to a ConfigMap with the new text; the old revision stays for an undo."""
    await world.start_operator()
    await ready_tenant(world)
    before = (await world.status("Tenant", "sur"))["configRevision"]

    await world.apply(assistant(disclosure={"es": "Soy un asistente automático."}))

    async def changed() -> bool:
        return bool((await world.status("Tenant", "sur"))["configRevision"] != before)

    await world.until(changed)
    await world.condition("Tenant", "sur", status="True")
    after = (await world.status("Tenant", "sur"))["configRevision"]
    deployment = await world.get("Deployment", "bot-sur")
    assert deployment is not None
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert {"name": "tenants", "configMap": {"name": f"bot-sur-{after[:10]}", "defaultMode": 420}} in volumes
    assert await world.get("ConfigMap", f"bot-sur-{before[:10]}") is not None


async def test_a_deleted_tenant_leaves_a_suspended_subaccount_and_its_number(world: World) -> None:
    """Its objects go, its subaccount is suspended, its number is kept."""
    await world.start_operator()
    await ready_tenant(world)
    sid = (await world.status("Tenant", "sur"))["subaccountSid"]

    await world.delete("Tenant", "sur")

    left: list[str] = []

    async def gone() -> bool:
        kinds = (("Tenant", "sur"), ("TwilioSubaccount", "sur"), ("Deployment", "bot-sur"), ("Ingress", "bot-sur"))
        left[:] = [kind for kind, name in kinds if await world.get(kind, name) is not None]
        return not left

    await world.until(gone, lambda: f"{left} are still there")
    assert (await world.twilio_account(sid))["status"] == "suspended"
    assert [held["phone_number"] for held in await world.twilio_numbers(sid)] == [
        (await world.status("BotNumber", "sur-ventas"))["phoneNumber"]
    ]
    await world.condition("BotNumber", "sur-ventas", status="False", reason="TenantNotFound")


async def test_suspend_and_resume_move_everything(world: World) -> None:
    """A suspended tenant runs no pod and its subaccount is suspended; false brings both back."""
    await world.start_operator()
    await ready_tenant(world)
    sid = (await world.status("Tenant", "sur"))["subaccountSid"]

    await world.apply(tenant("sur", suspend=True))
    await world.condition("Tenant", "sur", status="True", reason="Suspended")

    deployment = await world.get("Deployment", "bot-sur")
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 0
    assert (await world.twilio_account(sid))["status"] == "suspended"
    await world.apply(tenant("sur", suspend=False))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")
    assert (await world.twilio_account(sid))["status"] == "active"


async def test_of_two_tenants_with_one_slug_the_older_keeps_it(world: World) -> None:
    """The younger says SlugConflict and gets no route; it takes over when the older goes."""
    await world.start_operator()
    await ready_tenant(world)

    await world.apply(tenant("norte", slug="sur"))
    found = await world.condition("Tenant", "norte", status="False", reason="SlugConflict")

    assert "sur.bots.example.com" in found["message"]
    assert await world.get("Ingress", "bot-norte") is None
    await world.delete("Tenant", "sur")
    await world.condition("Tenant", "norte", status="True")


@pytest.mark.parametrize(
    ("spec", "reason", "named"),
    [
        ({"planRef": {"name": "gold"}}, "PlanNotFound", "'gold'"),
        ({"accountRef": {"name": "other"}}, "AccountNotFound", "'other'"),
        ({"bot": {"assistantRef": {"name": "nobody"}}}, "AssistantNotFound", "'nobody'"),
        ({"runtime": {"tier": "Shared"}}, "TierNotAvailable", "spec.runtime.tier"),
    ],
)
async def test_what_a_tenant_lacks_is_named(world: World, spec: dict[str, object], reason: str, named: str) -> None:
    """A condition says which name is missing, and the tenant goes on by itself or says what to write."""
    await world.start_operator()

    await world.apply(assistant(), tenant("sur", **spec))
    found = await world.condition("Tenant", "sur", status="False", reason=reason)

    assert named in found["message"]


async def test_a_tenant_goes_on_when_its_plan_appears(world: World) -> None:
    """Nobody has to touch a tenant whose plan came late."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur", planRef={"name": "late"}), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="False", reason="PlanNotFound")

    late = {"apiVersion": "switchboard.dev/v1alpha1", "kind": "Plan", "metadata": {"name": "late"}, "spec": {}}
    await world.apply(late)

    await world.condition("Tenant", "sur", status="True")


async def test_a_namespace_that_is_not_admitted_gets_nothing(world: World) -> None:
    """Without the label that the TwilioAccount selects, no subaccount is made."""
    await world.apply(account(world.emulator.base_url, allowedNamespaces={"matchLabels": {"switchboard.dev/vip": "1"}}))
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"))
    await world.condition("Tenant", "sur", status="False", reason="NamespaceNotAllowed")

    assert await world.twilio_writes() == []


async def test_refused_credentials_stop_the_calls_until_the_secret_changes(world: World) -> None:
    """CredentialsRejected on the account, no hammering, and recovery as soon as the Secret is right."""
    good = await world.cluster_secret("twilio-main")
    await world.apply(_account_secret(good["accountSid"], "0" * 32))
    await world.start_operator()
    await world.condition("TwilioAccount", "main", status="False", reason="CredentialsRejected")
    await world.apply(assistant(), tenant("sur"), tenant("norte"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="False")
    await world.quiet()
    asked = len(await world.emulator.admin.requests())

    assert asked <= 2
    await world.apply(_account_secret(good["accountSid"], good["authToken"]))
    await world.condition("Tenant", "sur", status="True")


def _account_secret(sid: str, token: str) -> dict[str, object]:
    data = {"accountSid": sid, "authToken": token}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "twilio-main", "namespace": SYSTEM},
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }
