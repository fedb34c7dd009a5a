"""Accounts and numbers as a person looks for them: ``/accounts`` by pages, ``/accounts/{sid}`` and ``/numbers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import quota
from twilio_emulator.addresses import WHATSAPP, Address
from twilio_emulator.admin.edge import MOST_ITEMS, json_response, query_number
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.pools import service_of
from twilio_emulator.messaging.routing import destination_of
from twilio_emulator.messaging.services import text_of
from twilio_emulator.models import AccountStatus
from twilio_emulator.numbering.routing import voice_target
from twilio_emulator.store.window import Window
from twilio_emulator.usage.ledger import balance
from twilio_emulator.usage.money import balance_text
from twilio_emulator.whatsapp.channel import inbound_target
from twilio_emulator.whatsapp.senders import of_address

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.core import Core
    from twilio_emulator.messaging.routing import Destination
    from twilio_emulator.models import Account, Number, Record
    from twilio_emulator.numbering.routing import Target

__all__ = ["ROUTES"]

_USUAL_PAGE = 50
_LAST_PAGE = 1_000_000


async def accounts(admin: Admin, request: web.Request) -> web.Response:
    """Subaccounts, the newest first, one page of them; the parent beside them."""
    core, query = admin.core, request.query
    status = query.get("status", "")
    if status and status not in list(AccountStatus):
        raise AdminError(status=400, message=f"status: give one of {', '.join(AccountStatus)}")
    size = int(query_number(request, "last", most=MOST_ITEMS)) or _USUAL_PAGE
    page = int(query_number(request, "page", most=_LAST_PAGE))
    table, parent = core.store.accounts, core.store.accounts.require(core.settings.account_sid)
    conditions = table.subaccounts(parent.sid, containing=query.get("containing", ""), status=status)
    found = table.page(conditions, Window(size=size, page=page))
    answer = {
        "parent": {**_account(core, parent), "quota": quota(core, parent), "balance": balance_text(balance(core))},
        "accounts": [_account(core, account) for account in found.items],
        "total": table.count(conditions),
    }
    return json_response(answer)


async def account(admin: Admin, request: web.Request) -> web.Response:
    """One account, with its numbers and what is called when something comes in for them."""
    core = admin.core
    found = core.store.accounts.find(request.match_info["sid"])
    if found is None:
        raise AdminError(status=404, message=f"sid: there is no account {request.match_info['sid']}")
    numbers = core.store.numbers.page([("account_sid = ?", found.sid)], Window(size=MOST_ITEMS)).items
    return json_response({"account": _account(core, found), "numbers": [_number(core, number) for number in numbers]})


async def numbers(admin: Admin, request: web.Request) -> web.Response:
    """Numbers of all accounts, the newest first; ``containing`` is part of one, ``last`` the most of them."""
    core, containing = admin.core, request.query.get("containing", "")
    conditions: list[tuple[str, object]] = [("instr(phone_number, ?)", containing)] if containing else []
    most = int(query_number(request, "last", most=MOST_ITEMS)) or _USUAL_PAGE
    found = core.store.numbers.page(conditions, Window(size=most)).items
    return json_response({"numbers": [_number(core, number) for number in found]})


def _account(core: Core, account: Account) -> dict[str, object]:
    return {
        "sid": account.sid,
        "ownerSid": account.owner_sid,
        "friendlyName": account.friendly_name,
        "status": account.status,
        "inEffect": core.status_of(account),
        "suspendedBy": account.suspended_by,
        "type": account.type,
        "numbers": core.store.accounts.count_numbers(account.sid),
        "created": iso8601(account.created),
    }


def _number(core: Core, number: Number) -> dict[str, object]:
    service = service_of(core, number.sid)
    return {
        "sid": number.sid,
        "accountSid": number.account_sid,
        "phoneNumber": number.phone_number,
        "friendlyName": number.friendly_name,
        "country": number.country,
        "type": number.kind,
        "messages": _messages(core, number, service),
        "calls": _calls(core, number),
        "service": {"sid": service.sid, "friendlyName": text_of(service, "friendly_name")} if service else None,
        "whatsapp": _whatsapp(core, number),
        "created": iso8601(number.created),
    }


def _messages(core: Core, number: Number, service: Record | None) -> dict[str, object]:
    """Return where an SMS goes and who says so: the number itself, its application or its service."""
    address = Address(channel="", number=number.phone_number)
    destination = destination_of(core, address, phone=address, body="", now=core.clock.now())
    if service and not service.data.get("use_inbound_webhook_on_number"):
        return _target(destination, "service", service.sid)
    application = number.config.sms_application_sid
    return _target(destination, "application" if application else "number", application)


def _calls(core: Core, number: Number) -> dict[str, object]:
    """Return where a call goes and who says so: the number itself, its application or its trunk."""
    target = voice_target(core, number)
    if target.trunk_sid:
        return _target(target, "trunk", target.trunk_sid)
    application = number.config.voice_application_sid
    return _target(target, "application" if application else "number", application)


def _target(target: Target | Destination, via: str, sid: str | None) -> dict[str, object]:
    return {
        "via": via,
        "sid": sid,
        "url": target.url,
        "method": target.method,
        "fallbackUrl": target.fallback_url,
        "fallbackMethod": target.fallback_method,
    }


def _whatsapp(core: Core, number: Number) -> dict[str, object] | None:
    """Return the WhatsApp sender of a number, in whatever state; None when it has none."""
    address = Address(channel=WHATSAPP, number=number.phone_number)
    sender = of_address(core, str(address))
    if sender is None:
        return None
    target = inbound_target(core, address)
    return {
        "sid": sender.sid,
        "status": sender.status,
        "url": target.url if target else "",
        "method": target.method if target else "POST",
    }


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/accounts", accounts),
    ("GET", "/accounts/{sid}", account),
    ("GET", "/numbers", numbers),
)
