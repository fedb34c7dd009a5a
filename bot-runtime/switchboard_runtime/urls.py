"""What a URL must be before anybody is asked for what it names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

__all__ = ["has_host"]

_UNWRITABLE = re.compile(r"[\s\\\x00-\x1f]")
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


def has_host(url: str) -> bool:
    """Whether it is an http(s) URL with a host that can be looked up, a port that exists, no user and no password."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".").encode("idna").decode()  # a label may be neither empty nor long
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme in {"http", "https"} and "@" not in parts.netloc and port != 0
    return plain and _HOST.fullmatch(host) is not None and not _UNWRITABLE.search(url)
