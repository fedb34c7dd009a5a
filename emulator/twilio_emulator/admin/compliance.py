"""What reviewers decide: ``POST /reviews/{sid}`` for brands, campaigns and toll-free verifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.admin.edge import json_body, json_response, refuse_unknown, text
from twilio_emulator.compliance.review import decide
from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.standing import BRAND, CAMPAIGN, VERIFICATION

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute

__all__ = ["ROUTES"]

_KINDS = {"BN": BRAND, "QE": CAMPAIGN, "HH": VERIFICATION}


async def review(admin: Admin, request: web.Request) -> web.Response:
    """Put a brand, a campaign or a verification into a state."""
    sid = request.match_info["sid"]
    body = await json_body(request)
    refuse_unknown(body, {"status", "reason", "errorCode"})
    code = body.get("errorCode")
    if code is not None and (not isinstance(code, int) or isinstance(code, bool) or not 10_000 <= code <= 99_999):
        raise AdminError(status=400, message="errorCode: give one of Twilio's error codes, such as 30475")
    core = admin.core
    record = core.store.records.find(_KINDS.get(sid[:2], BRAND), sid)
    if record is None:
        raise AdminError(status=404, message=f"sid: there is no brand, campaign or toll-free verification {sid}")
    try:
        with core.store.transaction():
            status, reason = text(body, "status"), text(body, "reason", default="")
            decided = decide(core, record, status, reason=reason, code=code, now=core.clock.now())
    except ValueError as error:
        raise AdminError(status=400, message=f"status: {error}") from error
    return json_response(
        {
            "sid": sid,
            "account": decided.account_sid,
            "status": decided.status,
            "reason": decided.data["reason"],
            "errorCode": decided.data["error_code"],
        }
    )


ROUTES: tuple[AdminRoute, ...] = (("POST", "/reviews/{sid}", review),)
