"""Where events are sent: ``events.twilio.com/v1/Sinks``.

A sink is active from the start: Twilio has given up validating, ``Validate`` says ``valid`` to anything.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.eventstreams import streaming
from twilio_emulator.eventstreams.envelopes import test_event
from twilio_emulator.eventstreams.sinks import SINK_TYPES, UNUSABLE, read_configuration
from twilio_emulator.paging import meta_page, window_of

if TYPE_CHECKING:
    from twilio_emulator.models import Record

__all__ = ["ROUTES", "sink_named"]

_LIST = "/v1/Sinks"
_ONE = f"{_LIST}/{{Sid}}"
_FILTERS = ("InUse", "Status")
_STATES = ("initialized", "validating", "active", "failed")
_MOST = 100
_USED = "(sid IN (SELECT parent_sid FROM records WHERE kind = 'event-subscription')) = ?"


def create(call: Call) -> Answer:
    """Make a sink."""
    description = _description(call)
    sink_type = call.params.choice("SinkType", SINK_TYPES, code=UNUSABLE)
    if not sink_type:
        raise invalid("SinkType", f"it must be one of {', '.join(SINK_TYPES)}", code=UNUSABLE)
    configuration = read_configuration(call.params.text("SinkConfiguration") or "", sink_type)
    if len(call.core.store.records.where(streaming.SINK, account_sid=call.account.sid)) >= _MOST:
        raise ApiError(status=400, code=91003, message=f"Sink: the account has reached the limit of {_MOST} sinks")
    sink = call.core.store.records.add(
        streaming.SINK,
        sid=call.core.sids.sid("DG"),
        account_sid=call.account.sid,
        now=call.now,
        data={"description": description, "sink_type": sink_type, "sink_configuration": configuration},
        status=streaming.ACTIVE,
    )
    return Answer(status=201, body=_render(sink))


def list_(call: Call) -> Answer:
    """List the account's sinks, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    if status := call.params.choice("Status", ("", *_STATES)):
        conditions.append(("status = ?", status))
    in_use = call.params.boolean("InUse")
    if in_use is not None:
        conditions.append((_USED, in_use))
    found = call.core.store.records.page(streaming.SINK, conditions, window)
    return Answer(body=meta_page(call, "sinks", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one sink."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """Describe a sink anew; where it leads cannot be changed."""
    sink = _named(call)
    changed = call.core.store.records.change(sink, now=call.now, data={"description": _description(call)})
    return Answer(body=_render(changed))


def delete(call: Call) -> Answer:
    """Delete a sink that no subscription uses."""
    sink = _named(call)
    if call.core.store.records.first(streaming.SUBSCRIPTION, parent_sid=sink.sid):
        raise ApiError(status=400, code=91007, message=f"Sink with SID {sink.sid} is still in use by a subscription")
    streaming.forget(call.core, sink)
    call.core.store.records.delete(sink)
    return Answer(status=204)


def test(call: Call) -> Answer:
    """Send a test event to a sink; those that are no webhook get none from here."""
    sink = _named(call)
    if sink.data["sink_type"] == "webhook":
        test_id = str(uuid.UUID(call.core.sids.token()))
        streaming.post(call.core, sink, [test_event(sink.account_sid, test_id, call.now)], now=call.now)
    return Answer(status=201, body={"result": "submitted"})


def validate(call: Call) -> Answer:
    """Say that a sink is valid, as Twilio does whatever the test was."""
    _named(call)
    if not call.params.text("TestId"):
        raise ApiError(status=400, code=20001, message="Missing required parameter TestId")
    return Answer(status=201, body={"result": "valid"})


def sink_named(call: Call, sid: str) -> Record | None:
    """Return a sink of the account, or None."""
    sink = call.core.store.records.find(streaming.SINK, sid)
    return sink if sink and sink.account_sid == call.account.sid else None


def _named(call: Call) -> Record:
    sink = sink_named(call, call.ids["Sid"])
    if sink is None:
        raise call.not_found()
    return sink


def _description(call: Call) -> str:
    description = call.params.text("Description", longest=255, code=UNUSABLE)
    if not description:
        raise invalid("Description", "it cannot be empty", code=UNUSABLE)
    return description


def _render(sink: Record) -> Json:
    url = f"https://events.twilio.com{_LIST}/{sink.sid}"
    return {
        "date_created": iso8601(sink.created),
        "date_updated": iso8601(sink.updated),
        "description": sink.data["description"],
        "sid": sink.sid,
        "sink_configuration": sink.data["sink_configuration"],
        "sink_type": sink.data["sink_type"],
        "status": sink.status,
        "url": url,
        "links": {"sink_test": f"{url}/Test", "sink_validate": f"{url}/Validate"},
    }


ROUTES = (
    Route("POST", "events", _LIST, create),
    Route("GET", "events", _LIST, list_),
    Route("GET", "events", _ONE, fetch),
    Route("POST", "events", _ONE, update),
    Route("DELETE", "events", _ONE, delete),
    Route("POST", "events", f"{_ONE}/Test", test),
    Route("POST", "events", f"{_ONE}/Validate", validate),
)
