"""What Twilio's test credentials may do: buy a number, send a message, make a call, and nothing of it happens.

Input is checked, magic numbers (twilio.com/docs/iam/test-credentials) stand for what depends on the state of the world,
and the answers look like real ones. Nothing is stored, billed or called back. Everything else is 403/20008. Lookup,
which test credentials may use too, is not emulated.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Json
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.segments import segments
from twilio_emulator.models import NumberConfig
from twilio_emulator.numbering.plan import is_e164
from twilio_emulator.params import check_url
from twilio_emulator.resources.number_config import apply_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio_emulator.auth import Caller
    from twilio_emulator.core import Core
    from twilio_emulator.params import Params

__all__ = ["VALID", "answer"]

VALID = "+15005550006"
"""The one magic number with which everything works."""

_BUY = {"+15005550000": 21422, "+15005550001": 21421}
_BUY_IN = {"500": None, "533": 21452}
_MESSAGE_FROM = {"+15005550001": 21212, "+15005550008": 21611, VALID: None}
_MESSAGE_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_CALL_FROM = {"+15005550001": 21212, VALID: None}
_CALL_TO = {"+15005550001": 21217, "+15005550002": 21214, "+15005550003": 21215, "+15005550004": 21216}
_WHY = {
    21210: "is not yet verified for your account",
    21211: "is not a valid phone number",
    21212: "is not a valid phone number",
    21214: "cannot be reached",
    21215: "lies in a region that your account may not call",
    21216: "is on a list of numbers that your account may not call",
    21217: "is not a valid phone number",
    21408: "lies in a region that your account may not send to",
    21421: "is invalid",
    21422: "is not available",
    21452: "has no phone numbers",
    21606: "is not a message-capable phone number of your account",
    21610: "has unsubscribed",
    21611: "has exceeded the maximum number of queued messages",
    21612: "cannot be reached from this 'From'",
    21614: "is not a mobile number",
}
_SUBRESOURCES = ("Events", "Notifications", "Payments", "Recordings", "Siprec", "Streams", "Transcriptions")


def answer(core: Core, caller: Caller, method: str, path: str, params: Params) -> Answer:
    """Answer any call made with test credentials.

    Args:
        core: the emulator; only its clock and its SIDs are used.
        caller: the test account.
        method: HTTP method.
        path: path of the request, with the product's name before it.
        params: form fields.

    Raises:
        ApiError: 403/20008 for what test credentials may not do; what a magic number or bad input is refused with.
    """
    root = f"/2010-04-01/Accounts/{caller.account.sid}"
    act = _ACTS.get(path.removeprefix(f"/api{root}")) if method == "POST" else None
    if act is None:
        raise ApiError(status=403, code=20008, message="Resource not accessible with Test Account Credentials")
    common = {
        "account_sid": caller.account.sid,
        "api_version": "2010-04-01",
        "date_created": rfc2822(core.clock.now()),
        "date_updated": rfc2822(core.clock.now()),
    }
    return Answer(status=201, body={**common, **act(core, root, params)})


def _buy(core: Core, root: str, params: Params) -> Json:
    """Return a number as if it had been bought."""
    number, area = params.text("PhoneNumber"), params.text("AreaCode")
    if not number and not area:
        raise invalid("PhoneNumber", "give PhoneNumber or AreaCode", code=21401)
    config = apply_config(NumberConfig(), params)
    name = params.text("FriendlyName", longest=64, code=20002)
    if number:
        _check("PhoneNumber", number, _BUY, otherwise=None if is_e164(number) else 21421)
    else:
        _check("AreaCode", area or "", _BUY_IN, otherwise=None)
    bought, sid = number or VALID, core.sids.sid("PN")
    return {
        **asdict(config),
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "emergency_address_status": "unregistered",
        "friendly_name": name or _national(bought),
        "origin": "twilio",
        "phone_number": bought,
        "sid": sid,
        "status": "in-use",
        "type": "local",
        "uri": f"{root}/IncomingPhoneNumbers/{sid}.json",
    }


def _send(core: Core, root: str, params: Params) -> Json:
    """Return a message as if it were on its way."""
    body, media = params.text("Body") or "", [url for url in params.many("MediaUrl") if url]
    for url in media:
        check_url("MediaUrl", url, code=21620)
    params.url("StatusCallback", code=21609)
    recipient = _required(params, "To", code=21604)
    sender = _required(params, "From", code=21603)
    if not body and not media:
        raise invalid("Body", "it is required, or MediaUrl", code=21602)
    if len(body) > 1600:
        raise invalid("Body", "it may have at most 1600 characters", code=21617)
    _check("From", sender, _MESSAGE_FROM, otherwise=21606)
    _check("To", recipient, _MESSAGE_TO, otherwise=None if is_e164(recipient) else 21211)
    sid = core.sids.sid("MM" if media else "SM")
    return {
        "body": body,
        "date_sent": None,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": sender,
        "messaging_service_sid": None,
        "num_media": str(len(media)),
        "num_segments": str(segments(body)),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"{root}/Messages/{sid}/Media.json"},
        "to": recipient,
        "uri": f"{root}/Messages/{sid}.json",
    }


def _call(core: Core, root: str, params: Params) -> Json:
    """Return a call as if it were about to be made."""
    recipient = _required(params, "To", code=21201)
    sender = _required(params, "From", code=21213)
    url = params.url("Url", code=21205)
    if not (url or params.text("Twiml") or params.sid("ApplicationSid", "AP")):
        raise invalid("Url", "it is required, or Twiml, or ApplicationSid", code=21205)
    _check("From", sender, _CALL_FROM, otherwise=21210)
    _check("To", recipient, _CALL_TO, otherwise=None if is_e164(recipient) else 21217)
    sid = core.sids.sid("CA")
    unknown = (
        "answered_by",
        "caller_name",
        "duration",
        "end_time",
        "forwarded_from",
        "group_sid",
        "parent_call_sid",
        "price",
        "start_time",
        "trunk_sid",
    )
    return {
        **dict.fromkeys(unknown),
        "direction": "outbound-api",
        "from": sender,
        "from_formatted": _national(sender),
        "phone_number_sid": core.sids.sid("PN"),
        "price_unit": "USD",
        "queue_time": "0",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {name.lower(): f"{root}/Calls/{sid}/{name}.json" for name in _SUBRESOURCES},
        "to": recipient,
        "to_formatted": _national(recipient),
        "uri": f"{root}/Calls/{sid}.json",
    }


_ACTS: Mapping[str, Callable[[Core, str, Params], Json]] = {
    "/IncomingPhoneNumbers.json": _buy,
    "/Messages.json": _send,
    "/Calls.json": _call,
}


def _required(params: Params, name: str, *, code: int) -> str:
    value = params.text(name)
    if not value:
        raise invalid(name, "it is required", code=code)
    return value


def _check(name: str, value: str, magic: Mapping[str, int | None], *, otherwise: int | None) -> None:
    """Refuse a value for what the magic numbers make of it."""
    code = magic.get(value, otherwise)
    if code is not None:
        raise ApiError(status=400, code=code, message=f"'{name}' {value} {_WHY[code]}")


def _national(number: str) -> str:
    """Return a North American number as people write it, any other as it is."""
    digits = number.removeprefix("+1")
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 and digits != number else number
