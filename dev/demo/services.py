"""A PostgreSQL and a language model's server in the cluster: what an administrator has already, for the demo."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dev.cluster.folders import REPOSITORY
from dev.demo.kubectl import Kubectl
from dev.demo.target import NAMESPACE as OPERATOR_NAMESPACE
from dev.demo.target import Target

NAMESPACE = "demo"
ADMIN_SECRET = "postgres-admin"  # noqa: S105  # its name
MODEL_HOST = f"llm.{NAMESPACE}.svc:8000"
_MANIFEST = Path(__file__).with_name("services.yaml")
_PROGRAM = REPOSITORY / "tests" / "support" / "llm_server.py"
_PATIENCE = "120s"


def start(target: Target) -> None:
    """Start both, or find them running, and put the DSN of the database's administrator where the operator looks.

    Raises:
        CommandFailed: one of them does not become ready.
    """
    kubectl = target.kubectl
    program = _PROGRAM.read_text()
    described = described_services(
        _MANIFEST.read_text(), images=target.images, postgres_user=target.postgres_user, program=program
    )
    kubectl("apply", "-f", "-", stdin=json.dumps(_namespace()))
    password = _password(kubectl)
    for each in (_secret("postgres", NAMESPACE, {"password": password}), _config_map(program)):
        kubectl("apply", "-f", "-", stdin=json.dumps(each))
    kubectl("apply", "-f", "-", stdin=described)
    url = f"postgresql://platform:{password}@postgres.{NAMESPACE}.svc/switchboard"
    kubectl("apply", "-f", "-", stdin=json.dumps(_secret(ADMIN_SECRET, OPERATOR_NAMESPACE, {"url": url})))
    for name in ("postgres", "llm"):
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", f"--timeout={_PATIENCE}", seconds=150)


def described_services(text: str, *, images: Mapping[str, str], postgres_user: int, program: str) -> str:
    """Give the manifests with what is known only now."""
    known = {
        "POSTGRES_IMAGE": images["postgres"],
        "POSTGRES_USER": str(postgres_user),
        "RUNTIME_IMAGE": images["switchboard-runtime"],
        "PROGRAM_DIGEST": f'"{hashlib.sha256(program.encode()).hexdigest()[:12]}"',
    }
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def ask(kubectl: Kubectl, statement: str) -> str:
    """Ask the database as its superuser."""
    psql = ["psql", "-h", "/tmp", "-U", "owner", "-d", "switchboard", "-At", "-c", statement]  # noqa: S108  # in a pod
    return kubectl("-n", NAMESPACE, "exec", "deployment/postgres", "--", *psql).strip()


def _password(kubectl: Kubectl) -> str:
    """The administrator's password: made once, and kept with the data that it opens."""
    found = kubectl("-n", NAMESPACE, "get", "secret", "postgres", "--ignore-not-found", "-o", "json")
    if not found:
        return secrets.token_hex(16)
    return base64.b64decode(json.loads(found)["data"]["password"]).decode()


def _namespace() -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _secret(name: str, namespace: str, values: Mapping[str, str]) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": dict(values)}


def _config_map(program: str) -> dict[str, Any]:
    meta = {"name": "llm", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"llm_server.py": program}}
