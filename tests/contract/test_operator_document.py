"""Operator -> runtime (decision 0001): what the operator writes, the runtime reads, and reads as it was meant."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from switchboard_operator.api.endpoint import EventType
from switchboard_operator.api.llm import OWN_TOOLS
from switchboard_operator.api.script import ReceivedKind
from switchboard_operator.api.voice import Voice
from switchboard_operator.desired import ceilings
from switchboard_operator.desired.calls import voice_of
from switchboard_operator.desired.catalogue import parse_catalogue
from switchboard_operator.desired.document import Place, document_of, place_of
from switchboard_operator.desired.endpoints import endpoint_of, signing_fault, signing_secrets
from switchboard_operator.desired.objects import Routing, TenantParts, objects_of
from switchboard_operator.desired.runtime import CREDENTIALS_DIR, DATA_DIR, TENANTS_DIR, RuntimeImage
from switchboard_operator.desired.scripts import PLACEHOLDERS, check_script, check_templates, script_of
from switchboard_operator.desired.thinking import PROVIDERS, TOOLS, model_of, secret_files, served_models, texts_of
from switchboard_operator.desired.unserved import of_assistant
from switchboard_operator.errors import Invalid
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile import secrets as keeper
from switchboard_runtime.assistants.factory import check_assistants
from switchboard_runtime.config import Settings, TenantDocument, load_directory
from switchboard_runtime.config import credentials as runtime_credentials
from switchboard_runtime.config import documents as runtime_documents
from switchboard_runtime.config.documents import LanguageModel, ModelChoice, Script
from switchboard_runtime.config.limits import Ceilings as RuntimeCeilings
from switchboard_runtime.config.limits import Limits as RuntimeLimits
from switchboard_runtime.config.script import ReceivedKind as RuntimeReceivedKind
from switchboard_runtime.config.voice import Voice as RuntimeVoice
from switchboard_runtime.config.webhooks import EVENT_TYPES
from switchboard_runtime.edge.routes import ROUTES
from switchboard_runtime.events.signing import check_secrets, keys_of
from tests.support import manifests
from tests.support.ports import sid
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

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

ACCOUNT = sid("AC", "tenant")
SIGNING = f"whsec_{base64.b64encode(bytes(32)).decode()}"


SMALL = {"planRef": {"name": "p"}, "domain": "bots.example.com"}
EVERY_TEMPLATE = [{"name": name, "sid": {"en": f"HX{0:032}"}} for name in manifests.TEMPLATE_NAMES]


def template_names_of(assistants: list[Any]) -> set[str]:
    """The templates that the rules of these assistants name."""
    scripts = [assistant.spec.script for assistant in assistants if assistant.spec.script]
    return {rule.template for script in scripts for rule in script.rules if rule.template}


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], TenantParts]:
    """The document of any tenant that the API server admits, and what its objects are made of."""
    names = draw(st.lists(manifests.OBJECT_NAMES, min_size=1, max_size=3, unique=True))
    assistants = [resource("Assistant", name, draw(manifests.assistant_specs())) for name in names]
    phones = draw(st.lists(manifests.PHONES, max_size=3, unique=True))
    numbers = [
        resource(
            "BotNumber",
            f"n{index}",
            {"tenantRef": {"name": "acme"}, "phoneNumber": phone} | draw(manifests.number_specs(names)),
            status={"sid": sid("PN", phone), "phoneNumber": phone},
        )
        for index, phone in enumerate(phones)
    ]
    spec: dict[str, Any] = {"planRef": {"name": "p"}, "accountRef": {"name": "a"}, "domain": "bots.example.com"}
    bot = draw(manifests.bot_specs(names))
    if template_names_of(assistants):
        bot["whatsapp"] = bot.get("whatsapp", {}) | {"templates": draw(manifests.NAMED_TEMPLATES)}
    spec |= {"suspend": draw(st.booleans()), "bot": bot}
    spec |= draw(st.fixed_dictionaries({}, optional={"slug": manifests.SLUGS, "displayName": manifests.LINES}))
    spec |= draw(manifests.plan_specs()) | {"webhooks": draw(manifests.WEBHOOKS)}
    tenant = resource("Tenant", "acme", spec)
    place = place_of(tenant, None)
    endpoint = draw(st.sampled_from([None, "http://emulator.switchboard.svc:8089", "https://proxy.example.com"]))
    products = {
        name: parse_catalogue("menu", {"catalogue.json": json.dumps(draw(manifests.PRODUCTS))}) for name in names
    }
    texts = {name: texts_of(name, draw(manifests.CONFIG_MAPS)) for name in names}
    document = document_of(
        tenant=tenant,
        plan=resource("Plan", "p", draw(manifests.plan_specs())),
        place=place,
        account_sid=ACCOUNT,
        endpoint=endpoint,
        numbers=numbers,
        assistants=assistants,
        products=products,
        texts=texts,
    )
    parts = TenantParts(
        tenant=tenant,
        place=place,
        document=document,
        secret="acme-twilio",
        endpoint=endpoint,
        replicas=1,
        resources=None,
        image=RuntimeImage("runtime:1"),
        routing=Routing(),
    )
    return document, parts


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=documents())
def test_the_runtime_reads_what_the_operator_writes(made: tuple[dict[str, Any], TenantParts]) -> None:
    """The file in the ConfigMap is the document, and the runtime's strict models say the same as it."""
    document, parts = made
    data: dict[str, str] = objects_of(parts)[0]["data"]

    assert list(data) == [f"{parts.place.slug}.json"]
    (text,) = data.values()
    assert json.loads(text) == document
    read = TenantDocument.model_validate_json(text)
    told = read.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    assert told == json.loads(json.dumps(_without_none(document)))
    assert read.host == parts.place.host


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


async def test_a_pod_finds_its_files(tmp_path: Path) -> None:
    """Mounted where the Deployment says, ConfigMap and Secret are a directory that the runtime serves from."""
    world = await _served_tenant()
    deployment = world.cluster.stored(Ref("Deployment", NAMESPACE, "bot-acme"))
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    sources = {volume["name"]: volume for volume in pod["volumes"]}
    for mount in container["volumeMounts"]:
        _fill(tmp_path / mount["mountPath"].lstrip("/"), sources[mount["name"]], world)

    environment = {item["name"]: item["value"] for item in container["env"]}
    read = Settings.read(environment, {})
    tenants, credentials, data = (tmp_path / str(path).lstrip("/") for path in read.paths())
    directory = load_directory(tenants, credentials, now=lambda: 0.0)

    assert read.address()[1] == container["ports"][0]["containerPort"]
    assert data.is_dir()
    entry = directory.by_host("acme.bots.example.com")
    assert entry is not None
    assert entry is directory.by_number("+13055550123")
    account = world.twilio.accounts[entry.document.twilio.account_sid]
    assert entry.credentials.current().auth_tokens == (account.auth_token,)


async def test_what_is_called_is_served() -> None:
    """The addresses given to Twilio and the kubelet are routes of the runtime, with that method."""
    world = await _served_tenant()
    (number,) = world.twilio.numbers.values()
    deployment = world.cluster.stored(Ref("Deployment", NAMESPACE, "bot-acme"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probes = [container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    posted = [urlsplit(url).path for url in asdict(number.webhooks).values()]
    served = {(route.method, route.path) for route in ROUTES}

    assert {("GET", path) for path in probes} <= served
    assert {("POST", path) for path in posted} <= served


@settings(max_examples=80, deadline=None)
@given(
    words=st.lists(st.sampled_from([*sorted(PLACEHOLDERS), "", "prize", "Name", " name ", "a-b", "{"]), max_size=3),
    when=st.sampled_from([{"catalogue": True}, {"matches": ["x"]}]),
)
def test_what_the_runtime_would_refuse_of_a_script_is_refused_before(words: list[str], when: dict[str, Any]) -> None:
    """A word in braces that the runtime does not fill in stops at the Assistant, not in a roll-out; others pass."""
    rule = {"when": when, "reply": {"es": " ".join(f"{{{word}}}" for word in words) or "x"}}
    script = {"rules": [rule], "otherwise": {"es": "x"}}
    assistant = resource("Assistant", "sales", {"script": script, "catalogue": {"configMapRef": {"name": "menu"}}})

    assert _passes(lambda: check_script(assistant), Invalid) is _passes(
        lambda: Script.model_validate_json(json.dumps(script)), ValidationError
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=manifests.SCRIPTS,
    templates=st.lists(st.sampled_from(EVERY_TEMPLATE), unique_by=lambda one: str(one["name"])),
)
def test_a_template_that_is_missing_stops_at_the_tenant(
    script: dict[str, Any], templates: list[dict[str, Any]]
) -> None:
    """Just where the runtime would refuse the whole document."""
    assistant = resource("Assistant", "sales", {"script": script, "catalogue": {"configMapRef": {"name": "menu"}}})
    base = {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {"id": "t", "namespace": "n", "name": "acme", "slug": "acme", "displayName": "Acme"},
        "url": "https://acme.bots.example.com",
        "twilio": {"accountSid": ACCOUNT},
        "assistants": [{"name": "sales", "script": script_of(assistant.spec.script)}],
        "content": {one["name"]: {"sid": one["sid"]} for one in templates},
    }

    assert _passes(lambda: check_templates([assistant], {one["name"] for one in templates}), Invalid) is _passes(
        lambda: TenantDocument.model_validate_json(json.dumps(base)), ValidationError
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=manifests.VOICES, numbers=st.sampled_from([[], [manifests.INSIDE]]), answers=st.booleans())
def test_what_the_runtime_would_refuse_of_calls_is_refused_before(
    spec: dict[str, Any], numbers: list[str], *, answers: bool
) -> None:
    """Nobody to talk with and calls in circles stop at the Tenant; what passes is read as it was meant."""
    voice = Voice.model_validate(spec)
    told = voice_of(voice, own_numbers=(), has_assistant=True)
    base = {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {"id": "t", "namespace": "n", "name": "acme", "slug": "acme", "displayName": "Acme"},
        "url": "https://acme.bots.example.com",
        "twilio": {"accountSid": ACCOUNT},
        "numbers": [{"name": "line", "phoneNumber": number} for number in numbers],
        "assistants": [{"name": "sales"}] if answers else [],
    }

    assert _passes(lambda: voice_of(voice, own_numbers=numbers, has_assistant=answers), Invalid) is _passes(
        lambda: TenantDocument.model_validate_json(json.dumps(base | {"voice": told})), ValidationError
    )
    read = RuntimeVoice.model_validate_json(json.dumps(told))
    if "listenTimeout" in spec:
        assert f"{read.listen_seconds}s" == spec["listenTimeout"]
    assert round(read.min_confidence * 100) == spec.get("minConfidencePercent", 0)
    assert (read.pause_seconds is None) is ("pause" not in spec)


def _passes(act: Callable[[], object], refusal: type[Exception]) -> bool:
    try:
        act()
    except refusal:
        return False
    return True


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=manifests.assistant_specs())
def test_what_a_model_needs_is_mounted_and_found(
    spec: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The runtime's own check at its start passes with the files of the pod's volume: no key is missing."""
    folder = tmp_path_factory.mktemp("credentials")
    assistant = resource("Assistant", "sales", spec)
    document = document_of(
        tenant=resource("Tenant", "acme", SMALL | {"bot": {"whatsapp": {"templates": EVERY_TEMPLATE}}}),
        plan=resource("Plan", "p"),
        place=Place("acme", "acme.bots.example.com"),
        account_sid=ACCOUNT,
        endpoint=None,
        numbers=[],
        assistants=[assistant],
        products={},
        texts={},
    )
    for files in secret_files([assistant]):
        for key, path in files.items or ():
            (folder / path).write_text(f"{key} of {files.secret}")
    read = TenantDocument.model_validate_json(json.dumps(document))

    def secret(name: str) -> str | None:
        return (folder / name).read_text() if (folder / name).exists() else None

    if read.assistants[0].model is not None:
        check_assistants(read, secret=secret, knowledge=folder)
        keys = [choice.api_key for choice in read.assistants[0].model.choices if choice.api_key]
        assert all((folder / key).read_text().startswith("apiKey of ") for key in keys)
    assert (read.assistants[0].model is None) is (spec.get("model") is None or not served_models(assistant))
    assert not {path.name for path in folder.iterdir()} & {*runtime_credentials._REQUIRED, "databaseUrl"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(assistant=manifests.assistant_specs(), webhooks=manifests.WEBHOOKS)
def test_what_webhooks_sign_with_is_mounted_once_and_found(
    assistant: dict[str, Any], webhooks: list[dict[str, Any]]
) -> None:
    """The runtime's own check at its start passes; no two keys are one file, and none is one of the tenant's own."""
    tenant = resource("Tenant", "acme", {"planRef": {"name": "p"}, "webhooks": webhooks})
    mounted = secret_files([resource("Assistant", "sales", assistant)], signing_secrets(tenant))
    paths = [path for files in mounted for _, path in files.items or ()]
    document = {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {"id": "t", "namespace": "n", "name": "acme", "slug": "acme", "displayName": "Acme"},
        "url": "https://acme.bots.example.com",
        "twilio": {"accountSid": ACCOUNT},
        "webhooks": [endpoint_of(endpoint) for endpoint in tenant.spec.webhooks],
    }
    read = TenantDocument.model_validate_json(json.dumps(document))

    check_secrets(read, secret=lambda name: SIGNING if name in paths else None)
    assert len(paths) == len(set(paths))
    assert not {*paths} & {*runtime_credentials._REQUIRED, "databaseUrl", "apiTokens"}


_LINES = st.sampled_from(
    [SIGNING, f"whsec_{'A' * 31}=", f"whsec_{'A' * 28}", f"whsec_{'A' * 84}AA==", f"whsec_{'A' * 88}", "whsec_", "x"]
) | st.text(max_size=8)


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(_LINES, max_size=3), between=st.sampled_from(["\n", " ", "\r\n", "\n\n"]))
def test_what_the_runtime_cannot_sign_with_is_said_before(lines: list[str], between: str) -> None:
    """The same values of a key are right on both sides, also two during a rotation."""
    content = between.join(lines)

    assert (signing_fault(content.encode()) is None) is _passes(lambda: keys_of(content.strip()), ValueError)


def test_what_may_be_received_is_the_runtimes() -> None:
    """A rule may wait for whatever can come, and for nothing else."""
    assert [kind.lower() for kind in get_args(ReceivedKind)] == list(get_args(RuntimeReceivedKind))


def test_events_are_the_runtimes() -> None:
    """Whatever is told can be asked for, and nothing else."""
    assert get_args(EventType) == EVENT_TYPES


@settings(max_examples=100, deadline=None)
@given(spec=manifests.assistant_specs())
def test_every_wish_reaches_the_runtime_or_the_condition(spec: dict[str, Any]) -> None:
    """Nothing that an Assistant asks for is passed over in silence."""
    assistant = resource("Assistant", "sales", spec)
    model = model_of(assistant, [])
    unserved = of_assistant(assistant)
    asked = [spec["model"], *spec.get("fallbackModels", [])] if "model" in spec else []
    served = len(model["choices"]) if model else 0

    assert served + sum(".provider: " in text for text in unserved) == len(asked)
    if model is None:
        return
    tools = [tool["name"] for tool in spec.get("tools", [])]
    assert len(model.get("tools", [])) + ("spec.tools: BusinessHours" in unserved) == len(tools)
    assert [tool["name"] for tool in model["httpTools"]] == [tool["name"] for tool in spec.get("httpTools", [])]
    guardrails = spec.get("guardrails", {})
    assert model.get("onlyFromKnowledge", False) is guardrails.get("onlyFromKnowledge", False)
    assert model.get("languages", []) == guardrails.get("languages", [])
    refuses = bool((model["topic"] and model["topic"]["refusal"]) or model.get("unsure"))
    assert refuses or "refusal" not in guardrails or any("guardrails.refusal" in text for text in unserved)


def test_limits_are_the_runtimes() -> None:
    """Each is a field of the runtime's, and takes no less than the operator lets through; none is missing."""
    for name, (told, most) in ceilings.CEILINGS.items():
        for value in ("1", str(most)) if name in ceilings.MONEY else (1, most):
            limits = {"tenant": {told: value}} | ceilings.COUNTS
            assert RuntimeLimits.model_validate_json(json.dumps(limits)).tenant.model_dump(by_alias=True)[told]
    assert {told for told, _ in ceilings.CEILINGS.values()} == {
        field.alias for field in RuntimeCeilings.model_fields.values()
    }


def test_providers_and_tools_are_the_runtimes() -> None:
    """The operator's tables name what the runtime's models take, and no more."""
    fields = LanguageModel.model_fields["tools"].annotation, ModelChoice.model_fields["provider"].annotation
    tools, providers = (set(re.findall(r"'(\w+)'", str(field))) for field in fields)

    assert set(TOOLS.values()) == tools
    assert set(PROVIDERS) == providers
    assert set(OWN_TOOLS) == set(runtime_documents._OWN_TOOLS)


def test_both_sides_name_the_same_files() -> None:
    """The keys of the Secret and the folders are the runtime's."""
    defaults = Settings()

    assert set(keeper.KEYS) == set(runtime_credentials._REQUIRED)
    assert tuple(map(str, defaults.paths())) == (TENANTS_DIR, CREDENTIALS_DIR, DATA_DIR)


async def _served_tenant() -> SmallWorld:
    """A tenant with a number and an assistant, as far as the operator makes it."""
    world = SmallWorld()
    world.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}),
        number_manifest(),
    )
    await world.settle()
    return world


def _fill(folder: Path, source: dict[str, Any], world: SmallWorld) -> None:
    """What the kubelet would put there."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, bytes] = {}
    if "configMap" in source:
        stored = world.cluster.stored(Ref("ConfigMap", NAMESPACE, source["configMap"]["name"]))
        files = {name: text.encode() for name, text in stored["data"].items()}
    if "secret" in source:
        stored = world.cluster.stored(Ref("Secret", NAMESPACE, source["secret"]["secretName"]))
        files = {name: base64.b64decode(value) for name, value in stored["data"].items()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
