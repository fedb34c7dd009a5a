"""A tenant's objects and its document, as they are applied; golden files in ``tests/golden/operator``."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from switchboard_operator import reasons
from switchboard_operator.desired import names
from switchboard_operator.desired.document import document_of, place_of
from switchboard_operator.desired.egress import Egress
from switchboard_operator.desired.endpoints import signing_secrets
from switchboard_operator.desired.isolation import RUNTIME_PORT, network_policy
from switchboard_operator.desired.objects import Routing, TenantParts, objects_of
from switchboard_operator.desired.runtime import RuntimeImage
from switchboard_operator.desired.thinking import secret_files
from switchboard_operator.errors import Invalid, Stalled
from tests.support.golden import check_golden
from tests.support.ports import sid
from tests.support.smallworld import resource

GOLDEN = Path(__file__).parents[2] / "golden" / "operator"
ACCOUNT = sid("AC", "muebles")
BASE = {"planRef": {"name": "pro"}, "accountRef": {"name": "main"}}
WHOLE = BASE | {
    "slug": "muebles",
    "displayName": "Muebles del Sur",
    "bot": {
        "assistantRef": {"name": "ventas"},
        "languages": ["es", "en"],
        "greeting": {"es": "¡Hola! Soy el asistente de Muebles del Sur."},
        "handoff": {"keywords": ["humano", "asesor"]},
        "burst": "3s",
        "bubbleTimeout": "8s",
        "contacts": {
            "fields": [{"name": "ciudad", "oneOf": ["Rosario", "Salta"]}, {"name": "empleados", "type": "integer"}],
            "stages": ["nuevo", "visita", "venta"],
        },
        "limitReply": {"es": "Mañana seguimos."},
        "loopBreaker": {"repeats": 4},
        "optOut": {"stop": ["chau"], "helpReply": {"es": "Llamanos."}},
        "whatsapp": {
            "reopenTemplate": {"sid": {"es": f"HX{'a' * 32}"}, "variables": {"1": "{text}"}},
            "templates": [{"name": "colores", "sid": {"es": f"HX{'b' * 32}"}, "variables": {"1": "{text}"}}],
        },
        "voice": {
            "mode": "Assistant",
            "menu": {
                "prompt": {"es": "Marcá cero."},
                "options": [
                    {"key": "0", "transfer": {"phoneNumber": "+5491155550300", "ringTimeout": "30s"}},
                    {"key": "#", "voicemail": {}},
                ],
            },
            "voicemail": {"maxDuration": "2m"},
            "voices": {"es": {"language": "es-MX", "voice": "Polly.Mia"}},
            "minConfidencePercent": 30,
            "answerTimeout": "20s",
        },
        "hours": {
            "timeZone": "America/Argentina/Buenos_Aires",
            "weekly": [{"days": ["Mon", "Fri"], "from": "09:00", "to": "18:00"}],
            "exceptions": [
                {"date": "2026-12-25"},
                {"date": "2026-12-24", "ranges": [{"from": "09:00", "to": "12:00"}]},
            ],
            "outside": "Away",
            "away": {"es": "Volvemos a las 9."},
        },
    },
    "webhooks": [
        {
            "name": "crm",
            "url": "https://crm.example.com/switchboard",
            "events": ["lead.captured"],
            "secretRef": {"name": "crm", "key": "signing"},
        }
    ],
    "limits": {
        "messagesPerDay": 5000,
        "monthlySpend": "50.00",
        "perContact": {"messagesPerDay": 200, "dailySpend": "0.50"},
        "perNumber": {"messagesPerMinute": 60},
        "backlog": 500,
    },
    "retention": {"messages": "2160h", "contacts": "8760h"},
    "runtime": {"storage": {"sqlite": {"size": "5Gi", "storageClassName": "fast"}}},
}
PLAN = resource("Plan", "pro", {"limits": {"messagesPerMinute": 120, "messagesPerDay": 20000}})
SCRIPT: dict[str, Any] = {
    "rules": [
        {"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}},
        {"when": {"catalogue": True}, "reply": {"es": "{name}: {price} {currency}"}},
    ],
    "otherwise": {"es": "No entendí."},
}
LONGER = SCRIPT | {
    "rules": [
        *SCRIPT["rules"],
        {
            "when": {"matches": ["color"]},
            "reply": {"es": "¿Cuál?"},
            "choices": [{"title": {"es": "Rojo"}, "id": "rojo"}, {"title": {"es": "Azul"}}],
            "template": "colores",
        },
        {
            "when": {"received": ["Image"]},
            "reply": {"es": "¡Gracias! Vení a verlo:"},
            "media": ["https://muebles.example.com/local.jpg"],
            "location": {"latitude": "-34.6037", "longitude": "-58.3816", "label": "Local", "address": "Callao 1"},
        },
    ]
}


def tenant(name: str = "muebles-sur", **changes: Any) -> Any:
    """A stored Tenant."""
    return resource("Tenant", name, BASE | changes)


def parts(owner: Any | None = None, **changes: Any) -> TenantParts:
    """What the objects of the smallest tenant follow from."""
    owner = owner or tenant()
    place = place_of(owner, "bots.example.com")
    document = document_of(
        tenant=owner,
        plan=PLAN,
        place=place,
        account_sid=ACCOUNT,
        endpoint=None,
        numbers=[],
        assistants=[],
        products={},
        texts={},
    )
    base = TenantParts(
        tenant=owner,
        place=place,
        document=document,
        secret="muebles-sur-twilio",
        endpoint=None,
        replicas=1,
        resources=None,
        image=RuntimeImage("registry.example.com/runtime:1"),
        routing=Routing(),
    )
    return replace(base, **changes)


def whole() -> TenantParts:
    """A tenant with everything that this version serves."""
    owner = resource("Tenant", "muebles-sur", WHOLE)
    place = place_of(owner, "bots.example.com")
    numbers = [
        resource(
            "BotNumber",
            name,
            {"tenantRef": {"name": "muebles-sur"}, "phoneNumber": phone} | more,
            status={"sid": sid("PN", phone), "phoneNumber": phone},
        )
        for name, phone, more in (
            ("soporte", "+541152720000", {"assistantRef": {"name": "ayuda"}}),
            (
                "linea",
                "+13055550123",
                {"primary": True, "channels": {"sms": {}, "whatsapp": {"profile": {"name": "Muebles"}}}},
            ),
        )
    ]
    assistants = [
        resource("Assistant", "ventas", {"script": SCRIPT, "catalogue": {"configMapRef": {"name": "menu"}}}),
        resource("Assistant", "ayuda", {"script": LONGER, "instructions": "Sé breve.", "disclosure": {"es": "Bot."}}),
    ]
    product = {"name": "Mesa Pampa", "price": "120000.50", "currency": "ARS", "stock": 4, "status": "Active"}
    document = document_of(
        tenant=owner,
        plan=PLAN,
        place=place,
        account_sid=ACCOUNT,
        endpoint="http://emulator.switchboard.svc:8089",
        numbers=numbers,
        assistants=assistants,
        products={"ventas": [product | {"aliases": ["mesa"], "description": None}]},
        texts={},
    )
    return replace(
        parts(),
        tenant=owner,
        place=place,
        document=document,
        keys=secret_files([], signing_secrets(owner)),
        egress=Egress(),
        endpoint="http://emulator.switchboard.svc:8089",
        replicas=2,
        resources={"requests": {"cpu": "100m"}, "limits": {"memory": "512Mi"}},
        image=RuntimeImage("registry.example.com/runtime@sha256:" + "0" * 64, "Always", ("registry",)),
        routing=Routing(ingress_class="traefik", tls_secret="wildcard"),
    )


def in_a_database() -> TenantParts:
    """A tenant in PostgreSQL, served by three pods, with a model that falls back to another."""
    owner = tenant(runtime={"replicas": 3, "storage": {"postgres": {}}}, bot={"assistantRef": {"name": "ventas"}})
    price = {"validFrom": "2026-01-01", "input": "0.40", "output": "1.60"}
    spec = {
        "instructions": "Sé breve.",
        "model": {"provider": "openai", "name": "llama", "baseURL": "http://llm.models.svc:8000/v1"},
        "fallbackModels": [
            {"provider": "anthropic", "name": "claude", "secretRef": {"name": "anthropic"}, "prices": [price]}
        ],
        "tools": [{"name": "SearchCatalogue"}, {"name": "HandOff"}],
        "httpTools": [
            {
                "name": "order_status",
                "description": "Where an order is.",
                "url": "https://shop.example.com/orders",
                "parameters": [{"name": "order", "type": "integer"}],
                "secretRef": {"name": "shop"},
            }
        ],
        "guardrails": {"topic": "furniture and our shop", "refusal": {"es": "Solo sé de muebles."}},
        "limits": {"maxOutputTokens": 300, "turnDeadline": "10s"},
        "canned": {"es": "Ya te escribimos."},
        "script": SCRIPT,
        "catalogue": {"configMapRef": {"name": "menu"}},
    }
    assistant = resource("Assistant", "ventas", spec)
    base = parts(owner)
    document = document_of(
        tenant=owner,
        plan=PLAN,
        place=base.place,
        account_sid=ACCOUNT,
        endpoint=None,
        numbers=[],
        assistants=[assistant],
        products={},
        texts={"ventas": [("faq.horarios", "De 9 a 18.")]},
    )
    return replace(
        base,
        document=document,
        replicas=3,
        database_ports=(5432, 6432),
        keys=secret_files([assistant]),
        egress=Egress(("llm.models.svc:8000",)),
    )


def of_kind(built: list[dict[str, Any]], kind: str) -> Any:
    """The one object of a kind."""
    (found,) = [obj for obj in built if obj["kind"] == kind]
    return found


def pod_of(given: TenantParts) -> Any:
    """The pod's spec."""
    return of_kind(objects_of(given), "Deployment")["spec"]["template"]["spec"]


@pytest.mark.parametrize(("name", "given"), [("smallest", parts()), ("whole", whole()), ("database", in_a_database())])
def test_objects_are_as_reviewed(name: str, given: TenantParts) -> None:
    """What a tenant gets changes only where a review sees it."""
    check_golden(GOLDEN / f"{name}.yaml", objects_of(given))


def test_document_is_as_reviewed() -> None:
    """The runtime's file is made of the manifests and of what Twilio confirmed, in an order that does not jump."""
    check_golden(GOLDEN / "document.yaml", [whole().document])


@pytest.mark.parametrize("given", [parts(), whole(), in_a_database()])
def test_pods_are_restricted(given: TenantParts) -> None:
    """Pods pass Pod Security "restricted", hold no token, and write to their volume and /tmp alone."""
    pod = pod_of(given)
    (container,) = pod["containers"]
    security = container["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {next(iter(v.keys() - {"name"})) for v in pod["volumes"]} <= {
        "configMap",
        "secret",
        "persistentVolumeClaim",
        "emptyDir",
        "projected",
    }
    projected = [source for v in pod["volumes"] for source in v.get("projected", {}).get("sources", [])]
    assert all(source.keys() == {"secret"} for source in projected)  # never a token
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"/var/lib/switchboard", "/tmp"}


@pytest.mark.parametrize("given", [parts(), whole()])
def test_every_object_is_owned_labelled_and_in_the_tenants_namespace(given: TenantParts) -> None:
    """The garbage collector, the watch and the pruner find each object."""
    for obj in objects_of(given):
        meta = obj["metadata"]
        (owner,) = meta["ownerReferences"]
        assert (owner["kind"], owner["uid"], owner["controller"]) == ("Tenant", given.tenant.uid, True)
        assert meta["namespace"] == given.tenant.namespace
        assert names.object_labels(given.tenant.name).items() <= meta["labels"].items()
        assert names.DESIRED_HASH in meta["annotations"]


def test_the_selector_never_moves() -> None:
    """A Deployment's selector cannot change, so nothing of the spec may enter it; all selectors are the same."""
    small, large = objects_of(parts()), objects_of(whole())
    selectors = [
        [
            of_kind(built, "Deployment")["spec"]["selector"]["matchLabels"],
            of_kind(built, "Service")["spec"]["selector"],
            of_kind(built, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
            of_kind(built, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        ]
        for built in (small, large)
    ]

    assert selectors[0] == selectors[1]
    assert all(selector == selectors[0][0] for selector in selectors[0])
    assert selectors[0][0].items() <= pod_labels(small).items()


def pod_labels(built: list[dict[str, Any]]) -> dict[str, str]:
    """The labels of the pods."""
    return dict(of_kind(built, "Deployment")["spec"]["template"]["metadata"]["labels"])


def test_a_new_document_is_a_new_immutable_config_and_a_roll_out() -> None:
    """The ConfigMap's name changes exactly when the document does, and the pod's template with it."""
    former = parts()
    document = copy.deepcopy(former.document)
    document["tenant"]["displayName"] = "Another"
    same, changed = replace(former, document=copy.deepcopy(former.document)), replace(former, document=document)
    config = {name: of_kind(objects_of(p), "ConfigMap") for name, p in (("a", former), ("b", same), ("c", changed))}

    assert config["a"] == config["b"]
    assert config["a"]["immutable"] is True
    assert config["a"]["metadata"]["name"] != config["c"]["metadata"]["name"]
    assert pod_of(former) != pod_of(changed)
    assert pod_of(former)["volumes"][0]["configMap"]["name"] == config["a"]["metadata"]["name"]


def test_only_what_changed_gets_a_new_hash() -> None:
    """An edit touches the objects it concerns: nothing else is written."""
    before, after = objects_of(parts()), objects_of(parts(routing=Routing(ingress_class="nginx")))
    hashes = [{o["kind"]: o["metadata"]["annotations"][names.DESIRED_HASH] for o in built} for built in (before, after)]

    assert {kind for kind in hashes[0] if hashes[0][kind] != hashes[1][kind]} == {"Ingress"}


def test_a_document_too_large_for_a_config_map_is_refused() -> None:
    """The author reads the size and what to shorten; the API server is not asked."""
    given = parts()
    given.document["greeting"] = {"es": "ñ" * 600_000}

    with pytest.raises(Invalid, match="exceeds 1000000; shorten the catalogue") as refusal:
        objects_of(given)
    assert refusal.value.reason == reasons.DOCUMENT_TOO_LARGE


def test_a_suspended_tenant_says_so() -> None:
    """The runtime's document carries the state."""
    assert parts(tenant(suspend=True)).document["tenant"]["status"] == "Suspended"
    assert parts().document["tenant"]["status"] == "Active"


@pytest.mark.parametrize(
    ("own", "default", "host"),
    [
        (None, "bots.example.com", "muebles-sur.bots.example.com"),
        ("chat.acme.com", "bots.example.com", "muebles-sur.chat.acme.com"),
        ("chat.acme.com", None, "muebles-sur.chat.acme.com"),
    ],
)
def test_a_tenants_own_domain_wins(own: str | None, default: str | None, host: str) -> None:
    """Where a tenant is served."""
    assert place_of(tenant(domain=own), default).host == host


def test_no_domain_is_the_admins_to_mend() -> None:
    """Without any domain nothing can be served, and the message says where one goes."""
    with pytest.raises(Stalled, match=r"spec\.domain.*TwilioAccount") as refusal:
        place_of(tenant(), None)
    assert refusal.value.reason == reasons.DOMAIN_MISSING


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        (None, None),
        ("https://proxy.example.com", None),
        ("https://proxy.example.com:443", None),
        ("https://proxy.example.com:8443", 8443),
        ("http://emulator.switchboard.svc", 80),
        ("http://emulator.switchboard.svc:8089", 8089),
    ],
)
def test_policy_lets_out_names_https_and_the_endpoint(endpoint: str | None, port: int | None) -> None:
    """All is denied but HTTP in, DNS and HTTPS out, and the port of what stands in for Twilio."""
    spec = network_policy(selector={"a": "b"}, endpoint=endpoint)
    ports = [sorted({item["port"] for item in rule["ports"]}) for rule in spec["egress"]]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"ports": [{"port": RUNTIME_PORT, "protocol": "TCP"}]}]
    assert ports == [[53], [443], *([[port]] if port else [])]
    assert "169.254.0.0/16" in json.dumps(spec["egress"][1])
