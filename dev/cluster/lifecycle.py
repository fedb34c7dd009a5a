"""Bringing a cluster up, taking it down, and telling how it is.

``up`` compares what runs with what should run, and starts only what differs: on a healthy cluster it changes
nothing, and after a crash it starts what is missing, with the data that is there. ``down`` removes everything
of the cluster's own.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.cluster import binaries, containerd, forwarder, ingress, leftovers, namespaces, node, packages, pause
from dev.cluster import volumes as volume_provisioner
from dev.cluster.errors import ApiRefused, ClusterError, NotPossibleHere, NotReady
from dev.cluster.folders import cache_folder, locked, say
from dev.cluster.kube import Api
from dev.cluster.pki import authority, write_kubeconfig
from dev.cluster.state import NODE_ADDRESS, Cluster, describe, remember_ports
from dev.cluster.supervisor import Program, is_current, running, start, stop

NODE_PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "coredns",
    "traefik",
)
"""What is built here for a node."""

STOP_ORDER = (
    "kubelet",
    "kube-proxy",
    "volumes",
    "traefik",
    "coredns",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
    "containerd",
    "forwarder",
)
"""All components of a cluster, in the order in which they are stopped."""

_READY_SECONDS = 120.0
_POLL_SECONDS = 0.05
_TICK_SECONDS = 10.0
_OTHER_WAY = "set KUBECONFIG to any cluster instead (kind makes one)"

Ready = Callable[[], bool]


def up(cluster: Cluster) -> None:
    """Make the cluster run, whatever state it is in; the caller has asked ``check_possible``.

    Raises:
        ClusterError: a port is taken, a build failed, a component did not become ready.
    """
    began = time.monotonic()
    with _locked(cluster):
        packages.ensure(packages.NODE, cni=True)
        parts = _prepare(cluster, binaries.ensure(NODE_PROGRAMS))
        started = _start_missing(parts)
    if started:
        say(f"{cluster.name}: ready in {time.monotonic() - began:.1f} s (started {', '.join(started)})")
    else:
        say(f"{cluster.name}: already running, nothing changed ({time.monotonic() - began:.1f} s)")


def down(cluster: Cluster) -> None:
    """Stop the cluster and remove all of it: processes, mounts, namespaces, control groups, folders.

    Raises:
        ClusterError: something cannot be removed.
    """
    with _locked(cluster):
        for name in STOP_ORDER:
            if name == "containerd":
                _kill_pods(cluster)
            stop(cluster, name, grace=0.0 if name == "kube-apiserver" else 3.0)
        leftovers.kill(cluster)
        leftovers.remove_control_groups(cluster)
        namespaces.remove(cluster)
        for folder in (cluster.run, cluster.folder):
            if folder.exists():
                shutil.rmtree(folder)
            _remove_empty(folder.parent)
        if not cluster.run.parent.exists():
            namespaces.give_back_folders()
    say(f"{cluster.name}: down")


def status(cluster: Cluster) -> dict[str, Any]:
    """Give what runs and where it is reached."""
    pids = {name: running(cluster, name) for name in STOP_ORDER}
    known = cluster.folder.exists()
    components = [{"name": name, "pid": pid, "running": pid is not None} for name, pid in pids.items()]
    return describe(cluster, components if known else [])


def check_possible() -> None:
    """Refuse, in one line that names the other way, where no node can run.

    Raises:
        NotPossibleHere: what is missing.
    """
    _check_root()
    if not leftovers.hierarchies():
        raise NotPossibleHere(f"a local cluster needs control groups (cgroups) mounted; {_OTHER_WAY}")
    tried = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        reason = tried.stderr.strip().removeprefix("unshare: ")
        raise NotPossibleHere(f"a local cluster needs network and mount namespaces ({reason}); {_OTHER_WAY}")


def admin_api(cluster: Cluster) -> Api:
    """Give the API server as the administrator."""
    signer = authority(cluster.pki, now=datetime.now(UTC))
    admin = signer.client("admin", user="admin", groups=["system:masters"])
    return Api(cluster.api_url, signer.certificate, admin.certificate, admin.key)


def _check_root() -> None:
    if os.geteuid() != 0:
        raise NotPossibleHere(f"a local cluster needs root; run it with sudo, or {_OTHER_WAY}")


def _locked(cluster: Cluster) -> Any:
    return locked(cache_folder() / "locks" / cluster.name, waiting_for=f"cluster {cluster.name} is being changed")


def _prepare(cluster: Cluster, programs: dict[str, Path]) -> node.Parts:
    if running(cluster, "forwarder") is None:
        _check_ports(cluster)
    (cluster.folder / "conf").mkdir(parents=True, exist_ok=True)
    cluster.folder.chmod(0o700)
    remember_ports(cluster)
    if namespaces.create(cluster):
        leftovers.kill(cluster)
    leftovers.create_control_groups(cluster)
    signer = authority(cluster.pki, now=datetime.now(UTC))
    admin = signer.client("admin", user="admin", groups=["system:masters"])
    write_kubeconfig(cluster.kubeconfig, server=cluster.api_url, authority=signer, client=admin)
    return node.Parts(cluster, programs, signer, packages.cni_folder())


def _start_missing(parts: node.Parts) -> list[str]:
    """Start what does not run as it should, in three waves; give the names."""
    cluster, api = parts.cluster, admin_api(parts.cluster)
    started = _start_wave(
        cluster,
        {
            node.forwarder(parts): lambda: _connects("127.0.0.1", cluster.ports.api),
            node.runtime(parts): lambda: containerd.answers(cluster),
            node.etcd(parts): lambda: _connects_inside(cluster, "127.0.0.1", 2379),
        },
    )
    if containerd.PAUSE_IMAGE not in containerd.images(cluster):
        _import_pause(cluster)
    started += _start_wave(cluster, {node.apiserver(parts): api.ready})
    started += _start_wave(
        cluster,
        {
            node.controller_manager(parts): lambda: _has_default_account(api),
            node.scheduler(parts): lambda: True,
            node.kubelet(parts): lambda: _node_ready(cluster, api),
            node.proxy(parts): lambda: _connects_inside(cluster, "127.0.0.1", 10249),
            node.dns(parts): lambda: _connects_inside(cluster, NODE_ADDRESS, 53),
            node.traefik(parts): lambda: _connects_inside(cluster, NODE_ADDRESS, 443),
            node.volumes(parts): lambda: True,
        },
    )
    if started:
        _apply_classes(api)
    return started


def _start_wave(cluster: Cluster, wave: dict[Program, Ready]) -> list[str]:
    where = namespaces.context(cluster)
    fresh = [program for program in wave if not is_current(cluster, program, where)]
    for program in fresh:
        stop(cluster, program.name, grace=program.grace)
        start(cluster, program, where)
    for program, ready in wave.items():
        _wait(cluster, program.name, ready)
    return [program.name for program in fresh]


def _wait(cluster: Cluster, name: str, ready: Ready) -> None:
    began = told = time.monotonic()
    while not ready():
        now = time.monotonic()
        log = cluster.folder / "logs" / f"{name}.log"
        if running(cluster, name) is None:
            raise NotReady(f"{name} ended: {_last_line(log)} (whole log: {log})")
        if now - began > _READY_SECONDS:
            raise NotReady(f"{name} is not ready after {_READY_SECONDS:.0f} s: {_last_line(log)} (log: {log})")
        if now - told > _TICK_SECONDS:
            say(f"waiting for {name} ... {now - began:.0f} s")
            told = now
        time.sleep(_POLL_SECONDS)


def _kill_pods(cluster: Cluster) -> None:
    """Kill the pods and their shims, while containerd and the forwarder still run."""
    pids = (running(cluster, name) for name in ("containerd", "forwarder"))
    leftovers.kill(cluster, spare=frozenset(pid for pid in pids if pid is not None))


def _check_ports(cluster: Cluster) -> None:
    for port in forwarder.routes(cluster.ports):
        try:
            forwarder.listen(port).close()
        except OSError:
            raise ClusterError(
                f"port {port} of 127.0.0.1 is in use: stop what listens there (ss -ltnp 'sport = {port}') "
                "or give --port-base N"
            ) from None


def _apply_classes(api: Api) -> None:
    api.apply(f"/apis/networking.k8s.io/v1/ingressclasses/{ingress.CLASS_NAME}", ingress.class_object())
    storage = volume_provisioner.class_object()
    api.apply(f"/apis/storage.k8s.io/v1/storageclasses/{volume_provisioner.CLASS_NAME}", storage)


def _import_pause(cluster: Cluster) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "pause.tar"
        pause.write(archive, Path(scratch))
        containerd.import_image(cluster, archive)


def _has_default_account(api: Api) -> bool:
    try:
        api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
    except (ApiRefused, OSError):
        return False
    return True


def _node_ready(cluster: Cluster, api: Api) -> bool:
    if not _connects_inside(cluster, "127.0.0.1", 10248):
        return False
    try:
        found = api.request("GET", f"/api/v1/nodes/{node.NODE_NAME}")
    except (ApiRefused, OSError):
        return False
    conditions: Sequence[dict[str, str]] = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _connects_inside(cluster: Cluster, address: str, port: int) -> bool:
    return namespaces.within(cluster.netns, lambda: _connects(address, port))


def _connects(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:300] if lines else "it wrote nothing"


def _remove_empty(folder: Path) -> None:
    """Remove the folder of all clusters, and the one it is in, when this was the last."""
    with suppress(OSError):
        folder.rmdir()
        if folder.parent.name == "switchboard":
            folder.parent.rmdir()


def as_json(document: Mapping[str, Any]) -> str:
    """Give a document as JSON for people and programs."""
    return json.dumps(document, indent=2)
