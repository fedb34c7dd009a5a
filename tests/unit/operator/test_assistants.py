"""Assistants with models: what they need is checked where their author sees it, and mounted where the runtime looks."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from switchboard_operator.desired.egress import Egress
from switchboard_operator.desired.thinking import model_of, secret_files, texts_of
from switchboard_operator.desired.unserved import of_assistant
from switchboard_operator.ports import Ref
from tests.support.smallworld import (
    INTERVAL,
    NAMESPACE,
    SmallWorld,
    account_manifest,
    manifest,
    number_manifest,
    resource,
    tenant_manifest,
)

MODEL = {"provider": "openai", "name": "gpt", "secretRef": {"name": "openai"}}
LOCAL = {"provider": "openai", "name": "llama", "baseURL": "http://llm.models.svc:8000/v1"}
DEPLOYMENT = Ref("Deployment", NAMESPACE, "bot-acme")


def secret(name: str = "openai", **data: str) -> dict[str, Any]:
    """A Secret of the tenant's namespace."""
    values = data or {"apiKey": "sk-secret"}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "data": encoded}


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap of the tenant's namespace."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}, "data": data}


async def served(world: SmallWorld, **spec: Any) -> SmallWorld:
    """The world with a tenant whose assistant has this spec, after a while."""
    world.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        manifest("Assistant", "sales", {"instructions": "Be brief."} | spec),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}),
        number_manifest(),
    )
    await world.settle(60)
    if DEPLOYMENT in world.cluster.objects:
        world.roll_out()
        await world.settle(30)
    return world


def ready(world: SmallWorld, kind: str, name: str) -> tuple[str, str]:
    """Reason and message of Ready."""
    found = world.live(kind, name).status.condition("Ready")
    return found.reason, found.message


def document(world: SmallWorld) -> dict[str, Any]:
    """The newest document."""
    revision = world.live("Tenant", "acme").status.config_revision
    name = f"bot-acme-{revision[:10]}"
    data = world.cluster.stored(Ref("ConfigMap", NAMESPACE, name))["data"]
    found: dict[str, Any] = json.loads(data["acme.json"])
    return found


async def test_a_model_is_served_with_its_key_beside_the_credentials() -> None:
    """Ready; the key is a file of the pod, in no document, status or event; nothing is left unserved."""
    world = SmallWorld()
    world.cluster.put(secret())
    await served(world, model=MODEL)
    pod = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]
    sources = next(each for each in pod["volumes"] if each["name"] == "credentials")["projected"]["sources"]
    (choice,) = document(world)["assistants"][0]["model"]["choices"]
    others = [body for ref, body in world.cluster.objects.items() if ref.kind != "Secret"]

    assert ready(world, "Tenant", "acme")[0] == ready(world, "Assistant", "sales")[0] == "Succeeded"
    assert sources[1]["secret"] == {"name": "openai", "items": [{"key": "apiKey", "path": choice["apiKey"]}]}
    assert world.live("Assistant", "sales").status.condition("NotServed") is None
    assert "sk-secret" not in json.dumps(others)


@pytest.mark.parametrize(
    ("stored", "reason"), [(None, "SecretNotFound"), (secret(other="x"), "SecretInvalid")], ids=["absent", "no key"]
)
async def test_a_missing_key_stops_no_pod_that_runs(stored: dict[str, Any] | None, reason: str) -> None:
    """It is said at Assistant and Tenant with field, Secret and key; as soon as it is there it is served."""
    world = SmallWorld()
    if stored:
        world.cluster.put(stored)
    await served(world, model=MODEL)
    told, named = ready(world, "Tenant", "acme"), ready(world, "Assistant", "sales")
    world.cluster.put(secret())
    await world.settle(60)
    world.roll_out()
    await world.settle(30)

    assert told == named
    assert told[0] == reason
    assert {"sales", "openai", "apiKey"} <= set(told[1].replace("'", " ").replace(",", " ").replace(";", " ").split())
    assert ready(world, "Tenant", "acme")[0] == "Succeeded"


async def test_only_the_admin_opens_a_way_into_the_cluster() -> None:
    """A model server of the cluster is called if the list has it: then the pod is told, and its port is open."""
    world = await served(SmallWorld(), model=LOCAL)
    (container,) = world.cluster.stored(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    rules = world.cluster.stored(Ref("NetworkPolicy", NAMESPACE, "bot-acme"))["spec"]["egress"]
    refused = await served(SmallWorld(), model=LOCAL | {"baseURL": "http://vault.infra.svc:8200"})

    assert ready(world, "Tenant", "acme")[0] == "Succeeded"
    assert {"name": "SWITCHBOARD_EGRESS_ALLOW", "value": "llm.models.svc:8000"} in container["env"]
    assert rules[-1]["ports"] == [{"port": 8000, "protocol": "TCP"}]
    assert ready(refused, "Assistant", "sales")[0] == ready(refused, "Tenant", "acme")[0] == "EgressNotAllowed"
    assert "vault.infra.svc:8200" in ready(refused, "Tenant", "acme")[1]
    assert DEPLOYMENT not in refused.cluster.objects


async def test_a_script_alone_opens_no_way() -> None:
    """The admin's list reaches the pods of tenants with models only."""
    script = {"rules": [{"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}}], "otherwise": {"es": "¿Cómo?"}}
    world = await served(SmallWorld(), script=script)

    assert "llm.models.svc" not in json.dumps(
        [body for body in world.cluster.objects.values() if body["kind"] != "Pod"]
    )


async def test_texts_reach_the_document_and_follow_their_config_map() -> None:
    """Named by ConfigMap and key; a change is a new revision, a missing one is said."""
    world = SmallWorld()
    await served(world, model=LOCAL, knowledge=[{"configMapRef": {"name": "faq"}}])
    told = ready(world, "Tenant", "acme")
    world.cluster.put(config_map("faq", hours="From 9 to 18.", empty=" "))
    await world.settle(90)
    world.roll_out()
    await world.settle(30)
    first = document(world)["assistants"][0]["model"]["knowledge"]
    world.cluster.put(config_map("faq", hours="From 8 to 18."))
    await world.settle(INTERVAL + 1)

    assert told[0] == "ConfigMapNotFound"
    assert "spec.knowledge[0]" in told[1]
    assert first == [{"name": "faq.hours", "text": "From 9 to 18."}]
    assert document(world)["assistants"][0]["model"]["knowledge"][0]["text"] == "From 8 to 18."


async def test_a_provider_that_is_not_served_is_said() -> None:
    """With a script the script answers; without one nothing can."""
    script = {"rules": [{"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}}], "otherwise": {"es": "¿Cómo?"}}
    foreign = MODEL | {"provider": "cohere"}
    scripted = await served(SmallWorld(), model=foreign, script=script)
    alone = await served(SmallWorld(), model=foreign)

    assert ready(scripted, "Tenant", "acme")[0] == "Succeeded"
    assert "spec.model.provider: cohere" in scripted.live("Assistant", "sales").status.condition("NotServed").message
    assert ready(alone, "Tenant", "acme")[0] == ready(alone, "Assistant", "sales")[0] == "ModelNotAvailable"


@pytest.mark.parametrize(
    ("spec", "choice", "told"),
    [
        ({"model": LOCAL}, {}, {}),
        ({"model": LOCAL | {"temperature": "0.7"}}, {"temperature": 0.7}, {}),
        ({"model": LOCAL | {"temperature": "0"}}, {"temperature": 0.0}, {}),
        ({"model": LOCAL | {"stream": True}}, {"stream": True}, {}),
        (
            {"model": LOCAL, "limits": {"historyTokens": 0, "maxRequests": 2}},
            {},
            {"historyTokens": 0, "maxRequests": 2},
        ),
    ],
)
def test_how_a_model_is_asked_is_told_where_somebody_says_it(
    spec: dict[str, Any], choice: dict[str, Any], told: dict[str, Any]
) -> None:
    """What is left out is the runtime's, so that an assistant from before makes no new revision."""
    made = model_of(resource("Assistant", "a", {"instructions": "x"} | spec), [])

    assert made is not None
    assert {key: made["choices"][0].get(key) for key in ("temperature", "stream")} == {
        "temperature": None,
        "stream": None,
    } | choice
    assert {key: made[key] for key in ("historyTokens", "maxRequests") if key in made} == told


PRICE = {"validFrom": "2026-01-01", "input": "1", "output": "2"}


@pytest.mark.parametrize("limit", ["spendPerMonth", "spendPerContactPerDay"])
@pytest.mark.parametrize(("models", "said"), [([PRICE], False), ([PRICE, None], True), ([None], True), ([], False)])
def test_money_that_a_model_without_prices_cannot_be_held_to_is_said(
    limit: str, models: list[dict[str, str] | None], *, said: bool
) -> None:
    """Such a model would never be asked, and nobody would know why."""
    asked: list[dict[str, Any]] = [LOCAL | ({"prices": [price]} if price else {}) for price in models]
    spec = {"instructions": "x", "model": next(iter(asked), None), "fallbackModels": asked[1:], "limits": {limit: "5"}}
    unserved = of_assistant(resource("Assistant", "a", spec))

    assert unserved == (
        [f"spec.limits.{limit} (a model without prices is not asked at all; give each its prices)"] * said
    )


def test_keys_of_one_secret_are_mounted_once() -> None:
    """A Secret may hold a model's key and a tool's token; each is a file of its own."""
    tool = {"name": "orders", "description": "x", "url": "https://shop.example.com", "secretRef": {"name": "openai"}}
    one = resource("Assistant", "a", {"instructions": "x", "model": MODEL, "httpTools": [tool]})
    two = resource("Assistant", "b", {"instructions": "x", "model": LOCAL, "fallbackModels": [MODEL]})
    (files,) = secret_files([one, two])

    assert files.items == (("apiKey", "apiKey.openai"), ("token", "token.openai"))


@pytest.mark.parametrize(
    ("guardrails", "topic"),
    [
        ({}, None),
        ({"refusal": {"en": "No."}}, None),
        ({"topic": "chairs"}, {"about": "chairs", "blocked": [], "refusal": None}),
        (
            {"blockedTopics": ["politics", "war"], "refusal": {"en": "No."}},
            {
                "about": "all but these subjects: politics, war.",
                "blocked": ["politics", "war"],
                "refusal": {"en": "No."},
            },
        ),
    ],
)
def test_guardrails_become_the_topic(guardrails: dict[str, Any], topic: dict[str, Any] | None) -> None:
    """What a bot is for, and what it declines."""
    made = model_of(resource("Assistant", "a", {"instructions": "x", "model": LOCAL, "guardrails": guardrails}), [])

    assert made is not None
    assert made["topic"] == topic


@pytest.mark.parametrize(
    ("guardrails", "told"),
    [
        ({}, {}),
        ({"refusal": {"en": "No."}}, {}),
        ({"languages": ["es", "pt-BR"]}, {"languages": ["es", "pt-BR"]}),
        ({"onlyFromKnowledge": True}, {"onlyFromKnowledge": True, "unsure": None}),
        (
            {"onlyFromKnowledge": True, "refusal": {"en": "No."}},
            {"onlyFromKnowledge": True, "unsure": {"en": "No."}},
        ),
    ],
)
def test_what_a_model_keeps_to_is_told(guardrails: dict[str, Any], told: dict[str, Any]) -> None:
    """Where it is asked for; nothing of it is left unserved, but for a refusal of nothing."""
    assistant = resource("Assistant", "a", {"instructions": "x", "model": LOCAL, "guardrails": guardrails})
    made = model_of(assistant, [])

    assert made is not None
    assert {key: made[key] for key in ("languages", "onlyFromKnowledge", "unsure") if key in made} == told
    assert bool(of_assistant(assistant)) is (guardrails.keys() == {"refusal"})


def test_what_a_model_alone_could_keep_to_is_said_of_a_script() -> None:
    """It says what its author wrote."""
    script = {"rules": [{"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}}], "otherwise": {"es": "¿Cómo?"}}
    guardrails = {"languages": ["es"], "topic": "chairs"}

    assert of_assistant(resource("Assistant", "a", {"script": script, "guardrails": guardrails})) == [
        "spec.guardrails.topic (there is no model)",
        "spec.guardrails.languages (there is no model)",
    ]


def test_names_of_texts_stay_apart_when_they_are_cut() -> None:
    """The runtime takes 128 characters."""
    names = [name for name, _ in texts_of("c" * 200, {"a": "x", "b": "y"})]

    assert len(set(names)) == 2
    assert all(len(name) <= 128 for name in names)


@pytest.mark.parametrize(
    ("url", "admitted"),
    [
        ("https://api.example.com/v1", True),
        ("http://llm.models.svc:8000/v1", True),
        ("http://llm.models.svc/v1", False),
        ("http://llm.models.svc:8001/v1", False),
        ("http://any.port.svc:1234", True),
    ],
)
def test_the_list_names_hosts_with_or_without_a_port(url: str, *, admitted: bool) -> None:
    """A host without a port is admitted on all."""
    assert Egress(("llm.models.svc:8000", "any.port.svc")).admits(url) is admitted
