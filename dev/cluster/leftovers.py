"""What a cluster's programs have started themselves: pods, shims and control groups, found by what only they are in."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.namespaces import is_handle
from dev.cluster.state import Cluster
from dev.cluster.supervisor import end

_ROUNDS = 20
_REMOVE_SECONDS = 10.0


def kill(cluster: Cluster, *, spare: frozenset[int] = frozenset()) -> None:
    """Kill each process in the cluster's namespaces or control groups, until none is left.

    Raises:
        ClusterError: some cannot be killed.
    """
    for _ in range(_ROUNDS):
        found = processes(cluster) - spare
        if not found:
            return
        end(found, grace=0.0)
    raise ClusterError(f"processes of {cluster.name} cannot be killed: {sorted(processes(cluster))}")


def processes(cluster: Cluster) -> set[int]:
    """Give the pids of all processes in the cluster's namespaces or control groups."""
    found = set(_in_namespaces(cluster))
    for folder in control_groups(cluster):
        for inner in _folders_below(folder):
            with suppress(OSError):
                found.update(int(pid) for pid in (inner / "cgroup.procs").read_text().split())
    return found - {os.getpid()}


def control_groups(cluster: Cluster) -> list[Path]:
    """Give the cluster's folder in each hierarchy of control groups, where it is there."""
    return [path for root in hierarchies() if (path := root / cluster.cgroup).is_dir()]


def create_control_groups(cluster: Cluster) -> None:
    """Make the control group under which the kubelet puts all pods."""
    for root in hierarchies():
        controllers = root / "cgroup.controllers"
        if controllers.exists():
            for name in controllers.read_text().split():
                with suppress(OSError):
                    (root / "cgroup.subtree_control").write_text(f"+{name}")
        (root / cluster.cgroup).mkdir(exist_ok=True)


def remove_control_groups(cluster: Cluster) -> None:
    """Remove the control groups; a process that has just died may hold one for a moment.

    Raises:
        ClusterError: some stay.
    """
    deadline = time.monotonic() + _REMOVE_SECONDS
    while left := control_groups(cluster):
        for folder in left:
            for inner in reversed(_folders_below(folder)):
                with suppress(OSError):
                    inner.rmdir()
        if time.monotonic() > deadline:
            raise ClusterError(f"control groups stay: {left[0]}; look who is in its cgroup.procs")
        time.sleep(0.05)


def _folders_below(folder: Path) -> list[Path]:
    """Give the folder and all below it, parents first. They vanish while one looks: `os.walk` passes over those."""
    return [Path(path) for path, _, _ in os.walk(folder)]


def hierarchies() -> list[Path]:
    """Give the mount points of control groups, of version 1 and 2."""
    lines = Path("/proc/mounts").read_text().splitlines()
    mounts = [line.split() for line in lines]
    return [Path(fields[1]) for fields in mounts if fields[2] in {"cgroup", "cgroup2"}]


def _in_namespaces(cluster: Cluster) -> Iterator[int]:
    handles = [handle for handle in (cluster.netns, cluster.mntns) if is_handle(handle)]
    ours = {(handle.stat().st_dev, handle.stat().st_ino) for handle in handles}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and ours & set(_namespaces_of(entry)):
            yield int(entry.name)


def _namespaces_of(process: Path) -> Iterator[tuple[int, int]]:
    for kind in ("net", "mnt"):
        with suppress(OSError):
            found = (process / "ns" / kind).stat()
            yield found.st_dev, found.st_ino
