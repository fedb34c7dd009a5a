"""The Helm chart as it renders: golden files in ``tests/golden/chart``, what it refuses, and what it never contains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.chart import CASES, CHART, EMULATOR, EVERYTHING, NAMESPACE, REPOSITORY, helm, of_kind, render
from tests.support.golden import check_golden

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = REPOSITORY / "tests" / "golden" / "chart"


@pytest.mark.parametrize(("name", "values"), CASES.items(), ids=CASES)
def test_what_is_installed_is_what_was_reviewed(name: str, values: dict[str, Any]) -> None:
    """Each object of each case, in full."""
    check_golden(GOLDEN / f"{name}.yaml", render(values))


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_helm_lint_has_nothing_to_say(values: dict[str, Any]) -> None:
    """No warning, no error."""
    told = helm("lint", str(CHART), "--strict", values=values)

    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"imagee": {}}, "imagee"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"image": {"tag": "a b"}}, "tag"),
        ({"domain": "https://bots.example.com"}, "domain"),
        ({"domain": "localhost"}, "domain"),
        ({"database": {"secretName": "No_Name"}}, "secretName"),
        ({"database": {"ports": []}}, "ports"),
        ({"runtime": {"egressAllow": ["http://llm.models.svc"]}}, "egressAllow"),
        ({"workers": 0}, "workers"),
        ({"driftInterval": "10m"}, "driftInterval"),
        ({"logLevel": "LOUD"}, "logLevel"),
        ({"installationId": ""}, "installationId"),
        ({"ingress": {"className": "Traefik!"}}, "className"),
        ({"networkPolicy": {"apiServerPorts": []}}, "apiServerPorts"),
        ({"resources": {"request": {}}}, "request"),
        ({"emulator": {"nodePort": 8089}}, "nodePort"),
        ({"emulator": {"accountSid": "SK" + "0" * 32}}, "accountSid"),
        ({"emulator": {"authToken": "short"}}, "authToken"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_refused_by_its_name(values: dict[str, Any], named: str) -> None:
    """Before anything reaches the cluster."""
    told = helm("template", "switchboard", str(CHART), values=values)

    assert told.returncode != 0
    assert named in told.stderr


def test_every_value_is_in_the_schema_and_every_value_in_the_schema_has_a_default() -> None:
    """A value that only one of the two knows is a mistake; Helm's own names are left out."""

    def leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
        if "$ref" in schema:
            schema = document["definitions"][schema["$ref"].rpartition("/")[2]]
        if "properties" not in schema or "requests" in schema["properties"]:
            yield path
            return
        for name, part in schema["properties"].items():
            yield from leaves(part, f"{path}.{name}")

    def set_in(values: Any, path: str) -> bool:
        for name in path.strip(".").split("."):
            if name not in values:
                return False
            values = values[name]
        return True

    document = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    known = set(leaves(document)) - {".global", ".nameOverride", ".fullnameOverride"}

    assert [path for path in sorted(known) if not set_in(defaults, path)] == []


def test_every_value_has_a_comment_that_says_what_it_is() -> None:
    """At its line or above it."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if line and not line.startswith((" ", "#")) and "#" not in line and not before.startswith("#")
    ]

    of_kubernetes = {"resources", "nodeSelector", "tolerations", "affinity", "podAnnotations", "serviceAccount"}
    assert [line for line in bare if line.split(":")[0] not in of_kubernetes] == []


@pytest.mark.parametrize(("kind", "source"), [("ClusterRole", "cluster.yaml"), ("Role", "namespace.yaml")])
def test_the_operators_rights_are_those_that_its_own_tests_run_with(kind: str, source: str) -> None:
    """tests/api runs the operator as the ServiceAccount of these very files."""
    [role] = of_kind(render({}), kind)
    [with_database] = of_kind(render({"database": {"secretName": "postgres"}}), kind)
    rules, more = (yaml.safe_load((CHART / "rbac" / name).read_text()) for name in (source, f"database-{source}"))

    assert role["rules"] == rules
    assert with_database["rules"] == rules + more


def test_no_right_is_a_wildcard_and_none_reads_all_secrets() -> None:
    """No ``*``, no list or watch of Secrets across namespaces, nothing that widens rights, no way into pods."""
    objects = render(EVERYTHING)
    rules = [rule for kind in ("ClusterRole", "Role") for role in of_kind(objects, kind) for rule in role["rules"]]
    everywhere = [rule for role in of_kind(objects, "ClusterRole") for rule in role["rules"]]

    for rule in rules:
        for field in ("apiGroups", "resources", "verbs"):
            assert "*" not in "".join(rule[field])
        assert not {"escalate", "bind", "impersonate", "deletecollection"} & set(rule["verbs"])
        assert not {"pods/exec", "pods/attach", "nodes/proxy", "roles", "clusterroles"} & set(rule["resources"])
    for rule in everywhere:
        if "secrets" in rule["resources"]:
            assert not {"list", "watch", "delete"} & set(rule["verbs"])


def test_roles_are_bound_to_the_operators_own_account_only() -> None:
    """Of whatever name it is."""
    for values, name in (({}, "switchboard-operator"), ({"serviceAccount": {"create": False, "name": "mine"}}, "mine")):
        objects = render(values)
        bindings = of_kind(objects, "ClusterRoleBinding") + of_kind(objects, "RoleBinding")
        [pod] = [each["spec"]["template"]["spec"] for each in of_kind(objects, "Deployment")]

        assert len(bindings) == 2
        assert pod["serviceAccountName"] == name
        for binding in bindings:
            assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}]


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_every_pod_is_restricted(values: dict[str, Any]) -> None:
    """Pod Security "restricted", a read-only root, bounded memory, probes."""
    for deployment in of_kind(render(values), "Deployment"):
        check_pod(deployment["spec"]["template"]["spec"])


def check_pod(pod: dict[str, Any]) -> None:
    """Hold one pod to it."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert container["livenessProbe"]
        assert container["readinessProbe"]
    for volume in pod.get("volumes", []):
        assert not {"hostPath", "projected"} & volume.keys()


def test_only_the_operator_gets_a_token() -> None:
    """Its ServiceAccount gives none by itself, and the emulator's pod mounts none."""
    objects = render({"emulator": EMULATOR})
    [account] = of_kind(objects, "ServiceAccount")
    tokens = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]["automountServiceAccountToken"]
        for each in of_kind(objects, "Deployment")
    }

    assert account["automountServiceAccountToken"] is False
    assert tokens == {"switchboard-operator": True, "twilio-emulator": False}


def test_there_is_never_a_second_operator() -> None:
    """Until leader election is there: one replica, and the old pod ends before the new one starts."""
    [deployment] = of_kind(render({}), "Deployment")

    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_the_emulators_credentials_are_random_and_nowhere_in_the_repository() -> None:
    """Two installs differ, and each has the form that Twilio's have."""
    first, second = (of_kind(render({"emulator": {"enabled": True}}), "Secret")[0]["data"] for _ in range(2))

    assert first["accountSid"] != second["accountSid"]
    assert first["authToken"] != second["authToken"]


def test_a_credential_is_in_the_secret_and_in_nothing_else() -> None:
    """Neither in an argument nor in an environment variable of a pod."""
    others = [each for each in render({"emulator": EMULATOR}) if each["kind"] != "Secret"]

    assert str(EMULATOR["authToken"]) not in json.dumps(others)


def test_without_the_emulator_nothing_of_it_is_there() -> None:
    """It is off unless somebody says so."""
    assert "emulator" not in json.dumps(render({}))


def test_two_releases_do_not_share_a_name() -> None:
    """Names start with the release's."""

    def names(release: str) -> set[tuple[str, str]]:
        return {(each["kind"], each["metadata"]["name"]) for each in render({}, release=release)}

    assert not names("one") & names("two")


def test_the_charts_crds_are_the_generated_ones() -> None:
    """`make generate` copies them."""
    generated = {path.name: path.read_text() for path in (REPOSITORY / "crds").glob("*.yaml")}

    assert {path.name: path.read_text() for path in (CHART / "crds").glob("*.yaml")} == generated
