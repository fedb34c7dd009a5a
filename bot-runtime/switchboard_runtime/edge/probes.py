"""Probes and metrics, for the cluster's inside."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.edge.context import CONTEXT, host
from switchboard_runtime.errors import StoreUnavailable

if TYPE_CHECKING:
    from switchboard_runtime.edge.context import EdgeContext

__all__ = ["healthz", "metrics", "readyz"]


async def healthz(_request: web.Request) -> web.Response:
    """``GET /healthz``: the process lives."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """``GET /readyz``: documents are read, every store answers, the workers run."""
    ready = all(service.ready for service in request.app[CONTEXT].services.values())
    return web.Response(text="ok\n" if ready else "not ready\n", status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """``GET /metrics``, but not through a tenant's public host: its traffic is nobody else's business."""
    context = request.app[CONTEXT]
    entry = context.directory.by_host(host(request))
    if entry and not _loopback(entry.document.host):
        return web.Response(status=404)
    await _measure_queues(context)
    return web.Response(body=context.metrics.render(), content_type="text/plain", charset="utf-8")


def _loopback(name: str) -> bool:
    """Whether a host name is this machine's own, as of a runtime that is tried out: nobody outside can mean it."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


async def _measure_queues(context: EdgeContext) -> None:
    now = context.clock.now()
    for entry in context.directory.entries:
        slug = entry.slug
        try:
            queues = await context.queues(entry)
            await context.limits[slug].usage()
            await context.people[slug].measure()
        except StoreUnavailable:
            continue
        for name, queue in queues.items():
            age = 0.0 if queue.oldest is None else max(0.0, now - queue.oldest)
            context.metrics.depth.labels(slug, name).set(queue.depth)
            context.metrics.age.labels(slug, name).set(age)
