"""The ingress: Traefik inside the cluster's namespaces, with the wildcard certificate of the tenants' domain."""

import json
from pathlib import Path

from dev.cluster.folders import write_text
from dev.cluster.pki import Authority
from dev.cluster.state import DOMAIN, NODE_ADDRESS

CLASS_NAME = "traefik"
CONTROLLER = "traefik.io/ingress-controller"


def prepare(conf: Path, *, authority: Authority) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Write Traefik's files; give its arguments and the files that it reads.

    Args:
        conf: the folder to write to.
        authority: signs the wildcard certificate.
    """
    pair = authority.server("ingress", [f"*.{DOMAIN}", DOMAIN])
    files = {"certFile": str(pair.certificate), "keyFile": str(pair.key)}
    dynamic = {"tls": {"certificates": [files], "stores": {"default": {"defaultCertificate": files}}}}
    dynamic_file = write_text(conf / "traefik-dynamic.yaml", json.dumps(dynamic, indent=1) + "\n")
    arguments = (
        f"--entrypoints.web.address={NODE_ADDRESS}:80",
        f"--entrypoints.websecure.address={NODE_ADDRESS}:443",
        "--entrypoints.websecure.http.tls=true",
        f"--providers.file.filename={dynamic_file}",
        "--providers.file.watch=false",
        "--providers.kubernetesingress=true",
        f"--providers.kubernetesingress.ingressclass={CLASS_NAME}",
        f"--providers.kubernetesingress.ingressendpoint.ip={NODE_ADDRESS}",
        "--providers.providersthrottleduration=100ms",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=WARN",
    )
    return arguments, (dynamic_file, pair.certificate)


def class_object() -> dict[str, object]:
    """The IngressClass, marked default."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {
            "name": CLASS_NAME,
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        },
        "spec": {"controller": CONTROLLER},
    }
