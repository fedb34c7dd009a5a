"""Tenant: composed of other resources; what is missing is named, what is settled is left alone."""

from typing import Any

import pytest

from switchboard_operator.ports import Ref
from tests.support.smallworld import (
    INTERVAL,
    NAMESPACE,
    SmallWorld,
    account_manifest,
    account_secret,
    assistant_manifest,
    manifest,
    number_manifest,
    tenant_manifest,
)

TENANT = Ref("Tenant", NAMESPACE, "acme")
BOT = {"assistantRef": {"name": "sales"}}


def parts(**tenant: Any) -> list[dict[str, Any]]:
    """All manifests of a working tenant."""
    return [
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot=BOT, **tenant),
        number_manifest(),
    ]


async def settled(*manifests: dict[str, Any]) -> SmallWorld:
    """A world with these, after a while and a roll-out."""
    world = SmallWorld()
    world.apply(*(manifests or parts()))
    await world.settle(60)
    if Ref("Deployment", NAMESPACE, "bot-acme") in world.cluster.objects:
        world.roll_out()
        await world.settle(30)
    return world


def ready(world: SmallWorld, name: str = "acme", kind: str = "Tenant") -> tuple[str, str]:
    """Status and reason of Ready."""
    condition = world.live(kind, name).status.condition("Ready")
    return condition.status, condition.reason


async def test_a_whole_tenant_is_ready_within_its_budget() -> None:
    """Ready with all parts, in at most 14 writes at the API server and 5 calls of Twilio beside the account's own."""
    world = await settled()
    tenant = world.live("Tenant", "acme")
    own = [
        ref for _, ref in world.cluster.writes if ref.kind not in {"TwilioAccount", "Plan", "Assistant", "BotNumber"}
    ]

    assert ready(world) == ("True", "Succeeded")
    assert {condition.type for condition in tenant.status.conditions} >= {
        "SubaccountReady",
        "NumbersReady",
        "RuntimeReady",
        "RouteReady",
    }
    assert tenant.status.url == "https://acme.bots.example.com"
    assert tenant.status.numbers == ["+13055550123"]
    assert len(own) <= 14
    assert len(world.twilio.calls) - 1 <= 5


async def test_a_settled_tenant_costs_nothing() -> None:
    """No write for an interval and across a restart, at the API server or at Twilio."""
    world = await settled()
    await world.settle(INTERVAL * 2)
    writes, calls = len(world.cluster.writes), len(world.twilio.writes)
    await world.settle(INTERVAL * 2)
    await world.restart()
    await world.settle(INTERVAL * 2)

    assert world.cluster.writes[writes:] == []
    assert world.twilio.writes[calls:] == []


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        ("Plan", "PlanNotFound"),
        ("TwilioAccount", "AccountNotFound"),
        ("Assistant", "AssistantNotFound"),
    ],
)
async def test_what_is_missing_is_named_and_waited_for(left_out: str, reason: str) -> None:
    """The reason and the name stand in the status; the tenant goes on as soon as the part is there."""
    given = parts()
    missing = next(body for body in given if body["kind"] == left_out)
    world = await settled(*(body for body in given if body is not missing))
    condition = world.live("Tenant", "acme").status.condition("Ready")
    assert condition.reason == reason
    assert missing["metadata"]["name"] in condition.message
    world.apply(missing)
    await world.settle(90)
    world.roll_out()
    await world.settle(30)

    assert ready(world) == ("True", "Succeeded")


async def test_the_oldest_keeps_a_slug() -> None:
    """A second tenant of the same host says so, touches nothing, and gets the host when it is free."""
    world = await settled(*parts(slug="shop"))
    world.clock.advance(5)
    world.apply(tenant_manifest("second", slug="shop"))
    await world.settle(30)
    assert ready(world, "second") == ("False", "SlugConflict")
    assert Ref("Ingress", NAMESPACE, "bot-second") not in world.cluster.objects
    await world.cluster.delete(TENANT)
    await world.settle(60)

    assert ready(world, "second")[1] != "SlugConflict"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"runtime": {"tier": "Shared"}}, "TierNotAvailable"),
        ({"runtime": {"storage": {"postgres": {"secretRef": {"name": "db"}}}}}, "StorageNotAvailable"),
        ({"integrations": [{"provider": "UChat", "secretRef": {"name": "gone"}}]}, "SecretNotFound"),
    ],
)
async def test_what_is_not_served_is_said(changes: dict[str, Any], reason: str) -> None:
    """No pod runs for what this version cannot do."""
    world = await settled(*parts(**changes))

    assert ready(world) == ("False", reason)
    assert Ref("Deployment", NAMESPACE, "bot-acme") not in world.cluster.objects


async def test_a_typo_in_a_reply_is_said_to_its_author() -> None:
    """A word in braces that no product has is named at the Assistant and at the Tenant, and no pod ever sees it."""
    rule = {"when": {"catalogue": True}, "reply": {"es": "{prize}"}}
    script = {"rules": [rule], "otherwise": {"es": "x"}}
    typo = assistant_manifest(script=script, catalogue={"configMapRef": {"name": "menu"}})
    world = await settled(*(typo if body["kind"] == "Assistant" else body for body in parts()))

    assert ready(world) == ready(world, "sales", "Assistant") == ("False", "ScriptInvalid")
    assert "rules[0].reply.es: {prize} is unknown" in world.live("Tenant", "acme").status.condition("Ready").message
    assert Ref("Deployment", NAMESPACE, "bot-acme") not in world.cluster.objects


async def test_a_suspended_tenant_stands_still() -> None:
    """No pods, a suspended subaccount, and Ready says why."""
    world = await settled()
    world.cluster.touch(TENANT, {"spec": {"suspend": True}})
    await world.settle(30)
    world.roll_out()
    await world.settle(30)

    assert ready(world) == ("True", "Suspended")
    assert world.cluster.stored(Ref("Deployment", NAMESPACE, "bot-acme"))["spec"]["replicas"] == 0
    assert [account.status for account in world.twilio.subaccounts] == ["suspended"]


async def test_a_number_that_is_stuck_stops_no_roll_out() -> None:
    """The bot answers on the numbers that are there; Ready names the one that is not."""
    world = await settled(*parts(), number_manifest("second", search={"country": "US"}))
    condition = world.live("Tenant", "acme").status.condition("Ready")

    assert condition.reason == "NumbersNotReady"
    assert "second" in condition.message
    assert world.live("Tenant", "acme").status.numbers == ["+13055550123"]
    assert Ref("Deployment", NAMESPACE, "bot-acme") in world.cluster.objects


async def test_an_edited_assistant_is_a_new_revision() -> None:
    """A change of the script reaches the tenant's configuration, and the former one stays to go back to."""
    world = await settled()
    former = world.live("Tenant", "acme").status.config_revision
    script = {"rules": [{"when": {"matches": ["x"]}, "reply": {"es": "y"}}], "otherwise": {"es": "z"}}
    world.apply(assistant_manifest(script=script))
    await world.settle(30)

    assert world.live("Tenant", "acme").status.config_revision != former
    assert len(world.cluster.of_kind("ConfigMap")) == 2


@pytest.mark.parametrize(("selector", "reason"), [({"matchLabels": {"tier": "x"}}, "NamespaceNotAllowed")])
async def test_an_account_admits_its_namespaces_only(selector: dict[str, Any], reason: str) -> None:
    """Who may use an account is the admin's word; a label on the namespace lets it in."""
    world = SmallWorld()
    world.cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    account = account_manifest(allowedNamespaces=selector)
    world.apply(account, manifest("Plan", "basic"), tenant_manifest())
    await world.settle(30)
    assert ready(world) == ("False", reason)
    assert world.twilio.writes == []
    world.cluster.touch(Ref("Namespace", "", NAMESPACE), {"metadata": {"labels": {"tier": "x"}}})
    await world.settle(120)

    assert ready(world)[1] != reason


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (None, "SecretNotFound"),
        (account_secret(token=""), "SecretInvalid"),
        (account_secret(accountSid="SK" + "0" * 32), "SecretInvalid"),
        (account_secret(accountSid="AC" + "9" * 32), "CredentialsRejected"),
    ],
)
async def test_an_account_says_what_is_wrong_with_its_secret(secret: dict[str, Any] | None, reason: str) -> None:
    """The TwilioAccount names the Secret; what depends on it waits."""
    world = SmallWorld()
    await world.cluster.delete(Ref("Secret", "switchboard-system", "twilio"))
    if secret is not None:
        world.cluster.put(secret)
    world.apply(account_manifest(), manifest("Plan", "basic"), tenant_manifest())
    await world.settle(30)

    assert ready(world, "main", "TwilioAccount") == ("False", reason)
    assert ready(world) == ("False", "AccountNotReady")
    assert world.twilio.writes == []
