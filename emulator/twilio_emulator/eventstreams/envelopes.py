"""What happened, as the CloudEvents that Twilio's documents show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twilio_emulator.dates import rfc2822
from twilio_emulator.eventstreams.catalogue import ERROR_LOGGED, EVENT_TYPES, INBOUND_RECEIVED, schema_url
from twilio_emulator.webhooks.payloads import API_VERSION, geography

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.signals import Signal

__all__ = ["Happening", "envelope", "happening_of", "test_event"]

_CALL_EVENTS = {
    "initiated": "initiated",
    "ringing": "ringing",
    "in-progress": "answered",
    "completed": "completed",
    "busy": "completed",
    "no-answer": "completed",
    "failed": "completed",
    "canceled": "completed",
}
_WITHOUT_SEGMENTS = frozenset({"failed", "undelivered"})

Data = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """An event without the schema version that a subscription asks for.

    Attributes:
        type: the event type's name.
        source: the resource it is about, a path.
        sid: the event; a retry has the same.
        at: when.
        data: what the type's schema says.
    """

    type: str
    source: str
    sid: str
    at: float
    data: Data


def happening_of(core: Core, signal: Signal) -> Happening | None:
    """Return the event that a signal is; None for one that no event type stands for."""
    family, _, status = signal.name.partition(".")
    if family == "message":
        return _message(core, signal, status)
    if family == "call" and status in _CALL_EVENTS:
        return _call(core, signal, status)
    if signal.name == "alert.raised":
        return _error(core, signal)
    return None


def envelope(happening: Happening, version: int) -> Data:
    """Return an event as it is sent."""
    return {
        "specversion": "1.0",
        "type": happening.type,
        "source": happening.source,
        "id": happening.sid,
        "dataschema": schema_url(EVENT_TYPES[happening.type].schema, version),
        "datacontenttype": "application/json",
        "time": _timestamp(happening.at),
        "data": happening.data,
    }


def test_event(account_sid: str, test_id: str, at: float) -> Data:
    """Return what the test of a sink sends; its ``id`` is the account."""
    return {
        "specversion": "1.0",
        "type": "com.twilio.eventstreams.test-event",
        "source": "Sink",
        "id": account_sid,
        "dataschema": "https://events-schemas.twilio.com/EventStreams.TestSink/1.json",
        "datacontenttype": "application/json",
        "time": _timestamp(at),
        "data": {"test_id": test_id},
    }


def _message(core: Core, signal: Signal, status: str) -> Happening | None:
    inbound = status == "received"
    name = INBOUND_RECEIVED if inbound else f"com.twilio.messaging.message.{status}"
    if name not in EVENT_TYPES:
        return None
    head: Data = {
        "messageSid": signal.resource_sid,
        "timestamp": _timestamp(signal.now),
        "accountSid": signal.account_sid,
        "eventName": name,
    }
    return Happening(
        type=name,
        source=f"/{signal.account_sid}/Messages/{signal.resource_sid}.json",
        sid=core.sids.sid("EZ"),
        at=signal.now,
        data={**head, **(_received(signal.data) if inbound else _sent(signal, status))},
    )


def _sent(signal: Signal, status: str) -> Data:
    told = signal.data
    data: Data = {
        "apiVersion": API_VERSION,
        "from": told.get("from"),
        "to": told.get("to"),
        "messageStatus": status.upper(),
    }
    if told.get("error_code"):
        data["errorCode"] = told["error_code"]
    if told.get("service_sid"):
        data["messagingServiceSid"] = told["service_sid"]
    if status == "delivered":
        data["rawDlrDoneDate"] = datetime.fromtimestamp(signal.now, UTC).strftime("%y%m%d%H%M")
    if status not in _WITHOUT_SEGMENTS:
        data["numberOfSegments"] = told.get("num_segments", 1)
    return data


def _received(told: Mapping[str, object]) -> Data:
    sender, recipient = str(told.get("from", "")), str(told.get("to", ""))
    return {
        "from": sender,
        "to": recipient,
        "numMedia": told.get("num_media", 0),
        "body": told.get("body", ""),
        **_place("To", recipient),
        **_place("From", sender),
    }


def _place(end: str, address: str) -> Data:
    """Return where an address belongs, named as events do: ``toCountry``."""
    return {f"{end.lower()}{name[len(end) :]}": value for name, value in geography(end, address.rpartition(":")[2])}


def _call(core: Core, signal: Signal, status: str) -> Happening:
    told, sid = signal.data, core.sids.sid("VW")
    parameters = {
        "CallSid": signal.resource_sid,
        "AccountSid": signal.account_sid,
        "From": told.get("from"),
        "To": told.get("to"),
        "Direction": told.get("direction"),
        "CallStatus": status,
        "ApiVersion": API_VERSION,
    }
    if told.get("duration") is not None:
        parameters["CallDuration"] = str(told["duration"])
    data: Data = {
        "sid": signal.resource_sid,
        "requestDateCreated": rfc2822(signal.now),
        "timestamp": _timestamp(signal.now),
        "eventSid": sid,
        "request": {"method": "POST", "url": "", "parameters": parameters},
    }
    return Happening(
        type=f"com.twilio.voice.status-callback.call.{_CALL_EVENTS[status]}",
        source=f"/{signal.account_sid}/Calls/{signal.resource_sid}.json",
        sid=sid,
        at=signal.now,
        data=data,
    )


def _error(core: Core, signal: Signal) -> Happening:
    told = signal.data
    sid = str(told.get("alert_sid") or core.sids.sid("NO"))
    payload = {
        "resource_sid": signal.resource_sid,
        "error_code": str(told.get("error_code")),
        "more_info": {"Msg": told.get("text"), "url": told.get("url")},
    }
    data: Data = {
        "sid": sid,
        "account_sid": signal.account_sid,
        "date_created": _timestamp(signal.now),
        "level": "ERROR",
        "master_account_sid": core.store.accounts.require(signal.account_sid).owner_sid,
        "error_code": str(told.get("error_code")),
        "payload": json.dumps(payload),
    }
    return Happening(type=ERROR_LOGGED, source=signal.resource_sid, sid=sid, at=signal.now, data=data)


def _timestamp(moment: float) -> str:
    """Return a moment to the millisecond: ``2026-11-21T13:07:01.000Z``."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
