"""Installing the chart, with the emulator in Twilio's place."""

import json
from pathlib import Path
from typing import Any

from dev.cluster.folders import REPOSITORY
from dev.demo import services
from dev.demo.errors import CommandFailed
from dev.demo.kubectl import run
from dev.demo.target import NAMESPACE, Target

RELEASE = "switchboard"
CHART = REPOSITORY / "charts" / "switchboard"
_CA_CONFIG_MAP = "local-ca"
_PATIENCE = 180


def install(target: Target) -> None:
    """Install or upgrade CRDs, operator and emulator, and wait until both are ready.

    Raises:
        CommandFailed: Helm refused, or a pod did not become ready.
    """
    kubectl = target.kubectl
    kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CHART / "crds"))
    kubectl("apply", "-f", "-", stdin=json.dumps(_namespace()))
    if target.ingress.ca_file:
        kubectl("apply", "-f", "-", stdin=json.dumps(_authority(target.ingress.ca_file)))
    services.start(target)
    argv = [str(target.helm), "upgrade", "--install", RELEASE, str(CHART), f"--kubeconfig={kubectl.kubeconfig}"]
    flags = ["--namespace", NAMESPACE, "--skip-crds", "--wait", f"--timeout={_PATIENCE}s", "--values", "-"]
    told = run([*argv, *flags], stdin=json.dumps(values(target)), seconds=_PATIENCE + 30)
    if told.returncode != 0:
        raise CommandFailed(
            expected="helm upgrade --install to succeed",
            seen=told.stderr.strip(),
            look=kubectl.to_type(f"-n {NAMESPACE} describe pods"),
        )


def values(target: Target) -> dict[str, Any]:
    """Give the chart's values for a target."""
    return {
        "image": _image(target.images["switchboard-operator"]),
        "runtime": {"image": _image(target.images["switchboard-runtime"]), "egressAllow": [services.MODEL_HOST]},
        "statusInterval": 5,
        "database": {"secretName": services.ADMIN_SECRET},
        "installationId": "demo",
        "domain": target.domain,
        "ingress": {"className": target.ingress_class},
        "emulator": {
            "enabled": True,
            "image": _image(target.images["twilio-emulator"]),
            "nodePort": target.node_port,
            "caConfigMap": _CA_CONFIG_MAP if target.ingress.ca_file else "",
        },
    }


def _image(reference: str) -> dict[str, str]:
    repository, _, tag = reference.rpartition(":")
    return {"repository": repository, "tag": tag}


def _namespace() -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _authority(ca_file: Path) -> dict[str, Any]:
    """The ConfigMap that makes the emulator trust the ingress."""
    metadata = {"name": _CA_CONFIG_MAP, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": ca_file.read_text()}}
