"""All Kubernetes objects of one tenant, in the order in which they are applied."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import names
from switchboard_operator.desired.isolation import network_policy
from switchboard_operator.desired.runtime import RuntimeImage, SecretFiles, Workload, deployment_spec
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from switchboard_operator.api import Tenant
    from switchboard_operator.desired.document import Place
    from switchboard_operator.desired.egress import Egress

_CONFIG_LIMIT = 1_000_000
_DEFAULT_SIZE = "1Gi"


@dataclass(frozen=True, slots=True)
class Routing:
    """How a host reaches a Service.

    Attributes:
        ingress_class: None leaves it to the cluster's default class.
        tls_secret: name of a Secret with the certificate in the tenant's namespace; None when the
            ingress controller serves a wildcard certificate by default.
    """

    ingress_class: str | None = None
    tls_secret: str | None = None


@dataclass(frozen=True, slots=True)
class TenantParts:
    """Everything that a tenant's objects follow from.

    ``database_ports`` are those of the PostgreSQL servers that keep the tenant; None where a file of its own does.
    ``keys`` are the files that its assistants and webhooks need; ``egress`` is where they may call, None where none has
    a model and there are no webhooks.
    """

    tenant: Tenant
    place: Place
    document: dict[str, Any]
    secret: str
    endpoint: str | None
    replicas: int
    resources: dict[str, Any] | None
    image: RuntimeImage
    routing: Routing
    database_ports: tuple[int, ...] | None = None
    keys: tuple[SecretFiles, ...] = ()
    egress: Egress | None = None


def objects_of(parts: TenantParts) -> list[dict[str, Any]]:
    """The tenant's objects, complete with labels, owner and the hash of what is wanted."""
    config = _config_map(parts)
    built = [
        config,
        _service_account(parts),
        *([_claim(parts)] if parts.database_ports is None else []),
        _network_policy(parts),
        _service(parts),
        _disruption_budget(parts),
        _deployment(parts, config["metadata"]["name"]),
        _ingress(parts),
    ]
    return [_hashed(obj) for obj in built]


def config_revision(document: dict[str, Any]) -> str:
    """The hash that names a revision of the configuration."""
    return names.digest(document)


def _object(parts: TenantParts, *, api: str, kind: str, name: str, **content: Any) -> dict[str, Any]:
    tenant = parts.tenant
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": tenant.metadata.namespace,
            "labels": names.object_labels(tenant.metadata.name),
            "ownerReferences": [tenant.owner().manifest()],
        },
        **content,
    }


def _hashed(obj: dict[str, Any]) -> dict[str, Any]:
    wanted = names.digest(obj)
    obj["metadata"]["annotations"] = {names.DESIRED_HASH: wanted}
    return obj


def _config_map(parts: TenantParts) -> dict[str, Any]:
    text = json.dumps(parts.document, ensure_ascii=False, sort_keys=True, indent=1)
    if len(text.encode()) > _CONFIG_LIMIT:
        raise Invalid(
            reasons.DOCUMENT_TOO_LARGE,
            f"the configuration of {len(text.encode())} bytes exceeds {_CONFIG_LIMIT}; shorten the catalogue",
        )
    name = names.config_name(parts.tenant.metadata.name, config_revision(parts.document))
    return _object(
        parts, api="v1", kind="ConfigMap", name=name, immutable=True, data={f"{parts.place.slug}.json": text}
    )


def _service_account(parts: TenantParts) -> dict[str, Any]:
    return _object(parts, api="v1", kind="ServiceAccount", name=_runtime(parts), automountServiceAccountToken=False)


def _claim(parts: TenantParts) -> dict[str, Any]:
    runtime = parts.tenant.spec.runtime
    sqlite = runtime.storage.sqlite if runtime.storage else None
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": sqlite.size if sqlite and sqlite.size else _DEFAULT_SIZE}},
    }
    if sqlite and sqlite.storage_class_name:
        spec["storageClassName"] = sqlite.storage_class_name
    name = names.data_name(parts.tenant.metadata.name)
    return _object(parts, api="v1", kind="PersistentVolumeClaim", name=name, spec=spec)


def _network_policy(parts: TenantParts) -> dict[str, Any]:
    spec = network_policy(
        selector=_selector(parts),
        endpoint=parts.endpoint,
        more_ports=(*(parts.database_ports or ()), *(parts.egress.ports if parts.egress else ())),
    )
    return _object(parts, api="networking.k8s.io/v1", kind="NetworkPolicy", name=_runtime(parts), spec=spec)


def _service(parts: TenantParts) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    return _object(
        parts,
        api="v1",
        kind="Service",
        name=_runtime(parts),
        spec={"selector": _selector(parts), "ports": ports},
    )


def _disruption_budget(parts: TenantParts) -> dict[str, Any]:
    # maxUnavailable, not minAvailable: a budget that one replica can never meet would block every node drain.
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": _selector(parts)}}
    return _object(parts, api="policy/v1", kind="PodDisruptionBudget", name=_runtime(parts), spec=spec)


def _deployment(parts: TenantParts, config: str) -> dict[str, Any]:
    tenant = parts.tenant.metadata.name
    keeps_file = parts.database_ports is None
    database = () if keeps_file else (SecretFiles(names.database_secret_name(tenant)),)
    work = Workload(
        name=_runtime(parts),
        slug=parts.place.slug,
        selector=_selector(parts),
        labels=names.object_labels(parts.tenant.metadata.name),
        config=config,
        secret=parts.secret,
        claim=names.data_name(tenant) if keeps_file else None,
        more_secrets=(*database, *parts.keys),
        egress=parts.egress,
        thinks=any("model" in assistant for assistant in parts.document["assistants"]),
        replicas=parts.replicas,
        resources=parts.resources,
        image=parts.image,
    )
    return _object(parts, api="apps/v1", kind="Deployment", name=_runtime(parts), spec=deployment_spec(work))


def _ingress(parts: TenantParts) -> dict[str, Any]:
    backend = {"service": {"name": _runtime(parts), "port": {"name": "http"}}}
    tls: dict[str, Any] = {"hosts": [parts.place.host]}
    if parts.routing.tls_secret:
        tls["secretName"] = parts.routing.tls_secret
    spec: dict[str, Any] = {
        "rules": [
            {
                "host": parts.place.host,
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
            }
        ],
        "tls": [tls],
    }
    if parts.routing.ingress_class:
        spec["ingressClassName"] = parts.routing.ingress_class
    return _object(parts, api="networking.k8s.io/v1", kind="Ingress", name=_runtime(parts), spec=spec)


def _runtime(parts: TenantParts) -> str:
    return names.runtime_name(parts.tenant.metadata.name)


def _selector(parts: TenantParts) -> dict[str, str]:
    return names.selector_labels(parts.tenant.metadata.name)
