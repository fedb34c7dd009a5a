"""The container runtime: containerd with runc and the CNI bridge, configured for a folder of its own."""

import json
from pathlib import Path

from dev.cluster.commands import run
from dev.cluster.errors import ClusterError
from dev.cluster.folders import write_text
from dev.cluster.namespaces import POD_RANGE, enter
from dev.cluster.state import Cluster

PAUSE_IMAGE = "switchboard.local/pause:1"

_NAMESPACE = "k8s.io"
_SOCKET_INSIDE = "/run/containerd/containerd.sock"


def write_config(cluster: Cluster, *, cni: Path) -> Path:
    """Write containerd's configuration and the CNI network's; give the first one's path."""
    folder = cluster.folder / "conf"
    network = folder / "cni"
    network.mkdir(parents=True, exist_ok=True)
    write_text(network / "10-switchboard.conflist", json.dumps(_network(cluster), indent=1) + "\n")
    # Without restrict_oom_score_adj every sandbox fails where a process may not lower its own score.
    text = f"""version = 2
root = "{cluster.folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "{_SOCKET_INSIDE}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{network}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = false
"""
    return write_text(folder / "containerd.toml", text)


def argv(cluster: Cluster, config: Path) -> tuple[str, ...]:
    """Give containerd's command line."""
    return (*enter(cluster), "containerd", "--config", str(config), "--log-level", "warn")


def images(cluster: Cluster) -> set[str]:
    """Give the references of the images that the cluster holds."""
    return set(_ctr(cluster, "images", "ls", "--quiet").split())


def blobs(cluster: Cluster) -> set[str]:
    """Give the digests of what the cluster's content store holds."""
    return set(_ctr(cluster, "content", "ls", "--quiet").split())


def import_image(cluster: Cluster, archive: Path) -> None:
    """Import an OCI archive; layers that the content store holds may be missing in it."""
    _ctr(cluster, "images", "import", "--snapshotter=overlayfs", str(archive))


def answers(cluster: Cluster) -> bool:
    """Whether containerd answers on its socket."""
    if not cluster.socket.exists():
        return False
    try:
        run("ctr", "--address", str(cluster.socket), "version")
    except ClusterError:
        return False
    return True


def _ctr(cluster: Cluster, *arguments: str) -> str:
    return run("ctr", "--address", str(cluster.socket), "--namespace", _NAMESPACE, *arguments)


def _network(cluster: Cluster) -> dict[str, object]:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": POD_RANGE}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }
    return {
        "cniVersion": "0.4.0",
        "name": f"switchboard-{cluster.name}",
        "plugins": [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}],
    }
