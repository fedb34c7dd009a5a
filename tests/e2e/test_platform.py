"""The main job on a real node: what reaches a tenant's pod through the door, and what is answered."""

from __future__ import annotations

import base64
import itertools
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from twilio.request_validator import RequestValidator

from dev.demo.phone import Phone, expect
from dev.demo.scenes import SCENES, Scene
from dev.demo.tenants import NAMESPACE, Tenant, find
from dev.demo.web import Answer, Request, send
from tests.support.cluster import eventually

if TYPE_CHECKING:
    from tests.e2e.conftest import Platform

SHOP, CLINIC = "muebles-del-sur", "clinica-del-parque"
_phones = itertools.count(int(time.time()) % 10**6 * 100)


def new_phone() -> str:
    """A WhatsApp address that nobody has written from before."""
    return f"whatsapp:+54911{next(_phones) % 10**8:08d}"


def first_number(tenant: Tenant) -> str:
    """One of the tenant's numbers."""
    return max(tenant.numbers.items())[1]


def signed(platform: Platform, tenant: Tenant, phone: str, text: str = "hola") -> dict[str, Any]:
    """A webhook exactly as Twilio sends it, not sent yet."""
    to = f"whatsapp:{first_number(tenant)}"
    return dict(platform.emulator.sign(sender=phone, recipient=to, text=text, name="Ana"))


def post(platform: Platform, host: str, request: dict[str, Any], **changes: Any) -> Answer:
    """Send a webhook through 127.0.0.1 to a host; ``changes`` replace headers or body."""
    headers = changes.get("headers", request["headers"])
    body = changes.get("body", request["body"])
    path = urlsplit(request["url"]).path
    return platform.ingress.send(Request(method="POST", path=path, headers=headers, body=body), host=host)


def answers(platform: Platform, phone: str, *, wait: float = 0) -> list[dict[str, Any]]:
    """What the phone got."""
    return platform.emulator.messages(wait=wait, to=phone)


def exactly_one_answer(platform: Platform, phone: str) -> None:
    """One answer comes, and no second one within a while."""
    eventually(lambda: len(answers(platform, phone)) >= 1)
    time.sleep(2)  # proving that something does not happen takes time
    assert len(answers(platform, phone)) == 1


def test_the_demo_runs_on_a_cluster_of_ones_own(platform: Platform) -> None:
    """With KUBECONFIG set it uses that cluster, exits 0 and ends in ``demo ok``."""
    lines = platform.demo.stdout.strip().splitlines()

    assert platform.demo.returncode == 0, platform.demo.stdout[-3000:] + platform.demo.stderr[-2000:]
    assert lines[-1].startswith("demo ok")
    for name in ("muebles-del-sur", "clinica-del-parque", "inmobiliaria-andes"):
        assert name in platform.demo.stdout


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.tenant}-{scene.number}")
def test_each_tenant_answers_from_its_own_pod(platform: Platform, scene: Scene) -> None:
    """The right words, from the right account and number, by the tenant's own pod."""
    tenant = find(platform.kubectl, scene.tenant)
    address = new_phone() if scene.channel == "WhatsApp" else new_phone().removeprefix("whatsapp:")
    phone = Phone(
        address=address,
        name=scene.person,
        emulator=platform.emulator,
        ingress=platform.ingress,
        kubectl=platform.kubectl,
    )
    for line in scene.lines:
        reply = phone.ask(tenant, tenant.numbers[scene.number], line.says)

        expect(reply, line.answer, tenant=tenant)
        assert phone.pod_of(tenant, reply).startswith(f"bot-{tenant.name}")


def test_a_host_that_nobody_has_is_not_found(platform: Platform) -> None:
    """404, with no hint of who else is there."""
    tenant = find(platform.kubectl, SHOP)
    request = signed(platform, tenant, new_phone())["request"]

    answer = post(platform, "nobody.bots.localhost", request)

    assert answer.status == 404
    assert b"muebles" not in answer.body


def test_an_unsigned_webhook_is_refused(platform: Platform) -> None:
    """403 with an empty body; nothing is answered."""
    tenant, phone = find(platform.kubectl, SHOP), new_phone()
    request = signed(platform, tenant, phone)["request"]
    bare = {name: value for name, value in request["headers"].items() if name.lower() != "x-twilio-signature"}

    answer = post(platform, tenant.host, request, headers=bare)

    assert (answer.status, answer.body) == (403, b"")
    assert answers(platform, phone, wait=1) == []


def test_a_webhook_whose_text_was_changed_is_refused(platform: Platform) -> None:
    """The signature covers every field."""
    tenant, phone = find(platform.kubectl, SHOP), new_phone()
    request = signed(platform, tenant, phone)["request"]
    fields = [(name, "hola!" if name == "Body" else value) for name, value in parse_qsl(request["body"])]

    answer = post(platform, tenant.host, request, body=urlencode(fields))

    assert answer.status == 403
    assert answers(platform, phone, wait=1) == []


def test_a_webhook_signed_with_another_token_is_refused(platform: Platform) -> None:
    """A forger who knows the form but not the token gets nowhere."""
    tenant, phone = find(platform.kubectl, SHOP), new_phone()
    request = signed(platform, tenant, phone)["request"]
    forged = RequestValidator("0" * 32).compute_signature(request["url"], dict(parse_qsl(request["body"])))
    headers = {**request["headers"], "X-Twilio-Signature": forged}

    assert post(platform, tenant.host, request, headers=headers).status == 403
    assert answers(platform, phone, wait=1) == []


def test_another_tenants_signed_webhook_is_refused(platform: Platform) -> None:
    """A valid request of one tenant is worth nothing at another's door."""
    shop, clinic, phone = find(platform.kubectl, SHOP), find(platform.kubectl, CLINIC), new_phone()
    request = signed(platform, shop, phone)["request"]

    assert post(platform, clinic.host, request).status == 403
    assert answers(platform, phone, wait=1) == []


def test_forwarded_headers_do_not_change_whose_door_it_is(platform: Platform) -> None:
    """X-Forwarded-Host names a tenant; the door is chosen by the real host all the same."""
    shop, clinic, phone = find(platform.kubectl, SHOP), find(platform.kubectl, CLINIC), new_phone()
    request = signed(platform, shop, phone)["request"]
    headers = {**request["headers"], "X-Forwarded-Host": shop.host}

    assert post(platform, clinic.host, request, headers=headers).status == 403
    assert answers(platform, phone, wait=1) == []


def test_a_replayed_webhook_is_answered_once(platform: Platform) -> None:
    """Twilio's retry and a captured copy both get 200 and no second answer."""
    tenant, phone = find(platform.kubectl, SHOP), new_phone()
    request = signed(platform, tenant, phone)["request"]

    statuses = [post(platform, tenant.host, request).status for _ in range(3)]

    assert statuses == [200, 200, 200]
    exactly_one_answer(platform, phone)


def _fault(platform: Platform, **order: Any) -> None:
    answer = send(
        platform.emulator.url,
        Request(method="POST", path="/emulator/v1/faults", body=json.dumps(order)),
    )
    assert answer.status < 300, answer.body


def _clear_faults(platform: Platform) -> None:
    send(platform.emulator.url, Request(method="DELETE", path="/emulator/v1/faults"))


def _kill_pods(platform: Platform, tenant: Tenant) -> None:
    """End the tenant's pods without a farewell."""
    selector = f"switchboard.dev/tenant={tenant.name}"
    arguments = ("-n", NAMESPACE, "delete", "pod", "-l", selector, "--force", "--grace-period=0")
    platform.kubectl(*arguments)


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "status", "status": 503, "when": "before", "count": 1000},
        {"kind": "drop", "when": "after", "count": 1},
    ],
    ids=["before its answer was sent", "after its answer was sent, before that was known"],
)
def test_a_pod_killed_in_the_middle_still_answers_once(platform: Platform, order: dict[str, Any]) -> None:
    """The message was stored before the 200; whoever comes next finishes it, and looks before sending again."""
    tenant, phone = find(platform.kubectl, SHOP), new_phone()
    request = signed(platform, tenant, phone)["request"]
    sends = rf"/Accounts/{tenant.account_sid}/Messages\.json$"
    before = platform.emulator.last_seq("/requests")
    _fault(platform, method="POST", path=sends, **order)
    try:
        assert post(platform, tenant.host, request).status == 200
        eventually(lambda: _tried(platform, tenant, before))
        _kill_pods(platform, tenant)
    finally:
        _clear_faults(platform)

    exactly_one_answer(platform, phone)


def _tried(platform: Platform, tenant: Tenant, after: int) -> bool:
    served = platform.emulator.requests(after=after)
    return any(r["method"] == "POST" and r["path"].endswith(f"{tenant.account_sid}/Messages.json") for r in served)


def test_a_runtime_pod_has_no_rights_and_no_token(platform: Platform) -> None:
    """Not root, read-only root file system, no service-account token, no capabilities."""
    exec_in = ("-n", NAMESPACE, "exec", f"deployment/bot-{SHOP}", "--", "python3", "-c")
    program = (
        "import os, pathlib, json\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "caps = [l.split()[1] for l in status.splitlines() if l.startswith('CapEff')][0]\n"
        "try: pathlib.Path('/app/x').write_text('x'); writable = True\n"
        "except OSError: writable = False\n"
        "print(json.dumps([os.getuid(), caps, writable, os.path.exists('/var/run/secrets/kubernetes.io')]))"
    )

    uid, capabilities, writable, token = json.loads(platform.kubectl(*exec_in, program))

    assert (uid, int(capabilities, 16), writable, token) == (65532, 0, False, False)


def test_no_secret_is_in_any_object_event_or_log(platform: Platform) -> None:
    """The parent's token, every tenant's token and key secret, and PostgreSQL's passwords are in Secrets alone."""
    secrets = platform.kubectl.items("secrets", "-n", NAMESPACE)
    held = {
        value
        for secret in secrets
        for key, value in (secret.get("data") or {}).items()
        if key in {"authToken", "apiKeySecret", "apiToken"}
    }
    plain = {_decoded(value) for value in held} | {platform.emulator.auth_token}
    plain |= {_password(each) for each in [*secrets, *platform.kubectl.items("secrets", "-n", "switchboard-system")]}
    plain.discard("")
    shown = platform.kubectl("get", "switchboard,configmaps,deployments,ingresses,events", "-A", "-o", "yaml")
    shown += platform.kubectl("-n", "switchboard-system", "logs", "deployment/switchboard-operator", "--tail=-1")
    shown += platform.kubectl("-n", NAMESPACE, "logs", f"deployment/bot-{SHOP}", "--tail=-1")

    assert plain
    assert [value[:4] for value in plain if value in shown] == []


def _password(secret: dict[str, Any]) -> str:
    """That of a database's URL in a Secret; empty where there is none."""
    data = secret.get("data") or {}
    return urlsplit(_decoded(data.get("databaseUrl") or data.get("url") or "")).password or ""


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode()


def test_a_settled_platform_writes_nothing(platform: Platform) -> None:
    """On a real node too: no write of the operator at the API server while nothing changes."""
    log = platform.cluster.cluster.audit_log

    def writes() -> list[str]:
        entries = [json.loads(line) for line in log.read_text().splitlines()]
        return [
            f"{e['verb']} {e['requestURI']}"
            for e in entries
            if e["user"]["username"].endswith(":switchboard-operator") and e["verb"] not in {"get", "list", "watch"}
        ]

    eventually(lambda: _unchanged_for(writes, 5.0), within=90)
    before = writes()
    time.sleep(10)  # proving that something does not happen takes time

    assert writes() == before


def _unchanged_for(read: Any, seconds: float) -> bool:
    before = read()
    time.sleep(seconds)
    return bool(read() == before)
