"""The pods that serve a tenant: their Deployment's spec and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired.isolation import RUNTIME_PORT

if TYPE_CHECKING:
    from switchboard_operator.desired.egress import Egress

TENANTS_DIR = "/etc/switchboard/tenants"
CREDENTIALS_DIR = "/etc/switchboard/credentials"
DATA_DIR = "/var/lib/switchboard"
_USER = 65532
_DRAIN_SECONDS = 3
_DEFAULT_RESOURCES = {
    "requests": {"cpu": "25m", "memory": "64Mi"},
    "limits": {"memory": "256Mi"},
}
# The vendors' libraries take 50 to 110 MiB.
_RESOURCES_WITH_MODELS = {
    "requests": {"cpu": "25m", "memory": "128Mi"},
    "limits": {"memory": "384Mi"},
}


@dataclass(frozen=True, slots=True)
class RuntimeImage:
    """The runtime's image and how it is pulled."""

    reference: str
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """A Secret whose values lie beside the tenant's other credentials.

    Attributes:
        secret: its name.
        items: files by key; None for all keys under their own names.
    """

    secret: str
    items: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """What a tenant's Deployment is made of.

    Attributes:
        name: of the Deployment, the ServiceAccount and the Service.
        slug: the tenant's slug; names the files in the pod.
        selector: the labels that select the pods.
        labels: all labels of the pods.
        config: name of the ConfigMap revision.
        secret: name of the Secret with the subaccount's credentials.
        claim: name of the PersistentVolumeClaim with the tenant's messages; None when a database has them.
        replicas: 0 while suspended.
        resources: as in a container, or None for the defaults.
        image: what runs.
        more_secrets: what else lies in the folder of credentials.
        egress: where its assistants and webhooks may call; None where nothing calls.
        thinks: whether an assistant has a model.
    """

    name: str
    slug: str
    selector: dict[str, str]
    labels: dict[str, str]
    config: str
    secret: str
    claim: str | None
    replicas: int
    resources: dict[str, Any] | None
    image: RuntimeImage
    more_secrets: tuple[SecretFiles, ...] = ()
    egress: Egress | None = None
    thinks: bool = False


def deployment_spec(work: Workload) -> dict[str, Any]:
    """The Deployment's spec.

    A new revision starts beside the old one and takes over only when it is ready, so that a bad
    configuration never takes traffic. A claim is ReadWriteOnce, so the new pod must land on the old one's node;
    without one, pods spread.
    """
    return {
        "replicas": work.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": 120,
        "selector": {"matchLabels": work.selector},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": work.labels}, "spec": _pod_spec(work)},
    }


def _pod_spec(work: Workload) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "serviceAccountName": work.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **_placement(work),
        "containers": [_container(work)],
        "volumes": [
            {"name": "tenants", "configMap": {"name": work.config}},
            {"name": "credentials", **_credentials(work)},
            {"name": "data", **_data(work)},
            {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}},
        ],
    }
    if work.image.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in work.image.pull_secrets]
    return spec


def _placement(work: Workload) -> dict[str, Any]:
    pods = {"labelSelector": {"matchLabels": work.selector}, "topologyKey": "kubernetes.io/hostname"}
    if work.claim is not None:
        return {"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [pods]}}}
    return {"topologySpreadConstraints": [{**pods, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}]}


def _credentials(work: Workload) -> dict[str, Any]:
    if not work.more_secrets:
        return {"secret": {"secretName": work.secret, "defaultMode": 0o440}}
    sources = [_source(files) for files in (SecretFiles(work.secret), *work.more_secrets)]
    return {"projected": {"defaultMode": 0o440, "sources": sources}}


def _source(files: SecretFiles) -> dict[str, Any]:
    items = {"items": [{"key": key, "path": path} for key, path in files.items]} if files.items is not None else {}
    return {"secret": {"name": files.secret, **items}}


def _data(work: Workload) -> dict[str, Any]:
    if work.claim is not None:
        return {"persistentVolumeClaim": {"claimName": work.claim}}
    return {"emptyDir": {"sizeLimit": "64Mi"}}  # the runtime wants a folder it can write to


def _container(work: Workload) -> dict[str, Any]:
    allowed = ",".join(work.egress.allowed) if work.egress else ""
    return {
        "name": "runtime",
        "image": work.image.reference,
        "imagePullPolicy": work.image.pull_policy,
        "args": ["serve"],
        "env": [
            {"name": "SWITCHBOARD_TENANTS_DIR", "value": TENANTS_DIR},
            {"name": "SWITCHBOARD_CREDENTIALS_DIR", "value": CREDENTIALS_DIR},
            {"name": "SWITCHBOARD_DATA_DIR", "value": DATA_DIR},
            {"name": "SWITCHBOARD_LISTEN", "value": f"0.0.0.0:{RUNTIME_PORT}"},
            *([{"name": "SWITCHBOARD_EGRESS_ALLOW", "value": allowed}] if allowed else []),
        ],
        "ports": [{"name": "http", "containerPort": RUNTIME_PORT, "protocol": "TCP"}],
        "resources": work.resources or (_RESOURCES_WITH_MODELS if work.thinks else _DEFAULT_RESOURCES),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": _probe("/readyz", period=1, failures=60),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "livenessProbe": _probe("/healthz", period=10, failures=6),
        # An ingress hears of an ending pod a moment after the pod does: it serves on until nobody asks it any more.
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "volumeMounts": [
            {"name": "tenants", "mountPath": TENANTS_DIR, "readOnly": True},
            {"name": "credentials", "mountPath": f"{CREDENTIALS_DIR}/{work.slug}", "readOnly": True},
            {"name": "data", "mountPath": DATA_DIR},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # a path inside the pod
        ],
    }


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
