"""Failures on demand: ``/faults``; and what Twilio itself does to accounts: ``/accounts/{sid}/suspend``, ``/quota``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator import accounts_control
from twilio_emulator.admin.edge import json_body, json_response, refuse_unknown
from twilio_emulator.errors import AdminError
from twilio_emulator.faults import PRESETS

if TYPE_CHECKING:
    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.faults import Order
    from twilio_emulator.models import Account

__all__ = ["ROUTES"]


async def list_(admin: Admin, _request: web.Request) -> web.Response:
    """Orders to fail, oldest first, each with its ``state`` and how often it struck: ``hits``."""
    now = admin.core.clock.now()
    return json_response({"faults": [_order(order, now) for order in admin.core.faults]})


async def add(admin: Admin, request: web.Request) -> web.Response:
    """Order the next matching calls, or webhooks, to fail."""
    now = admin.core.clock.now()
    order = admin.core.faults.add(await json_body(request), now=now)
    admin.bell.ring()  # orders are in no table, so nothing else tells of them
    return json_response(_order(order, now), status=201)


async def clear(admin: Admin, _request: web.Request) -> web.Response:
    """Withdraw all orders, and show what they hid."""
    admin.core.faults.clear()
    admin.bell.ring()
    return web.Response(status=204)


async def withdraw(admin: Admin, request: web.Request) -> web.Response:
    """Withdraw one order, and tell how often it struck."""
    number = request.match_info["id"]
    if not number.isascii() or not number.isdecimal():
        raise AdminError(status=400, message="id: give the number of an order")
    order = admin.core.faults.withdraw(int(number[:18]))
    admin.bell.ring()
    return json_response(_order(order, admin.core.clock.now()))


async def presets(_admin: Admin, _request: web.Request) -> web.Response:
    """Orders that have a name: ``{"preset": "throttled"}`` stands for these fields."""
    return json_response({"presets": {name: dict(fields) for name, fields in PRESETS.items()}})


async def suspend(admin: Admin, request: web.Request) -> web.Response:
    """Twilio suspends an account: the customer cannot lift it, 21478."""
    with admin.core.store.transaction():
        account = accounts_control.suspend_by_twilio(admin.core, request.match_info["sid"])
    return json_response(_account(account))


async def resume(admin: Admin, request: web.Request) -> web.Response:
    """Twilio lifts its own suspension; one by the customer stays."""
    with admin.core.store.transaction():
        account = accounts_control.lift(admin.core, request.match_info["sid"])
    return json_response(_account(account))


async def revoke(admin: Admin, request: web.Request) -> web.Response:
    """Twilio makes the auth tokens and keys of an account dead at once: 401, 20003."""
    with admin.core.store.transaction():
        token = accounts_control.revoke_credentials(admin.core, request.match_info["sid"])
    return json_response({"sid": request.match_info["sid"], "authToken": token})


async def quota(admin: Admin, request: web.Request) -> web.Response:
    """Set how many open subaccounts the parent may have; one more is 21480."""
    body = await json_body(request)
    refuse_unknown(body, {"maxSubaccounts"})
    most = body.get("maxSubaccounts")
    if not isinstance(most, int) or isinstance(most, bool):
        raise AdminError(status=400, message="maxSubaccounts: give a whole number")
    with admin.core.store.transaction():
        accounts_control.set_quota(admin.core, most)
    return json_response({"maxSubaccounts": most})


def _order(order: Order, now: float) -> dict[str, object]:
    """Return an order: its fields with the defaults that apply, and what became of it."""
    effect, budget = order.effect, order.budget
    fields: dict[str, object] = {"target": "api", "kind": effect.kind, "when": effect.when, "count": budget.count}
    if effect.kind == "status":
        fields |= {"status": effect.status, "code": effect.code}
    return {"id": order.number, **fields, **order.given, "state": order.state(now), "hits": order.hits}


def _account(account: Account) -> dict[str, object]:
    return {"sid": account.sid, "status": account.status, "suspendedBy": account.suspended_by or None}


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/faults", list_),
    ("POST", "/faults", add),
    ("DELETE", "/faults", clear),
    ("GET", "/faults/presets", presets),
    ("DELETE", "/faults/{id}", withdraw),
    ("POST", "/accounts/{sid}/suspend", suspend),
    ("POST", "/accounts/{sid}/resume", resume),
    ("POST", "/accounts/{sid}/revoke-credentials", revoke),
    ("POST", "/quota", quota),
)
