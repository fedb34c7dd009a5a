"""Where the demo runs: on the node that it brings up here, or on a cluster of one's own (``KUBECONFIG``)."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from dev.cluster import binaries, images, lifecycle
from dev.cluster.base import USER
from dev.cluster.folders import state_folder
from dev.cluster.state import DOMAIN, open_cluster
from dev.demo import postgres
from dev.demo.errors import NotConfigured, NotInTime
from dev.demo.kubectl import Kubectl
from dev.demo.web import Ingress

NAMESPACE = "switchboard-system"
"""Where the operator and the emulator are installed; the quickstart's TwilioAccount names it."""

EMULATOR = "twilio-emulator"
EMULATOR_PORT = 8089
_NODE_PORT = 30089
_PROGRAMS = ("switchboard-operator", "switchboard-runtime", EMULATOR)
_POSTGRES_IMAGE = "SWITCHBOARD_POSTGRES_IMAGE"
_OFFICIAL_POSTGRES = "docker.io/library/postgres:17"
_OFFICIAL_POSTGRES_USER = 999
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_FORWARDED = re.compile(r"127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cluster to show things on.

    Attributes:
        kubectl: runs kubectl there.
        helm: path of helm.
        ingress: the tenants' door.
        domain: tenants are below it.
        ingress_class: class of their Ingresses; "" until the cluster was asked for its default.
        images: reference of each program's image by the program's name.
        emulator: base URL of the emulator; "" until it is forwarded to.
        audit_log: the API server's audit log, where it can be read.
        local: whether it is the node that the demo brought up.
    """

    kubectl: Kubectl
    helm: Path
    ingress: Ingress
    domain: str
    ingress_class: str
    images: Mapping[str, str]
    emulator: str
    audit_log: Path | None
    local: bool

    @property
    def postgres_user(self) -> int:
        """Who PostgreSQL runs as: our images' user, or that of Docker's official image."""
        return USER if self.images["postgres"].startswith(f"{images.REGISTRY}/") else _OFFICIAL_POSTGRES_USER

    @property
    def node_port(self) -> int | None:
        """The emulator's port on the node, where the host has a door to it."""
        return _NODE_PORT if self.local else None


def bring_up_local() -> None:
    """Bring up the node on this machine.

    Raises:
        ClusterError: it cannot run here, or a part did not start.
    """
    lifecycle.check_possible()
    lifecycle.up(open_cluster("switchboard"))


def take_down_local() -> None:
    """Stop the node and remove all of it."""
    lifecycle.down(open_cluster("switchboard"))


def local_target() -> Target:
    """Build and import the images, and give the node as a target."""
    cluster = open_cluster("switchboard")
    told = lifecycle.status(cluster)
    programs = binaries.ensure(["kubectl", "helm"], tell=print)
    ingress = urlsplit(told["ingress"])
    return Target(
        kubectl=Kubectl(programs["kubectl"], str(cluster.kubeconfig), 'make kubectl ARGS="{}"'),
        helm=programs["helm"],
        ingress=Ingress(ingress.hostname or "", ingress.port or 443, Path(told["caFile"])),
        domain=told["domain"],
        ingress_class="traefik",
        images={**images.ensure(cluster), "postgres": postgres.ensure(cluster)},
        emulator=told["emulator"],
        audit_log=Path(told["auditLog"]),
        local=True,
    )


def own_target(env: Mapping[str, str], *, image_prefix: str | None) -> Target:
    """Give the cluster that ``KUBECONFIG`` names as a target. The machine is left alone.

    Args:
        env: the environment variables of docs/demo.md.
        image_prefix: registry and path in front of the images' names; the variables win.

    Raises:
        NotConfigured: a setting is missing; names it.
    """
    url = urlsplit(_needed(env, "SWITCHBOARD_INGRESS_URL", "https://127.0.0.1:8443, where the cluster's ingress is"))
    ca_file = env.get("SWITCHBOARD_INGRESS_CA")
    return Target(
        kubectl=Kubectl(_program("kubectl"), env["KUBECONFIG"], "kubectl {}"),
        helm=_program("helm"),
        ingress=Ingress(url.hostname or "", url.port or 443, Path(ca_file) if ca_file else None),
        domain=env.get("SWITCHBOARD_DOMAIN") or DOMAIN,
        ingress_class=env.get("SWITCHBOARD_INGRESS_CLASS") or "",
        images={
            **{name: _image(env, name, image_prefix) for name in _PROGRAMS},
            "postgres": env.get(_POSTGRES_IMAGE) or _OFFICIAL_POSTGRES,
        },
        emulator="",
        audit_log=None,
        local=False,
    )


def known_node(env: Mapping[str, str]) -> dict[str, str]:
    """Give the settings that follow from ``KUBECONFIG`` when it names a node that ``make cluster`` brought up.

    Images are built and imported into that node unless the variables name them.
    """
    path = Path(env["KUBECONFIG"]).absolute()
    if path.name != "kubeconfig" or path.parent.parent != (state_folder(env) / "clusters").absolute():
        return {}
    cluster = open_cluster(path.parent.name, env=env)
    told = lifecycle.status(cluster)
    found = {"SWITCHBOARD_INGRESS_URL": told["ingress"], "SWITCHBOARD_INGRESS_CA": told["caFile"]}
    missing = [name for name in _PROGRAMS if _variable(name) not in env]
    references = images.ensure(cluster) if missing and told["running"] else {}
    if told["running"] and _POSTGRES_IMAGE not in env:
        found[_POSTGRES_IMAGE] = postgres.ensure(cluster)
    return found | {_variable(name): references[name] for name in missing if name in references}


def with_ingress_class(target: Target) -> Target:
    """Give the target with the class that its cluster takes by default, unless one is named.

    Raises:
        NotConfigured: there is no such class.
    """
    if target.ingress_class:
        return target
    classes = target.kubectl.items("ingressclasses")
    default = [each for each in classes if each["metadata"].get("annotations", {}).get(_DEFAULT_CLASS) == "true"]
    chosen = default or classes
    if len(chosen) != 1:
        raise NotConfigured(
            expected="SWITCHBOARD_INGRESS_CLASS, the class of the ingress controller at SWITCHBOARD_INGRESS_URL",
            seen=f"{len(classes)} classes, {len(default)} of them the default",
            look="set it to one of: " + (", ".join(each["metadata"]["name"] for each in classes) or "none is there"),
        )
    return replace(target, ingress_class=chosen[0]["metadata"]["name"])


@contextmanager
def reaching_emulator(target: Target) -> Iterator[Target]:
    """Give the target with the emulator in reach, by ``kubectl port-forward`` where the host has no door to it.

    Raises:
        NotInTime: the forwarding did not begin.
    """
    if target.emulator:
        yield target
        return
    argv = target.kubectl.argv("-n", NAMESPACE, "port-forward", f"service/{EMULATOR}", f":{EMULATOR_PORT}")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = _FORWARDED.search(line)
            if found is None:
                raise NotInTime(
                    expected="kubectl port-forward to reach the emulator",
                    seen=line.strip() or "it ended",
                    look=target.kubectl.to_type(f"-n {NAMESPACE} get pods"),
                )
            yield replace(target, emulator=f"http://127.0.0.1:{found[1]}")
        finally:
            process.terminate()


def _image(env: Mapping[str, str], name: str, prefix: str | None) -> str:
    variable = _variable(name)
    reference = env.get(variable) or (f"{prefix.rstrip('/')}/{name}" if prefix else "")
    if not reference:
        raise NotConfigured(
            expected=f"{variable}, the image of {name} that the cluster can pull or has",
            seen="nothing",
            look="set it, or give --image-prefix; docs/demo.md says how to bring images to a cluster",
        )
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def _variable(program: str) -> str:
    return "SWITCHBOARD_" + program.removeprefix("switchboard-").removeprefix("twilio-").upper() + "_IMAGE"


def _needed(env: Mapping[str, str], variable: str, what: str) -> str:
    value = env.get(variable)
    if not value:
        raise NotConfigured(
            expected=f"{variable}, such as {what}",
            seen="KUBECONFIG is set and this is not",
            look="set it, or unset KUBECONFIG to run on a node that the demo brings up here",
        )
    return value


def _program(name: str) -> Path:
    found = shutil.which(name)
    return Path(found) if found else binaries.ensure([name], tell=print)[name]


def own_cluster_wanted(env: Mapping[str, str] = os.environ) -> bool:
    """Say whether ``KUBECONFIG`` names a cluster."""
    return bool(env.get("KUBECONFIG"))
