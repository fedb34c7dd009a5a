"""The demo's judgement: what it takes for ready, for the right pod, for a new tenant's cost; and what it asks for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dev.demo import change, removal, thinking
from dev.demo.console import bubble_lines
from dev.demo.errors import NotConfigured, WrongAnswer
from dev.demo.figures import newcomer, resource_of
from dev.demo.kubectl import Kubectl
from dev.demo.phone import Reply, expect
from dev.demo.postgres import newest
from dev.demo.proof import Trail, answering_pod, parse_log, pods_of
from dev.demo.scenes import SCENES
from dev.demo.services import _MANIFEST as SERVICES
from dev.demo.services import MODEL_HOST, described_services
from dev.demo.target import known_node, own_target
from dev.demo.tenants import QUICKSTART, Tenant, manifests, readiness, rollout, tenant_names

if TYPE_CHECKING:
    from pathlib import Path

TRAIL = Trail(inbound_sid="SM1", reply_sid="SM2")
OWN_CLUSTER = {
    "KUBECONFIG": "kubeconfig",
    "SWITCHBOARD_INGRESS_URL": "https://127.0.0.1:8443",
    "SWITCHBOARD_OPERATOR_IMAGE": "registry.example.com:5000/operator",
    "SWITCHBOARD_RUNTIME_IMAGE": "registry.example.com:5000/runtime:1",
    "SWITCHBOARD_EMULATOR_IMAGE": "registry.example.com:5000/emulator:1",
}


def resource(*conditions: dict[str, str], generation: int = 2, observed: int = 2) -> dict[str, Any]:
    """A resource with conditions."""
    return {
        "metadata": {"generation": generation},
        "status": {"observedGeneration": observed, "conditions": conditions},
    }


READY = {"type": "Ready", "status": "True", "reason": "Succeeded"}
WAITING = {"type": "Ready", "status": "False", "reason": "NoInventory", "message": "widen the search"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (resource(READY), "Ready"),
        (resource(WAITING), "NoInventory: widen the search"),
        (resource(READY, {"type": "Reconciling", "status": "True"}), "Reconciling"),
        (resource(READY, observed=1), "the operator has not seen it yet"),
        (resource(), "the operator has not seen it yet"),
        ({"metadata": {"generation": 1}}, "the operator has not seen it yet"),
    ],
)
def test_ready_is_what_the_operator_says_of_this_very_generation(given: dict[str, Any], said: str) -> None:
    """An older observation or work in progress does not pass."""
    assert readiness(given) == said


def deployment(**status: int) -> dict[str, Any]:
    """A Deployment of one pod, settled but for ``status``."""
    settled = {"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    pod = {"containers": [{"image": "bot:2"}]}
    return {
        "metadata": {"generation": 3},
        "spec": {"replicas": 1, "template": {"spec": pod}},
        "status": settled | status,
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (deployment(), "Ready"),
        (deployment(replicas=2), "rolls out"),
        (deployment(availableReplicas=0), "rolls out"),
        (deployment(observedGeneration=2), "rolls out"),
        (None, "no Deployment"),
    ],
)
def test_a_rollout_is_over_when_nothing_older_runs_beside(given: dict[str, Any] | None, said: str) -> None:
    """Otherwise an old pod might answer."""
    assert rollout(given, "bot:2") == said


def test_an_old_image_is_not_ready() -> None:
    """After an upgrade the operator needs a moment to see it."""
    assert rollout(deployment(), "bot:3") == "rolls out the new image"


def fake_kubectl(folder: Path, logs: dict[str, tuple[str, list[dict[str, str]]]]) -> Kubectl:
    """A program that answers as kubectl does, for pods with a tenant and log entries each."""
    pods = [
        {"metadata": {"name": name, "labels": {"switchboard.dev/tenant": tenant}}, "status": {"phase": "Running"}}
        for name, (tenant, _) in logs.items()
    ]
    (folder / "pods.json").write_text(json.dumps({"items": pods}))
    for name, (_, entries) in logs.items():
        (folder / f"{name}.log").write_text("no json\n" + "".join(json.dumps(entry) + "\n" for entry in entries))
    program = folder / "kubectl"
    program.write_text(f'#!/bin/sh\ncase "$2" in get) cat {folder}/pods.json;; -n) cat "{folder}/$5.log";; esac\n')
    program.chmod(0o755)
    return Kubectl(program, "kubeconfig", "kubectl {}")


STORED, SENT = {"event": "stored", "sid": "SM1"}, {"event": "reply sent", "sid": "SM2"}


def test_the_pod_that_stored_and_answered_is_the_one(tmp_path: Path) -> None:
    """Others' logs say nothing of the message."""
    kubectl = fake_kubectl(tmp_path, {"bot-a-1": ("a", [STORED, SENT]), "bot-b-1": ("b", [{"event": "started"}])})

    assert answering_pod(kubectl, TRAIL, tenant="a") == "bot-a-1"


def test_two_pods_of_one_tenant_may_share_a_message(tmp_path: Path) -> None:
    """With PostgreSQL one stores and another answers; still each once."""
    shared = fake_kubectl(tmp_path, {"bot-a-1": ("a", [STORED]), "bot-a-2": ("a", [SENT])})

    assert pods_of(shared, TRAIL, tenant="a") == ["bot-a-1", "bot-a-2"]
    with pytest.raises(WrongAnswer):
        answering_pod(shared, TRAIL, tenant="a")


@pytest.mark.parametrize(
    "logs",
    [
        {"bot-b-1": ("b", [STORED, SENT])},
        {"bot-a-1": ("a", [STORED]), "bot-b-1": ("b", [SENT])},
        {"bot-a-1": ("a", [STORED, SENT]), "bot-b-1": ("b", [STORED])},
        {"bot-a-1": ("a", [STORED, SENT]), "bot-a-2": ("a", [SENT])},
    ],
    ids=["another tenant's", "sent by another", "stored twice", "sent twice"],
)
def test_an_answer_of_anybody_else_is_refused(
    tmp_path: Path, logs: dict[str, tuple[str, list[dict[str, str]]]]
) -> None:
    """Whatever the text says."""
    with pytest.raises(WrongAnswer):
        answering_pod(fake_kubectl(tmp_path, logs), TRAIL, tenant="a")


def test_an_answer_without_the_words_is_refused() -> None:
    """With what was expected and what came."""
    tenant = Tenant("sur", "Sur", "sur.bots.localhost", "AC1", {})
    with pytest.raises(WrongAnswer) as refused:
        expect(Reply("Adiós", 0.1, TRAIL), "Hola", tenant=tenant)

    assert (refused.value.seen, "'Hola'" in refused.value.expected) == ("Adiós", True)


def test_a_log_with_other_lines_is_read() -> None:
    """Tracebacks and numbers are passed over."""
    assert list(parse_log('Traceback\n7\n{"event": "stored"}\n')) == [{"event": "stored"}]


def test_every_line_of_a_bubble_is_equally_long() -> None:
    """Whatever the text: wrapped, empty lines, accents, a name longer than the text."""
    for text in ("Sí", "a\n\nb", "palabra " * 40, ""):
        lines = bubble_lines(text, by="Clínica del Parque", shift=4)
        assert len({len(line) for line in lines}) == 1
        assert all(line.startswith("    ") for line in lines)


def objects() -> list[dict[str, Any]]:
    """Everything in the quickstart."""
    return [each for path in sorted(QUICKSTART.glob("*.yaml")) for each in manifests(path)]


def test_scenes_speak_to_numbers_of_the_quickstart() -> None:
    """So that an edit of the one cannot leave the other behind."""
    tenant_of = {
        each["metadata"]["name"]: each["spec"]["tenantRef"]["name"] for each in objects() if each["kind"] == "BotNumber"
    }

    assert {(scene.number, scene.tenant) for scene in SCENES} <= set(tenant_of.items())
    assert {scene.tenant for scene in SCENES} == set(tenant_names())
    assert {change.TENANT, removal.TENANT} <= set(tenant_names())


def test_one_more_tenant_shares_nothing_with_the_one_it_is_modelled_on() -> None:
    """It goes for good when it is deleted, and takes its own name everywhere."""
    made = newcomer(manifests(QUICKSTART / "inmobiliaria-andes.yaml"), "nuevo-1", number="+13052000001")

    assert {each["metadata"]["name"] for each in made} == {"nuevo-1"}
    [tenant] = [each["spec"] for each in made if each["kind"] == "Tenant"]
    [number] = [each["spec"] for each in made if each["kind"] == "BotNumber"]
    assert tenant["bot"]["assistantRef"] == number["tenantRef"] == {"name": "nuevo-1"}
    assert number["phoneNumber"] == "+13052000001"
    assert tenant["twilio"] == {"deletionPolicy": "Close", "confirmClose": True, "retention": "0s"}


def test_a_write_is_counted_by_resource_and_subresource() -> None:
    """As the audit log names them."""
    assert resource_of({"objectRef": {"resource": "tenants", "subresource": "status"}}) == "tenants/status"
    assert resource_of({"objectRef": {"resource": "events"}}) == "events"


def test_your_own_cluster_is_taken_as_it_is_described() -> None:
    """Images with and without a tag, a registry with a port, the default domain."""
    target = own_target(OWN_CLUSTER, image_prefix=None)

    assert target.images == {
        "switchboard-operator": "registry.example.com:5000/operator:latest",
        "switchboard-runtime": "registry.example.com:5000/runtime:1",
        "twilio-emulator": "registry.example.com:5000/emulator:1",
        "postgres": "docker.io/library/postgres:17",
    }
    assert (target.ingress.host, target.ingress.port, target.domain) == ("127.0.0.1", 8443, "bots.localhost")
    assert (target.local, target.node_port) == (False, None)


def test_a_prefix_stands_for_the_three_images() -> None:
    """Names as `dev.cluster images` gives them."""
    env = {name: value for name, value in OWN_CLUSTER.items() if not name.endswith("_IMAGE")}

    images = own_target(env, image_prefix="registry.example.com/team/").images

    assert images["switchboard-runtime"] == "registry.example.com/team/switchboard-runtime:latest"


@pytest.mark.parametrize("missing", sorted(OWN_CLUSTER.keys() - {"KUBECONFIG"}))
def test_what_is_missing_for_your_own_cluster_is_named(missing: str) -> None:
    """With what to set it to."""
    env = {name: value for name, value in OWN_CLUSTER.items() if name != missing}
    with pytest.raises(NotConfigured) as refused:
        own_target(env, image_prefix=None)

    assert missing in refused.value.expected


def test_a_kubeconfig_from_elsewhere_says_nothing_of_its_ingress(tmp_path: Path) -> None:
    """Only a node of `make cluster` is known by its kubeconfig."""
    assert known_node({"KUBECONFIG": str(tmp_path / "kubeconfig"), "XDG_STATE_HOME": str(tmp_path / "state")}) == {}


def test_a_node_of_make_cluster_is_known_by_its_kubeconfig(tmp_path: Path) -> None:
    """Its ingress and its authority; images that the variables name are not built."""
    kubeconfig = tmp_path / "state" / "switchboard" / "clusters" / "switchboard" / "kubeconfig"
    named = {name: value for name, value in OWN_CLUSTER.items() if name.endswith("_IMAGE")}

    found = known_node({"KUBECONFIG": str(kubeconfig), "XDG_STATE_HOME": str(tmp_path / "state"), **named})

    assert found["SWITCHBOARD_INGRESS_URL"] == "https://127.0.0.1:8443"
    assert found["SWITCHBOARD_INGRESS_CA"].startswith(str(kubeconfig.parent))
    assert set(found) == {"SWITCHBOARD_INGRESS_URL", "SWITCHBOARD_INGRESS_CA"}


def test_the_services_of_the_demo_are_whole() -> None:
    """Nothing is left to fill in; pods are held to Pod Security "restricted"; a changed program restarts its pod."""
    images = {"postgres": "registry.example.com/pg:1", "switchboard-runtime": "bot:1"}
    text = described_services(SERVICES.read_text(), images=images, postgres_user=999, program="print()")
    other = described_services(SERVICES.read_text(), images=images, postgres_user=999, program="print(1)")
    pods = [each["spec"]["template"]["spec"] for each in yaml.safe_load_all(text) if each["kind"] == "Deployment"]

    assert not re.search(r"[A-Z]+_(IMAGE|USER|DIGEST)", text)
    assert text != other
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_newest_postgresql_that_will_do_is_taken() -> None:
    """Older ones are as good as none."""
    assert newest(["13", "15", "17", "main"]) == "17"
    assert newest(["13", "14"]) is None


def test_the_thinking_tenant_is_where_the_demo_looks() -> None:
    """Its model is at the host that the admin's list has, and its answers are in its catalogue."""
    objects = {each["kind"]: each for each in manifests(thinking.FILE)}
    assistant = objects["Assistant"]["spec"]

    assert MODEL_HOST in assistant["model"]["baseURL"]
    assert objects["Tenant"]["metadata"]["name"] == thinking.TENANT
    assert objects["Tenant"]["spec"]["runtime"]["storage"] == {"postgres": {}}
    products = yaml.safe_load(objects["ConfigMap"]["data"]["catalogue.yaml"])
    said = [f"{each['name']}: {each['price']} {each['currency']}" for each in products]
    assert all(any(part in answer for part in said) for answer in [thinking._QUESTION[1], *thinking._BURST_ANSWER])
