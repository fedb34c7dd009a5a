"""All routes of the API, as aiohttp takes them: each on the tenant's host, and below its slug on the pod's address."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.edge.api import (
    contacts,
    conversations,
    erasures,
    messages,
    operations,
    webhooks,
)
from switchboard_runtime.edge.api.problems import Problem
from switchboard_runtime.edge.api.serving import serve_route

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["API", "api_routes"]

API = (
    *conversations.ROUTES,
    *messages.ROUTES,
    *contacts.ROUTES,
    *erasures.ROUTES,
    *operations.ROUTES,
    *webhooks.ROUTES,
)

_BASE = "/api/v1"
_OF_A_TENANT = "/api/v1/tenants/{slug}"


def api_routes() -> Iterator[web.RouteDef]:
    """For ``add_routes``; the last catch what is no route."""
    yield web.get(f"{_BASE}/openapi.json", _document)
    yield web.get(f"{_BASE}/docs", _page)
    for route in API:
        handle = serve_route(route)
        for base in (_BASE, _OF_A_TENANT):
            yield web.route(route.method, base + route.path, handle)
    yield web.route("*", "/api", _unknown)
    yield web.route("*", "/api/{rest:.*}", _unknown)


@cache
def _written() -> str:
    from switchboard_runtime.edge.api import openapi  # noqa: PLC0415  # few processes are ever asked

    return json.dumps(openapi.document(API), ensure_ascii=False)


async def _document(_request: web.Request) -> web.Response:
    """``GET /api/v1/openapi.json``: the same for everybody, so it needs no token."""
    return web.Response(text=_written(), content_type="application/json")


async def _page(_request: web.Request) -> web.Response:
    """``GET /api/v1/docs``."""
    from switchboard_runtime.edge.api import page  # noqa: PLC0415  # as above

    return web.Response(text=page.page(json.loads(_written())), content_type="text/html", headers=page.headers())


async def _unknown(request: web.Request) -> web.Response:
    """No path of ours, or no method of its."""
    what = f"no route for {request.method} {request.path[:200]}"
    allowed = await _methods(request)
    if not allowed:
        return Problem("not-found", f"{what}; see {_BASE}/docs").response()
    named = ", ".join(allowed)
    return Problem("wrong-method", f"{what}; its path has {named}", headers={"Allow": named}).response()


async def _methods(request: web.Request) -> list[str]:
    """What the path of a request takes instead of its method."""
    found: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical.startswith(_BASE):
            found |= (await resource.resolve(request))[1]
    return sorted(found)
