"""The part of a document about outgoing webhooks (docs/webhooks-out.md), and the files that it names."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired.thinking import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchboard_operator.api import Tenant
    from switchboard_operator.api.endpoint import WebhookEndpoint

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
_MOST = 2


def endpoint_of(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What the runtime is told of an endpoint; the secret is a file's name."""
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "secret": file_of(endpoint.secret_ref.key, endpoint.secret_ref.name),
        "events": list(endpoint.events or []),
        "texts": endpoint.texts,
    }


def signing_secrets(tenant: Tenant) -> Iterator[tuple[str, str, str]]:
    """The Secrets that the tenant's endpoints name, as (field, Secret, key)."""
    for endpoint in tenant.spec.webhooks:
        yield f"spec.webhooks {endpoint.name}, secretRef", endpoint.secret_ref.name, endpoint.secret_ref.key


def signing_fault(content: bytes) -> str | None:
    """Why the runtime could not sign with this content of a key, without the secret; None if it can."""
    lines = content.decode(errors="replace").split()
    if not 1 <= len(lines) <= _MOST:
        return f"holds {len(lines)} secrets; put one there, or two during a rotation, a line each"
    if all(_signs(line) for line in lines):
        return None
    return f"holds no secret; it is {_PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes"


def _signs(line: str) -> bool:
    if not line.startswith(_PREFIX):
        return False
    try:
        key = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    except ValueError:
        return False
    return _SHORTEST <= len(key) <= _LONGEST
