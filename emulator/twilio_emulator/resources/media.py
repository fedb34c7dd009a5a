"""Media of a message: ``/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media``.

Twilio keeps the file itself, at the same path without ``.json``; here it stays where it was given from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.messaging.media import Medium, media_of, remove
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.resources.messages import date_span, find_message
from twilio_emulator.store import Slice

if TYPE_CHECKING:
    from twilio_emulator.models import Message

__all__ = ["ROUTES"]

_FILTERS = ("DateCreated", "DateCreated<", "DateCreated>")


def list_(call: Call) -> Answer:
    """List a message's media."""
    message = find_message(call, "MessageSid")
    window = window_of(call.params)
    start, end = date_span(call.params, "DateCreated")
    found = Slice.of(media_of(message) if start <= message.created < end else [], window)
    body = uri_page(call, "media_list", found, window, lambda medium: _render(call, message, medium), filters=_FILTERS)
    return Answer(body=body)


def fetch(call: Call) -> Answer:
    """Describe one."""
    message = find_message(call, "MessageSid")
    return Answer(body=_render(call, message, _named(call, message)))


def delete(call: Call) -> Answer:
    """Take one from its message."""
    message = find_message(call, "MessageSid")
    remove(call.core, message, _named(call, message), now=call.now)
    return Answer(status=204)


def _named(call: Call, message: Message) -> Medium:
    for medium in media_of(message):
        if medium.sid == call.ids["Sid"]:
            return medium
    raise call.not_found()


def _render(call: Call, message: Message, medium: Medium) -> Json:
    return {
        "account_sid": message.account_sid,
        "content_type": medium.content_type,
        "date_created": rfc2822(message.created),
        "date_updated": rfc2822(message.created),
        "parent_sid": message.sid,
        "sid": medium.sid,
        "uri": f"/2010-04-01/Accounts/{call.account.sid}/Messages/{message.sid}/Media/{medium.sid}.json",
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media.json"
_ONE = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}.json"

ROUTES = (
    Route("GET", "api", _LIST, list_),
    Route("GET", "api", _ONE, fetch),
    Route("DELETE", "api", _ONE, delete),
)
