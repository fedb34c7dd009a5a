"""What Meta and Twilio's Console do on WhatsApp: ``/senders``, ``/contents`` and ``/sandbox``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twilio_emulator.admin.edge import json_body, json_response, refuse_unknown, text
from twilio_emulator.content.templates import CONTENT, Approval, approval_of, decide
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.whatsapp import sandbox as sandboxes
from twilio_emulator.whatsapp.senders import SENDER, SenderStatus, put_in_state

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_ERRORS = "https://www.twilio.com/docs/api/errors/"
_PROPERTIES = {"qualityRating": "quality_rating", "messagingLimit": "messaging_limit"}
_WORD = re.compile(r"[a-z0-9-]{1,40}")


async def list_senders(admin: Admin, _request: web.Request) -> web.Response:
    """List the WhatsApp senders of all accounts, oldest first, with the codes that verify them."""
    senders = admin.core.store.records.where(SENDER)
    return json_response({"senders": [_sender(sender) for sender in senders]})


async def set_sender(admin: Admin, request: web.Request) -> web.Response:
    """Put a sender into a state, or have what it sends fail."""
    core = admin.core
    sender = core.store.records.find(SENDER, request.match_info["sid"])
    if sender is None:
        raise AdminError(status=404, message=f"sid: there is no sender {request.match_info['sid']}")
    body = await json_body(request)
    refuse_unknown(body, {"status", "offlineReasons", "errorCode", *_PROPERTIES})
    status, reasons = _status(body, SenderStatus), _reasons(body)
    changes = _changes(body, sender)
    with core.store.transaction():
        if status:
            sender = put_in_state(core, sender, status, reasons=reasons, now=core.clock.now())
        sender = core.store.records.change(sender, data=changes)
    return json_response(_sender(sender))


async def set_approval(admin: Admin, request: web.Request) -> web.Response:
    """Decide what WhatsApp says of a template; ``legacyName`` makes it one that stems from an older template."""
    core = admin.core
    content = core.store.records.find(CONTENT, request.match_info["sid"])
    if content is None:
        raise AdminError(status=404, message=f"sid: there is no template {request.match_info['sid']}")
    body = await json_body(request)
    refuse_unknown(body, {"status", "reason", "legacyName"})
    status, reason = _status(body, Approval), text(body, "reason", default="")
    legacy = text(body, "legacyName", default="")
    with core.store.transaction():
        if status:
            content = decide(core, content, status, reason=reason, now=core.clock.now())
        if legacy:
            content = core.store.records.change(content, data={"legacy_name": legacy})
    return json_response({"sid": content.sid, "account": content.account_sid, "approval": approval_of(content)})


async def set_sandbox(admin: Admin, request: web.Request) -> web.Response:
    """Give an account a sandbox, which phones join by writing ``join`` and its word."""
    body = await json_body(request)
    refuse_unknown(body, {"account", "word", "callbackUrl"})
    account, word = text(body, "account"), text(body, "word")
    core = admin.core
    if core.store.accounts.find(account) is None:
        raise AdminError(status=404, message=f"account: there is no account {account}")
    if not _WORD.fullmatch(word):
        raise AdminError(status=400, message="word: give lower-case letters, digits and hyphens")
    with core.store.transaction():
        url = text(body, "callbackUrl", default="")
        sandboxes.activate(core, account, word=word, callback_url=url, now=core.clock.now())
    answer = {"account": account, "number": f"whatsapp:{sandboxes.NUMBER}", "word": word, "callbackUrl": url}
    return json_response(answer)


def _status(body: dict[str, Any], kind: type[SenderStatus | Approval]) -> Any:
    status = text(body, "status", default="")
    if status and status not in list(kind):
        raise AdminError(status=400, message=f"status: give one of {', '.join(kind)}")
    return kind(status) if status else None


def _reasons(body: dict[str, Any]) -> list[dict[str, str]]:
    """Return why a sender is offline: a list of ``{"code": 63110, "message": …}``."""
    values = body.get("offlineReasons") or []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise AdminError(status=400, message="offlineReasons: give a list of objects with code and message")
    reasons = []
    for value in values:
        code = str(value.get("code", ""))
        if not (code.isascii() and code.isdecimal() and len(code) < 7):
            raise AdminError(status=400, message="offlineReasons: code must be a number such as 63110")
        reasons.append({"code": code, "message": text(value, "message", default=""), "more_info": f"{_ERRORS}{code}"})
    return reasons


def _changes(body: dict[str, Any], sender: Record) -> dict[str, object]:
    known = sender.data.get("properties")
    ordered = {kept: text(body, name) for name, kept in _PROPERTIES.items() if name in body}
    changes: dict[str, object] = {"properties": {**(known if isinstance(known, dict) else {}), **ordered}}
    if "errorCode" in body:
        changes["error_code"] = _error_code(body)
    return changes


def _error_code(body: dict[str, Any]) -> int | None:
    code = body.get("errorCode")
    if code is not None and (isinstance(code, bool) or not isinstance(code, int) or not 10_000 <= code <= 99_999):
        raise AdminError(status=400, message="errorCode: give a number such as 63018, or null for none")
    return code


def _sender(sender: Record) -> dict[str, object]:
    return {
        "sid": sender.sid,
        "account": sender.account_sid,
        "senderId": sender.key,
        "status": sender.status,
        "verificationCode": sender.data["code"],
        "offlineReasons": sender.data.get("offline_reasons") or [],
        "errorCode": sender.data.get("error_code"),
        "created": iso8601(sender.created),
    }


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/senders", list_senders),
    ("POST", "/senders/{sid}/state", set_sender),
    ("POST", "/contents/{sid}/approval", set_approval),
    ("POST", "/sandbox", set_sandbox),
)
