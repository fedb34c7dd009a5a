"""The two namespaces in which a cluster lives.

The network namespace keeps its addresses, routes and packet filter away from the host's. The mount namespace
keeps every mount of containerd and the kubelet away from the host's, and gives the fixed paths that they
write to (``/var/log/pods`` and the like) folders of the cluster's own. Both are held by a file, so they
outlive a kill of every process, and both vanish with all they hold when ``down`` removes the file.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dev.cluster.commands import run
from dev.cluster.state import NODE_ADDRESS, Cluster

POD_RANGE = "10.244.0.0/16"

_BRIDGE = "node0"
_NAMESPACE_CLONE_FLAG = 0x40000000  # CLONE_NEWNET
_LENT_FOLDERS = ("/var/lib/cni", "/var/lib/kubelet", "/run/containerd")


def create(cluster: Cluster) -> bool:
    """Make the namespaces that are not there; those that are there stay as they are. Say whether any was made."""
    missing = [handle for handle in (cluster.netns, cluster.mntns) if not is_handle(handle)]
    if missing:
        _create_holder(cluster.mntns.parent)
    if cluster.netns in missing:
        _create_network(cluster)
    if cluster.mntns in missing:
        _create_mounts(cluster)
    return bool(missing)


def remove(cluster: Cluster) -> None:
    """Remove the namespaces and all that they hold; no process of the cluster may run any more."""
    for handle in (cluster.mntns, cluster.netns, cluster.mntns.parent):
        for _ in range(_mount_points().count(str(handle))):
            run("umount", "--lazy", str(handle))


def give_back_folders() -> None:
    """Remove the mount points that clusters needed, where they are empty; none of ours may be up."""
    for folder in _LENT_FOLDERS:
        with suppress(OSError):
            Path(folder).rmdir()


def enter(cluster: Cluster) -> tuple[str, ...]:
    """Give the front of a command line that runs in both namespaces."""
    # Not `ip netns exec`: that one hides the control groups' mounts, without which the kubelet ends.
    return ("nsenter", f"--net={cluster.netns}", f"--mount={cluster.mntns}", "--")


def context(cluster: Cluster) -> str:
    """Name the present namespaces: a program that was started in others has to be started again."""
    return " ".join(str(path.stat().st_ino) for path in (cluster.netns, cluster.mntns))


def join_network(handle: Path) -> None:
    """Move the calling thread into the network namespace.

    Raises:
        OSError: it is not there or the caller is not root.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with handle.open() as file:
        if libc.setns(file.fileno(), _NAMESPACE_CLONE_FLAG) != 0:
            raise OSError(ctypes.get_errno(), f"{handle}: {os.strerror(ctypes.get_errno())}")


def within(handle: Path, act: Callable[[], bool]) -> bool:
    """Ask something from inside the network namespace, in a thread of its own; no answer counts as no."""
    answers = []

    def inside() -> None:
        with suppress(OSError):
            join_network(handle)
            answers.append(act())

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    return bool(answers and answers[0])


def is_handle(path: Path) -> bool:
    """Whether the file holds a namespace, rather than being what a reboot left of it."""
    try:
        return path.stat().st_dev != path.parent.stat().st_dev
    except OSError:
        return False


def _create_holder(folder: Path) -> None:
    """Make the folder of the handles; only under a private mount can a mount namespace be held by a file."""
    folder.mkdir(parents=True, exist_ok=True)
    # Not Path.is_mount: that one cannot tell a folder bound to itself.
    if str(folder) not in _mount_points():
        run("mount", "--bind", str(folder), str(folder))
        run("mount", "--make-private", str(folder))


def _mount_points() -> list[str]:
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def _create_network(cluster: Cluster) -> None:
    cluster.netns.touch()
    run("unshare", f"--net={cluster.netns}", "true")
    # A bridge carries the node's address because not every kernel has dummy devices.
    script = f"""link set lo up
link add {_BRIDGE} type bridge
address add {NODE_ADDRESS}/24 dev {_BRIDGE}
link set {_BRIDGE} up
route add default via {NODE_ADDRESS} dev {_BRIDGE}
"""
    inside = ("nsenter", f"--net={cluster.netns}")
    run(*inside, "ip", "-batch", "-", stdin=script)
    run(*inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")


def _create_mounts(cluster: Cluster) -> None:
    cluster.mntns.touch()
    lines = ["mount --make-rshared /"]
    for folder, own in _own_folders(cluster).items():
        own.mkdir(parents=True, exist_ok=True)
        Path(folder).mkdir(parents=True, exist_ok=True)
        lines.append(f"mount --bind '{own}' '{folder}'")
    unshare = ("unshare", f"--mount={cluster.mntns}", "--propagation=private")
    run(*unshare, "sh", "-ec", "\n".join(lines))


def _own_folders(cluster: Cluster) -> dict[str, Path]:
    """The fixed paths that containerd, runc, CNI and the kubelet write to, each with what lies there inside."""
    node = cluster.folder / "node"
    return {
        "/var/log": node / "log",
        "/var/lib/cni": node / "cni",
        "/var/lib/kubelet": node / "kubelet",
        "/run/containerd": cluster.run / "containerd",
    }
