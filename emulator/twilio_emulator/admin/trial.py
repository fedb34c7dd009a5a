"""Trial accounts: ``/accounts/{sid}/type`` and ``/accounts/{sid}/verified-numbers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import set_type, verify_number
from twilio_emulator.admin.edge import json_body, json_response, refuse_unknown, text
from twilio_emulator.errors import AdminError
from twilio_emulator.numbering.plan import is_e164

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]


async def put_type(admin: Admin, request: web.Request) -> web.Response:
    """Make an account, and with the parent all, a trial account or one that pays: ``{"type": "Trial"}``."""
    body = await json_body(request)
    refuse_unknown(body, {"type"})
    with admin.core.store.transaction():
        account = set_type(admin.core, request.match_info["sid"], text(body, "type"))
    return json_response({"sid": account.sid, "type": account.type})


async def add_verified(admin: Admin, request: web.Request) -> web.Response:
    """Note that the owner of a trial account answered a phone: ``{"number": "+5491155550100"}``."""
    body = await json_body(request)
    refuse_unknown(body, {"number"})
    number = text(body, "number")
    if not is_e164(number):
        raise AdminError(status=400, message="number: give it in E.164 form, such as +5491155550100")
    with admin.core.store.transaction():
        verify_number(admin.core, request.match_info["sid"], number)
    return json_response({"sid": request.match_info["sid"], "number": number}, status=201)


ROUTES: tuple[AdminRoute, ...] = (
    ("PUT", "/accounts/{sid}/type", put_type),
    ("POST", "/accounts/{sid}/verified-numbers", add_verified),
)
