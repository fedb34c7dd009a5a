"""The files of the page, read once, and the headers that go with them.

The page shows what strangers wrote. It inserts nothing as HTML; should that ever fail, the policy lets no
script run but our own files and no request leave for another host.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["Asset", "load", "made"]

_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
_HEADERS = {
    "Cache-Control": "no-cache",  # kept, but asked for again: a new version of the emulator shows at once
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file: its bytes, its media type, and a tag that changes with them."""

    body: bytes
    content_type: str
    tag: str

    def answer(self, request: web.Request) -> web.Response:
        """Return the file, or 304 when the browser has it already."""
        headers = {**_HEADERS, "ETag": f'"{self.tag}"'}
        known = request.if_none_match or ()
        if any(tag.value == self.tag for tag in known):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self.body, content_type=self.content_type, charset="utf-8", headers=headers)


def load() -> dict[str, Asset]:
    """Return the files by their path below ``static``, such as ``js/app.js``."""
    return dict(_walk(files(__package__) / "static", ""))


def made(text: str, content_type: str) -> Asset:
    """Return a file made of a text."""
    body = text.encode()
    return Asset(body=body, content_type=content_type, tag=hashlib.sha256(body).hexdigest()[:32])


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif (ending := name.rpartition(".")[2]) in _TYPES:
            found.append((name, made(entry.read_text(encoding="utf-8"), _TYPES[ending])))
    return found
