"""The Helm chart, rendered for tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dev.cluster import binaries

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parents[2]
CHART = REPOSITORY / "charts" / "switchboard"
NAMESPACE = "switchboard-system"

_KUBERNETES = "1.35.0"

EMULATOR = {"enabled": True, "accountSid": "AC" + "0" * 31 + "1", "authToken": "made-up-for-a-test"}
EVERYTHING = {
    "image": {"repository": "registry.example.com/switchboard-operator", "tag": "1.2.3", "pullSecrets": ["registry"]},
    "runtime": {
        "image": {"repository": "registry.example.com/bots", "tag": "4.5.6", "pullSecrets": ["one", "two"]},
        "egressAllow": ["llm.models.svc:8000", "10.0.0.7"],
    },
    "installationId": "production-eu",
    "domain": "bots.example.com",
    "ingress": {"className": "nginx", "tlsSecret": "wildcard"},
    "database": {"secretName": "postgres-admin", "ports": [5432, 6432]},
    "workers": 64,
    "driftInterval": 3600,
    "statusInterval": 12.5,
    "twilioDeadline": 7.5,
    "logLevel": "DEBUG",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "podAnnotations": {"example.com/team": "platform"},
    "serviceAccount": {"annotations": {"example.com/role": "bots"}},
    "networkPolicy": {"apiServerPorts": [16443], "extraEgress": [{"ports": [{"port": 8080}]}]},
}
CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "emulator": {
        "domain": "bots.localhost",
        "emulator": EMULATOR | {"nodePort": 30089, "caConfigMap": "local-ca"},
    },
    "least": {
        "serviceAccount": {"create": False, "name": "mine"},
        "metrics": {"service": False},
        "networkPolicy": {"enabled": False},
        "deletionProtection": {"enabled": False},
        "emulator": EMULATOR | {"persistence": {"enabled": False}},
    },
}
"""Values that between them switch everything on and off."""


def helm(*arguments: str, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run Helm with values."""
    program = binaries.ensure(["helm"])["helm"]
    argv = [str(program), *arguments, "--kube-version", _KUBERNETES, "--values", "-"]
    return subprocess.run(argv, input=json.dumps(values), capture_output=True, text=True, check=False, timeout=60)


def render(values: Mapping[str, Any], *, release: str = "switchboard") -> list[dict[str, Any]]:
    """The objects that ``helm install`` would send."""
    told = helm("template", release, str(CHART), "--namespace", NAMESPACE, values=values)
    assert told.returncode == 0, told.stderr
    return [each for each in yaml.safe_load_all(told.stdout) if each]


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Those of one kind."""
    return [each for each in objects if each["kind"] == kind]
