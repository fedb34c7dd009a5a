"""Phones and their calls: ``/calls``.

A phone calls a number, presses keys, speaks and hangs up; what it hears, and what the call waits for, can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.admin.edge import (
    json_body,
    json_response,
    query_number,
    refuse_unknown,
    stretch_of,
    text,
    wait_for,
)
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.voice import live
from twilio_emulator.voice.addresses import is_elsewhere, phone_number
from twilio_emulator.voice.calling import receive
from twilio_emulator.voice.library import RECORDING
from twilio_emulator.voice.state import (
    FINAL,
    CallDirection,
    Dialling,
    Fetching,
    Gathering,
    Recording,
    Ringing,
    Waiting,
)
from twilio_emulator.voice.telephone import hang_up, press, speak

if TYPE_CHECKING:
    from typing import Any

    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.core import Core
    from twilio_emulator.models import Record
    from twilio_emulator.store.calls import CallEntry, CallEvent
    from twilio_emulator.voice.state import Activity

__all__ = ["ROUTES"]

_COLUMNS = {"account": "account_sid", "from": "sender", "to": "recipient", "direction": "direction", "status": "status"}


async def start(admin: Admin, request: web.Request) -> web.Response:
    """A phone calls a number."""
    body = await json_body(request)
    refuse_unknown(body, {"from", "to"})
    core = admin.core
    with core.store.transaction():
        entry = receive(core, sender=text(body, "from"), recipient=text(body, "to"), now=core.clock.now())
    return json_response(_whole(core, entry.sid), status=201)


async def calls(admin: Admin, request: web.Request) -> web.Response:
    """Calls of all accounts, oldest first."""
    conditions: list[tuple[str, object]] = []
    for name, column in _COLUMNS.items():
        if value := request.query.get(name):
            wanted = phone_number(value) or value if name in {"from", "to"} and not is_elsewhere(value) else value
            conditions.append((f"{column} = ?", wanted))
    direction = request.query.get("direction")
    if direction and direction not in list(CallDirection):
        raise AdminError(status=400, message=f"direction: give one of {', '.join(CallDirection)}")
    table, stretch = admin.core.store.calls, stretch_of(request)
    found = await wait_for(admin, request, lambda _: table.since(stretch, conditions))
    return json_response({"calls": [_summary(entry) for entry in found]})


async def one(admin: Admin, request: web.Request) -> web.Response:
    """One call; with ``wait`` once something has happened in it after ``after``, or it is over."""
    entry = _named(admin.core, request)
    after = int(query_number(request, "after", most=2**53))

    def news(position: int) -> list[Any]:
        return admin.core.store.calls.events(entry.sid, after=position) or [None] * _is_over(admin.core, entry.sid)

    if "wait" in request.query:
        await wait_for(admin, request, news)
    return json_response(_whole(admin.core, _named(admin.core, request).sid, after=after))


async def digits(admin: Admin, request: web.Request) -> web.Response:
    """The person at the phone presses keys."""
    body = await json_body(request)
    refuse_unknown(body, {"digits"})
    core, keys = admin.core, text(body, "digits")
    with core.store.transaction():
        entry = _named(core, request)
        press(core, entry, keys, now=core.clock.now())
    return json_response(_whole(core, entry.sid))


async def speech(admin: Admin, request: web.Request) -> web.Response:
    """The person at the phone says something."""
    body = await json_body(request)
    refuse_unknown(body, {"text", "confidence"})
    core, said, confidence = admin.core, text(body, "text"), body.get("confidence", 0.9)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise AdminError(status=400, message="confidence: give a number from 0 to 1")
    with core.store.transaction():
        entry = _named(core, request)
        speak(core, entry, said, float(confidence), now=core.clock.now())
    return json_response(_whole(core, entry.sid))


async def hangup(admin: Admin, request: web.Request) -> web.Response:
    """The person at the phone hangs up."""
    refuse_unknown(await json_body(request), set())
    core = admin.core
    with core.store.transaction():
        entry = _named(core, request)
        hang_up(core, entry, now=core.clock.now())
    return json_response(_whole(core, entry.sid))


def _named(core: Core, request: web.Request) -> CallEntry:
    sid = request.match_info["sid"]
    entry = core.store.calls.find(sid)
    if entry is None:
        raise AdminError(status=404, message=f"sid: there is no call {sid[:64]}")
    return entry


def _is_over(core: Core, sid: str) -> bool:
    entry = core.store.calls.find(sid)
    return entry is None or entry.status in FINAL


def _summary(entry: CallEntry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "sid": entry.sid,
        "account": entry.account_sid,
        "parent": entry.parent_sid or None,
        "direction": entry.direction,
        "from": entry.sender,
        "to": entry.recipient,
        "status": entry.status,
        "created": iso8601(entry.created),
        "ended": iso8601(entry.ended) if entry.ended is not None else None,
        "duration": entry.duration,
        "price": entry.price,
    }


def _whole(core: Core, sid: str, *, after: int = 0) -> dict[str, object]:
    """Return a call with what was heard and done in it after a position, and what it waits for."""
    records = core.store.records.where(RECORDING, parent_sid=sid)
    return {
        **_summary(core.store.calls.require(sid)),
        "waitingFor": _activity(core, sid),
        "transcript": [_event(event) for event in core.store.calls.events(sid, after=after)],
        "recordings": [_recording(record) for record in records],
        "dialled": [_summary(leg) for leg in core.store.calls.children(sid)],
    }


def _event(event: CallEvent) -> dict[str, object]:
    return {"seq": event.seq, "at": iso8601(event.at), "kind": event.kind, **event.data}


def _recording(record: Record) -> dict[str, object]:
    return {
        "sid": record.sid,
        "status": record.status,
        "source": record.data["source"],
        "duration": record.data["duration"],
    }


def _activity(core: Core, sid: str) -> dict[str, object] | None:
    """Return what a call under way waits for, and until when; None for one that is over or was dialled."""
    call = live.state_of(core, sid)
    if call is None:
        return None
    return {**_awaited(call.activity), "until": iso8601(call.due) if call.due is not None else None}


def _awaited(activity: Activity) -> dict[str, object]:
    found: dict[str, object] = {"kind": "its turn"}
    match activity:
        case Ringing():
            found = {"kind": "answer"}
        case Fetching(url=url):
            found = {"kind": "document", "url": url}
        case Waiting():
            found = {"kind": "end of what is heard"}
        case Gathering(verb=verb):
            found = {
                "kind": "input",
                "input": [name for name, wanted in (("digits", verb.dtmf), ("speech", verb.speech)) if wanted],
                "prompting": activity.prompting,
                "pressed": activity.digits,
                "numDigits": verb.num_digits,
            }
        case Recording(sid=recording):
            found = {"kind": "recording", "recording": recording}
        case Dialling(legs=legs, answered=answered):
            kind = "end of the conversation" if answered is not None else "answer of who is dialled"
            found = {"kind": kind, "dialled": [leg.sid for leg in legs]}
    return found


ROUTES: tuple[AdminRoute, ...] = (
    ("POST", "/calls", start),
    ("GET", "/calls", calls),
    ("GET", "/calls/{sid}", one),
    ("POST", "/calls/{sid}/digits", digits),
    ("POST", "/calls/{sid}/speech", speech),
    ("POST", "/calls/{sid}/hangup", hangup),
)
