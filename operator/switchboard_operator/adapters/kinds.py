"""The Kubernetes kinds that the operator reads or writes, and their place in the API."""

from __future__ import annotations

from dataclasses import dataclass

from switchboard_operator.api import GROUP, KINDS, VERSION


@dataclass(frozen=True, slots=True)
class ApiKind:
    """Where a kind lives in the API.

    Attributes:
        kind: as in a manifest.
        group: "" for the core group.
        version: of the group.
        plural: as in a URL.
        namespaced: whether its objects have a namespace.
    """

    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As in a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection or an object under the API server's address."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        tail = "".join(f"/{part}" for part in (self.plural, name, subresource) if part)
        return f"{root}{scope}{tail}"


OWN_KINDS: tuple[ApiKind, ...] = tuple(
    ApiKind(model.crd.kind, GROUP, VERSION, model.crd.plural, namespaced=model.crd.scope == "Namespaced")
    for model in KINDS
)
CHILD_KINDS: tuple[ApiKind, ...] = (
    ApiKind("ConfigMap", "", "v1", "configmaps"),
    ApiKind("ServiceAccount", "", "v1", "serviceaccounts"),
    ApiKind("Service", "", "v1", "services"),
    ApiKind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims"),
    ApiKind("Deployment", "apps", "v1", "deployments"),
    ApiKind("Ingress", "networking.k8s.io", "v1", "ingresses"),
    ApiKind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies"),
    ApiKind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
)
_OTHERS: tuple[ApiKind, ...] = (
    ApiKind("Secret", "", "v1", "secrets"),
    ApiKind("Pod", "", "v1", "pods"),
    ApiKind("Namespace", "", "v1", "namespaces", namespaced=False),
    ApiKind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices"),
    ApiKind("Event", "events.k8s.io", "v1", "events"),
)
BY_KIND = {kind.kind: kind for kind in (*OWN_KINDS, *CHILD_KINDS, *_OTHERS)}
