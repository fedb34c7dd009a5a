"""A whole Kubernetes node for tests, beside whatever demo runs: other name, other ports, gone at the end.

It needs root, as ``dev.cluster`` does. ``SWITCHBOARD_KEEP_CLUSTER=1`` leaves the node running for the next
run, which then finds it as it was left.
"""

import http.client
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.cluster import binaries, images, lifecycle
from dev.cluster.kube import Api
from dev.cluster.state import Cluster, open_cluster

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status, its headers by lower-case name and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class LocalCluster:
    """A running node.

    Attributes:
        cluster: its name, folders and ports.
        images: the reference of each image of ours by its name, for ``imagePullPolicy: IfNotPresent``.
    """

    cluster: Cluster
    images: Mapping[str, str]

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.cluster.kubeconfig

    @property
    def api(self) -> Api:
        """A small client for the API server, as the administrator."""
        return lifecycle.admin_api(self.cluster)

    @property
    def status(self) -> dict[str, Any]:
        """What ``status --output json`` says."""
        return lifecycle.status(self.cluster)

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = 120.0) -> str:
        """Run kubectl and give its output; a failure raises with what it wrote."""
        argv = [str(binaries.ensure(["kubectl"])["kubectl"]), f"--kubeconfig={self.kubeconfig}", *arguments]
        answer = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=seconds, check=False)
        if answer.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {answer.stderr or answer.stdout}")
        return answer.stdout

    def fetch(
        self,
        host: str,
        path: str = "/",
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 15.0,
    ) -> Answer:
        """Ask a host of the tenants' domain through 127.0.0.1 and the ingress, by HTTPS that is verified."""
        context = ssl.create_default_context(cafile=self.status["caFile"])
        with (
            socket.create_connection(("127.0.0.1", self.cluster.ports.https), timeout=seconds) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            connection = http.client.HTTPConnection(host)
            connection.sock = secure
            connection.request(method, path, body, dict(headers or {}))
            with connection.getresponse() as answer:
                names = {name.lower(): value for name, value in answer.getheaders()}
                return Answer(answer.status, names, answer.read())


@contextmanager
def local_cluster(
    name: str = "switchboard-test", *, port_base: int | None = None, with_images: bool = True
) -> Iterator[LocalCluster]:
    """Run a node while the block lasts: some 10 s, and a minute more when the images have to be made first.

    Args:
        name: the cluster's name; one of that name that was left over is removed first.
        port_base: its ports on the host, for a name that has none of its own.
        with_images: build and import the images of our programs.
    """
    lifecycle.check_possible()
    cluster = open_cluster(name, port_base=port_base)
    keep = os.environ.get("SWITCHBOARD_KEEP_CLUSTER") == "1"
    if not keep and cluster.folder.exists():
        lifecycle.down(cluster)
    try:
        lifecycle.up(cluster)
        yield LocalCluster(cluster, images.ensure(cluster) if with_images else {})
    finally:
        if not keep:
            lifecycle.down(cluster)


def eventually(condition: Callable[[], bool], *, within: float = 60.0) -> None:
    """Wait until the condition holds; one that raises an AssertionError or OSError does not hold yet.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + within
    problem: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (AssertionError, OSError, http.client.HTTPException) as error:
            problem = error
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"not within {within:.0f} s: {problem or condition}")
