"""The development cluster keeps its promises: nothing changes twice, everything comes back, nothing is left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dev.cluster import containerd, leftovers, lifecycle, oci
from dev.cluster.folders import REPOSITORY
from dev.cluster.supervisor import recorded, running, start_time
from tests.support.cluster import LocalCluster, eventually, local_cluster

NAME, PORT_BASE = "switchboard-own", 28440
HOST = "page.bots.localhost"
IMAGE = "switchboard.local/busybox:1"

PAGE = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: page, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: page}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: page, namespace: page, labels: {{app: page}}}}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  securityContext:
    {{runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: page
      image: {IMAGE}
      imagePullPolicy: Never
      command: [/bin/busybox, sh, -c]
      args:
        - echo started >> /data/index.html; echo "serving as $(/bin/busybox id -u)";
          exec /bin/busybox httpd -f -p 8080 -h /data
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {{drop: [ALL]}}
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: page, namespace: page}}
spec:
  type: NodePort
  selector: {{app: page}}
  ports: [{{port: 80, targetPort: 8080, nodePort: 30089}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: page, namespace: page}}
spec:
  rules:
    - host: {HOST}
      http:
        paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: page, port: {{number: 80}}}}}}}}]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A cluster of this module's own, with one page in a pod."""
    with local_cluster(NAME, port_base=PORT_BASE, with_images=False) as local:
        _import_busybox(local, tmp_path_factory.mktemp("image"))
        local.kubectl("apply", "--filename=-", stdin=PAGE)
        eventually(lambda: local.fetch(HOST).status == 200)
        yield local


@pytest.fixture
def cluster(made: LocalCluster) -> LocalCluster:
    """The cluster, running, whatever the test before has done to it."""
    lifecycle.up(made.cluster)
    return made


def test_a_second_up_changes_nothing_and_is_quick(cluster: LocalCluster) -> None:
    """The same processes, and not one write to the API."""
    before = cluster.status["components"]
    writes = _writes(cluster)
    answer = _command("up")
    assert answer.returncode == 0
    assert "nothing changed" in answer.stdout
    assert cluster.status["components"] == before
    assert _writes(cluster) == writes


def test_the_ingress_serves_the_host_of_a_pod_and_no_other(cluster: LocalCluster) -> None:
    """HTTPS by the wildcard certificate of the cluster's own authority."""
    eventually(lambda: cluster.fetch(HOST).body.startswith(b"started"))
    assert cluster.fetch("other.bots.localhost").status == 404


def test_the_node_port_of_the_emulator_is_published(cluster: LocalCluster) -> None:
    """A program on the host reaches it as pods reach the service."""
    eventually(lambda: _plain(cluster.cluster.ports.emulator, "anything").startswith(b"HTTP/1.1 200"))


def test_plain_http_reaches_the_ingress(cluster: LocalCluster) -> None:
    """For a browser that was given no scheme."""
    eventually(lambda: _plain(cluster.cluster.ports.http, HOST).startswith(b"HTTP/1.1 200"))


def test_every_port_is_open_on_loopback_only(cluster: LocalCluster) -> None:
    """Nobody on the network reaches the cluster."""
    listing = Path("/proc/net/tcp").read_text().splitlines()[1:]
    mine = {f"{port:04X}" for port in vars(cluster.cluster.ports).values()}
    listeners = [line.split()[1] for line in listing if line.split()[3] == "0A"]
    assert {each.split(":")[0] for each in listeners if each.split(":")[1] in mine} == {"0100007F"}


def test_logs_and_exec_reach_the_pod(cluster: LocalCluster) -> None:
    """The API server has a certificate that the kubelet takes; the pod is not root."""
    eventually(lambda: "serving as 65532" in cluster.kubectl("--namespace=page", "logs", "page"))
    words = cluster.kubectl("--namespace=page", "exec", "page", "--", "/bin/busybox", "echo", "from inside")
    assert words == "from inside\n"


def test_a_name_of_the_tenants_domain_leads_a_pod_to_the_ingress(cluster: LocalCluster) -> None:
    """The emulator in the cluster delivers webhooks to the public name."""
    fetch = ("/bin/busybox", "wget", "-q", "-O", "-", f"http://{HOST}/")
    assert cluster.kubectl("--namespace=page", "exec", "page", "--", *fetch).startswith("started")


def test_a_deleted_claim_takes_its_volume_and_data_along(cluster: LocalCluster) -> None:
    """Dozens of claims come and go in a run of the tests."""
    claim = {
        "metadata": {"name": "short", "annotations": {"volume.kubernetes.io/selected-node": "local"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    path = "/api/v1/namespaces/page/persistentvolumeclaims"
    created = cluster.api.request("POST", path, claim)
    volume = cluster.cluster.folder / "volumes" / f"pvc-{created['metadata']['uid']}"
    eventually(lambda: cluster.api.request("GET", f"{path}/short")["status"]["phase"] == "Bound")
    assert volume.is_dir()
    cluster.api.request("DELETE", f"{path}/short")
    eventually(lambda: not volume.exists())


def test_one_dead_component_is_started_and_the_others_stay(cluster: LocalCluster) -> None:
    """Repair does not mean a restart."""
    before = {each["name"]: each["pid"] for each in cluster.status["components"]}
    os.kill(before["traefik"], signal.SIGKILL)
    eventually(lambda: running(cluster.cluster, "traefik") is None)
    assert _command("up").returncode == 0
    after = {each["name"]: each["pid"] for each in cluster.status["components"]}
    assert {name for name in after if after[name] != before[name]} == {"traefik"}
    eventually(lambda: cluster.fetch(HOST).status == 200)


def test_everything_killed_comes_back_with_its_data(cluster: LocalCluster) -> None:
    """All programs, pods and shims at once, as at a power cut; the pod writes a line at each start."""
    starts = cluster.fetch(HOST).body.count(b"started")
    for pid in _processes(cluster):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not _processes(cluster))
    assert _command("up").returncode == 0
    eventually(lambda: cluster.fetch(HOST).body.count(b"started") == starts + 1)


def test_down_leaves_nothing_behind(cluster: LocalCluster) -> None:
    """Processes, mounts, control groups, folders, ports."""
    left = _processes(cluster)
    assert _command("down").returncode == 0
    assert [pid for pid in left if start_time(pid) is not None] == []
    assert NAME not in Path("/proc/self/mountinfo").read_text()
    assert leftovers.control_groups(cluster.cluster) == []
    assert not cluster.cluster.folder.exists()
    assert not cluster.cluster.run.exists()
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what lingers of closed connections is no leftover
        door.bind(("127.0.0.1", PORT_BASE))


def test_a_taken_port_is_named_with_the_cure() -> None:
    """Nothing has been started by then."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = _command("up", port_base=min(port, 65532))
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"port {port} of 127.0.0.1 is in use" in answer.stderr
    assert "--port-base" in answer.stderr


def test_without_the_right_to_make_namespaces_one_line_names_the_other_way() -> None:
    """As in a container: root, but not allowed to."""
    answer = _command("up", front=["setpriv", "--bounding-set=-sys_admin"])
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "KUBECONFIG" in answer.stderr


def _command(
    command: str, *, port_base: int = PORT_BASE, front: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    argv = [*(front or []), sys.executable, "-m", "dev.cluster", command, "--name", NAME]
    return subprocess.run(
        [*argv, "--port-base", str(port_base)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _processes(cluster: LocalCluster) -> set[int]:
    components = {running(cluster.cluster, name) for name in recorded(cluster.cluster)} - {None}
    return leftovers.processes(cluster.cluster) | {pid for pid in components if pid is not None}


def _writes(cluster: LocalCluster) -> int:
    """Count what was written to the API by anyone but the node's own heartbeat."""
    entries = [json.loads(line) for line in cluster.cluster.audit_log.read_text().splitlines()]
    verbs = {"create", "update", "patch", "delete"}
    theirs = ("system:node:", "system:apiserver", "system:kube-controller-manager", "system:serviceaccount:")
    return sum(entry["verb"] in verbs and not entry["user"]["username"].startswith(theirs) for entry in entries)


def _plain(port: int, host: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        time_out = time.monotonic() + 5
        answer = b""
        while time.monotonic() < time_out and (chunk := connection.recv(4096)):
            answer += chunk
        return answer


def _import_busybox(local: LocalCluster, folder: Path) -> None:
    program = Path(shutil.which("busybox") or "/bin/busybox")
    layer = oci.write_layer(folder, lambda tar: oci.add_file(tar, "bin/busybox", program, mode=0o755))
    oci.write_archive(folder / "image.tar", oci.Image(IMAGE, [layer], {}))
    containerd.import_image(local.cluster, folder / "image.tar")
