"""Outgoing webhooks from YAML: what they need is checked where their author sees it, and mounted."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from switchboard_operator.desired.endpoints import signing_secrets
from switchboard_operator.desired.thinking import secret_files
from switchboard_operator.ports import Ref
from tests.support.smallworld import (
    NAMESPACE,
    SmallWorld,
    account_manifest,
    assistant_manifest,
    manifest,
    number_manifest,
    resource,
    tenant_manifest,
)

SIGNING = f"whsec_{base64.b64encode(bytes(32)).decode()}"
CRM = {"name": "crm", "url": "https://crm.example.com/hook", "secretRef": {"name": "crm", "key": "signing"}}
DEPLOYMENT = Ref("Deployment", NAMESPACE, "bot-acme")


def secret(namespace: str = NAMESPACE, **data: str) -> dict[str, Any]:
    """The Secret ``crm``."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "crm", "namespace": namespace}, "data": encoded}


async def served(world: SmallWorld, *webhooks: dict[str, Any]) -> SmallWorld:
    """The world with a tenant that has these endpoints, after a while."""
    world.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}, webhooks=list(webhooks)),
        number_manifest(),
    )
    await settled(world)
    return world


async def settled(world: SmallWorld) -> None:
    """After a while, with pods that start."""
    await world.settle(60)
    if DEPLOYMENT in world.cluster.objects:
        world.roll_out()
        await world.settle(30)


def ready(world: SmallWorld) -> tuple[str, str]:
    """Reason and message of the Tenant's Ready."""
    found = world.live("Tenant", "acme").status.condition("Ready")
    return found.reason, found.message


async def test_an_endpoint_is_told_by_file_and_its_secret_is_mounted() -> None:
    """The document holds a file's name, never the secret."""
    world = SmallWorld()
    world.cluster.put(secret(signing=SIGNING))
    await served(world, CRM)
    pod = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "credentials"]
    (data,) = [body["data"] for ref, body in world.cluster.objects.items() if ref.kind == "ConfigMap"]
    document = json.loads(data["acme.json"])
    made = json.dumps([document, world.cluster.stored(DEPLOYMENT)])

    assert ready(world)[0] == "Succeeded"
    assert document["webhooks"] == [
        {"name": "crm", "url": CRM["url"], "secret": "signing.crm", "events": [], "texts": False}
    ]
    assert {"secret": {"name": "crm", "items": [{"key": "signing", "path": "signing.crm"}]}} in volume["projected"][
        "sources"
    ]
    assert SIGNING not in made
    assert pod["containers"][0]["resources"]["limits"] == {"memory": "256Mi"}


@pytest.mark.parametrize(
    ("stored", "reason", "said"),
    [
        (None, "SecretNotFound", "no Secret 'crm'; create it with the key signing"),
        (secret("other", signing=SIGNING), "SecretNotFound", "no Secret 'crm'"),
        (secret(other=SIGNING), "SecretInvalid", "lacks the key signing"),
        (secret(signing="hunter2"), "SecretInvalid", "whsec_ and the base64 of 24 to 64 random bytes"),
        (secret(signing="\n".join([SIGNING] * 3)), "SecretInvalid", "holds 3 secrets"),
    ],
)
async def test_a_secret_that_cannot_sign_is_said_and_mended(
    stored: dict[str, Any] | None, reason: str, said: str
) -> None:
    """Nothing rolls out before; the message names endpoint, Secret and key, and no value."""
    world = SmallWorld()
    if stored is not None:
        world.cluster.put(stored)
    await served(world, CRM)
    told = ready(world)
    rolled_out = DEPLOYMENT in world.cluster.objects
    world.cluster.put(secret(signing=f"{SIGNING}\n{SIGNING}"))
    await settled(world)

    assert told[0] == reason
    assert "spec.webhooks crm, secretRef" in told[1]
    assert said in told[1]
    assert "hunter2" not in told[1]
    assert SIGNING not in told[1]
    assert not rolled_out
    assert ready(world)[0] == "Succeeded"


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://llm.models.svc:8000/hook", "Succeeded"), ("http://vault.infra.svc:8200", "EgressNotAllowed")],
)
async def test_only_the_admin_opens_a_way_to_an_endpoint_in_the_cluster(url: str, reason: str) -> None:
    """One that is in the list is called: the pod is told, and its port is open."""
    world = SmallWorld()
    world.cluster.put(secret(signing=SIGNING))
    await served(world, CRM | {"url": url})

    assert ready(world)[0] == reason
    if reason == "Succeeded":
        (container,) = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
        rules = world.cluster.stored(Ref("NetworkPolicy", NAMESPACE, "bot-acme"))["spec"]["egress"]
        assert {"name": "SWITCHBOARD_EGRESS_ALLOW", "value": "llm.models.svc:8000"} in container["env"]
        assert rules[-1]["ports"] == [{"port": 8000, "protocol": "TCP"}]
    else:
        assert DEPLOYMENT not in world.cluster.objects


def test_a_key_that_a_model_and_a_webhook_share_is_one_file() -> None:
    """Kubernetes refuses a volume that has a path twice."""
    model = {"provider": "openai", "name": "gpt", "secretRef": {"name": "crm"}}
    endpoints = [CRM, CRM | {"name": "bi"}, CRM | {"name": "x", "secretRef": {"name": "crm", "key": "apiKey"}}]
    tenant = resource("Tenant", "acme", {"planRef": {"name": "basic"}, "webhooks": endpoints})
    (files,) = secret_files([resource("Assistant", "a", {"model": model})], signing_secrets(tenant))

    assert files.items == (("apiKey", "apiKey.crm"), ("signing", "signing.crm"))
