"""``GET /status``: how a tenant's bot stands, for the operator that watches it (decision 0001)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from switchboard_runtime.edge.api.tokens import token_of
from switchboard_runtime.edge.context import CONTEXT, host
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.events.telling import stamp

if TYPE_CHECKING:
    from switchboard_runtime.config.directory import TenantEntry
    from switchboard_runtime.edge.context import EdgeContext

__all__ = ["standing", "status"]


async def status(request: web.Request) -> web.Response:
    """``GET /status``, for the tenant of the Host header, with a token that may read usage."""
    context = request.app[CONTEXT]
    entry = context.directory.by_host(host(request))
    token = token_of(entry, request.headers.get("Authorization", ""), now=context.clock.now())
    if entry is None or token is None or "usage:read" not in token.scopes:
        return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    try:
        content = await standing(context, entry)
    except StoreUnavailable:
        return web.Response(status=503)
    return web.json_response(_dated(content))


async def standing(context: EdgeContext, entry: TenantEntry) -> dict[str, Any]:
    """Assistants, limits and queues; dates in seconds since the epoch.

    Raises:
        StoreUnavailable: the store does not say.
    """
    used = await context.limits[entry.slug].usage()
    queues = await context.queues(entry)
    return {
        "assistants": context.health[entry.slug].told(),
        "limits": {name: asdict(one) for name, one in used.items()},
        "queues": {name: asdict(queue) for name, queue in queues.items()},
    }


def _dated(content: dict[str, Any]) -> dict[str, Any]:
    """The same with dates as texts, and names as JSON has them."""
    dated: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            dated[name] = _dated(value)
        elif name in {"since", "oldest", "resets_at"} and value is not None:
            dated["resetsAt" if name == "resets_at" else name] = stamp(value)
        else:
            dated[name] = value
    return dated
