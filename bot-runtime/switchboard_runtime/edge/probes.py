"""Probes and metrics, for the cluster's inside."""

from __future__ import annotations

import asyncio
import logging
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.edge.context import CONTEXT, host
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from switchboard_runtime.conversation import TenantService
    from switchboard_runtime.edge.context import EdgeContext

__all__ = ["healthz", "metrics", "readyz"]

_LOG = logging.getLogger(__name__)


async def healthz(_request: web.Request) -> web.Response:
    """``GET /healthz``: the process lives."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """``GET /readyz``: documents are read, every store keeps what is written, the workers run; else what fails.

    Through a tenant's public host it says no more than whether.
    """
    context = request.app[CONTEXT]
    waiting = [(slug, service) for slug, service in context.services.items() if not service.ready]
    problems = [problem for problem in await asyncio.gather(*(_problem(*one) for one in waiting)) if problem]
    if not problems:
        return web.Response(text="ok\n")
    told = [] if _is_public(context, request) else problems
    return web.Response(text="\n".join(["not ready", *told, ""]), status=503)


async def _problem(slug: str, service: TenantService) -> str | None:
    """Why a tenant is not ready, if it turns out not to be."""
    reason = await service.unready()
    if reason is None:
        return None
    log_event(_LOG, logging.WARNING, "not ready", tenant=slug, reason=reason)
    return f"{slug}: {reason}"


async def metrics(request: web.Request) -> web.Response:
    """``GET /metrics``, but not through a tenant's public host: its traffic is nobody else's business."""
    context = request.app[CONTEXT]
    if _is_public(context, request):
        return web.Response(status=404)
    await _measure_queues(context)
    return web.Response(body=context.metrics.render(), content_type="text/plain", charset="utf-8")


def _is_public(context: EdgeContext, request: web.Request) -> bool:
    """Whether a request came through a tenant's public host."""
    entry = context.directory.by_host(host(request))
    return entry is not None and not _loopback(entry.document.host)


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
