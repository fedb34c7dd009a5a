"""The pod that brings a database's schema forward: the runtime's own program, of the very image that tenants get.

So the schema is always that of the runtime, and the operator holds no copy of it. It is a bare pod, and the operator
its controller: one object, whose end and last words can be read by its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired import names
from switchboard_operator.desired.database import AUTHORITY_KEY, URL_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_operator.desired.runtime import RuntimeImage

_FOLDER = "/etc/switchboard/database"
_USER = 65532
_NEWER = re.compile(r"schema: is [0-9]+, this program knows [0-9]+")
_LONGEST = 300
_PROGRAM = "switchboard-runtime: "


@dataclass(frozen=True, slots=True)
class Ended:
    """How a migration ended.

    Attributes:
        well: the schema is that of the image.
        newer: the schema is newer than the image.
        words: what the program said when it was not well.
    """

    well: bool
    newer: bool = False
    words: str = ""


def migration_pod(*, namespace: str, name: str, secret: str, image: RuntimeImage, authority: bool) -> dict[str, Any]:
    """The pod.

    Args:
        namespace: the operator's, where the Secret is.
        name: of the pod.
        secret: name of the administrator's Secret.
        image: the runtime's.
        authority: whether the Secret has certificates to verify the server by.
    """
    dsn = {"secretKeyRef": {"name": secret, "key": URL_KEY}}
    env: list[dict[str, Any]] = [{"name": "SWITCHBOARD_ADMIN_DSN", "valueFrom": dsn}]
    container: dict[str, Any] = {
        "name": "migrate",
        "image": image.reference,
        "imagePullPolicy": image.pull_policy,
        "args": ["migrate"],
        "env": env,
        "resources": {"requests": {"cpu": "25m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 900,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    if authority:
        file = {"key": AUTHORITY_KEY, "path": AUTHORITY_KEY}
        spec["volumes"] = [{"name": "database", "secret": {"secretName": secret, "items": [file]}}]
        container["volumeMounts"] = [{"name": "database", "mountPath": _FOLDER, "readOnly": True}]
        env += [
            {"name": "PGSSLMODE", "value": "verify-full"},
            {"name": "PGSSLROOTCERT", "value": f"{_FOLDER}/{AUTHORITY_KEY}"},
        ]
    if image.pull_secrets:
        spec["imagePullSecrets"] = [{"name": one} for one in image.pull_secrets]
    labels = {
        "app.kubernetes.io/name": "switchboard-migrate",
        "app.kubernetes.io/part-of": "switchboard",
        names.MANAGED_BY: names.MANAGED_BY_VALUE,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
    }


def end_of(pod: Mapping[str, Any]) -> Ended | None:
    """How the pod ended; None while it has not."""
    status = pod.get("status") or {}
    phase = status.get("phase")
    if phase == "Succeeded":
        return Ended(well=True)
    if phase != "Failed":
        return None
    last = _terminated(status).get("message") or status.get("message") or status.get("reason") or "no word"
    words = " ".join(str(last).split()).removeprefix(_PROGRAM)[:_LONGEST]
    return Ended(well=False, newer=bool(_NEWER.search(words)), words=words)


def ended_at(pod: Mapping[str, Any]) -> str:
    """When a pod ended, RFC 3339; when it was made, where that is not known."""
    found = _terminated(pod.get("status") or {}).get("finishedAt")
    return str(found or pod["metadata"]["creationTimestamp"])


def _terminated(status: Mapping[str, Any]) -> dict[str, Any]:
    for container in status.get("containerStatuses") or []:
        ended: dict[str, Any] | None = (container.get("state") or {}).get("terminated")
        if ended:
            return ended
    return {}
