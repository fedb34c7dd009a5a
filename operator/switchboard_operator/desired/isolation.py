"""What a tenant's pods may reach, and who may reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

RUNTIME_PORT = 8080
_METADATA_SERVICE = "169.254.0.0/16"


def network_policy(*, selector: dict[str, str], endpoint: str | None, more_ports: Iterable[int] = ()) -> dict[str, Any]:
    """The spec of a NetworkPolicy: deny all but HTTP in, DNS and HTTPS out.

    Args:
        selector: the labels of the tenant's pods.
        endpoint: what stands in for Twilio; a port other than 443 is let out to the cluster's pods.
        more_ports: of databases and model servers, in the cluster or outside of it.
    """
    egress: list[dict[str, Any]] = [
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
        {
            "to": _outside(),
            "ports": [{"port": 443, "protocol": "TCP"}],
        },
    ]
    port = _port(endpoint)
    if port not in {None, 443}:
        egress.append({"to": [{"namespaceSelector": {}}], "ports": [{"port": port, "protocol": "TCP"}]})
    ports = [{"port": port, "protocol": "TCP"} for port in dict.fromkeys(more_ports)]
    if ports:
        egress.append({"to": [*_outside(), {"namespaceSelector": {}}], "ports": ports})
    return {
        "podSelector": {"matchLabels": selector},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": RUNTIME_PORT, "protocol": "TCP"}]}],
        "egress": egress,
    }


def _outside() -> list[dict[str, Any]]:
    return [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": [_METADATA_SERVICE]}},
        {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10"]}},
    ]


def _port(endpoint: str | None) -> int | None:
    if endpoint is None:
        return None
    parts = urlsplit(endpoint)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]
