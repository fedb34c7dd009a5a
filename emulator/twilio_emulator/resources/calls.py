"""Calls: ``/2010-04-01/Accounts/{AccountSid}/Calls``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.numbering.purchase import friendly_name
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.resources.call_orders import call_method, call_url, document, read_order, time_limit
from twilio_emulator.resources.date_filters import date_conditions, date_names
from twilio_emulator.voice import live
from twilio_emulator.voice.addresses import is_elsewhere, phone_number
from twilio_emulator.voice.calling import place, read_document
from twilio_emulator.voice.conductor import happen
from twilio_emulator.voice.events import ApiDocument, ApiHangup, ApiRedirect, DialResult
from twilio_emulator.voice.state import FINAL, CallStatus

if TYPE_CHECKING:
    from twilio_emulator.params import Params
    from twilio_emulator.store.calls import CallEntry

__all__ = ["ROUTES"]

_FILTERS = ("To", "From", "ParentCallSid", "Status", *date_names("StartTime"), *date_names("EndTime"))
_STATUSES = [status.value for status in CallStatus if status != CallStatus.INITIATED]
_SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def create(call: Call) -> Answer:
    """Call a phone."""
    call.core.check_active(call.account)
    entry = place(call.core, call.account, read_order(call), now=call.now)
    return Answer(status=201, body=_render(entry))


def list_(call: Call) -> Answer:
    """List the account's calls, newest first."""
    window = window_of(call.params)
    conditions = [("account_sid = ?", call.account.sid), *_conditions(call.params)]
    found = call.core.store.calls.page(conditions, window)
    return Answer(body=uri_page(call, "calls", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one call."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """End a call under way, or give it another document."""
    entry, params = _named(call), call.params
    status = params.choice("Status", ["canceled", "completed"])
    url, method, text = call_url(params, "Url"), call_method(params, "Method"), document(params)
    limit = time_limit(params)
    told = _told(params)
    if url and text:
        raise invalid("Twiml", "Twiml and Url are mutually exclusive")
    if entry.status in FINAL:
        raise _not_in_progress("Call is not in-progress. Cannot redirect.")
    call.core.store.calls.change(entry.sid, extra=told)
    if limit:
        live.limit(call.core, entry.sid, limit)
    if status:
        _end(call, entry, status)
    elif url or text:
        _redirect(call, entry, url, method, text)
    return Answer(body=_render(_named(call)))


def delete(call: Call) -> Answer:
    """Forget a call that is over."""
    entry = _named(call)
    if entry.status not in FINAL:
        raise ApiError(status=409, code=20009, message=f"Cannot delete call {entry.sid} because it is {entry.status}")
    call.core.store.calls.delete(entry.sid)
    return Answer(status=204)


def _told(params: Params) -> dict[str, object]:
    """Return how the customer wants to be told from now on; only what is given changes."""
    told: dict[str, object] = {}
    if params.text("FallbackUrl") is not None:
        told["fallback_url"] = call_url(params, "FallbackUrl")
        told["fallback_method"] = call_method(params, "FallbackMethod")
    if params.text("StatusCallback") is not None:
        told["status_callback"] = params.url("StatusCallback", code=21609)
        told["status_callback_method"] = call_method(params, "StatusCallbackMethod")
    return told


def _end(call: Call, entry: CallEntry, status: str) -> None:
    """Hang up; ``canceled`` leaves alone what is answered."""
    only_unanswered = status == CallStatus.CANCELED
    if not entry.parent_sid:
        happen(call.core, entry.sid, ApiHangup(only_unanswered=only_unanswered), now=call.now)
        return
    is_answered = entry.status == CallStatus.IN_PROGRESS
    if is_answered and only_unanswered:
        return
    ends_as = CallStatus.COMPLETED if is_answered else CallStatus.CANCELED
    happen(call.core, entry.parent_sid, DialResult(status=ends_as, sid=entry.sid), now=call.now)


def _redirect(call: Call, entry: CallEntry, url: str, method: str, text: str) -> None:
    if entry.parent_sid:
        raise invalid("Url" if url else "Twiml", "the emulator gives no document to a call that was dialled")
    if entry.status != CallStatus.IN_PROGRESS:
        raise _not_in_progress("Call is not in-progress. Cannot redirect.")
    event = (
        ApiRedirect(url=url, method=method)
        if url
        else ApiDocument(verbs=read_document(call.core, entry, text, now=call.now))
    )
    happen(call.core, entry.sid, event, now=call.now)


def _not_in_progress(message: str) -> ApiError:
    return ApiError(status=400, code=21220, message=message)


def _conditions(params: Params) -> list[tuple[str, object]]:
    conditions: list[tuple[str, object]] = []
    for name, column in (("To", "recipient"), ("From", "sender")):
        if given := params.text(name):
            address = given if is_elsewhere(given) else phone_number(given) or given
            conditions.append((f"{column} = ?", address))
    if parent := params.sid("ParentCallSid", "CA"):
        conditions.append(("parent_sid = ?", parent))
    if status := params.choice("Status", _STATUSES):
        conditions.append(("status = ?", status))
    return [
        *conditions,
        *date_conditions(params, "StartTime", "started"),
        *date_conditions(params, "EndTime", "ended"),
    ]


def _named(call: Call) -> CallEntry:
    entry = call.core.store.calls.find(call.ids["Sid"])
    if entry is None or entry.account_sid != call.account.sid:
        raise call.not_found()
    return entry


def _render(entry: CallEntry) -> Json:
    root = f"/2010-04-01/Accounts/{entry.account_sid}/Calls/{entry.sid}"
    is_completed = entry.status == CallStatus.COMPLETED
    waited = 0 if entry.started is None else round((entry.started - entry.created) * 1000)
    return {
        "account_sid": entry.account_sid,
        "answered_by": None,
        "api_version": "2010-04-01",
        "caller_name": None,
        "date_created": rfc2822(entry.created),
        "date_updated": rfc2822(entry.updated),
        "direction": entry.direction,
        "duration": str(entry.duration) if is_completed else None,
        "end_time": rfc2822(entry.ended) if is_completed and entry.ended is not None else None,
        "forwarded_from": None,
        "from": entry.sender,
        "from_formatted": friendly_name(entry.sender),
        "group_sid": None,
        "parent_call_sid": entry.parent_sid or None,
        "phone_number_sid": entry.number_sid or None,
        "price": entry.price,
        "price_unit": "USD",
        "queue_time": str(waited),
        "sid": entry.sid,
        "start_time": rfc2822(entry.started) if entry.started is not None else None,
        "status": entry.status,
        "subresource_uris": {name: f"{root}/{path}.json" for name, path in _SUBRESOURCES.items()},
        "to": entry.recipient,
        "to_formatted": friendly_name(entry.recipient),
        "trunk_sid": entry.extra.get("trunk_sid"),
        "uri": f"{root}.json",
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Calls.json"
_ONE = "/2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json"

ROUTES = (
    Route("POST", "api", _LIST, create),
    Route("GET", "api", _LIST, list_),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
)
