"""Accounts and numbers as a person looks for them: ``/accounts`` by pages, ``/accounts/{sid}`` and ``/numbers``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import quota
from twilio_emulator.admin.edge import MOST_ITEMS, json_response, query_number
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.models import AccountStatus
from twilio_emulator.numbering.routing import message_target, voice_target
from twilio_emulator.store.window import Window

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Number
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
        "parent": {**_account(core, parent), "quota": quota(core, parent), "balance": core.settings.balance},
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
    return {
        "sid": number.sid,
        "accountSid": number.account_sid,
        "phoneNumber": number.phone_number,
        "friendlyName": number.friendly_name,
        "country": number.country,
        "type": number.kind,
        "messages": _target(message_target(core, number), number.config.sms_application_sid),
        "calls": _target(voice_target(core, number), number.config.voice_application_sid),
        "created": iso8601(number.created),
    }


def _target(target: Target, application_sid: str | None) -> dict[str, object]:
    """Return where it goes and who says so: the number itself, its application or its trunk."""
    via = "application" if application_sid else "trunk" if target.trunk_sid else "number"
    named = {_camel(name): value for name, value in asdict(target).items()}
    return {"via": via, "applicationSid": application_sid, **named}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/accounts", accounts),
    ("GET", "/accounts/{sid}", account),
    ("GET", "/numbers", numbers),
)
