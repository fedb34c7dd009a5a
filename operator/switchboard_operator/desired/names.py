"""Every name, label and annotation that the operator writes; nothing else spells one."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from switchboard_operator.api.resource import GROUP

MANAGER = "switchboard-operator"
FINALIZER = f"{GROUP}/twilio"
DATABASE_FINALIZER = f"{GROUP}/database"

PAUSED = f"{GROUP}/paused"
REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
PENDING = f"{GROUP}/external-create-pending"
DESIRED_HASH = f"{GROUP}/desired-hash"

LABEL_TENANT = f"{GROUP}/tenant"
LABEL_WATCH = f"{GROUP}/watch"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY_VALUE = "switchboard"
MANAGED_SELECTOR = f"{MANAGED_BY}={MANAGED_BY_VALUE}"

_LABEL_LENGTH = 63


def runtime_name(tenant: str) -> str:
    """Name of a tenant's Deployment, Service, Ingress and so on: a DNS-1035 label."""
    return label(f"bot-{tenant}")


def config_name(tenant: str, revision: str) -> str:
    """Name of one immutable revision of a tenant's configuration."""
    return label(f"bot-{tenant}", suffix=f"-{revision[:10]}")


def data_name(tenant: str) -> str:
    """Name of the claim that holds a tenant's messages."""
    return label(f"bot-{tenant}", suffix="-data")


def secret_name(subaccount: str) -> str:
    """Default name of the Secret with a subaccount's credentials."""
    return label(subaccount, suffix="-twilio")


def database_secret_name(tenant: str) -> str:
    """Name of the Secret with the URL of a tenant's role at PostgreSQL."""
    return label(f"bot-{tenant}", suffix="-database")


def migration_name(target: Any) -> str:
    """Name of the pod that brings a database's schema forward, by the hash of image and database."""
    return f"switchboard-migrate-{digest(target)[:10]}"


def label(text: str, *, suffix: str = "") -> str:
    """``text`` + ``suffix`` as a DNS label of at most 63 characters; cut or changed text gets a hash."""
    clean = re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")
    if clean and clean == text and len(clean) + len(suffix) <= _LABEL_LENGTH:
        return clean + suffix
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{clean[: _LABEL_LENGTH - len(suffix) - 9].strip('-') or 'x'}-{digest}{suffix}"


def selector_labels(tenant: str) -> dict[str, str]:
    """The labels that select a tenant's pods; a Deployment can never change them."""
    return {"app.kubernetes.io/name": "switchboard-runtime", LABEL_TENANT: label(tenant)}


def object_labels(tenant: str) -> dict[str, str]:
    """The labels of every object of a tenant."""
    return {
        **selector_labels(tenant),
        "app.kubernetes.io/part-of": "switchboard",
        MANAGED_BY: MANAGED_BY_VALUE,
    }


def digest(value: Any) -> str:
    """A stable hash of a JSON value: 16 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
