"""The admin API under ``/emulator/v1``: what a test or a demo does that no customer of Twilio can.

It takes no credentials. Bodies and answers are JSON; a refusal is ``{"error": "…"}`` and names the field.
Its contract is docs/decisions/0001.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.admin import (
    calls,
    compliance,
    control,
    faults,
    logs,
    messages,
    overview,
    phones,
    regulatory,
    state,
    trial,
    usage,
    whatsapp,
)
from twilio_emulator.admin.edge import guarded
from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from twilio_emulator.admin.edge import Admin

__all__ = ["ROUTES", "add_routes"]

_ROOT = "/emulator/v1"

ROUTES = tuple(
    chain(
        calls.ROUTES,
        compliance.ROUTES,
        control.ROUTES,
        faults.ROUTES,
        logs.ROUTES,
        messages.ROUTES,
        overview.ROUTES,
        phones.ROUTES,
        regulatory.ROUTES,
        state.ROUTES,
        trial.ROUTES,
        usage.ROUTES,
        whatsapp.ROUTES,
    )
)


def add_routes(app: web.Application, admin: Admin) -> None:
    """Serve the admin API and ``/healthz``."""
    app.router.add_get("/healthz", _health)
    for method, path, handler in ROUTES:
        app.router.add_route(method, f"{_ROOT}{path}", guarded(admin, handler))
    app.router.add_route("*", "/emulator/{rest:.*}", guarded(admin, _unknown))


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _unknown(_admin: Admin, request: web.Request) -> web.Response:
    raise AdminError(status=404, message=f"{request.method} {request.path} is no call of the admin API")
