"""Phones and how they behave: ``/phones/{number}``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from twilio_emulator.addresses import Address
from twilio_emulator.admin.edge import flag, json_body, json_response, refuse_unknown, text
from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.phones import ANSWERS, LINES, OUTCOMES, Phone, declare, forget, phone_at
from twilio_emulator.models import MessageStatus

if TYPE_CHECKING:
    from collections.abc import Collection

    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]

_FIELDS = {"outcome", "errorCode", "read", "line", "answers"}


async def show(admin: Admin, request: web.Request) -> web.Response:
    """Tell how a phone behaves."""
    address = _address(request)
    return json_response(_rendered(address, phone_at(admin.core, address)))


async def put(admin: Admin, request: web.Request) -> web.Response:
    """Have a phone behave so from now on; what is left out is as with any phone."""
    address = _address(request)
    phone = _read(await json_body(request))
    core = admin.core
    with core.store.transaction():
        declare(core, address.number, phone, now=core.clock.now())
    return json_response(_rendered(address, phone))


async def delete(admin: Admin, request: web.Request) -> web.Response:
    """Have a phone behave as any phone."""
    with admin.core.store.transaction():
        forget(admin.core, _address(request).number)
    return web.Response(status=204)


def _read(body: dict[str, Any]) -> Phone:
    refuse_unknown(body, _FIELDS)
    outcome = _choice(body, "outcome", OUTCOMES, MessageStatus.DELIVERED)
    phone = Phone(
        outcome=outcome,
        error_code=OUTCOMES[MessageStatus(outcome)],
        read=flag(body, "read", default=True),
        line=_choice(body, "line", LINES, "mobile"),
        answers=_choice(body, "answers", ANSWERS, "answer"),
    )
    code = body.get("errorCode")
    if code is None:
        return phone
    if not isinstance(code, int) or isinstance(code, bool) or not 10_000 <= code <= 99_999:
        raise AdminError(status=400, message="errorCode: give one of Twilio's error codes, such as 30003")
    if outcome == MessageStatus.DELIVERED:
        raise AdminError(status=400, message="errorCode: it wants outcome undelivered or failed")
    return replace(phone, error_code=code)


def _choice(body: dict[str, Any], name: str, values: Collection[str], default: str) -> str:
    value = text(body, name, default=default)
    if value not in values:
        raise AdminError(status=400, message=f"{name}: give one of {', '.join(values)}")
    return value


def _address(request: web.Request) -> Address:
    address = Address.parse(request.match_info["number"])
    if not address.is_valid:
        raise AdminError(status=400, message=f"number: {address} is no phone number; write +15551234567")
    return address


def _rendered(address: Address, phone: Phone) -> dict[str, object]:
    return {
        "number": address.number,
        "outcome": phone.outcome,
        "errorCode": phone.error_code,
        "read": phone.read,
        "line": phone.line,
        "answers": phone.answers,
    }


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/phones/{number}", show),
    ("PUT", "/phones/{number}", put),
    ("DELETE", "/phones/{number}", delete),
)
