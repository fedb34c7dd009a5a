"""What one cluster is: its name, its folders, its ports on the host, and what the outside is told about it."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dev.cluster.errors import ClusterError
from dev.cluster.folders import state_folder

DOMAIN = "bots.localhost"
NODE_ADDRESS = "10.250.0.1"
EMULATOR_NODE_PORT = 30089

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,18}[a-z0-9])?")


@dataclass(frozen=True)
class Ports:
    """Ports on the host's 127.0.0.1: the ingress by HTTPS and HTTP, the API server, the emulator's node port."""

    https: int
    api: int
    http: int
    emulator: int

    def problems(self) -> list[str]:
        """What is wrong with the numbers."""
        numbers = asdict(self)
        wrong = [f"{name} port {number}" for name, number in numbers.items() if not 0 < number < 65536]
        return wrong + (["two ports are the same"] if len(set(numbers.values())) < len(numbers) else [])


WELL_KNOWN_PORTS = {
    "switchboard": Ports(https=8443, api=16443, http=8080, emulator=8089),
    "switchboard-test": Ports(https=18443, api=26443, http=18080, emulator=18089),
}


@dataclass(frozen=True)
class Cluster:
    """One cluster on this machine.

    Attributes:
        name: its name, also of its namespaces and its control group.
        folder: what has to outlive a reboot: data, certificates, logs, kubeconfig.
        run: what has to vanish with a reboot: sockets, pid files, the handles of its namespaces.
        ports: where it is reached on the host.
    """

    name: str
    folder: Path
    run: Path
    ports: Ports

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for use on the host."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log, one JSON document a line."""
        return self.folder / "audit" / "audit.log"

    @property
    def pki(self) -> Path:
        """The folder of certificates and keys."""
        return self.folder / "pki"

    @property
    def socket(self) -> Path:
        """The socket of containerd, as the host reaches it."""
        return self.run / "containerd" / "containerd.sock"

    @property
    def netns(self) -> Path:
        """The handle of its network namespace."""
        return self.run / "ns" / "net"

    @property
    def mntns(self) -> Path:
        """The handle of its mount namespace."""
        return self.run / "ns" / "mnt"

    @property
    def cgroup(self) -> str:
        """The control group of all its pods, in each hierarchy."""
        return f"sb-{self.name}"

    @property
    def api_url(self) -> str:
        """The API server as the host reaches it."""
        return f"https://127.0.0.1:{self.ports.api}"


def open_cluster(name: str, *, port_base: int | None = None, env: Mapping[str, str] = os.environ) -> Cluster:
    """Find out what is known of a cluster; nothing is made.

    Ports come from ``port_base`` (it and the next three), else from the running cluster, else from
    ``SWITCHBOARD_CLUSTER_PORT_BASE``, else from the name.

    Raises:
        ClusterError: the name is no good, or nothing says which ports a cluster of that name takes.
    """
    if not _NAME.fullmatch(name):
        raise ClusterError(f"--name {name}: use up to 20 of a-z, 0-9 and -, beginning with a letter")
    folder = state_folder(env) / "clusters" / name
    ports = _ports(name, port_base, folder, env)
    if problems := ports.problems():
        raise ClusterError(f"{problems[0]}: give another --port-base")
    return Cluster(name, folder, Path("/run/switchboard") / name, ports)


def remember_ports(cluster: Cluster) -> None:
    """Write the ports down, so that a later command needs no ``--port-base``."""
    cluster.folder.mkdir(parents=True, exist_ok=True)
    (cluster.folder / "ports.json").write_text(json.dumps(asdict(cluster.ports)) + "\n")


def describe(cluster: Cluster, components: list[dict[str, Any]]) -> dict[str, Any]:
    """Give what ``status --output json`` says."""
    local = "127.0.0.1"
    return {
        "name": cluster.name,
        "running": bool(components) and all(component["running"] for component in components),
        "kubeconfig": str(cluster.kubeconfig),
        "apiServer": cluster.api_url,
        "ingress": f"https://{local}:{cluster.ports.https}",
        "http": f"http://{local}:{cluster.ports.http}",
        "emulator": f"http://{local}:{cluster.ports.emulator}",
        "caFile": str(cluster.pki / "ca.crt"),
        "domain": DOMAIN,
        "auditLog": str(cluster.audit_log),
        "components": components,
    }


def _ports(name: str, port_base: int | None, folder: Path, env: Mapping[str, str]) -> Ports:
    written = folder / "ports.json"
    if port_base is None and written.exists():
        return Ports(**json.loads(written.read_text()))
    if port_base is None and (told := env.get("SWITCHBOARD_CLUSTER_PORT_BASE", "")):
        if not told.isdigit():
            raise ClusterError(f"SWITCHBOARD_CLUSTER_PORT_BASE={told}: give a number")
        port_base = int(told)
    if port_base is not None:
        return Ports(port_base, port_base + 1, port_base + 2, port_base + 3)
    if name not in WELL_KNOWN_PORTS:
        raise ClusterError(f"--name {name}: give --port-base N as well; N to N+3 of 127.0.0.1 become its ports")
    return WELL_KNOWN_PORTS[name]
