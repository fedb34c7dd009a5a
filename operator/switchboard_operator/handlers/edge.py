"""Kopf watches our own kinds; its events only push keys.

No change handlers, no timers, no finalizers or annotations of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kopf

from switchboard_operator.adapters.kinds import OWN_KINDS
from switchboard_operator.adapters.kubeconfig import open_session

if TYPE_CHECKING:
    from switchboard_operator.adapters.kubeconfig import Connection
    from switchboard_operator.engine.controller import Controller

_CONNECTIONS = 16
_CHUNK = 500


def make_registry(controller: Controller, connection: Connection) -> kopf.OperatorRegistry:
    """The handlers: one login, one event handler a kind."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(
            server=connection.server,
            default_namespace=connection.namespace,
            aiohttp_session=open_session(connection, limit=_CONNECTIONS),
        )

    for kind in OWN_KINDS:

        @kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=f"seen-{kind.plural}")
        async def seen(event: kopf.RawEvent, **_: Any) -> None:
            body = dict(event["object"])
            if event["type"] == "DELETED":
                controller.gone(body)
            else:
                controller.seen(body)

    return registry


def make_settings() -> kopf.OperatorSettings:
    """Kopf as an edge: no peering, no posting, nothing stored in the objects, no scan of other kinds."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.server_timeout = 290
    settings.watching.connect_timeout = 10
    settings.watching.chunk_size = _CHUNK
    settings.queueing.worker_limit = 8
    return settings
