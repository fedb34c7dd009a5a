"""Standard Webhooks signatures (version v1): HMAC-SHA256 over id, timestamp and body, a signature a secret.

Source: the Standard Webhooks specification. Secrets are ``whsec_`` and the base64 of 24 to 64 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from switchboard_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchboard_runtime.config import TenantDocument

__all__ = ["check_secrets", "keys_of", "signed_headers"]

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
_MOST = 2


def keys_of(content: str) -> tuple[bytes, ...]:
    """The keys in a secret's file: one, or two during a rotation.

    Raises:
        ValueError: says what is wrong, without the secret.
    """
    lines = content.split()
    if not 1 <= len(lines) <= _MOST:
        raise ValueError(f"holds {len(lines)} secrets; put one there, or two during a rotation, a line each")
    return tuple(_key(line) for line in lines)


def signed_headers(keys: Sequence[bytes], *, event_id: str, body: bytes, now: float) -> Mapping[str, str]:
    """The three headers of one attempt at ``now`` (seconds since the epoch)."""
    timestamp = str(int(now))
    content = b".".join((event_id.encode(), timestamp.encode(), body))
    signatures = (base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def check_secrets(document: TenantDocument, *, secret: Callable[[str], str | None]) -> None:
    """See that each endpoint can be signed for.

    Raises:
        ConfigurationError: a secret is missing or is none; names endpoint and cure.
    """
    problems = []
    for endpoint in document.webhooks:
        try:
            keys_of(secret(endpoint.secret) or "")
        except ValueError as error:
            problems.append(f"webhooks[{endpoint.name}].secret: credentials file {endpoint.secret!r} {error}")
    if problems:
        raise ConfigurationError(f"{document.tenant.slug}.json", *problems)


def _key(line: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(_PREFIX), validate=True) if line.startswith(_PREFIX) else b""
    except binascii.Error:
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"holds no secret; it is {_PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes")
    return key
