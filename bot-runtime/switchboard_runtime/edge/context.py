"""What every handler needs, put into the application once by :mod:`switchboard_runtime.app`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from switchboard_runtime.events.reading import waiting
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config.directory import Directory, TenantEntry
    from switchboard_runtime.conversation import Health, TenantService
    from switchboard_runtime.events import Dispatcher
    from switchboard_runtime.limits import LimitsHook
    from switchboard_runtime.people import People
    from switchboard_runtime.store import Queue, Store
    from switchboard_runtime.telemetry.metrics import Metrics
    from switchboard_runtime.telemetry.tracing import Tracing

__all__ = ["CONTEXT", "EdgeContext", "host", "refuse"]

_LOG = logging.getLogger("switchboard_runtime.edge")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeContext:
    """The edge's collaborators."""

    directory: Directory
    services: Mapping[str, TenantService]
    limits: Mapping[str, LimitsHook]
    people: Mapping[str, People]
    stores: Mapping[str, Store]
    tellers: Mapping[str, Dispatcher]
    health: Mapping[str, Health]
    clock: Clock
    new_id: Callable[[], str]
    metrics: Metrics
    tracing: Tracing

    def service(self, entry: TenantEntry) -> TenantService:
        """The engine of a tenant."""
        return self.services[entry.slug]

    async def queues(self, entry: TenantEntry) -> Mapping[str, Queue]:
        """What waits for a tenant: to be answered, to be sent, and to be told to its endpoints if it has some.

        Raises:
            StoreUnavailable: the store does not say.
        """
        queues = await self.service(entry).queues()
        if not entry.document.webhooks:
            return queues
        return {**queues, "webhooks": await self.stores[entry.slug].transact(waiting)}


CONTEXT: web.AppKey[EdgeContext] = web.AppKey("context", EdgeContext)


def host(request: web.Request) -> str:
    """The Host header as it came; aiohttp would ask the resolver for one that is missing."""
    return request.headers.get("Host", "")


def refuse(
    request: web.Request, status: int, reason: str, entry: TenantEntry | None = None, **facts: object
) -> web.Response:
    """An empty answer of ``status``; the reason goes to the log and the metrics only."""
    context = request.app[CONTEXT]
    tenant = entry.slug if entry else None
    context.metrics.refused.labels(tenant or "", reason).inc()
    log_event(
        _LOG,
        logging.WARNING,
        "request refused",
        tenant=tenant,
        status=status,
        reason=reason,
        path=request.path,
        peer=request.remote,
        **facts,
    )
    return web.Response(status=status)
