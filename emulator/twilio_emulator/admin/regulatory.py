"""What Twilio's reviewers and its Console do with bundles, identity documents and released numbers.

``POST /bundles/{sid}/decision``, ``POST /identities``, ``POST /numbers/{phone_number}/restore``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.admin.edge import json_body, json_response, refuse_unknown, text
from twilio_emulator.dates import iso8601, parse_moment
from twilio_emulator.errors import AdminError
from twilio_emulator.numbering.plan import COUNTRIES
from twilio_emulator.numbering.purchase import restore
from twilio_emulator.regulatory.requirements import IDENTITY, IdentityStatus
from twilio_emulator.regulatory.review import VERDICTS, decide

if TYPE_CHECKING:
    from typing import Any

    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]


async def decision(admin: Admin, request: web.Request) -> web.Response:
    """Approve or reject a bundle that was submitted."""
    body = await json_body(request)
    refuse_unknown(body, {"status", "reason", "validUntil"})
    status = text(body, "status")
    if status not in list(VERDICTS):
        raise AdminError(status=400, message=f"status: give one of {', '.join(VERDICTS)}")
    core = admin.core
    try:
        with core.store.transaction():
            bundle = decide(
                core,
                request.match_info["sid"],
                status,
                text(body, "reason", default=""),
                valid_until=_moment(body, "validUntil"),
                now=core.clock.now(),
            )
    except LookupError as error:
        raise AdminError(status=404, message=f"sid: {error}") from error
    except ValueError as error:
        raise AdminError(status=409, message=f"sid: {error}") from error
    valid_until = bundle.data["valid_until"]
    return json_response(
        {
            "sid": bundle.sid,
            "account": bundle.account_sid,
            "status": bundle.status,
            "reason": bundle.data["failure_reason"],
            "validUntil": iso8601(valid_until) if isinstance(valid_until, int | float) else None,
        }
    )


async def identity(admin: Admin, request: web.Request) -> web.Response:
    """Upload an identity document of an account; give its SID as ``IdentitySid``."""
    body = await json_body(request)
    refuse_unknown(body, {"account", "country", "status"})
    account_sid, country = text(body, "account"), text(body, "country")
    status = text(body, "status", default=IdentityStatus.PASSED)
    if status not in list(IdentityStatus):
        raise AdminError(status=400, message=f"status: give one of {', '.join(IdentityStatus)}")
    if country not in COUNTRIES:
        raise AdminError(status=400, message=f"country: give one of {', '.join(COUNTRIES)}")
    core = admin.core
    if core.store.accounts.find(account_sid) is None:
        raise AdminError(status=404, message=f"account: there is no account {account_sid}")
    with core.store.transaction():
        record = core.store.records.add(
            IDENTITY,
            sid=core.sids.sid("RI"),
            account_sid=account_sid,
            status=status,
            data={"country": country},
            now=core.clock.now(),
        )
    answer = {"sid": record.sid, "account": account_sid, "country": country, "status": status}
    return json_response(answer, status=201)


async def restore_number(admin: Admin, request: web.Request) -> web.Response:
    """Give a number back to the account that released it in the last ten days."""
    core = admin.core
    try:
        with core.store.transaction():
            number = restore(core, request.match_info["phone_number"], now=core.clock.now())
    except LookupError as error:
        raise AdminError(status=404, message=f"phone_number: {error}") from error
    except ValueError as error:
        raise AdminError(status=409, message=f"phone_number: {error}") from error
    answer = {"sid": number.sid, "account": number.account_sid, "phoneNumber": number.phone_number}
    return json_response(answer, status=201)


def _moment(body: dict[str, Any], name: str) -> float | None:
    value = text(body, name, default="")
    if not value:
        return None
    try:
        return parse_moment(value)[0]
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise AdminError(status=400, message=f"{name}: give a moment such as 2026-11-21T00:00:00Z") from error


ROUTES: tuple[AdminRoute, ...] = (
    ("POST", "/bundles/{sid}/decision", decision),
    ("POST", "/identities", identity),
    ("POST", "/numbers/{phone_number}/restore", restore_number),
)
