"""Refusals of the API, as RFC 9457 problem details: what is wrong, where, and the cure; nothing of other tenants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KINDS", "Problem"]

KINDS: Mapping[str, tuple[int, str, str]] = {
    "invalid-request": (400, "The request is not valid", "A field, parameter or cursor does not fit; errors names it."),
    "unauthorized": (401, "No valid token", "Send Authorization: Bearer and a token of this tenant."),
    "missing-scope": (
        403,
        "The token may not do this",
        "scope is what the token needs; a token with it is in apiTokens.",
    ),
    "not-found": (404, "There is no such thing", "The id, or the path, leads nowhere in this tenant."),
    "wrong-method": (405, "The path has other methods", "Allow says which."),
    "conflict": (409, "It cannot be done as things stand", "detail says what stands against it."),
    "request-in-progress": (409, "The same request is being done", "Repeat it with its Idempotency-Key in a moment."),
    "changed": (412, "It was changed meanwhile", "Get it again, and send its ETag as If-Match."),
    "too-large": (413, "The body is too large", "A body has 64 KiB at most."),
    "too-slow": (408, "The body came too slowly", "A body has five seconds."),
    "not-json": (415, "The body is no plain JSON", "Send Content-Type: application/json, not packed."),
    "key-reused": (422, "The Idempotency-Key belongs to another request", "Use a new key for each request."),
    "too-many-requests": (429, "Too many requests of this token", "Wait for Retry-After seconds."),
    "internal": (500, "The runtime failed", "It is in the log, under this tenant and path."),
    "unavailable": (503, "Not now", "The store does not answer; nothing was done. Repeat it."),
}
"""Each kind's status, title and cure."""


class Problem(Exception):
    """A refusal.

    Args:
        kind: one of :data:`KINDS`.
        detail: what is wrong in this request, and what to do.
        headers: besides the content type.
        more: members of its own, such as ``scope`` or ``errors``.
    """

    def __init__(self, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title, self.cure = KINDS[kind]
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> web.Response:
        """It, as ``application/problem+json``."""
        content = {
            "type": f"/api/v1/docs#{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return web.Response(
            status=self.status,
            body=json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"),
            content_type="application/problem+json",
            headers=self.headers,
        )
