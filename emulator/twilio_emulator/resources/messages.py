"""Messages: ``/2010-04-01/Accounts/{AccountSid}/Messages``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import parse_moment, rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.addresses import Address
from twilio_emulator.messaging.sending import Outgoing, send
from twilio_emulator.models import Direction, Message, MessageStatus
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.params import check_url

if TYPE_CHECKING:
    from twilio_emulator.params import Params

__all__ = ["ROUTES"]

_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
_FINAL = frozenset({MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.RECEIVED})
_NOT_EMULATED = ("ContentSid", "ContentVariables", "ScheduleType", "SendAt", "ApplicationSid", "FallbackFrom")


def create(call: Call) -> Answer:
    """Send a message."""
    params = call.params
    for name in _NOT_EMULATED:
        if params.text(name):
            raise invalid(name, "the emulator does not have it yet")
    service_sid = params.sid("MessagingServiceSid", "MG", code=21701)
    if service_sid:
        raise ApiError(status=404, code=21701, message=f"The Messaging Service {service_sid} does not exist")
    _check_options(params)
    outgoing = Outgoing(
        sender=params.text("From") or "",
        recipient=params.text("To") or "",
        body=params.text("Body") or "",
        media=_media(params),
        status_callback=params.url("StatusCallback", code=21609) or "",
        direction=Direction.API,
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
    """Redact a message's text; nothing else of it can be changed."""
    message = _named(call)
    if call.params.choice("Status", ["canceled"]):
        raise invalid("Status", "only a scheduled message can be canceled", code=30409)
    body = call.params.text("Body")
    if body:
        raise invalid("Body", "it can only be redacted: give an empty text")
    if body is None:
        raise invalid("Body", "it is required")
    if message.status not in _FINAL:
        raise _unfinished(message, "update")
    return Answer(body=_render(call.core.store.messages.change(message.sid, body="", updated=call.now)))


def delete(call: Call) -> Answer:
    """Delete a message that is at rest."""
    message = _named(call)
    if message.status not in _FINAL:
        raise _unfinished(message, "delete")
    call.core.store.messages.delete(message.sid)
    return Answer(status=204)


def _check_options(params: Params) -> None:
    """Check what has no effect here, as Twilio would."""
    for name in ("ProvideFeedback", "ForceDelivery", "SmartEncoded", "ShortenUrls", "SendAsMms"):
        params.boolean(name)
    params.decimal("MaxPrice")
    params.integer("ValidityPeriod", least=1, most=36_000)
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
    for name in ("DateSent", "DateSent<", "DateSent>"):
        if text := params.text(name):
            conditions += _dates(name, text)
    return conditions


def _dates(name: str, text: str) -> list[tuple[str, object]]:
    """Return the bounds of a date filter; ``<`` and ``>`` take the named day in."""
    try:
        start, end = parse_moment(text)
    except ValueError as error:
        raise invalid(name, "give a date such as 2026-11-21 or 2026-11-21T13:00:00Z") from error
    if name.endswith("<"):
        return [("sent < ?", end)]
    if name.endswith(">"):
        return [("sent >= ?", start)]
    return [("sent >= ?", start), ("sent < ?", end)]


def _named(call: Call) -> Message:
    message = call.core.store.messages.find(call.ids["Sid"])
    if message is None or message.account_sid != call.account.sid:
        raise call.not_found()
    return message


def _unfinished(message: Message, act: str) -> ApiError:
    return ApiError(
        status=409, code=20009, message=f"Cannot {act} message {message.sid} because it is {message.status}"
    )


def _render(message: Message) -> Json:
    root = f"/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "account_sid": message.account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc2822(message.created),
        "date_sent": rfc2822(message.sent) if message.sent is not None else None,
        "date_updated": rfc2822(message.updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(message.num_segments),
        "price": message.price,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{root}/Media.json"},
        "to": message.recipient,
        "uri": f"{root}.json",
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
_ONE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"

ROUTES = (
    Route("POST", "api", _LIST, create),
    Route("GET", "api", _LIST, list_),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
)
