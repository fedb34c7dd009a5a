"""The balance as a test wants it: ``/balance``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.admin.edge import json_body, json_response, refuse_unknown, text
from twilio_emulator.errors import AdminError
from twilio_emulator.usage.ledger import balance, set_balance
from twilio_emulator.usage.money import balance_text

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]

_AMOUNT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,5})?")


async def fetch(admin: Admin, _request: web.Request) -> web.Response:
    """What is left of the money, US dollars."""
    return _balance(admin)


async def change(admin: Admin, request: web.Request) -> web.Response:
    """Make the balance what the test wants."""
    body = await json_body(request)
    refuse_unknown(body, {"balance"})
    amount = text(body, "balance")
    if not _AMOUNT.fullmatch(amount):
        raise AdminError(status=400, message="balance: give US dollars as a text, such as 12.50")
    with admin.core.store.transaction():
        set_balance(admin.core, Decimal(amount))
    return _balance(admin)


def _balance(admin: Admin) -> web.Response:
    return json_response({"balance": balance_text(balance(admin.core))})


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/balance", fetch),
    ("PUT", "/balance", change),
)
