"""One real node for the tier: the demo runs on it as a user's own cluster, and what it leaves is what the tests use."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from dev.cluster import binaries
from dev.cluster.folders import REPOSITORY
from dev.demo.console import Console
from dev.demo.emulator import Emulator
from dev.demo.kubectl import Kubectl
from dev.demo.target import EMULATOR, NAMESPACE
from dev.demo.tenants import QUICKSTART, wait_until_served
from dev.demo.web import Ingress
from tests.support.cluster import LocalCluster, local_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEMO_SECONDS = 600


@dataclass(frozen=True)
class Platform:
    """A running platform with the quickstart's three tenants.

    Attributes:
        cluster: the node.
        kubectl: runs kubectl there.
        ingress: the tenants' door on 127.0.0.1.
        emulator: Twilio.
        demo: how the demo ended there.
    """

    cluster: LocalCluster
    kubectl: Kubectl
    ingress: Ingress
    emulator: Emulator
    demo: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def node() -> Iterator[LocalCluster]:
    """The tier's node, of a name and ports of its own."""
    with local_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def platform(node: LocalCluster) -> Platform:
    """The demo, run as a user with a cluster of his own does; then its tenants, all three."""
    told = node.status
    door = urlsplit(told["ingress"])
    demo = _run_demo(node)
    programs = binaries.ensure(["kubectl"])
    kubectl = Kubectl(programs["kubectl"], str(node.kubeconfig), "kubectl {}")
    if demo.returncode == 0:
        kubectl("apply", "-f", str(QUICKSTART))
        wait_until_served(kubectl, Console(sys.stderr, 1), image=node.images["switchboard-runtime"])
    data = kubectl.json("-n", NAMESPACE, "get", "secret", EMULATOR)["data"]
    sid, token = (base64.b64decode(data[name]).decode() for name in ("accountSid", "authToken"))
    _open_node_port(kubectl)
    return Platform(
        cluster=node,
        kubectl=kubectl,
        ingress=Ingress(door.hostname or "", door.port or 443, told["caFile"]),
        emulator=Emulator(told["emulator"], sid, token),
        demo=demo,
    )


def _run_demo(node: LocalCluster) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "KUBECONFIG": str(node.kubeconfig),
        "SWITCHBOARD_OPERATOR_IMAGE": node.images["switchboard-operator"],
        "SWITCHBOARD_RUNTIME_IMAGE": node.images["switchboard-runtime"],
        "SWITCHBOARD_EMULATOR_IMAGE": node.images["twilio-emulator"],
    }
    argv = [sys.executable, "-m", "dev.demo"]
    return subprocess.run(
        argv, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=_DEMO_SECONDS, check=False
    )


def _open_node_port(kubectl: Kubectl) -> None:
    """The demo reaches the emulator of a user's cluster by port-forward; the tests take the node's door."""
    patch = '{"spec": {"type": "NodePort", "ports": [{"port": 8089, "nodePort": 30089}]}}'
    kubectl("-n", NAMESPACE, "patch", "service", EMULATOR, "--type=strategic", f"--patch={patch}")
