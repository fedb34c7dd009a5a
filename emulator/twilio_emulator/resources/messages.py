"""Messages: ``/2010-04-01/Accounts/{AccountSid}/Messages``."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import parse_moment, rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.progress import FINAL, cancel
from twilio_emulator.messaging.sending import Outgoing, send
from twilio_emulator.models import Direction, Message, MessageStatus
from twilio_emulator.numbering.routing import APPLICATION
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.params import check_url
from twilio_emulator.sids import is_sid
from twilio_emulator.webhooks.payloads import error_text

if TYPE_CHECKING:
    from twilio_emulator.params import Params

__all__ = ["ROUTES", "date_span", "find_message"]

_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
_DAY = 86_400.0
_SOONEST, _LATEST = 300.0, 35 * _DAY
"""Seconds from now in which a message can be scheduled (error pages 35114 and 35115, April 2026)."""


def create(call: Call) -> Answer:
    """Send a message."""
    params = call.params
    _check_options(params)
    sender, service_sid = _sender(params)
    outgoing = Outgoing(
        sender=sender,
        recipient=params.text("To") or "",
        body=params.text("Body") or "",
        media=_media(params),
        status_callback=params.url("StatusCallback", code=21609) or _application_callback(call),
        direction=Direction.API,
        service_sid=service_sid,
        content_sid=params.text("ContentSid") or "",
        content_variables=params.text("ContentVariables") or "",
        send_at=_send_at(call, service_sid),
        validity=params.integer("ValidityPeriod", least=1, most=36_000),
        max_price=params.decimal("MaxPrice") or "",
    )
    message = send(call.core, call.account, outgoing, now=call.now)
    return Answer(status=201, body=_render(message))


def list_(call: Call) -> Answer:
    """List the account's messages, newest first."""
    window = window_of(call.params)
    conditions = [("account_sid = ?", call.account.sid), *_conditions(call.params)]
    found = call.core.store.messages.page(conditions, window)
    return Answer(body=uri_page(call, "messages", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one message."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """Redact a message's text, or cancel a scheduled message; nothing else of it can be changed."""
    message = _named(call)
    if call.params.choice("Status", ["canceled"]):
        return Answer(body=_render(_cancel(call, message)))
    body = call.params.text("Body")
    if body:
        raise invalid("Body", "it can only be redacted: give an empty text")
    if body is None:
        raise invalid("Body", "it is required")
    if message.status not in FINAL:
        raise _unfinished(message, "update")
    return Answer(body=_render(call.core.store.messages.change(message.sid, body="", updated=call.now)))


def delete(call: Call) -> Answer:
    """Delete a message that is at rest."""
    message = _named(call)
    if message.status not in FINAL:
        raise _unfinished(message, "delete")
    call.core.store.messages.delete(message.sid)
    return Answer(status=204)


def create_feedback(call: Call) -> Answer:
    """Note what a message's sender says of its outcome."""
    message = find_message(call, "MessageSid")
    outcome = call.params.choice("Outcome", ["confirmed", "unconfirmed"]) or "confirmed"
    known = message.extra.get("feedback_created")
    created = known if isinstance(known, float) else call.now
    call.core.store.messages.change(message.sid, extra={"feedback": outcome, "feedback_created": created})
    body = {
        "account_sid": message.account_sid,
        "message_sid": message.sid,
        "outcome": outcome,
        "date_created": rfc2822(created),
        "date_updated": rfc2822(call.now),
        "uri": f"{_root(message)}/Feedback.json",
    }
    return Answer(body=body)


def find_message(call: Call, name: str) -> Message:
    """Return the message that a part of the path names.

    Raises:
        ApiError: 404, the account has no such message.
    """
    message = call.core.store.messages.find(call.ids[name])
    if message is None or message.account_sid != call.account.sid:
        raise call.not_found()
    return message


def _sender(params: Params) -> tuple[str, str]:
    """Return From and the service; From may be a service, too."""
    sender = params.text("From") or ""
    service_sid = params.sid("MessagingServiceSid", "MG", code=21701) or ""
    if is_sid(sender, "MG"):
        return "", service_sid or sender
    return sender, service_sid


def _application_callback(call: Call) -> str:
    """Return the URL for states that a TwiML application has, ``""`` for none.

    Raises:
        ApiError: ApplicationSid is no application of the account.
    """
    sid = call.params.sid("ApplicationSid", "AP")
    if not sid:
        return ""
    application = call.core.store.records.find(APPLICATION, sid)
    if application is None or application.account_sid != call.account.sid:
        raise invalid("ApplicationSid", f"the account has no application {sid}")
    data = application.data
    return str(data.get("message_status_callback") or data.get("sms_status_callback") or "")


def _send_at(call: Call, service_sid: str) -> float | None:
    """Return when a scheduled message goes, None when it goes at once."""
    scheduled = call.params.choice("ScheduleType", ["fixed"], code=35126)
    text = call.params.text("SendAt")
    if not scheduled:
        if text:
            raise invalid("ScheduleType", "SendAt wants ScheduleType fixed", code=35112)
        return None
    if not service_sid:
        raise ApiError(status=400, code=35118, message="MessagingServiceSid is required to schedule a message")
    if not text:
        raise ApiError(status=400, code=35111, message="SendAt timestamp is missing")
    try:
        moment, _ = parse_moment(text)
    except ValueError as error:
        raise invalid("SendAt", "give a moment such as 2026-11-21T13:00:00Z", code=35114) from error
    if not _SOONEST <= moment - int(call.now) <= _LATEST:
        why = f"it must be between {_SOONEST:.0f} seconds and 35 days in the future"
        raise invalid("SendAt", why, code=35114)
    return moment


def _cancel(call: Call, message: Message) -> Message:
    if message.status != MessageStatus.SCHEDULED:
        raise invalid("Status", f"only a scheduled message can be canceled, this one is {message.status}", code=30409)
    return cancel(call.core, message, now=call.now)


def _check_options(params: Params) -> None:
    """Check what has no effect here, as Twilio would."""
    for name in ("ProvideFeedback", "ForceDelivery", "SmartEncoded", "ShortenUrls", "SendAsMms"):
        params.boolean(name)
    params.integer("Attempt", least=1, most=1000)
    params.choice("ContentRetention", ["retain", "discard"])
    params.choice("AddressRetention", ["retain", "obfuscate"])
    params.choice("TrafficType", ["free"])
    params.choice("RiskCheck", ["enable", "disable"])


def _media(params: Params) -> tuple[str, ...]:
    urls = tuple(url for url in params.many("MediaUrl") if url)
    for url in urls:
        check_url("MediaUrl", url, code=21620)
    return urls


def _conditions(params: Params) -> list[tuple[str, object]]:
    conditions: list[tuple[str, object]] = []
    for name, column in (("To", "recipient"), ("From", "sender")):
        if address := params.text(name):
            conditions.append((f"{column} = ?", str(Address.parse(address))))
    start, end = date_span(params, "DateSent")
    if start > 0:
        conditions.append(("sent >= ?", start))
    if end < inf:
        conditions.append(("sent < ?", end))
    return conditions


def date_span(params: Params, name: str) -> tuple[float, float]:
    """Return the first second that a date filter lets pass, and the first after; ``<`` and ``>`` take the day in.

    Raises:
        ApiError: 400, one of the three parameters is no date.
    """
    start, end = 0.0, inf
    for each in (name, f"{name}<", f"{name}>"):
        if text := params.text(each):
            first, after = _day_or_moment(each, text)
            start = start if each.endswith("<") else max(start, first)
            end = end if each.endswith(">") else min(end, after)
    return start, end


def _day_or_moment(name: str, text: str) -> tuple[float, float]:
    try:
        first, after = parse_moment(text)
    except ValueError as error:
        raise invalid(name, "give a date such as 2026-11-21 or 2026-11-21T13:00:00Z") from error
    is_midnight = first % _DAY == 0  # the SDKs send midnight for a day
    return first, first + _DAY if is_midnight else after


def _named(call: Call) -> Message:
    return find_message(call, "Sid")


def _unfinished(message: Message, act: str) -> ApiError:
    return ApiError(
        status=409, code=20009, message=f"Cannot {act} message {message.sid} because it is {message.status}"
    )


def _render(message: Message) -> Json:
    root = _root(message)
    return {
        "account_sid": message.account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc2822(message.created),
        "date_sent": rfc2822(message.sent) if message.sent is not None else None,
        "date_updated": rfc2822(message.updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": error_text(message.error_code),
        "from": message.sender or None,
        "messaging_service_sid": message.service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(message.num_segments),
        "price": message.price,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{root}/Media.json", "feedback": f"{root}/Feedback.json"},
        "to": message.recipient,
        "uri": f"{root}.json",
    }


def _root(message: Message) -> str:
    return f"/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}"


_LIST = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
_ONE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
_FEEDBACK = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Feedback.json"

ROUTES = (
    Route("POST", "api", _LIST, create),
    Route("GET", "api", _LIST, list_),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
    Route("POST", "api", _FEEDBACK, create_feedback),
)
