"""The command lines and configuration of the node's own programs: controllers, kubelet, proxy, DNS, volumes.

Whatever a control plane without a node shares with this is in ``apiserver``; the ingress has its own module.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.cluster import containerd, ingress
from dev.cluster.apiserver import Listen, apiserver_argv, etcd_argv
from dev.cluster.folders import REPOSITORY, write_text
from dev.cluster.namespaces import POD_RANGE, enter
from dev.cluster.pki import Authority, write_kubeconfig
from dev.cluster.state import DOMAIN, NODE_ADDRESS, Cluster
from dev.cluster.supervisor import Program

API_INSIDE = f"https://{NODE_ADDRESS}:6443"
NODE_NAME = "local"

_CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Parts:
    """What programs are made from.

    Attributes:
        cluster: the cluster.
        programs: the paths of the programs built here.
        authority: the cluster's certificate authority.
        cni: the folder of the CNI plugins.
    """

    cluster: Cluster
    programs: dict[str, Path]
    authority: Authority
    cni: Path

    @property
    def conf(self) -> Path:
        """The folder of configuration files."""
        return self.cluster.folder / "conf"

    def write(self, name: str, document: dict[str, Any] | str) -> Path:
        """Write a configuration file and give its path."""
        text = document if isinstance(document, str) else json.dumps(document, indent=1) + "\n"
        return write_text(self.conf / name, text)

    def access(self, name: str, user: str, *groups: str) -> Path:
        """Write a kubeconfig for a program inside the cluster's namespaces."""
        client = self.authority.client(name, user=user, groups=groups)
        path = self.conf / f"{name}.kubeconfig"
        return write_kubeconfig(path, server=API_INSIDE, authority=self.authority, client=client)

    def inside(self, name: str, *arguments: str, files: tuple[Path, ...] = (), grace: float = 2.0) -> Program:
        """Give one of the programs built here, run in the cluster's namespaces."""
        command = (*enter(self.cluster), str(self.programs[name]), *arguments)
        return Program(name, command, files=files, grace=grace)


def forwarder(parts: Parts) -> Program:
    """The one program that listens on the host."""
    return _own(parts, "forwarder", parts.cluster.folder / "ports.json")


def runtime(parts: Parts) -> Program:
    """The container runtime."""
    config = containerd.write_config(parts.cluster, cni=parts.cni)
    network = parts.conf / "cni" / "10-switchboard.conflist"
    return Program("containerd", containerd.argv(parts.cluster, config), files=(config, network), grace=5.0)


def etcd(parts: Parts) -> Program:
    """The store, with its data in the cluster's folder."""
    data = parts.cluster.folder / "etcd"
    argv = etcd_argv(parts.programs["etcd"], data=data, client_port=2379, peer_port=2380)
    return parts.inside("etcd", *argv[1:], grace=5.0)


def apiserver(parts: Parts) -> Program:
    """The API server, with what it needs to reach the kubelet for logs, exec and port-forward."""
    audit = parts.cluster.audit_log
    audit.parent.mkdir(parents=True, exist_ok=True)
    kubelet_client = parts.authority.client("kubelet-client", user="apiserver", groups=["system:masters"])
    argv = apiserver_argv(
        parts.programs["kube-apiserver"],
        authority=parts.authority,
        listen=Listen("0.0.0.0", NODE_ADDRESS, 6443),
        etcd_port=2379,
        audit_log=audit,
        flags=[
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--audit-log-maxsize=100",
            "--audit-log-maxbackup=2",
            f"--kubelet-client-certificate={kubelet_client.certificate}",
            f"--kubelet-client-key={kubelet_client.key}",
            f"--kubelet-certificate-authority={parts.authority.certificate}",
            "--kubelet-preferred-address-types=InternalIP",
        ],
    )
    # It drains for longer than anyone wants to wait here, so it gets no grace.
    return parts.inside("kube-apiserver", *argv[1:], grace=0.0)


def controller_manager(parts: Parts) -> Program:
    """All the controllers, each under its own service account, so that the audit log tells them apart."""
    access = parts.access("kube-controller-manager", "system:kube-controller-manager")
    return parts.inside(
        "kube-controller-manager",
        f"--kubeconfig={access}",
        f"--root-ca-file={parts.authority.certificate}",
        f"--service-account-private-key-file={parts.authority.signing_key('service-accounts').key}",
        "--use-service-account-credentials",
        "--bind-address=127.0.0.1",
        f"--cert-dir={parts.conf}",
        "--leader-elect=false",
        files=(access,),
    )


def scheduler(parts: Parts) -> Program:
    """The scheduler."""
    access = parts.access("kube-scheduler", "system:kube-scheduler")
    bind = ("--bind-address=127.0.0.1", f"--cert-dir={parts.conf}", "--leader-elect=false")
    return parts.inside("kube-scheduler", f"--kubeconfig={access}", *bind, files=(access,))


def kubelet(parts: Parts) -> Program:
    """The kubelet of the only node."""
    access = parts.access("kubelet", f"system:node:{NODE_NAME}", "system:nodes")
    config = parts.write("kubelet.json", _kubelet_config(parts))
    return parts.inside(
        "kubelet",
        f"--config={config}",
        f"--kubeconfig={access}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={NODE_ADDRESS}",
        files=(access, config),
    )


def proxy(parts: Parts) -> Program:
    """The service proxy; the conntrack settings are left alone because they may be read-only."""
    access = parts.access("kube-proxy", "system:kube-proxy")
    document = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(access)},
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        "clusterCIDR": POD_RANGE,
        "iptables": {"minSyncPeriod": "100ms"},
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
    config = parts.write("kube-proxy.json", document)
    return parts.inside("kube-proxy", f"--config={config}", files=(access, config))


def dns(parts: Parts) -> Program:
    """CoreDNS: the cluster's names, and every name of the tenants' domain at the ingress."""
    access = parts.access("coredns", "system:coredns", "system:masters")
    config = parts.write(
        "Corefile",
        f"""{_CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
  bind {NODE_ADDRESS}
  errors
  kubernetes {{
    kubeconfig {access}
    ttl 5
  }}
}}
{DOMAIN} {{
  bind {NODE_ADDRESS}
  errors
  template IN A {{
    answer "{{{{ .Name }}}} 60 IN A {NODE_ADDRESS}"
  }}
  template ANY ANY {{
    rcode NOERROR
  }}
}}
. {{
  bind {NODE_ADDRESS}
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
""",
    )
    return parts.inside("coredns", "-conf", str(config), files=(access, config))


def traefik(parts: Parts) -> Program:
    """The ingress."""
    access = parts.access("traefik", "switchboard:traefik", "system:masters")
    arguments, files = ingress.prepare(parts.conf, authority=parts.authority)
    program = parts.inside("traefik", *arguments, files=(access, *files))
    return Program(program.name, program.argv, program.files, env=(("KUBECONFIG", str(access)),))


def volumes(parts: Parts) -> Program:
    """The provisioner of PersistentVolumes."""
    return _own(parts, "volumes", parts.cluster.folder / "ports.json")


def _kubelet_config(parts: Parts) -> dict[str, Any]:
    server = parts.authority.server("kubelet-server", [NODE_NAME, NODE_ADDRESS])
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(parts.authority.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(server.certificate),
        "tlsPrivateKeyFile": str(server.key),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "clusterDomain": _CLUSTER_DOMAIN,
        "clusterDNS": [NODE_ADDRESS],
        "resolvConf": "",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{parts.cluster.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "maxPods": 400,
        # Images cannot be pulled again, so nothing may remove them, however full the disk is.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    }


def _own(parts: Parts, module: str, *files: Path) -> Program:
    """Give a program that is a module of this package, run on the host."""
    argv = (sys.executable, "-m", f"dev.cluster.{module}", parts.cluster.name)
    env = (("PYTHONPATH", str(REPOSITORY)), ("PYTHONUNBUFFERED", "1"))
    return Program(module, argv, (Path(__file__).with_name(f"{module}.py"), *files), env)
