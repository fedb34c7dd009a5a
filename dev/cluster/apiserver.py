"""The command lines of etcd and the API server, shared by the node and by tests that need no node."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.folders import write_text
from dev.cluster.pki import Authority

SERVICE_RANGE = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
ISSUER = "https://kubernetes.default.svc.cluster.local"

_SERVER_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
    "127.0.0.1",
    KUBERNETES_SERVICE,
)


@dataclass(frozen=True)
class Listen:
    """Where the API server listens.

    Attributes:
        address: what it binds to.
        advertise: the address that it tells to others.
        port: the TCP port.
    """

    address: str
    advertise: str
    port: int


def etcd_argv(program: Path, *, data: Path, client_port: int, peer_port: int, flags: Sequence[str] = ()) -> list[str]:
    """Give etcd's command line: one member, on loopback."""
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    return [
        str(program),
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
        "--auto-compaction-retention=5m",
        *flags,
    ]


def apiserver_argv(
    program: Path,
    *,
    authority: Authority,
    listen: Listen,
    etcd_port: int,
    audit_log: Path,
    flags: Sequence[str] = (),
) -> list[str]:
    """Give the API server's: certificates and tokens, no anonymous access, an audit log of metadata."""
    server = authority.server("apiserver", (*_SERVER_NAMES, *_extra_names(listen)))
    accounts = authority.signing_key("service-accounts")
    return [
        str(program),
        f"--bind-address={listen.address}",
        f"--advertise-address={listen.advertise}",
        f"--secure-port={listen.port}",
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--cert-dir={authority.folder}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={authority.certificate}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={accounts.certificate}",
        f"--service-account-signing-key-file={accounts.key}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--anonymous-auth=false",
        "--profiling=false",
        f"--audit-log-path={audit_log}",
        f"--audit-policy-file={write_audit_policy(authority.folder / 'audit-policy.json')}",
        *flags,
    ]


def write_audit_policy(path: Path) -> Path:
    """One line a request once it is answered; a watch also when it begins."""
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    }
    return write_text(path, json.dumps(policy, indent=1) + "\n")


def _extra_names(listen: Listen) -> tuple[str, ...]:
    return () if listen.advertise == "127.0.0.1" else (listen.advertise,)
