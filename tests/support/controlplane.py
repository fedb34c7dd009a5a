"""A real Kubernetes API for tests: etcd and kube-apiserver on loopback ports, without a node or root.

Objects are stored, validated and watched as in any cluster; nothing runs pods. With ``gc=True`` a
controller-manager collects what owners leave behind, finishes namespaces and makes service accounts. The
programs come from the cache of ``dev.cluster`` and die with the test process, however it ends.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dev.cluster import binaries
from dev.cluster.apiserver import Listen, apiserver_argv, etcd_argv
from dev.cluster.kube import Api
from dev.cluster.pki import Authority, authority, write_kubeconfig
from dev.ports import free_ports

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
_GARBAGE_CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
)


@dataclass
class ControlPlane:
    """A running control plane.

    Attributes:
        folder: the temporary folder of all its files; logs are ``NAME.log`` in it.
        kubeconfig: admin credentials (group ``system:masters``, user ``admin``) for the API server.
        url: ``https://127.0.0.1:PORT``; the port stays over ``restart_apiserver``.
        ca_file: the authority that signed the API server's certificate.
        audit_log: one JSON document a line for each answered request (level Metadata).
        api: a small client as the admin.
    """

    folder: Path
    kubeconfig: Path
    url: str
    ca_file: Path
    audit_log: Path
    api: Api
    _commands: dict[str, list[str]]
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _starter: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    def stop_apiserver(self) -> None:
        """Kill the API server, so that every client loses it at once."""
        self._kill("kube-apiserver")

    def start_apiserver(self) -> None:
        """Start the API server on its port again and wait until it is ready."""
        self._start("kube-apiserver")
        self._wait("kube-apiserver", self.api.ready)

    def restart_apiserver(self) -> None:
        """Kill the API server and start it again with the same data."""
        self.stop_apiserver()
        self.start_apiserver()

    def restart_controllers(self) -> None:
        """Kill the controller-manager and start it again: it then knows the kinds that were added meanwhile."""
        self._kill("kube-controller-manager")
        self._start("kube-controller-manager")

    def stop(self) -> None:
        """Kill everything; a second call does nothing."""
        for name in reversed(list(self._processes)):
            self._kill(name)
        self._starter.shutdown()

    def _start_all(self) -> None:
        self._start("etcd")
        self.start_apiserver()
        self._wait("kube-apiserver", self._has_default_namespace)
        for name in self._commands.keys() - self._processes.keys():
            self._start(name)

    def _start(self, name: str) -> None:
        # The kernel kills a child when the thread that started it ends, so one thread of ours starts them
        # all.
        self._processes[name] = self._starter.submit(self._spawn, name).result()

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        argv = ["setpriv", "--pdeathsig=KILL", "--", *self._commands[name]]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.wait()

    def _wait(self, name: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not condition():
            if self._processes[name].poll() is not None or time.monotonic() > deadline:
                log = (self.folder / f"{name}.log").read_text(errors="replace")
                raise RuntimeError(f"{name} did not become ready; the end of its log:\n{log[-3000:]}")
            time.sleep(_POLL_SECONDS)

    def _has_default_namespace(self) -> bool:
        names = [item["metadata"]["name"] for item in self.api.request("GET", "/api/v1/namespaces")["items"]]
        return "default" in names


@contextmanager
def control_plane(*, gc: bool = False) -> Iterator[ControlPlane]:
    """Run a control plane while the block lasts; ready in some 5 s once the programs are built.

    Args:
        gc: also run a controller-manager with the garbage collector, the namespace controller and the
            controllers of
            service accounts. Without it a deleted owner's dependents and a deleted namespace stay.
    """
    names = ["etcd", "kube-apiserver", *(["kube-controller-manager"] if gc else [])]
    programs = binaries.ensure(names)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchboard-api-")))
        made = _prepare(folder, programs)
        stack.callback(made.stop)
        made._start_all()
        yield made


def _prepare(folder: Path, programs: dict[str, Path]) -> ControlPlane:
    signer = authority(folder / "pki", now=datetime.now(UTC))
    port, etcd_port, peer_port = free_ports(3)
    url, audit_log = f"https://127.0.0.1:{port}", folder / "audit.log"
    admin = signer.client("admin", user="admin", groups=["system:masters"])
    kubeconfig = write_kubeconfig(folder / "kubeconfig", server=url, authority=signer, client=admin)
    etcd_flags = ["--unsafe-no-fsync"]
    commands = {
        "etcd": etcd_argv(
            programs["etcd"],
            data=folder / "etcd",
            client_port=etcd_port,
            peer_port=peer_port,
            flags=etcd_flags,
        ),
        "kube-apiserver": apiserver_argv(
            programs["kube-apiserver"],
            authority=signer,
            listen=Listen("127.0.0.1", "127.0.0.1", port),
            etcd_port=etcd_port,
            audit_log=audit_log,
            flags=["--authorization-mode=RBAC", "--endpoint-reconciler-type=none"],
        ),
    }
    if manager := programs.get("kube-controller-manager"):
        commands["kube-controller-manager"] = _manager_argv(manager, kubeconfig, signer)
    api = Api(url, signer.certificate, admin.certificate, admin.key)
    return ControlPlane(folder, kubeconfig, url, signer.certificate, audit_log, api, commands)


def _manager_argv(program: Path, kubeconfig: Path, signer: Authority) -> list[str]:
    return [
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(_GARBAGE_CONTROLLERS)}",
        f"--root-ca-file={signer.certificate}",
        f"--service-account-private-key-file={signer.signing_key('service-accounts').key}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
