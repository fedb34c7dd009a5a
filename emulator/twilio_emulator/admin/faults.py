"""Failures on demand: ``/faults``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.admin.edge import json_body, json_response
from twilio_emulator.faults import Fault

if TYPE_CHECKING:
    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]


async def list_(admin: Admin, _request: web.Request) -> web.Response:
    """Orders to fail that are still open."""
    return json_response({"faults": [_fault(fault) for fault in admin.core.faults]})


async def add(admin: Admin, request: web.Request) -> web.Response:
    """Order the next matching calls to fail."""
    fault = Fault.parse(await json_body(request))
    admin.core.faults.add(fault)
    return json_response(_fault(fault), status=201)


async def clear(admin: Admin, _request: web.Request) -> web.Response:
    """Withdraw all orders."""
    admin.core.faults.clear()
    return web.Response(status=204)


def _fault(fault: Fault) -> dict[str, object]:
    return {
        "method": fault.method,
        "path": fault.path.pattern,
        "kind": fault.kind,
        "status": fault.status,
        "code": fault.code,
        "when": fault.when,
        "count": fault.count,
    }


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/faults", list_),
    ("POST", "/faults", add),
    ("DELETE", "/faults", clear),
)
